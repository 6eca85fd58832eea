"""Witnesses: what other minings of a figure say of each node of one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from curator.arrangement import Arrangement, boxes_of, ious, letter_of
from curator.codec import level_of
from curator.figure import Hierarchy, Node, Panel, Region, State

_SAME_IOU: Final = {"panel": 0.5, "marker": 0.3, "region": 0.5}
"""From here on two agents mean the same: the usual threshold; a few pixels halve the IoU of a small mark."""


@dataclass(frozen=True, slots=True)
class Witness:
    """What another mining has in place of each node of one level."""

    authors: frozenset[tuple[str, str | None]]
    twins: Sequence[Node | None]
    ious: Sequence[float]


class Other:
    """Another mining."""

    def __init__(self, hierarchy: Hierarchy) -> None:
        self._nodes = [node for node in hierarchy.nodes() if node.state != State.REJECTED]
        self._authors = frozenset((node.provenance.agent, node.provenance.model) for node in self._nodes)

    def witness(self, shape: Arrangement) -> Witness:
        """Its say on the nodes of ``shape``, of which there is at least one."""
        theirs = [node for node in self._nodes if type(node) is type(shape.nodes[0])]
        if not theirs:
            return Witness(self._authors, [None] * len(shape.nodes), [0.0] * len(shape.nodes))
        overlaps = ious(shape.boxes, boxes_of(theirs))
        best = overlaps.argmax(axis=1)
        found = overlaps[range(len(best)), best].tolist()
        least = _SAME_IOU[level_of(shape.nodes[0])]
        twins = [theirs[column] if iou >= least else None for column, iou in zip(best.tolist(), found, strict=True)]
        return Witness(self._authors, twins, found)


def agreement(node: Node, row: int, witnesses: Sequence[Witness]) -> dict[str, float]:
    """The part of the evidence that other minings make; ``row``: the node's place among those of its level."""
    author = (node.provenance.agent, node.provenance.model)
    asked = [witness for witness in witnesses if author not in witness.authors]
    seen = [(witness.twins[row], witness.ious[row]) for witness in asked if witness.twins[row] is not None]
    count = max(len(seen), 1)
    other_labels = sum(letter_of(twin) != letter_of(node) for twin, _ in seen if twin is not None)
    other_kinds = sum(_kind_of(twin) != _kind_of(node) for twin, _ in seen if twin is not None)
    same = sum(
        letter_of(twin) == letter_of(node) and _kind_of(twin) == _kind_of(node) for twin, _ in seen if twin is not None
    )
    return {
        "unseen": 1 - len(seen) / len(asked) if asked else 0.0,
        "confirmed": math.log2(1 + same),
        "loose": 1 - sum(overlap for _, overlap in seen) / count if seen else 0.0,
        "other_label": other_labels / count,
        "other_kind": other_kinds / count,
    }


def disagreement(hierarchy: Hierarchy, others: Sequence[Hierarchy]) -> float:
    """0 to 1: how much other minings' panels differ from these: 1 - F1 of those alike in box and letter, their mean."""
    panels = [panel for panel in hierarchy.panels if panel.state != State.REJECTED]
    authors = {(panel.provenance.agent, panel.provenance.model) for panel in panels}
    differing = []
    for other in others:
        theirs = [panel for panel in other.panels if panel.state != State.REJECTED]
        if {(panel.provenance.agent, panel.provenance.model) for panel in theirs} & authors:
            continue
        if panels or theirs:
            differing.append(1 - 2 * _alike(panels, theirs) / (len(panels) + len(theirs)))
    return sum(differing) / len(differing) if differing else 0.0


def _alike(panels: Sequence[Panel], theirs: Sequence[Panel]) -> int:
    if not panels or not theirs:
        return 0
    overlaps = ious(boxes_of(panels), boxes_of(theirs))
    best = overlaps.argmax(axis=1)
    pairs = {
        int(column)
        for row, column in enumerate(best)
        if overlaps[row, column] >= _SAME_IOU["panel"] and letter_of(panels[row]) == letter_of(theirs[column])
    }
    return len(pairs)


def _kind_of(node: Node) -> str | None:
    return None if isinstance(node, Region) else node.kind
