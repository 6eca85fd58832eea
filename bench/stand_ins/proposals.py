"""Proposals with errors, made from the truth: hundreds of figures to review that cost no mining.

An agent errs more on some figures than on others: each figure has a difficulty, of its journal, of the kinds of its
panels, and of its own, and how hard a kind is differs between agents. What is drawn for a figure depends on the
seed, the figure's id and the agent alone.

Rates and spreads are such that errors gather in few figures, as those of the embedded agent do: the worst fifth of 39
published figures has 59 % of them, of 600 drawn ones 81 % (measured), and here 85 % (docs/active_learning.md).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from curator.figure import (
    Figure,
    Hierarchy,
    Marker,
    MarkerKind,
    Node,
    Panel,
    PanelKind,
    Provenance,
    Region,
    Span,
    State,
)
from curator.geometry import Box, area, clip, contains_point, iou, shift, union
from curator.merge import SAME_IOU

AT = "2026-01-02T00:00:00+00:00"
_SEPARATION = 0.5
"""Standard deviations between the log-odds that right and wrong proposals are given. With what it knows of a figure's
difficulty the area under the ROC curve is 0.81, as the embedded agent's: 0.78 of panels on drawn figures (measured)."""
_KNOWN = 0.25  # share of a node's difficulty that shows in its confidence; guess
_MOST_EXTRA = 20  # for one true node: an agent that sees arrows everywhere still says so of a part of its candidates
_LOST = (0.55, 0.75)  # share of a box that a wrong one leaves out: IoU 0.25 to 0.45


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent that errs. Chances are those of a node of average difficulty, 0 to 1."""

    name: str
    model: str | None = None
    panel: float = 0.05
    marker: float = 0.2
    region: float = 0.25
    extra: float = 0.02
    """How many things are proposed where nothing is, for each true node of average difficulty."""
    shared: float = 0.3
    """Share of its errors that are drawn for all agents together; guess."""
    bias: float = 0.8
    """Added to the log-odds of its confidence: above 0 it is too sure."""
    slope: float = 0.7
    """Its confidence's log-odds are as many times as large as they should be: below 1 it says too little."""


EMBEDDED = Agent("embedded")
MODEL = Agent("openai", "stand-in", panel=0.035, marker=0.25, region=0.2, bias=1.8, slope=0.45)
"""Better at panels than ``EMBEDDED``, surer than it should be, and its confidence says less."""
AGENTS = (EMBEDDED, MODEL)


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard deviations of what makes figures differ, in log-odds of an error."""

    figure: float = 1.5
    journal: float = 0.5
    kind: float = 0.7
    taste: float = 0.7
    """Of an agent's own trouble with a kind, and with a figure."""


