"""Which request made an event, so that one that is sent twice decides once."""

from __future__ import annotations

from sqlite_utils import Database

_REQUESTS = (
    "alter table events add column request_key text",
    # Of what was asked for: the same key for something else is the sender's mistake.
    "alter table events add column request_sha256 text",
    "create unique index events_by_request on events(who, request_key) where request_key is not null",
)


def m010_requests(db: Database) -> None:
    for statement in _REQUESTS:
        db.execute(statement)
