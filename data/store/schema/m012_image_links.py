"""Until when the links to images are valid that tasks in Label Studio hold."""

from __future__ import annotations

from sqlite_utils import Database

_LINKS = (
    # Only of tasks whose images are linked by addresses that expire; ``source`` tells links of another public address
    # or another key apart. ``until``: Unix time in seconds.
    """create table image_links (
        figure_id text primary key references figures(id),
        source text not null,
        until integer not null
    ) strict, without rowid""",
)


def m012_image_links(db: Database) -> None:
    for statement in _LINKS:
        db.execute(statement)
