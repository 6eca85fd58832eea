"""Who reviews what, and second readings: figures that another curator reads without seeing what the first one decided.

A second reading begins from the proposals as the first reader found them. What the first one made of them is kept
aside; until both are compared the figure is open, so nobody trains on what is not settled yet.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any

from curator.adjudication import Choice, Compared, adjudicated, compare
from curator.codec import to_doc, validated
from curator.errors import ReviewError
from curator.figure import FigureState, Hierarchy
from curator.review import Review, apply, decision_from_doc
from data.store.clock import now_iso
from data.store.database import Connections
from data.store.packing import packed, unpacked
from data.store.reviews import Reviews
from data.store.second_reading import SECOND_READING

STATE = "state"
"""Key of the choice where one reader accepted the figure and the other skipped it."""
_BATCH = 200  # figures a transaction, so that no editor waits
_CLOSED = ("accepted", "skipped")
_BOTH_READ = """second_readings s join reviews r on r.figure_id = s.figure_id where r.current = 1
    and s.begun_at is not null and (case when :settled then s.settled_at is not null else
    s.settled_at is null and r.state in ('accepted', 'skipped') and r.decided_by = s.who end)"""


@dataclass(frozen=True, slots=True)
class Workload:
    """What one curator was given."""

    who: str
    assigned: int
    done: int
    """Of the assigned ones, those that somebody has closed."""
    second_waiting: int
    """Figures to read a second time whose first reading is done."""
    second_begun: int
    second_later: int
    """Whose first reading is not done."""


@dataclass(frozen=True, slots=True)
class ToRead:
    """A figure whose second reading waits for somebody."""

    figure_id: str
    label: str
    begun: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """A figure that two have read, and who they are."""

    figure_id: str
    label: str
    first_who: str
    second_who: str
    first_state: FigureState
    second_state: FigureState
    revision: int
    settled_at: str | None


@dataclass(frozen=True, slots=True)
class BothReadings:
    """A figure that two have read."""

    figure_id: str
    first_who: str
    second_who: str
    first_state: FigureState
    second_state: FigureState
    first_reason: str
    """Why it was skipped."""
    second_reason: str
    """The same; empty once both are settled."""
    first: Hierarchy
    second: Hierarchy
    revision: int
    settled_at: str | None


class Readings:
    def __init__(self, connections: Connections, reviews: Reviews) -> None:
        self._connections = connections
        self._reviews = reviews

    def assign(self, figure_ids: Sequence[str], people: Sequence[str], overlap: float, seed: int, by: str) -> int:
        """Gives each figure to one of the people in turn, and of a share (``overlap``, 0 to 1) the second reading to
        the next; how many got a second reader. Which figures those are is drawn by their ids, so that it stays when
        others come; what was assigned before is assigned anew, unless its second reading has begun.

        Raises:
            ReviewError: nobody is named, a share outside 0 to 1, or an overlap with one person.
        """
        if not people or len(set(people)) < len(people) or not 0 <= overlap <= 1 or (overlap and len(people) < 2):
            raise ReviewError(
                f"cannot share figures among {list(people)!r} with an overlap of {overlap!r}; name each person once, "
                "an overlap from 0 to 1, and two people or more where it is above 0"
            )
        at, seconds = now_iso(), 0
        numbered = enumerate(figure_ids)
        while some := list(islice(numbered, _BATCH)):
            with self._connections.write() as conn:
                for number, figure_id in some:
                    who = people[number % len(people)]
                    conn.execute("insert or replace into assignments values (?, ?, ?, ?)", (figure_id, who, at, by))
                    conn.execute(
                        "delete from second_readings where figure_id = ? and begun_at is null and settled_at is null",
                        (figure_id,),
                    )
                    if _drawn(seed, figure_id) < overlap:
                        other = people[(number + 1) % len(people)]
                        seconds += conn.execute(
                            "insert or ignore into second_readings (figure_id, who, assigned_at) values (?, ?, ?)",
                            (figure_id, other, at),
                        ).rowcount
        return seconds

    def unassign(self, figure_ids: Iterable[str]) -> None:
        """Takes figures back; a second reading that has begun goes on."""
        waiting = iter(figure_ids)
        while some := list(islice(waiting, _BATCH)):
            with self._connections.write() as conn:
                for figure_id in some:
                    conn.execute("delete from assignments where figure_id = ?", (figure_id,))
                    conn.execute("delete from second_readings where figure_id = ? and begun_at is null", (figure_id,))

    def assigned_to(self, figure_id: str) -> str | None:
        row = self._connections.row("select who from assignments where figure_id = ?", (figure_id,))
        return row["who"] if row else None

    def assigned(self, figure_ids: Sequence[str]) -> set[str]:
        """Those of the figures that somebody has."""
        marks = ", ".join("?" * len(figure_ids))
        rows = self._connections.rows(
            f"select figure_id from assignments where figure_id in ({marks})", tuple(figure_ids)
        )
        return {row["figure_id"] for row in rows}

    def second_reader(self, figure_id: str) -> str | None:
        row = self._connections.row("select who from second_readings where figure_id = ?", (figure_id,))
        return row["who"] if row else None

    def workloads(self) -> list[Workload]:
        """Of everybody who was given something, by name."""
        rows = self._connections.rows(
            """select who, sum(assigned) as assigned, sum(done) as done, sum(waiting) as waiting, sum(begun) as begun,
            sum(later) as later from (
                select a.who, 1 as assigned, r.state in ('accepted', 'skipped') as done, 0 as waiting, 0 as begun,
                0 as later from assignments a join reviews r on r.figure_id = a.figure_id where r.current = 1
                union all
                select s.who, 0, 0, s.begun_at is null and r.state in ('accepted', 'skipped')
                and r.decided_by != s.who, s.begun_at is not null and r.state = 'proposed',
                s.begun_at is null and not (r.state in ('accepted', 'skipped') and r.decided_by != s.who)
                from second_readings s join reviews r on r.figure_id = s.figure_id
                where r.current = 1 and s.settled_at is null
            ) group by who order by who"""
        )
        return [
            Workload(row["who"], row["assigned"], row["done"], row["waiting"], row["begun"], row["later"])
            for row in rows
        ]

    def to_read_second(self, who: str) -> list[ToRead]:
        """Figures whose second reading is theirs and can begin or go on; those begun first, in the order of ingest."""
        rows = self._connections.rows(
            """select s.figure_id, f.label, s.begun_at is not null as begun from second_readings s
            join reviews r on r.figure_id = s.figure_id join figures f on f.id = s.figure_id
            where s.who = ? and s.settled_at is null and r.current = 1 and (
                (s.begun_at is null and r.state in ('accepted', 'skipped') and r.decided_by != s.who)
                or (s.begun_at is not null and r.state = 'proposed'))
            order by s.begun_at is null, r.number""",
            (who,),
        )
        return [ToRead(row["figure_id"], row["label"], bool(row["begun"])) for row in rows]

    def begin_second(self, figure_id: str, who: str, now_s: float) -> None:
        """Keeps the first reading aside and opens the figure for ``who`` as the first reader found it.

        Raises:
            ReviewError: the second reading is not theirs, or the first is not done. LeaseError: somebody edits it.
        """
        row = self._connections.row("select * from second_readings where figure_id = ?", (figure_id,))
        if row is None or row["who"] != who or row["settled_at"] is not None:
            raise ReviewError(f"the second reading of {figure_id!r} is not {who}'s; the Team page says whose it is")
        if row["begun_at"] is not None:
            return
        stored = self._reviews.load(figure_id, now_s)
        state = stored.review.state
        decided_by = self._decided_by(figure_id)
        if state not in _CLOSED or decided_by in (None, who):
            raise ReviewError(f"{figure_id!r} has no first reading by another curator yet; read it second when it has")
        found = self._as_found(stored.review)
        with self._connections.write() as conn:
            _let_go(conn, figure_id, who)
            self._reviews.take_in(
                conn,
                figure_id,
                stored.revision,
                found.hierarchy,
                (FigureState.PROPOSED, ""),
                f"{SECOND_READING}{who}",
                now_s,
            )
            conn.execute(
                """update second_readings set first_who = ?, first_state = ?, first_reason = ?, first = ?, begun_at = ?
                where figure_id = ?""",
                (
                    decided_by,
                    state,
                    stored.reason,
                    packed(to_doc(stored.review.hierarchy)),
                    now_iso(),
                    figure_id,
                ),
            )

    def cancel_second(self, figure_id: str, who: str, now_s: float) -> None:
        """Ends a second reading that is not settled: the first reading stands again.

        Raises:
            ReviewError: there is none that has begun. LeaseError: somebody edits the figure.
        """
        row = self._begun(figure_id)
        stored = self._reviews.load(figure_id, now_s)
        with self._connections.write() as conn:
            _let_go(conn, figure_id, who)
            conn.execute("delete from second_readings where figure_id = ?", (figure_id,))
            self._reviews.take_in(
                conn,
                figure_id,
                stored.revision,
                validated(Hierarchy, unpacked(row["first"])),
                (FigureState(row["first_state"]), row["first_reason"]),
                f"{SECOND_READING}{who}",
                now_s,
            )
            conn.execute("update reviews set decided_by = ? where figure_id = ?", (row["first_who"], figure_id))

    def count(self, settled: bool = False) -> int:
        """How many figures both have read, as ``pairs`` lists them."""
        row = self._connections.row(f"select count(*) as n from {_BOTH_READ}", {"settled": settled})
        assert row is not None
        return int(row["n"])

    def pairs(self, settled: bool = False, offset: int = 0, limit: int = -1) -> list[Pair]:
        """Figures that both have read: those that wait to be compared and settled, or those that are."""
        rows = self._connections.rows(
            f"""select s.figure_id, f.label, s.first_who, s.who, s.first_state,
            case when s.settled_at is null then r.state else s.second_state end as second_state, r.revision,
            s.settled_at
            from {_BOTH_READ.replace(" where ", " join figures f on f.id = s.figure_id where ", 1)}
            order by r.number limit :limit offset :offset""",
            {"settled": settled, "limit": limit, "offset": offset},
        )
        return [
            Pair(
                row["figure_id"],
                row["label"],
                row["first_who"],
                row["who"],
                FigureState(row["first_state"]),
                FigureState(row["second_state"]),
                row["revision"],
                row["settled_at"],
            )
            for row in rows
        ]

    def both(self, figure_id: str) -> BothReadings:
        """What the two readers of a figure found, settled or not.

        Raises:
            ReviewError: it was not read by two.
        """
        for settled in (False, True):
            row = self._connections.row(
                f"select s.*, r.revision, r.reason from {_BOTH_READ} and s.figure_id = :figure_id",
                {"settled": settled, "figure_id": figure_id},
            )
            if row is not None:
                return self._both(row)
        raise ReviewError(f"{figure_id!r} was not read by two; reload the Team page")

    def differences(self, both: BothReadings) -> Compared:
        """What the readers of a figure do not agree on; nothing of its nodes where not both accepted it."""
        if both.first_state != FigureState.ACCEPTED or both.second_state != FigureState.ACCEPTED:
            return Compared((), ())
        return compare(self._reviews.figure(both.figure_id).caption, both.first, both.second)

    def settle(self, figure_id: str, revision: int, choices: Mapping[str, Choice], who: str, now_s: float) -> None:
        """Makes one of both readings, as one event of ``who``; with no difference ``choices`` is empty.

        ``choices``: the reader to follow, by the difference's key; only ``STATE`` where one skipped the figure. Who is
        followed in skipping it said why.

        Raises:
            ReviewError: there are no two readings to settle, or a difference has no choice. StaleError, LeaseError.
        """
        found = self.both(figure_id)
        if found.settled_at is not None:
            raise ReviewError(f"{figure_id!r} was settled already; reload the Team page")
        if found.first_state != found.second_state:
            if set(choices) != {STATE}:
                raise ReviewError(f"one reader accepted {figure_id!r}, the other skipped it: choose whom to follow")
            first = choices[STATE] == "first"
            state, reason = (
                (found.first_state, found.first_reason) if first else (found.second_state, found.second_reason)
            )
            after = found.first if first else found.second
        else:
            state, reason = found.second_state, found.second_reason
            after = adjudicated(found.first, found.second, self.differences(found), choices)
            if state == FigureState.SKIPPED:
                after = found.second
        with self._connections.write() as conn:
            _let_go(conn, figure_id, who)
            conn.execute(
                """update second_readings set second = ?, second_state = ?, settled_at = ?, settled_by = ?
                where figure_id = ?""",
                (packed(to_doc(found.second)), found.second_state, now_iso(), who, figure_id),
            )
            self._reviews.take_in(conn, figure_id, revision, after, (state, reason), who, now_s)
            conn.execute(
                """update second_readings set settled_event = (select max(id) from events where figure_id = ?1)
                where figure_id = ?1""",
                (figure_id,),
            )

    def _both(self, row: sqlite3.Row) -> BothReadings:
        stored = self._reviews.load(row["figure_id"], 0.0).review if row["settled_at"] is None else None
        return BothReadings(
            row["figure_id"],
            row["first_who"],
            row["who"],
            FigureState(row["first_state"]),
            stored.state if stored else FigureState(row["second_state"]),
            row["first_reason"],
            row["reason"] if stored else "",
            validated(Hierarchy, unpacked(row["first"])),
            stored.hierarchy if stored else validated(Hierarchy, unpacked(row["second"])),
            row["revision"],
            row["settled_at"],
        )

    def _begun(self, figure_id: str) -> sqlite3.Row:
        row = self._connections.row(
            "select * from second_readings where figure_id = ? and begun_at is not null and settled_at is null",
            (figure_id,),
        )
        if row is None:
            raise ReviewError(f"{figure_id!r} has no second reading that could be ended; reload the Team page")
        return row

    def _decided_by(self, figure_id: str) -> str | None:
        row = self._connections.row("select decided_by from reviews where figure_id = ?", (figure_id,))
        return row["decided_by"] if row else None

    def _as_found(self, review: Review) -> Review:
        """The review as it was before anybody decided since it was last mined."""
        rows = self._connections.rows(
            """select doc from events where figure_id = ? and id > (select coalesce(max(id), 0) from events
            where figure_id = ? and kind = 'mine') order by id desc""",
            (review.figure.id, review.figure.id),
        )
        for row in rows:
            review = apply(review, decision_from_doc(json.loads(row["doc"])).inverse())
        return review


def _let_go(conn: Any, figure_id: str, who: str) -> None:
    """Ends a lease of ``who``: they have the figure open in Review, and ask for this in the tab beside it."""
    conn.execute(
        "update reviews set lease_by = null, lease_until = 0 where figure_id = ? and lease_by glob ? || '#*'",
        (figure_id, who),
    )


def _drawn(seed: int, figure_id: str) -> float:
    """A number from 0 to 1 that is the figure's own."""
    digest = blake2b(f"{seed}:{figure_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
