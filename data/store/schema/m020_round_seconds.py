"""How long a round of mining again has gone on, so that what goes on after a kill keeps to the round's limit."""

from __future__ import annotations

from sqlite_utils import Database


def m020_round_seconds(db: Database) -> None:
    db.execute("alter table remine_rounds add column seconds real not null default 0")
