"""What Label Studio and this project last agreed on, figure by figure, and where they are at odds."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from data.store.clock import now_iso
from data.store.database import Connections
from data.store.events import FROM_LABEL_STUDIO
from data.store.packing import packed, unpacked

SyncStatus: TypeAlias = Literal["new", "synced", "waiting", "changed there", "conflict", "failed", "left out"]
"""``new``: not there, and does not wait to be. ``waiting``: to be sent. ``changed there``: to be read."""

JOINED: Final = """left join synced s indexed by synced_states on s.figure_id = r.figure_id
    left join outbox o on o.figure_id = r.figure_id left join sync_faults x on x.figure_id = r.figure_id
    left join kept_back k on k.figure_id = r.figure_id"""
"""What tells where the figures ``r`` of ``reviews`` stand."""
STATUS: Final = """case
    when s.left_out or k.figure_id is not null then 'left out'
    when exists (select 1 from conflicts c where c.figure_id = r.figure_id) then 'conflict'
    when x.figure_id is not null then 'failed'
    when s.changed_there then 'changed there'
    when o.figure_id is not null then 'waiting'
    when s.figure_id is not null then 'synced'
    else 'new' end"""
"""The status of a figure ``r``, with ``JOINED``."""
KEPT: Final = "(s.figure_id is not null or (r.current = 1 and r.state != 'unmined'))"
"""Of figures that have one: mined, or there."""

WRITTEN_OVER: Final = "overwritten"
"""Key of the conflict that somebody saved a figure there in the moment in which it was written from here, so that what
they saved is gone: it stays until a person has seen it, whatever is found later."""

_FIRST_PAUSE_S: Final = 10.0  # guess: a restart of Label Studio takes about as long
_LONGEST_PAUSE_S: Final = 3600.0  # guess


@dataclass(frozen=True, slots=True)
class Synced:
    """One figure as both sides last agreed on it."""

    figure_id: str
    task_id: int
    annotation_id: int | None
    """The annotation there that holds the figure; None where only a prediction does."""
    updated_at: str
    """Of the task when it was last read, by Label Studio's clock; "" before."""
    changed_there: bool
    """A change there waits to be read."""
    left_out: bool
    """A person decided that the figure is not sent any more."""
    doc: dict[str, Any]
    """JSON-ready; ``data.label_studio.agreed`` knows what is in it."""


@dataclass(frozen=True, slots=True)
class KeptConflict:
    """Something of a figure that both sides changed; stays until a person decides."""

    figure_id: str
    key: str
    """A node's id, or ``shared``, ``state``, ``task``, ``annotation``, ``overwritten``."""
    found_at: str
    doc: dict[str, Any]
    """``base``, ``ours`` and ``theirs`` as JSON documents, and ``who`` changed it there."""


@dataclass(frozen=True, slots=True)
class SyncFault:
    """Why a figure could not be sent or read."""

    figure_id: str
    tries: int
    next_at: float
    """Unix time of the next try."""
    reason: str
    at: str


def save_synced(conn: sqlite3.Connection, synced: Synced) -> None:
    """Saves what was agreed on; the fault of the figure is over."""
    conn.execute(
        "insert or replace into synced values (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            synced.figure_id,
            synced.task_id,
            synced.annotation_id,
            synced.updated_at,
            synced.changed_there,
            synced.left_out,
            now_iso(),
            packed(synced.doc),
        ),
    )
    conn.execute("delete from sync_faults where figure_id = ?", (synced.figure_id,))


def delete_synced(conn: sqlite3.Connection, figure_id: str) -> None:
    """Forgets what was agreed on: the figure is sent as a new one."""
    for table in ("synced", "sync_faults"):
        conn.execute(f"delete from {table} where figure_id = ?", (figure_id,))


def save_conflicts(conn: sqlite3.Connection, figure_id: str, conflicts: Mapping[str, Mapping[str, Any]]) -> None:
    """Makes these, by their keys, the figure's only open conflicts, but for ``WRITTEN_OVER``."""
    found_at = {
        row["key"]: row["found_at"]
        for row in conn.execute("select key, found_at from conflicts where figure_id = ?", (figure_id,))
    }
    conn.execute("delete from conflicts where figure_id = ? and key != ?", (figure_id, WRITTEN_OVER))
    conn.executemany(
        "insert or replace into conflicts values (?, ?, ?, ?)",
        [(figure_id, key, found_at.get(key, now_iso()), json.dumps(doc)) for key, doc in conflicts.items()],
    )


