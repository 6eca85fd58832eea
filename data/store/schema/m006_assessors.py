"""Assessors and their word on each figure."""

from __future__ import annotations

from sqlite_utils import Database

_ASSESSORS = (
    # Every version that was fitted; ``doc`` is JSON of its numbers. The latest is in use.
    """create table assessors (
        id integer primary key autoincrement,
        at text not null,
        decisions integer not null,
        doc text not null
    ) strict""",
    # What an assessor says of open proposals. Derived: may be deleted, and is made again.
    """create table assessed (
        figure_id text not null references figures(id),
        node_id text not null,
        confidence real not null,
        primary key (figure_id, node_id)
    ) strict, without rowid""",
    # ``assessor`` is 0 for the one before any decision; ``revision`` is the figure's that was assessed, -1 where what
    # is known of it has changed since.
    """create table assessed_figures (
        figure_id text primary key references figures(id),
        assessor integer not null,
        revision integer not null,
        confidence real,
        expected_errors real not null,
        disagreement real not null
    ) strict, without rowid""",
    # The fit that each proposal had when the project was last indexed before a person decided on it.
    """create table proposed_fits (
        figure_id text not null references figures(id),
        node_id text not null,
        fit real not null,
        primary key (figure_id, node_id)
    ) strict, without rowid""",
    # words of the caption count from now on: all outcomes are read off the log again
    "delete from outcomes",
    "update outcomes_read set event_id = 0",
)


def m006_assessors(db: Database) -> None:
    for statement in _ASSESSORS:
        db.execute(statement)
