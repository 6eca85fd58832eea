"""What curators decided, with the evidence as it was before: what an assessor is fitted on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from curator.assessor import MAX_DECISIONS, Decided, Reviewed
from curator.audit_sample import in_audit
from curator.codec import node_from_doc, validated
from curator.evidence import Evidence, evidence, lacking
from curator.figure import Figure, FigureState, Hierarchy, Panel, Shared, State
from data.store.articles import figure_from_row
from data.store.database import Connections
from data.store.minings import Mining, Minings
from data.store.outcomes import Outcomes


@dataclass(frozen=True, slots=True)
class Learned:
    """What all decisions teach."""

    decided: tuple[Decided, ...]
    """Oldest figures first, at most about ``MAX_DECISIONS``."""
    reviewed: tuple[Reviewed, ...]


class Decisions:
    """Reads the event log again from its start for every figure that a person decided in.

    The evidence of a decision is that of the figure's proposals as agents made them, without what any person did to
    that figure, with the minings that existed then and the fits of before.
    """

    def __init__(self, connections: Connections, outcomes: Outcomes) -> None:
        self._connections = connections
        self._outcomes = outcomes
        self._minings = Minings(connections)

    def count(self) -> int:
        """Decided proposals outside the audit sample, as of now."""
        self._outcomes.read_on()
        rows = self._connections.rows("select figure_id, count(*) as n from outcomes group by figure_id")
        return sum(row["n"] for row in rows if not in_audit(row["figure_id"]))

    def learned(self) -> Learned:
        """The newest decisions, without those on the audit sample: what that sample tells of all other figures holds
        only where an assessor knows as little of it as of them (``curator.guarantee``)."""
        self._outcomes.read_on()
        rows = self._connections.rows(
            """select figure_id, count(*) as n from outcomes group by figure_id
            order by (select max(id) from events e where e.figure_id = outcomes.figure_id) desc"""
        )
        decided: list[Decided] = []
        reviewed: list[Reviewed] = []
        count = 0
        wanted = []
        for row in rows:
            if in_audit(row["figure_id"]):
                continue
            wanted.append(row["figure_id"])
            count += row["n"]
            if count >= MAX_DECISIONS:
                break
        for figure_id in reversed(wanted):
            found, closed = self._of_figure(figure_id)
            decided += found
            if closed is not None:
                reviewed.append(closed)
        return Learned(tuple(decided), tuple(reviewed))

    def _of_figure(self, figure_id: str) -> tuple[list[Decided], Reviewed | None]:
        row = self._connections.row(
            "select f.*, r.state from figures f join reviews r on r.figure_id = f.id where f.id = ?", (figure_id,)
        )
        assert row is not None
        figure = figure_from_row(row)
        rights = {
            row["node_id"]: bool(row["was_right"])
            for row in self._connections.rows("select * from outcomes where figure_id = ?", (figure_id,))
        }
        fits = {
            row["node_id"]: row["fit"]
            for row in self._connections.rows("select * from proposed_fits where figure_id = ?", (figure_id,))
        }
        minings = self._minings.of_figure(figure_id)
        before: dict[str, Evidence] = {}
        proposed = Hierarchy()
        events = self._connections.rows(
            "select kind, at, doc from events where figure_id = ? order by id", (figure_id,)
        )
        for step in _replayed(events):
            if step.decided and (step.decided & rights.keys()):
                proposed = step.proposed
                others = [mining.hierarchy for mining in _current(minings, step.at)]
                found = evidence(figure, proposed, others, fits)
                before |= {node_id: found[node_id] for node_id in step.decided if node_id in found}
        decided = [Decided(figure_id, before[node_id], rights[node_id]) for node_id in rights if node_id in before]
        if row["state"] != FigureState.ACCEPTED or not before:
            return decided, None
        return decided, self._closed(figure, proposed)

    def _closed(self, figure: Figure, proposed: Hierarchy) -> Reviewed:
        rows = self._connections.rows(
            "select doc from nodes where figure_id = ? and agent like 'person:%' and state != 'rejected'", (figure.id,)
        )
        drawn = [isinstance(node_from_doc(json.loads(row["doc"])), Panel) for row in rows]
        return Reviewed(figure.id, lacking(figure, proposed), sum(drawn), len(drawn) - sum(drawn))


@dataclass(frozen=True, slots=True)
class _Step:
    """One event that closed proposals."""

    at: str
    decided: frozenset[str]
    proposed: Hierarchy
    """All as proposed, before any decision."""


@dataclass(slots=True)
class _Proposals:
    """The figure's proposals as agents made them last, whatever became of them."""

    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    shared: Mapping[str, Any] = field(default_factory=dict)

    def hierarchy(self) -> Hierarchy:
        nodes = {node_id: dict(node) for node_id, node in self.nodes.items()}
        for node in nodes.values():
            # what hung under a node that a later mining took away
            for parent in ("panel_id", "marker_id"):
                if node.get(parent) not in nodes and parent in node:
                    node[parent] = None
        return Hierarchy(shared=validated(Shared, dict(self.shared))).with_nodes(map(node_from_doc, nodes.values()))


def _replayed(events: list[sqlite3.Row]) -> Iterator[_Step]:
    """The steps at which proposals were decided, in order."""
    proposals = _Proposals()
    for event in events:
        document = json.loads(event["doc"])
        changes = document["changes"]
        agents_own = event["kind"] == "mine" or any(_is_new(before, after) for before, after in changes)
        if event["kind"] in ("decide", "redo"):
            decided = frozenset(
                before["id"]
                for before, after in changes
                if _is_open(before) and not _is_open(after) and not (agents_own and after is None)
            )
            if decided:
                yield _Step(event["at"], decided, proposals.hierarchy())
        if agents_own:
            for before, after in changes:
                if _is_open(after):
                    proposals.nodes[after["id"]] = after
                elif after is None and _is_open(before):
                    proposals.nodes.pop(before["id"], None)
            if document["shared"]:
                proposals.shared = document["shared"][1]


def _is_open(node: Mapping[str, Any] | None) -> bool:
    return (
        node is not None and node["state"] == State.PROPOSED and not node["provenance"]["agent"].startswith("person:")
    )


def _is_new(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> bool:
    """An agent's proposal that was not there before: of a mining that was adopted."""
    return _is_open(after) and (before is None or (_is_open(before) and before["provenance"] != after["provenance"]))  # type: ignore[index]


def _current(minings: list[Mining], at: str) -> list[Mining]:
    """The newest of each agent and model at a time; ``minings`` newest first."""
    found: dict[tuple[str, str | None], Mining] = {}
    for mining in minings:
        if mining.at <= at:
            found.setdefault((mining.agent, mining.model), mining)
    return list(found.values())
