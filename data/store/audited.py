"""The audit sample's reviewed figures: how sure one was of their proposals before, and how right these were."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from curator.assessor import Assessor, assess
from curator.audit_sample import AuditFigure, in_audit, place_of
from curator.codec import node_from_doc, validated
from curator.confidence import figure_confidence
from curator.figure import FigureState, Hierarchy, Panel, Shared, State, flags
from curator.geometry import iou
from curator.merge import SAME_IOU
from data.store.assessors import Assessors
from data.store.auto import AGENTS_OWN, Auto
from data.store.database import Connections
from data.store.minings import Minings
from data.store.reviews import Reviews

_BATCH = 50  # figures a transaction: written while nobody waits long, and what was read is not lost by a stop


class Audited:
    """Confidences are those that the assessor in use gives the proposals as they stood before any person came, so that
    they compare with those of figures that no person has seen."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._auto = Auto(connections)
        self._assessors = Assessors(connections)
        self._reviews = Reviews(connections)
        self._minings = Minings(connections)

    def sample(self, progress: Callable[[int, int], None] = lambda done, total: None) -> list[AuditFigure]:
        """All figures of the sample that a person accepted, in the order in which they are drawn.

        Skipped ones are left out: nobody has said what is right in them. So are those whose proposals had no panel.
        """
        assessor_id = self._auto.assessor()
        assessor = None if assessor_id == AGENTS_OWN else self._assessors.in_use()[1] or Assessor.prior()
        wanted = self._decided(assessor_id)
        for first in range(0, len(wanted), _BATCH):
            progress(first, len(wanted))
            rows = [
                (row["figure_id"], row["event_id"], assessor_id, *self._read(row["figure_id"], assessor))
                for row in wanted[first : first + _BATCH]
            ]
            with self._connections.write() as conn:
                conn.executemany("insert or replace into audited values (?, ?, ?, ?, ?, ?)", rows)
        progress(len(wanted), len(wanted))
        found = self._connections.rows(
            """select d.* from audited d join reviews r on r.figure_id = d.figure_id
            where r.current = 1 and r.state = 'accepted' and d.panel_count > 0 and d.confidence is not null"""
        )
        sample = [
            AuditFigure(row["figure_id"], row["confidence"], row["panel_count"], row["wrong_count"]) for row in found
        ]
        return sorted(sample, key=lambda one: place_of(one.figure_id))

    def waiting(self) -> list[str]:
        """Open figures of the sample, in the order in which they are drawn."""
        return sorted(self._in_state(FigureState.PROPOSED), key=place_of)

    def skipped(self) -> int:
        """Figures of the sample that a person skipped, so that nobody has said what is right in them."""
        return len(self._in_state(FigureState.SKIPPED))

    def _in_state(self, state: FigureState) -> list[str]:
        rows = self._connections.rows("select figure_id from reviews where current = 1 and state = ?", (state,))
        return [row["figure_id"] for row in rows if in_audit(row["figure_id"])]

    def _decided(self, assessor_id: int) -> list[sqlite3.Row]:
        """The sample's accepted figures of which something was decided, or another assessor asked, since they were
        read."""
        rows = self._connections.rows(
            """select r.figure_id, (select max(e.id) from events e where e.figure_id = r.figure_id) as event_id,
            d.event_id as read_to, d.assessor from reviews r left join audited d on d.figure_id = r.figure_id
            where r.current = 1 and r.state = 'accepted'"""
        )
        return [
            row
            for row in rows
            if in_audit(row["figure_id"]) and (row["read_to"], row["assessor"]) != (row["event_id"], assessor_id)
        ]

    def _read(self, figure_id: str, assessor: Assessor | None) -> tuple[float | None, int, int]:
        """Confidence before, panels proposed, and those that were wrong."""
        events = self._connections.rows(
            "select kind, at, doc from events where figure_id = ? order by id", (figure_id,)
        )
        proposed, at = _before_persons(events)
        review = self._reviews.load(figure_id, now_s=0.0).review
        panels, wrong = len(proposed.panels), _wrong_panels(proposed, review.hierarchy)
        if assessor is None:
            return figure_confidence(proposed, flags(proposed)), panels, wrong
        fits = self._connections.rows("select node_id, fit from proposed_fits where figure_id = ?", (figure_id,))
        others = {
            (mining.agent, mining.model): mining.hierarchy
            for mining in reversed(self._minings.of_figure(figure_id))  # the newest of each agent stays
            if mining.at <= at
        }
        found = assess(
            assessor, review.figure, proposed, list(others.values()), {row["node_id"]: row["fit"] for row in fits}
        )
        return found.confidence, panels, wrong


def _before_persons(events: list[sqlite3.Row]) -> tuple[Hierarchy, str]:
    """What agents proposed before a person first decided anything, and when that was."""
    nodes: dict[str, dict[str, Any]] = {}
    shared: dict[str, Any] = {}
    at = ""
    for event in events:
        at = event["at"]
        if event["kind"] != "mine":
            break
        document = json.loads(event["doc"])
        for before, after in document["changes"]:
            if after is None:
                nodes.pop(before["id"], None)
            else:
                nodes[after["id"]] = after
        if document["shared"]:
            shared = document["shared"][1]
    hierarchy = Hierarchy(shared=validated(Shared, shared)).with_nodes(node_from_doc(node) for node in nodes.values())
    return hierarchy, at


def _wrong_panels(proposed: Hierarchy, decided: Hierarchy) -> int:
    """Panels that were rejected, removed, or changed in label, kind or box (IoU below ``SAME_IOU``), and those that
    agents had not proposed; at most as many as were proposed."""
    after = {panel.id: panel for panel in decided.panels if panel.state != State.REJECTED}
    wrong = sum(not _same(panel, after.pop(panel.id, None)) for panel in proposed.panels)
    return min(wrong + len(after), len(proposed.panels))


def _same(proposed: Panel, decided: Panel | None) -> bool:
    return (
        decided is not None
        and (proposed.label, proposed.kind) == (decided.label, decided.kind)
        and iou(proposed.box_xyxy, decided.box_xyxy) >= SAME_IOU
    )
