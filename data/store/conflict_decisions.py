"""Who decided how on what Label Studio and this project disagreed about; both versions are kept."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from curator.errors import ReviewError
from data.store.clock import now_iso
from data.store.database import Connections


@dataclass(frozen=True, slots=True)
class ConflictDecision:
    """One conflict that a person decided on."""

    id: int
    figure_id: str
    key: str
    """As of ``data.store.syncs.KeptConflict``, and so is ``doc``."""
    keep: str
    """``ours`` or ``theirs``."""
    who: str
    at: str
    doc: dict[str, Any]


def note_decision(
    conn: sqlite3.Connection, figure_id: str, key: str, keep: str, who: str, doc: Mapping[str, Any]
) -> None:
    """Keeps how a conflict was decided, in the transaction that does so."""
    conn.execute(
        "insert into conflict_decisions (figure_id, key, keep, who, at, doc) values (?, ?, ?, ?, ?, ?)",
        (figure_id, key, keep, who, now_iso(), json.dumps(dict(doc))),
    )


class ConflictDecisions:
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def of(self, figure_id: str | None = None) -> list[ConflictDecision]:
        """The last decision on each conflict that the figure had, or that all had, newest first."""
        rows = self._connections.rows(
            """select * from conflict_decisions where id in (
            select max(id) from conflict_decisions where ? is null or figure_id = ? group by figure_id, key)
            order by id desc""",
            (figure_id, figure_id),
        )
        return [_decision(row) for row in rows]

    def decision(self, decision_id: int) -> ConflictDecision:
        """Raises ReviewError where there is none."""
        row = self._connections.row("select * from conflict_decisions where id = ?", (decision_id,))
        if row is None:
            raise ReviewError(
                f"there is no decision {decision_id!r} on a conflict; reload the page, or list them with "
                "`curator sync --decisions`"
            )
        return _decision(row)


def _decision(row: sqlite3.Row) -> ConflictDecision:
    return ConflictDecision(
        row["id"], row["figure_id"], row["key"], row["keep"], row["who"], row["at"], json.loads(row["doc"])
    )
