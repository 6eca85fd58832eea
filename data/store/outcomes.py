"""How proposals turned out: right or wrong by what curators decided, read off the event log as it grows."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from zlib import crc32

from curator.calibration import FOLDS, Calibration, Source, Tally, fit
from curator.figure import State
from curator.geometry import iou
from curator.merge import SAME_IOU
from data.store.database import Connections

_BATCH = 500  # events a transaction: tens of milliseconds, so that no editor waits for the first reading of a long log
_STATED = ("label", "kind")  # what a node says that a box alone does not; a level without one has none in both
_SPANS = ("own_spans", "clause_span")
_SAME_WORDS = 0.7  # share of the characters, as F1, from which on nobody would choose the words again; guess


class Outcomes:
    """A proposal counts as right when a person accepted it, or edited it but left what it says: its label and kind as
    they were, its box at IoU of ``SAME_IOU`` or more, and its words of the caption the same but for a few
    (``_SAME_WORDS``). A wording that a person wrote is none of the agent's business. Rejected and removed ones are
    wrong; open ones do not count.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._lock = threading.Lock()
        self._looked_at = 0
        """The log's last event when it was looked at last; minings after it are not looked at twice."""
        self._fitted: tuple[int, Mapping[Source, Calibration]] = (-1, {})

    def tallies(self) -> dict[Source, list[Tally]]:
        """Decided proposals by source, fold and confidence (to a percent)."""
        self.read_on()
        rows = self._connections.rows(
            """select level, agent, model, fold, raw_percent, count(*) as n, sum(was_right) as n_right from outcomes
            group by level, agent, model, fold, raw_percent"""
        )
        found: dict[Source, list[Tally]] = defaultdict(list)
        for row in rows:
            source = Source(row["level"], row["agent"], row["model"])
            found[source].append(Tally(row["raw_percent"] / 100, row["n"], row["n_right"], row["fold"]))
        return dict(found)

    def calibrations(self) -> Mapping[Source, Calibration]:
        """The calibration of every source that a person has decided on; fitted again only after another decision."""
        with self._lock:
            read_to = self.read_on()
            if self._fitted[0] != read_to:
                self._fitted = read_to, {source: fit(tallies) for source, tallies in self.tallies().items()}
            return self._fitted[1]

    def read_on(self) -> int:
        """Brings the table up to the end of the log; the last decision in it."""
        while True:
            end = self._last_event()
            read_to = self._read_to()
            start = max(read_to, self._looked_at)
            # mining many figures adds an event each; they change nothing here and are passed over without writing
            waiting = start < end and self._connections.row(
                "select 1 from events where id > ? and id <= ? and kind != 'mine' limit 1", (start, end)
            )
            if not waiting:
                self._looked_at = max(end, self._looked_at)
                return read_to
            with self._connections.write() as conn:
                self._read_batch(conn)

    def _read_batch(self, conn: sqlite3.Connection) -> None:
        events = conn.execute(
            """select id, figure_id, kind, doc from events where id > (select event_id from outcomes_read)
            and kind != 'mine' order by id limit ?""",
            (_BATCH,),
        ).fetchall()
        for event in events:
            for before, after in json.loads(event["doc"])["changes"]:
                _read_change(conn, event["figure_id"], before, after)
        if events:
            conn.execute("update outcomes_read set event_id = ?", (events[-1]["id"],))

    def _last_event(self) -> int:
        row = self._connections.row("select coalesce(max(id), 0) as id from events")
        return int(row["id"]) if row else 0

    def _read_to(self) -> int:
        row = self._connections.row("select event_id from outcomes_read")
        return int(row["event_id"]) if row else 0


def _read_change(
    conn: sqlite3.Connection, figure_id: str, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> None:
    """One change of one node, as documents of ``curator.codec.node_to_doc``."""
    node = after or before
    assert node is not None
    provenance = node["provenance"]
    # documents of earlier versions have fewer fields
    raw = provenance.get("raw_confidence")
    raw = provenance["confidence"] if raw is None else raw
    if provenance["agent"].startswith("person:") or raw is None:
        return
    place = (figure_id, node["id"])
    if after is None or after["state"] == State.PROPOSED:
        conn.execute("delete from outcomes where figure_id = ? and node_id = ?", place)
    elif before is not None and before["state"] == State.PROPOSED:
        conn.execute(
            "insert or replace into outcomes values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *place,
                node["level"],
                provenance["agent"],
                provenance.get("model"),
                crc32(figure_id.encode()) % FOLDS,
                round(100 * raw),
                _was_right(before, after),
                json.dumps({name: before.get(name) for name in ("box_xyxy", *_STATED, *_SPANS)}),
            ),
        )
    else:
        row = conn.execute("select proposal from outcomes where figure_id = ? and node_id = ?", place).fetchone()
        if row is not None:
            right = _was_right(json.loads(row["proposal"]), after)
            conn.execute("update outcomes set was_right = ? where figure_id = ? and node_id = ?", (right, *place))


def _was_right(proposal: dict[str, Any], decided: dict[str, Any]) -> bool:
    if decided["state"] == State.REJECTED:
        return False
    same_statement = all(proposal.get(name) == decided.get(name) for name in _STATED)
    if not same_statement or iou(tuple(proposal["box_xyxy"]), tuple(decided["box_xyxy"])) < SAME_IOU:
        return False
    before, after = _characters(proposal), _characters(decided)
    return 2 * len(before & after) >= _SAME_WORDS * (len(before) + len(after))


def _characters(node: dict[str, Any]) -> set[int]:
    """Places of the caption that the node speaks for."""
    clause = node.get("clause_span")
    spans = [*(node.get("own_spans") or ()), *([clause] if clause else ())]
    return {place for start, end in spans for place in range(start, end)}
