"""The audit log: who did what when. Decisions stand in the event log already; ``records`` gives both as one stream."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from curator.errors import InputError
from data.store.clock import iso, now_iso
from data.store.database import Connections

_MAX_SUBJECT = 200  # characters; a name that failed to log in may be anything


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One thing that somebody did."""

    at: str
    """ISO 8601, UTC."""
    who: str
    action: str
    """Such as "login", "user.role", "train"; of decisions "decide", "undo", "redo", of proposals "mine"."""
    subject: str
    """What it was done to: a user's name, a figure's id, a run's name."""
    detail: Mapping[str, Any]
    address: str
    """Network address that it was asked from; empty: on the machine itself, or a decision."""


class Audit:
    """Append-only, like the event log."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def add(
        self, who: str, action: str, subject: str = "", detail: Mapping[str, Any] | None = None, address: str = ""
    ) -> None:
        """Notes one thing; ``detail`` must hold no secret, no caption, and what JSON can say."""
        row = (now_iso(), who, action, subject[:_MAX_SUBJECT], json.dumps(dict(detail or {})), address)
        with self._connections.write() as conn:
            conn.execute("insert into audit (at, who, action, subject, detail, address) values (?, ?, ?, ?, ?, ?)", row)

    def records(self, since: str = "", who: str | None = None) -> Iterator[AuditRecord]:
        """Everything from a time on (ISO 8601, UTC; also a day alone), oldest first, read as it is asked for.

        Raises:
            InputError: ``since`` is no time. At once, not with the first record.
        """
        return self._read(_since(since), who)

    def _read(self, since: str, who: str | None) -> Iterator[AuditRecord]:
        rows = self._connections.db.conn.execute(
            """select at, who, action, subject, detail, address, 0 as log, id from audit
            where at >= :since and (:who is null or who = :who)
            union all
            select at, who, kind, figure_id,
                json_object('revision', revision, 'state', to_state, 'seconds', seconds, 'of_event', target), '', 1, id
            from events where at >= :since and (:who is null or who = :who)
            order by at, log, id""",
            {"since": since, "who": who},
        )
        for at, name, action, subject, detail, address, _, _ in rows:
            yield AuditRecord(at, name, action, subject, json.loads(detail), address)


def _since(text: str) -> str:
    """As the log writes times, which are compared as text: anything else would leave records out, or none."""
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text)
        return iso(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise InputError(
            f"{text!r} is no day or time; expected ISO 8601 such as 2026-11-22 or 2026-11-22T15:04 (UTC)"
        ) from error
