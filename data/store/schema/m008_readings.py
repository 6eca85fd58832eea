"""Several curators: who reviews which figure, and figures that two read without seeing each other's work."""

from __future__ import annotations

from sqlite_utils import Database

_READINGS = (
    """create table assignments (
        figure_id text primary key references figures(id),
        who text not null,
        at text not null,
        by text not null
    ) strict, without rowid""",
    "create index assignments_by_who on assignments(who, figure_id)",
    # A second reading of a figure. ``first`` is zlib-packed JSON of the first one's hierarchy, kept when the second
    # begins; ``second`` when both are compared.
    """create table second_readings (
        figure_id text primary key references figures(id),
        who text not null,
        assigned_at text not null,
        first_who text,
        first_state text,
        first_reason text not null default '',
        first blob,
        begun_at text,
        second blob,
        second_state text,
        settled_at text,
        settled_by text
    ) strict, without rowid""",
    "create index second_readings_by_who on second_readings(who, begun_at)",
)


def m008_readings(db: Database) -> None:
    for statement in _READINGS:
        db.execute(statement)
