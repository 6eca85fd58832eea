"""What the time of a review depends on, beside the nodes."""

from __future__ import annotations

from sqlite_utils import Database

_STATEMENTS = (
    # ``lacking``: of the errors to be expected, the nodes that would have to be drawn; ``words``: of the caption, which
    # a review reads (to count them at each ranking would read every caption)
    "alter table assessed_figures add column lacking real not null default 0",
    "alter table assessed_figures add column words integer not null default 0",
    # all are assessed again
    "update assessed_figures set revision = -1",
)


def m018_review_time(db: Database) -> None:
    for statement in _STATEMENTS:
        db.execute(statement)