class Proposals:
    """What agents propose for figures whose truth is known."""

    def __init__(self, seed: int, spread: Spread | None = None) -> None:
        self._seed = seed
        self._spread = spread or Spread()

    def of(self, figure: Figure, truth: Hierarchy, agent: Agent, journal: str = "") -> Hierarchy:
        """The truth with the agent's errors, all nodes open; what hangs under nothing hangs under the figure."""
        errors = [self._of_level(figure, truth, agent, journal, level) for level in (Panel, Marker, Region)]
        return _hung(replace(truth, panels=(), markers=(), regions=()), [node for level in errors for node in level])

    def _of_level(self, figure: Figure, truth: Hierarchy, agent: Agent, journal: str, level: type[Node]) -> list[Node]:
        true: list[Node] = [node for node in truth.nodes() if type(node) is level]
        kinds = {panel.id: panel.kind for panel in truth.panels}
        found: list[Node] = []
        swallowed = False
        for index, node in enumerate(true):
            if swallowed:
                swallowed = False
                continue
            kind = kinds.get(node.id if isinstance(node, Panel) else node.panel_id or "", PanelKind.OTHER)
            odds = self._odds(figure.id, journal, kind, node, agent)
            common, own = self._rng("all", figure.id, node.id), self._rng(agent.name, figure.id, node.id)
            draws = common if common.random() < agent.shared else own
            wrong = draws.random() < _share(odds)
            made: Sequence[Node] = (node,)
            if wrong:
                others = [other for other in true if other.id != node.id]
                follower = true[index + 1] if index + 1 < len(true) else None
                made, swallowed = _spoiled(node, follower, others, figure, draws)
            found += [self._said(one, odds, not wrong, agent, own) for one in made]
            clutter = agent.extra * math.exp(odds - _log_odds(_rate(agent, node)))
            for number in range(min(int(draws.poisson(clutter)), _MOST_EXTRA)):
                extra = _extra(node, number, figure, draws)
                found.append(self._said(extra, odds, False, agent, own))
        return found

    def _odds(self, figure_id: str, journal: str, kind: PanelKind, node: Node, agent: Agent) -> float:
        """Log-odds of an error."""
        spread = self._spread
        parts = (
            (spread.figure, ("figure", figure_id)),
            (spread.journal, ("journal", journal)),
            (spread.kind, ("kind", kind)),
            (spread.taste, ("taste", agent.name, kind)),
            (spread.taste, ("taste", agent.name, figure_id)),
        )
        difficulty = sum(size * float(self._rng(*names).standard_normal()) for size, names in parts)
        return _log_odds(_rate(agent, node)) + difficulty

    def _said(self, node: Node, odds: float, right: bool, agent: Agent, rng: np.random.Generator) -> Node:
        """The node as the agent's proposal, with a confidence that tells right from wrong as well as it can."""
        signal = rng.normal(_SEPARATION / 2 if right else -_SEPARATION / 2)
        sure = agent.bias + agent.slope * (_SEPARATION * signal - _KNOWN * odds)
        confidence = round(_share(sure), 3)
        provenance = Provenance(agent.name, "stand-in", AT, confidence, agent.model)
        return replace(node, provenance=provenance, state=State.PROPOSED)

    def _rng(self, *names: str) -> np.random.Generator:
        digest = hashlib.sha256("\0".join((str(self._seed), *names)).encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def _rate(agent: Agent, node: Node) -> float:
    match node:
        case Panel():
            return agent.panel
        case Marker():
            return agent.marker
        case Region():
            return agent.region


def _log_odds(share: float) -> float:
    return math.log(share / (1 - share))


def _share(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


_Spoil = Callable[[Node, Sequence[Node], Figure, np.random.Generator], Node]


def _spoiled(
    node: Node, follower: Node | None, others: Sequence[Node], figure: Figure, rng: np.random.Generator
) -> tuple[Sequence[Node], bool]:
    """What stands for the node in a wrong proposal, and whether it swallowed the node that follows."""
    ways = _WAYS[type(node)]
    way = rng.choice(list(ways), p=np.array(list(ways.values())) / sum(ways.values()))
    match way:
        case "missed":
            return (), False
        case "merged" if follower is not None:
            return (replace(node, box_xyxy=union(node.box_xyxy, follower.box_xyxy)),), True
        case "split" if isinstance(node, Panel):
            x0, y0, x1, y1 = node.box_xyxy
            middle = (x0 + x1) / 2
            second = replace(node, id=f"{node.id}-2", label=None, box_xyxy=(middle, y0, x1, y1), own_spans=())
            return (replace(node, box_xyxy=(x0, y0, middle, y1)), second), False
        case "text":
            return (_with_other_words(node, others, figure, rng),), False
        case "swapped" if isinstance(node, Panel):
            return (_with_other_label(node, others, rng),), False
        case "kind" if isinstance(node, Panel | Marker):
            return (_of_other_kind(node, rng),), False
    return (replace(node, box_xyxy=_off(node.box_xyxy, figure, rng)),), False


_WAYS: dict[type[Node], dict[str, float]] = {
    Panel: {"missed": 0.2, "merged": 0.15, "split": 0.1, "shifted": 0.15, "swapped": 0.15, "kind": 0.1, "text": 0.15},
    Marker: {"missed": 0.4, "shifted": 0.2, "kind": 0.2, "text": 0.2},
    Region: {"missed": 0.3, "shifted": 0.5, "text": 0.2},
}
"""In how many of a level's errors each way; guesses."""


def _off(box_xyxy: Box, figure: Figure, rng: np.random.Generator) -> Box:
    """Another box at an IoU below ``SAME_IOU``: moved aside, or cut where it cannot move."""
    x0, y0, x1, y1 = box_xyxy
    share = float(rng.uniform(0.35, 0.6))
    along = rng.random() < 0.5
    dx, dy = (share * (x1 - x0), 0.0) if along else (0.0, share * (y1 - y0))
    if rng.random() < 0.5:
        dx, dy = -dx, -dy
    width, height = figure.image_wh
    moved = clip(shift(box_xyxy, dx, dy), (0.0, 0.0, float(width), float(height)))
    if area(moved) > 0 and iou(moved, box_xyxy) < SAME_IOU:
        return moved
    lost = float(rng.uniform(*_LOST))
    return (x0, y0, x1 - lost * (x1 - x0), y1) if along else (x0, y0, x1, y1 - lost * (y1 - y0))


def _with_other_words(node: Node, others: Sequence[Node], figure: Figure, rng: np.random.Generator) -> Node:
    """Half of its words, another node's, or none."""
    if isinstance(node, Marker | Region):
        spans = [other.clause_span for other in others if isinstance(other, Marker | Region) and other.clause_span]
        different = [span for span in spans if span != node.clause_span]
        return replace(node, clause_span=different[int(rng.integers(len(different)))] if different else None)
    taken = [other.own_spans for other in others if isinstance(other, Panel) and other.own_spans != node.own_spans]
    if taken and rng.random() < 0.5:
        return replace(node, own_spans=taken[int(rng.integers(len(taken)))])
    return replace(
        node,
        own_spans=tuple(Span(span.start, span.start + max(1, (span.end - span.start) // 3)) for span in node.own_spans),
    )


def _with_other_label(panel: Panel, others: Sequence[Node], rng: np.random.Generator) -> Panel:
    labels = [other.label for other in others if isinstance(other, Panel) and other.label != panel.label]
    if labels:
        return replace(panel, label=labels[int(rng.integers(len(labels)))])
    return replace(panel, label=None if panel.label else "A")


def _of_other_kind(node: Panel | Marker, rng: np.random.Generator) -> Panel | Marker:
    if isinstance(node, Panel):
        kinds = [kind for kind in PanelKind if kind != node.kind]
        kind = kinds[int(rng.integers(len(kinds)))]
        return replace(node, kind=kind, photographic=kind.photographic)
    signs = [kind for kind in MarkerKind if kind != node.kind]
    return replace(node, kind=signs[int(rng.integers(len(signs)))])


def _extra(node: Node, number: int, figure: Figure, rng: np.random.Generator) -> Node:
    """A box as large as the node's, or half as a panel, where nothing of the kind is."""
    x0, y0, x1, y1 = node.box_xyxy
    size: NDArray[np.float64] = np.array([x1 - x0, y1 - y0]) * (0.5 if isinstance(node, Panel) else 1.0)
    room = np.maximum(np.array(figure.image_wh) - size, 0.0)
    left, top = rng.random(2) * room
    box = (float(left), float(top), float(left + size[0]), float(top + size[1]))
    made = replace(node, id=f"{node.id}-extra{number}", box_xyxy=box)
    if isinstance(made, Panel):
        return replace(made, label=None, label_box_xyxy=None, own_spans=())
    if isinstance(made, Marker):
        return replace(made, panel_id=None, tip_xy=None, clause_span=None)
    return replace(made, panel_id=None, marker_id=None, clause_span=None)


def _hung(empty: Hierarchy, nodes: Sequence[Node]) -> Hierarchy:
    """The nodes under ids of their own, each under what its parent has become or the panel that holds it."""
    ids = {node.id: f"{node.id[0]}{number}" for number, node in enumerate(nodes, start=1)}
    panels = [node for node in nodes if isinstance(node, Panel)]

    def panel_of(node: Marker | Region) -> str | None:
        if node.panel_id in ids:
            return ids[node.panel_id or ""]
        x0, y0, x1, y1 = node.box_xyxy
        middle = ((x0 + x1) / 2, (y0 + y1) / 2)
        holding = [panel for panel in panels if contains_point(panel.box_xyxy, middle)]
        return ids[min(holding, key=lambda panel: area(panel.box_xyxy)).id] if holding else None

    hung: list[Node] = []
    for node in nodes:
        match node:
            case Panel():
                hung.append(replace(node, id=ids[node.id]))
            case Marker():
                hung.append(replace(node, id=ids[node.id], panel_id=panel_of(node)))
            case Region():
                marker = next((one for one in hung if one.id == ids.get(node.marker_id or "")), None)
                below = marker.panel_id if isinstance(marker, Marker) else panel_of(node)
                hung.append(
                    replace(node, id=ids[node.id], panel_id=below, marker_id=marker.id if marker is not None else None)
                )
    return empty.with_nodes(hung)
