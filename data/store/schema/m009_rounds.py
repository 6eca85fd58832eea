"""Rounds: mining again what is doubted, and the loop from mining to training and back."""

from __future__ import annotations

from sqlite_utils import Database

_ROUNDS = (
    # One run of mining again; ``doc`` is JSON of what it was allowed to take.
    """create table remine_rounds (
        id integer primary key autoincrement,
        begun_at text not null,
        ended_at text,
        ended_early text not null default '',
        doc text not null
    ) strict""",
    # The figures of a round, all written when it begins; without ``at`` one still waits. ``adopted`` names the levels
    # whose proposals were replaced, with commas between. Worth: right proposals less wrong ones, as far as known.
    """create table remined (
        round_id integer not null references remine_rounds(id),
        figure_id text not null references figures(id),
        way text not null,
        at text,
        mining_id integer references minings(id),
        worth_before real,
        worth_after real,
        adopted text not null default '',
        reason text not null default '',
        cost real not null default 0,
        primary key (round_id, figure_id)
    ) strict, without rowid""",
    "create index remined_by_figure on remined(figure_id, way)",
    # The loop: one row a round. ``doc`` is JSON of what the round did, stage by stage.
    """create table loop_rounds (
        id integer primary key autoincrement,
        begun_at text not null,
        ended_at text,
        stage text not null,
        first_event integer not null,
        last_event integer,
        doc text not null default '{}'
    ) strict""",
)


def m009_rounds(db: Database) -> None:
    for statement in _ROUNDS:
        db.execute(statement)
