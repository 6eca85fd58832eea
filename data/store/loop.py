"""Rounds of the loop: where each stands, and what came of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, Literal, get_args

from curator.review import decision_from_doc
from curator.work import Work, total, work_on_figure
from data.store.clock import now_iso
from data.store.database import Connections
from data.store.second_reading import SECOND_READING

Stage = Literal["mine", "assess", "review", "calibrate", "train", "index", "rescore", "remine"]
STAGES: tuple[Stage, ...] = get_args(Stage)
OVER: Final = "over"


@dataclass(frozen=True, slots=True)
class LoopRound:
    """One time around the loop."""

    id: int
    begun_at: str
    ended_at: str | None
    stage: Stage | Literal["over"]
    """What is under way, or is to be done next."""
    facts: Mapping[str, Any]
    """What each stage that is done has to tell, by the stage's name; "goal": figures to review."""
    work: Work
    """Of curators since the round began: all of it, until it is over."""


class LoopRounds:
    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._over: dict[int, Work] = {}
        """Of rounds that are over: the log between their events does not change any more."""

    def begin(self, goal: int) -> LoopRound:
        """The round that is open, or else a new one in which ``goal`` figures are to be reviewed."""
        with self._connections.write() as conn:
            if conn.execute("select 1 from loop_rounds where ended_at is null").fetchone() is None:
                conn.execute(
                    """insert into loop_rounds (begun_at, stage, first_event, doc)
                    select ?, ?, coalesce(max(id), 0), ? from events""",
                    (now_iso(), STAGES[0], json.dumps({"goal": goal})),
                )
        return self.rounds(1)[0]

    def enter(self, round_id: int, stage: Stage) -> None:
        """The stage is the next one to be done."""
        with self._connections.write() as conn:
            conn.execute("update loop_rounds set stage = ? where id = ? and ended_at is null", (stage, round_id))

    def note(self, round_id: int, name: str, value: Any) -> None:
        """Keeps what a stage has to tell."""
        with self._connections.write() as conn:
            conn.execute(
                "update loop_rounds set doc = json_set(doc, '$.' || ?, json(?)) where id = ?",
                (name, json.dumps(value), round_id),
            )

    def end(self, round_id: int) -> None:
        with self._connections.write() as conn:
            conn.execute(
                """update loop_rounds set ended_at = ?, stage = ?,
                last_event = (select coalesce(max(id), 0) from events) where id = ?""",
                (now_iso(), OVER, round_id),
            )

    def rounds(self, limit: int = 100) -> list[LoopRound]:
        """Newest first."""
        rows = self._connections.rows("select * from loop_rounds order by id desc limit ?", (limit,))
        return [
            LoopRound(
                row["id"],
                row["begun_at"],
                row["ended_at"],
                row["stage"],
                json.loads(row["doc"]),
                self._work_of(row),
            )
            for row in rows
        ]

    def _work_of(self, row: sqlite3.Row) -> Work:
        if row["last_event"] is None:
            return self._work(row["first_event"], None)
        if row["id"] not in self._over:
            self._over[row["id"]] = self._work(row["first_event"], row["last_event"])
        return self._over[row["id"]]

    def _work(self, after: int, until: int | None) -> Work:
        rows = self._connections.rows(
            """select e.figure_id, e.doc, e.seconds, f.caption from events e join figures f on f.id = e.figure_id
            where e.id > ? and e.id <= coalesce(?, e.id) and e.kind != 'mine' and e.who not like ?
            order by e.figure_id, e.id""",
            (after, until, SECOND_READING + "%"),
        )
        parts = []
        for _, group in groupby(rows, key=lambda row: row["figure_id"]):
            events = list(group)
            decisions = [decision_from_doc(json.loads(event["doc"])) for event in events]
            parts.append(work_on_figure(events[0]["caption"], decisions, sum(event["seconds"] for event in events)))
        return total(parts)
