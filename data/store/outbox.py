"""What waits to be sent to Label Studio: figures that have changed since they were sent."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from data.store.clock import now_iso
from data.store.database import Connections


@dataclass(frozen=True, slots=True)
class Connected:
    """The Label Studio project that this one is kept in step with."""

    url: str
    project_id: int
    connected_at: str
    read_until: str
    """The newest change there that was read, by Label Studio's own clock; "" before the first."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A figure that waits to be sent."""

    figure_id: str
    revision: int
    at: str


def note_change(conn: sqlite3.Connection, figure_id: str, revision: int, at: str) -> None:
    """Puts the figure in the outbox, in the transaction that changes it; nothing where no Label Studio is connected."""
    conn.execute(
        """insert or replace into outbox select ?, ?, ? from label_studio
        where not exists (select 1 from synced where figure_id = ? and left_out)""",
        (figure_id, revision, at, figure_id),
    )


def note_sent(conn: sqlite3.Connection, figure_id: str, revision: int) -> None:
    """Takes the figure out of the outbox, unless it has changed since ``revision``."""
    conn.execute("delete from outbox where figure_id = ? and revision <= ?", (figure_id, revision))


class Outbox:
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def connected(self) -> Connected | None:
        row = self._connections.row("select url, project_id, connected_at, read_until from label_studio")
        return Connected(*row) if row else None

    def connect(self, url: str, project_id: int) -> None:
        """From now on changes are sent there; all mined figures wait to be."""
        at = now_iso()
        with self._connections.write() as conn:
            conn.execute("insert into label_studio values (1, ?, ?, ?, '')", (url, project_id, at))
            conn.execute(
                """insert or replace into outbox select figure_id, revision, ? from reviews
                where current = 1 and state != 'unmined'""",
                (at,),
            )

    def disconnect(self) -> None:
        """Forgets the project there and all that both agreed on; nothing changes there."""
        with self._connections.write() as conn:
            for table in ("label_studio", "outbox", "synced", "conflicts", "sync_faults"):
                conn.execute(f"delete from {table}")

    def read_until(self, updated_at: str) -> None:
        """Remembers the newest change there that was read."""
        with self._connections.write() as conn:
            conn.execute("update label_studio set read_until = ?", (updated_at,))

    def put(self, figure_ids: Iterable[str]) -> None:
        """Has these figures sent again as they stand, also such as were left out."""
        waiting = iter(figure_ids)
        while some := list(islice(waiting, 200)):  # short transactions, so that no editor waits
            with self._connections.write() as conn:
                for figure_id in some:
                    conn.execute("update synced set left_out = 0 where figure_id = ?", (figure_id,))
                    conn.execute(
                        """insert or replace into outbox select r.figure_id, r.revision, ? from reviews r, label_studio
                        where r.figure_id = ? and r.state != 'unmined'""",
                        (now_iso(), figure_id),
                    )

    def holds(self, figure_id: str) -> bool:
        return self._connections.row("select 1 from outbox where figure_id = ?", (figure_id,)) is not None

    def waiting(self, now_s: float = float("inf")) -> list[Waiting]:
        """Oldest first, without those that failed and are to be tried only after ``now_s`` (Unix time)."""
        rows = self._connections.rows(
            """select o.figure_id, o.revision, o.at from outbox o left join sync_faults f on f.figure_id = o.figure_id
            where coalesce(f.next_at, 0) <= ? order by o.at, o.figure_id""",
            (now_s,),
        )
        return [Waiting(*row) for row in rows]
