"""Fits: how well a node's text fits what the model in use sees."""

from __future__ import annotations

from sqlite_utils import Database

_FITS = (
    # How well a node's text fits what the model in use sees, 0 to 1; ``curator index`` writes it. Also of the figure:
    # its worst node's, in the review's row and an index, so that the queue can be in that order.
    """create table fits (
        figure_id text not null references figures(id),
        node_id text not null,
        fit real not null,
        primary key (figure_id, node_id)
    ) strict, without rowid""",
    "alter table reviews add column fit real",
    "create index reviews_fit on reviews(current, fit, number, state, confidence, kinds, flag_count)",
)


def m003_fits(db: Database) -> None:
    for statement in _FITS:
        db.execute(statement)
