"""What waits to be sent to Label Studio: figures that have changed since they were sent."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from data.store.clock import now_iso
from data.store.database import Connections

_IN_A_TRANSACTION: Final = 2000  # figures; some 50 ms (measured)
_NAMED: Final = "(select value from json_each(:ids))"


_OF_FIGURES: Final = ("kept_back", "image_links")


@dataclass(frozen=True, slots=True)
class Connected:
    """The Label Studio project that this one is kept in step with."""

    url: str
    project_id: int
    connected_at: str
    read_until: str
    """The newest change there that was read, by Label Studio's own clock; "" before the first."""
    sends_new: bool
    """Whether figures go there by themselves; else only those that a person chose, and those that are there."""
    watching: bool
    """Whether a page or service that opens the project keeps it in step."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A figure that waits to be sent."""

    figure_id: str
    revision: int
    at: str


def note_change(conn: sqlite3.Connection, figure_id: str, revision: int, at: str) -> None:
    """Puts the figure in the outbox, in the transaction that changes it; nothing where no Label Studio is connected, or
    the figure is not to go there."""
    conn.execute(
        """insert or replace into outbox select :id, :revision, :at from label_studio
        where not exists (select 1 from synced where figure_id = :id and left_out)
        and not exists (select 1 from kept_back where figure_id = :id)
        and (sends_new or exists (select 1 from synced where figure_id = :id)
            or exists (select 1 from outbox where figure_id = :id))""",
        {"id": figure_id, "revision": revision, "at": at},
    )


def note_sent(conn: sqlite3.Connection, figure_id: str, revision: int) -> None:
    """Takes the figure out of the outbox, unless it has changed since ``revision``."""
    conn.execute("delete from outbox where figure_id = ? and revision <= ?", (figure_id, revision))


def keep_back(conn: sqlite3.Connection, figure_id: str) -> None:
    """The figure, which has no task there, is not to get one."""
    conn.execute("insert or ignore into kept_back values (?)", (figure_id,))
    conn.execute("delete from image_links where figure_id = ?", (figure_id,))


class Outbox:
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def connected(self) -> Connected | None:
        row = self._connections.row(
            "select url, project_id, connected_at, read_until, sends_new, watching from label_studio"
        )
        if row is None:
            return None
        url, project_id, connected_at, read_until, sends_new, watching = row
        return Connected(url, project_id, connected_at, read_until, bool(sends_new), bool(watching))

    def connect(self, url: str, project_id: int, sends_new: bool = True) -> None:
        """From now on changes are sent there; all mined figures wait to be, unless only chosen ones shall (then put
        them)."""
        self.forget()  # what a process that was killed had still to
        at = now_iso()
        with self._connections.write() as conn:
            for table in _OF_FIGURES:
                conn.execute(f"delete from {table}")
            conn.execute("insert into label_studio values (1, ?, ?, ?, '', ?, 0)", (url, project_id, at, sends_new))
            conn.execute(
                """insert or replace into outbox select figure_id, revision, ? from reviews, label_studio
                where sends_new and current = 1 and state != 'unmined'""",
                (at,),
            )

    def send_new(self, sends_new: bool) -> None:
        """Whether figures go there by themselves from now on; what waits or is there already stays."""
        with self._connections.write() as conn:
            conn.execute("update label_studio set sends_new = ?", (sends_new,))

    def watch(self, watching: bool) -> None:
        """Whether whatever opens the project keeps it in step."""
        with self._connections.write() as conn:
            conn.execute("update label_studio set watching = ?", (watching,))

    def disconnect(self) -> None:
        """Forgets the project there and all that both agreed on; nothing changes there."""
        self.leave()
        self.forget()

    def leave(self) -> None:
        """Is connected with nothing any more, at once; ``forget`` is still to be done."""
        with self._connections.write() as conn:
            for table in ("label_studio", "outbox", "conflicts", "conflict_decisions", "sync_faults", *_OF_FIGURES):
                conn.execute(f"delete from {table}")

    def forget(self) -> None:
        """Forgets what was agreed on with a project that was left; seconds where there were 100,000 figures."""
        forgotten = _IN_A_TRANSACTION
        while forgotten == _IN_A_TRANSACTION:  # with documents: editors must not wait for all of them
            with self._connections.write() as conn:
                done = conn.execute(
                    """delete from synced where not exists (select 1 from label_studio) and figure_id in (
                    select figure_id from synced indexed by synced_states order by figure_id limit ?)""",
                    (_IN_A_TRANSACTION,),
                )
                forgotten = done.rowcount

    def read_until(self, updated_at: str) -> None:
        """Remembers the newest change there that was read."""
        with self._connections.write() as conn:
            conn.execute("update label_studio set read_until = ?", (updated_at,))

    def put(self, figure_ids: Iterable[str]) -> None:
        """Has these figures sent again as they stand, also such as were left out."""
        for some in _batched(figure_ids):
            values = {"ids": some, "at": now_iso()}
            with self._connections.write() as conn:
                conn.execute(f"update synced set left_out = 0 where left_out and figure_id in {_NAMED}", values)
                conn.execute(f"delete from kept_back where figure_id in {_NAMED}", values)
                conn.execute(
                    f"""insert or replace into outbox select figure_id, revision, :at from reviews, label_studio
                    where figure_id in {_NAMED} and state != 'unmined'""",
                    values,
                )

    def take_out(self, figure_ids: Iterable[str]) -> None:
        """Leaves these figures out from now on: nothing of them is sent or read; what is there stays there as it is."""
        for some in _batched(figure_ids):
            values = {"ids": some}
            with self._connections.write() as conn:
                conn.execute(
                    f"update synced set left_out = 1, changed_there = 0 where figure_id in {_NAMED}",
                    values,
                )
                conn.execute(
                    f"""insert or ignore into kept_back select id from figures
                    where id in {_NAMED} and not exists (select 1 from synced where figure_id = id)""",
                    values,
                )
                for table in ("outbox", "conflicts", "sync_faults"):
                    conn.execute(f"delete from {table} where figure_id in {_NAMED}", values)

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

    def oldest(self) -> tuple[int, str | None]:
        """How many figures wait, and since when the first does."""
        row = self._connections.row("select count(*), min(at) from outbox")
        assert row is not None
        return row[0], row[1]


def _batched(figure_ids: Iterable[str]) -> Iterator[str]:
    """As JSON lists, each of so many as fit a transaction for which no editor waits long; as they lie on the disk."""
    left = iter(sorted(figure_ids))
    while some := list(islice(left, _IN_A_TRANSACTION)):
        yield json.dumps(some)