def save_conflict(conn: sqlite3.Connection, figure_id: str, key: str, doc: Mapping[str, Any]) -> None:
    """Adds one to the figure's open conflicts, or makes it newer."""
    conn.execute(
        "insert or replace into conflicts values (?, ?, ?, ?)", (figure_id, key, now_iso(), json.dumps(dict(doc)))
    )


def delete_conflict(conn: sqlite3.Connection, figure_id: str, key: str) -> None:
    conn.execute("delete from conflicts where figure_id = ? and key = ?", (figure_id, key))


class Syncs:
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def synced(self, figure_id: str) -> Synced | None:
        row = self._connections.row("select * from synced where figure_id = ?", (figure_id,))
        return _synced(row) if row else None

    def figure_of(self, task_id: int) -> str | None:
        """The figure that the task there holds."""
        row = self._connections.row("select figure_id from synced where task_id = ?", (task_id,))
        return str(row["figure_id"]) if row else None

    def tasks(self) -> dict[int, str]:
        """Figure by task, of all that are not known to be gone there, also of those left out: their tasks stay."""
        rows = self._connections.rows(
            """select task_id, figure_id from synced s where not exists (
            select 1 from conflicts c where c.figure_id = s.figure_id and c.key = 'task')"""
        )
        return {row["task_id"]: row["figure_id"] for row in rows}

    def read_at(self) -> dict[int, str]:
        """``updated_at`` of each task when it was last read, by task; also of those left out."""
        rows = self._connections.rows("select task_id, updated_at from synced")
        return {row["task_id"]: row["updated_at"] for row in rows}

    def changed_there(self, now_s: float) -> list[str]:
        """Figures whose change there waits to be read, without those to be tried only after ``now_s`` (Unix time)."""
        rows = self._connections.rows(
            """select s.figure_id from synced s left join sync_faults f on f.figure_id = s.figure_id
            where s.changed_there and not s.left_out and coalesce(f.next_at, 0) <= ? order by s.figure_id""",
            (now_s,),
        )
        return [row["figure_id"] for row in rows]

    def note_changed_there(self, figure_id: str) -> None:
        with self._connections.write() as conn:
            conn.execute("update synced set changed_there = 1 where figure_id = ?", (figure_id,))

    def conflicts(self, figure_id: str | None = None) -> list[KeptConflict]:
        """Open ones, of one figure or all, in order of figure and key."""
        rows = self._connections.rows(
            "select * from conflicts where ? is null or figure_id = ? order by figure_id, key", (figure_id, figure_id)
        )
        return [KeptConflict(row["figure_id"], row["key"], row["found_at"], json.loads(row["doc"])) for row in rows]

    def last_decision(self, figure_id: str) -> tuple[str, str] | None:
        """Who decided on the figure here last, and when (ISO 8601); None where nobody did."""
        row = self._connections.row(
            """select who, at from events where figure_id = ? and kind != 'mine' and who not like ?
            order by revision desc limit 1""",
            (figure_id, FROM_LABEL_STUDIO + "%"),
        )
        return (row["who"], row["at"]) if row else None

    def faults(self) -> list[SyncFault]:
        """Newest first."""
        rows = self._connections.rows("select figure_id, tries, next_at, reason, at from sync_faults order by at desc")
        return [SyncFault(*row) for row in rows]

    def note_fault(self, figure_id: str, reason: str, now_s: float) -> None:
        """Keeps why the figure could not be sent or read; the next try comes after a pause that doubles each time."""
        with self._connections.write() as conn:
            row = conn.execute("select tries from sync_faults where figure_id = ?", (figure_id,)).fetchone()
            tries = (row["tries"] if row else 0) + 1
            pause_s = min(_FIRST_PAUSE_S * 2.0 ** (tries - 1), _LONGEST_PAUSE_S)
            conn.execute(
                "insert or replace into sync_faults values (?, ?, ?, ?, ?)",
                (figure_id, tries, now_s + pause_s, reason, now_iso()),
            )

    def statuses(self) -> dict[str, SyncStatus]:
        """Where each mined or synced figure stands."""
        rows = self._connections.rows(
            f"select r.figure_id, {STATUS} as status from reviews r {JOINED} where {KEPT} order by r.number"
        )
        return {row["figure_id"]: row["status"] for row in rows}


def _synced(row: sqlite3.Row) -> Synced:
    return Synced(
        row["figure_id"],
        row["task_id"],
        row["annotation_id"],
        row["updated_at"],
        bool(row["changed_there"]),
        bool(row["left_out"]),
        unpacked(row["doc"]),
    )
