"""What is kept in step with Label Studio."""

from __future__ import annotations

from sqlite_utils import Database

_LABEL_STUDIO = (
    # The project there that this one is kept in step with: one row, or none.
    """create table label_studio (
        id integer primary key check (id = 1),
        url text not null,
        project_id integer not null,
        connected_at text not null,
        read_until text not null default ''
    ) strict""",
    # Figures whose change has not been sent; the row is written in the change's own transaction.
    """create table outbox (
        figure_id text primary key references figures(id),
        revision integer not null,
        at text not null
    ) strict, without rowid""",
    # Each figure as both sides last agreed on it; ``doc`` is zlib-packed JSON, ``updated_at`` by Label Studio's clock.
    """create table synced (
        figure_id text primary key references figures(id),
        task_id integer not null unique,
        annotation_id integer,
        updated_at text not null default '',
        changed_there integer not null default 0,
        left_out integer not null default 0,
        synced_at text not null,
        doc blob not null
    ) strict, without rowid""",
    "create index synced_waiting on synced(figure_id) where changed_there",
    """create table conflicts (
        figure_id text not null references figures(id),
        key text not null,
        found_at text not null,
        doc text not null,
        primary key (figure_id, key)
    ) strict, without rowid""",
    # Why a figure could not be sent or read, and when it is tried again (Unix time).
    """create table sync_faults (
        figure_id text primary key references figures(id),
        tries integer not null,
        next_at real not null,
        reason text not null,
        at text not null
    ) strict, without rowid""",
)


def m004_label_studio(db: Database) -> None:
    for statement in _LABEL_STUDIO:
        db.execute(statement)
