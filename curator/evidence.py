"""Evidence: what speaks for and against a proposal before a person has decided on it.

Numbers read off the hierarchies, the caption and the fits alone: the same figure gives the same evidence. Each is 0
where there is nothing to say, and grows to about 1.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from curator.calibration import Source, source_of
from curator.figure import Figure, Hierarchy, Marker, Node, Panel, Region, State, clause_of, own_caption
from curator.fusion import UNSAID_CONFIDENCE
from curator.geometry import coverage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SAME_IOU: Final = {"panel": 0.5, "marker": 0.3, "region": 0.5}
"""From here on two agents mean the same: the usual threshold; a few pixels halve the IoU of a small mark."""
_SURE = 0.02
"""Confidences are held this far from 0 and 1, so that one word cannot outweigh all others. Guess."""
_ALIGNED_SHARE = 0.25  # of a panel's side: an edge that far from all others is not in line with any. Guess
_MARKER_WORDS = re.compile(
    r"\b(?:arrow\s?-?heads?|arrows?|asterisks?|stars?|circle[sd]?|box(?:es|ed)?|brackets?|dashed)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one open proposal."""

    source: Source
    kind: str
    """The panel's or marker's kind; empty of a region."""
    confidence: float
    """As calibrated when it was mined, as log-odds."""
    raw: float
    """As the agent itself said, as log-odds."""
    parent: float
    """Log-odds of the marker or panel it hangs under; 0 of a panel."""
    unseen: float
    """Share of other agents' minings without it."""
    confirmed: float
    """Logarithm (base 2) of 1 + the number of other agents' minings that say the same of it."""
    loose: float
    """1 - mean IoU with the boxes of those that have it too."""
    other_label: float
    """Share of those that label it otherwise."""
    other_kind: float
    """Share of those that see another kind."""
    unlabelled: float
    """1 of a panel without a letter in a figure whose caption promises letters."""
    unpromised: float
    """1 of a panel whose letter the caption does not promise, though it promises others."""
    doubled: float
    """1 of a panel whose letter another one has too."""
    misplaced: float
    """Share of its neighbours in the alphabet that do not lie where reading order has them, halved for each."""
    overlapped: float
    """Largest share of it, or of another panel, that both share."""
    outside: float
    """Share of a marker or region outside its panel."""
    homeless: float
    """1 of a marker or region without a panel."""
    unaligned: float
    """How far a panel's edges are from lines that other panels' edges lie on."""
    odd_size: float
    """How far its area is from the median of its level in the figure: logarithm (base 4), at most 2."""
    odd_shape: float
    """The same of width to height."""
    small: float
    """How little of the image it is: -log10 of its share, over 4."""
    wordless: float
    """1 where the caption says nothing of it."""
    unmarked: float
    """1 of a panel whose caption speaks of arrows or other markers, where none was found; of a region without one."""
    pointless: float
    """1 of a marker without a region."""
    two_readings: float
    """1 of a panel whose caption agents read differently."""
    missing: float
    """Share of the figure's promised panels that have no box."""
    bare: float
    """Share of the image that no panel covers."""
    crowd: float
    """Logarithm (base 10) of 1 + the figure's panels."""
    faults: float
    """Logarithm (base 2) of 1 + the figure's other nodes with a structural fault, over 3."""
    fit: float
    """Log-odds that the model in use gives the node's own text, over 4; 0 where it gave none."""
    fitless: float
    """1 where there is no fit."""


SIGNALS: Final[tuple[str, ...]] = tuple(field.name for field in fields(Evidence))[2:]
"""Names of the numbers, in the order of ``numbers``."""
_numbers = attrgetter(*SIGNALS)


def numbers(evidence: Evidence) -> tuple[float, ...]:
    found: tuple[float, ...] = _numbers(evidence)
    return found


@dataclass(frozen=True, slots=True)
class Lacking:
    """What a figure may lack, by which the nodes that a person will have to draw are foretold."""

    promised: int
    """Panels that the caption promises, without a box."""
    panels: int
    unmarked: int
    """Panels whose caption speaks of markers, without one."""
    markers: int


def evidence(
    figure: Figure, hierarchy: Hierarchy, others: Sequence[Hierarchy], fits: Mapping[str, float]
) -> dict[str, Evidence]:
    """Of each open proposal, by its id.

    ``others``: minings of the figure; one by the agent and model that made a node is no witness for it, so that the
    current minings may be given as they are. ``fits``: see ``data.store.fits``. Rejected nodes count as absent.
    """
    return _Reading(figure, hierarchy, others, fits).all()


def lacking(figure: Figure, hierarchy: Hierarchy) -> Lacking:
    panels = [panel for panel in hierarchy.panels if panel.state != State.REJECTED]
    markers = [marker for marker in hierarchy.markers if marker.state != State.REJECTED]
    marked = {marker.panel_id for marker in markers}
    spoken = sum(_speaks_of_markers(figure, panel) and panel.id not in marked for panel in panels)
    return Lacking(len(missing_labels(hierarchy)), len(panels), spoken, len(markers))


def missing_labels(hierarchy: Hierarchy) -> tuple[str, ...]:
    """Letters that the caption promises and no panel has, in the caption's order."""
    found = {panel.label.casefold() for panel in hierarchy.panels if panel.label and panel.state != State.REJECTED}
    return tuple(label for label in hierarchy.shared.promised_labels if label.casefold() not in found)


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
    overlaps = _ious(_boxes(panels), _boxes(theirs))
    best = overlaps.argmax(axis=1)
    pairs = {
        int(column)
        for row, column in enumerate(best)
        if overlaps[row, column] >= _SAME_IOU["panel"] and _label(panels[row]) == _label(theirs[column])
    }
    return len(pairs)


def logit(share: float) -> float:
    """Log-odds; the share is held away from 0 and 1."""
    held = min(max(share, _SURE), 1 - _SURE)
    return math.log(held / (1 - held))


class _Reading:
    """One figure while its evidence is read."""

    def __init__(
        self, figure: Figure, hierarchy: Hierarchy, others: Sequence[Hierarchy], fits: Mapping[str, float]
    ) -> None:
        self._figure = figure
        self._hierarchy = hierarchy
        self._nodes = [node for node in hierarchy.nodes() if node.state != State.REJECTED]
        self._by_id = {node.id: node for node in self._nodes}
        self._others = [_Other(other) for other in others]
        self._fits = fits
        self._promised = {label.casefold() for label in hierarchy.shared.promised_labels}
        self._missing = len(missing_labels(hierarchy)) / max(len(self._promised), 1)
        self._marked = {node.panel_id for node in self._nodes if isinstance(node, Marker)}
        self._pointed = {node.marker_id for node in self._nodes if isinstance(node, Region)}

    def all(self) -> dict[str, Evidence]:
        found: dict[str, Evidence] = {}
        shapes = {level: _Level(nodes, self._figure) for level in (Panel, Marker, Region) if (nodes := self._of(level))}
        panels = shapes.get(Panel)
        letters = _letters([node for node in self._nodes if isinstance(node, Panel)])
        bare = 1 - panels.covered if panels else 1.0
        structure = {node.id: self._structure(node, shapes[type(node)], letters) for node in self._nodes}
        faulty = {node_id for node_id, faults in structure.items() if any(value > 0.3 for value in faults.values())}
        witnesses = {level: self._witnesses(shape) for level, shape in shapes.items()}
        crowd = math.log10(1 + (len(panels.nodes) if panels else 0))
        for node in self._nodes:
            if node.state != State.PROPOSED:
                continue
            shape = shapes[type(node)]
            fit = self._fits.get(node.id)
            found[node.id] = Evidence(
                source=source_of(node),
                kind="" if isinstance(node, Region) else str(node.kind),
                **_said(node),
                parent=self._parent(node),
                **self._agreement(node, shape, witnesses[type(node)]),
                **structure[node.id],
                odd_size=float(shape.odd_sizes[shape.place[node.id]]),
                odd_shape=float(shape.odd_shapes[shape.place[node.id]]),
                small=float(shape.smallness[shape.place[node.id]]),
                missing=self._missing,
                bare=bare,
                crowd=crowd,
                faults=math.log2(1 + len(faulty - {node.id})) / 3,
                fit=0.0 if fit is None else logit(fit) / 4,
                fitless=float(fit is None),
            )
        return found

    def _of(self, level: type[Node]) -> list[Node]:
        return [node for node in self._nodes if isinstance(node, level)]

    def _parent(self, node: Node) -> float:
        above = self._by_id.get(node.parent_id or "")
        if above is None:
            return 0.0
        return logit(1.0) if above.state.verified else _said(above)["confidence"]

    def _structure(self, node: Node, shape: _Level, letters: Mapping[str, float]) -> dict[str, float]:
        values = dict.fromkeys(_STRUCTURE, 0.0)
        if isinstance(node, Panel):
            values["overlapped"] = float(shape.overlapped[shape.place[node.id]])
            values["unaligned"] = float(shape.unaligned[shape.place[node.id]])
            values["two_readings"] = float(bool(node.rival_spans))
            values["doubled"] = float(node.label is not None and shape.labels[_label(node)] > 1)
            if self._promised:
                values["unlabelled"] = float(node.label is None)
                values["unpromised"] = float(node.label is not None and _label(node) not in self._promised)
                values["wordless"] = float(not own_caption(self._figure.caption, node))
            values["misplaced"] = letters.get(node.id, 0.0)
            values["unmarked"] = float(node.id not in self._marked and _speaks_of_markers(self._figure, node))
            return values
        above = self._by_id.get(node.panel_id or "")
        if above is None:
            values["homeless"] = 1.0
        else:
            values["outside"] = 1 - coverage(node.box_xyxy, above.box_xyxy)
        values["wordless"] = float(not clause_of(self._figure.caption, node))
        if isinstance(node, Region):
            values["unmarked"] = float(node.marker_id is None)
        else:
            values["pointless"] = float(node.id not in self._pointed)
        return values

    def _witnesses(self, shape: _Level) -> list[_Witness]:
        return [other.witness(shape) for other in self._others]

    @staticmethod
    def _agreement(node: Node, shape: _Level, witnesses: Sequence[_Witness]) -> dict[str, float]:
        author = (node.provenance.agent, node.provenance.model)
        row = shape.place[node.id]
        asked = [witness for witness in witnesses if author not in witness.authors]
        seen = [(witness.twins[row], witness.ious[row]) for witness in asked if witness.twins[row] is not None]
        count = max(len(seen), 1)
        other_labels = sum(_label(twin) != _label(node) for twin, _ in seen if twin is not None)
        other_kinds = sum(_kind(twin) != _kind(node) for twin, _ in seen if twin is not None)
        same = sum(_label(twin) == _label(node) and _kind(twin) == _kind(node) for twin, _ in seen if twin is not None)
        return {
            "unseen": 1 - len(seen) / len(asked) if asked else 0.0,
            "confirmed": math.log2(1 + same),
            "loose": 1 - sum(overlap for _, overlap in seen) / count if seen else 0.0,
            "other_label": other_labels / count,
            "other_kind": other_kinds / count,
        }


_STRUCTURE: Final = (
    "unlabelled",
    "unpromised",
    "doubled",
    "misplaced",
    "overlapped",
    "outside",
    "homeless",
    "unaligned",
    "wordless",
    "unmarked",
    "pointless",
    "two_readings",
)


@dataclass(frozen=True, slots=True)
class _Witness:
    """What another mining has in place of each node of one level."""

    authors: frozenset[tuple[str, str | None]]
    twins: Sequence[Node | None]
    ious: Sequence[float]


class _Other:
    """Another mining."""

    def __init__(self, hierarchy: Hierarchy) -> None:
        self._nodes = [node for node in hierarchy.nodes() if node.state != State.REJECTED]
        self._authors = frozenset((node.provenance.agent, node.provenance.model) for node in self._nodes)

    def witness(self, shape: _Level) -> _Witness:
        theirs = [node for node in self._nodes if type(node) is type(shape.nodes[0])]
        if not theirs:
            return _Witness(self._authors, [None] * len(shape.nodes), [0.0] * len(shape.nodes))
        overlaps = _ious(shape.boxes, _boxes(theirs))
        best = overlaps.argmax(axis=1)
        ious = overlaps[range(len(best)), best].tolist()
        least = _SAME_IOU[source_of(shape.nodes[0]).level]
        twins = [theirs[column] if iou >= least else None for column, iou in zip(best.tolist(), ious, strict=True)]
        return _Witness(self._authors, twins, ious)


class _Level:
    """The boxes of one level of the figure; arrays in the order of ``nodes``."""

    def __init__(self, nodes: Sequence[Node], figure: Figure) -> None:
        import numpy as np

        self.nodes = nodes
        self.place = {node.id: row for row, node in enumerate(nodes)}
        self.boxes = _boxes(nodes)
        sides = np.maximum(self.boxes[:, 2:] - self.boxes[:, :2], 1e-6)
        self._areas = sides.prod(axis=1)
        self._image_area = figure.image_wh[0] * figure.image_wh[1]
        sizes, shapes = np.log(self._areas) / math.log(4), np.log(sides[:, 0] / sides[:, 1]) / math.log(4)
        self.odd_sizes = np.minimum(np.abs(sizes - np.median(sizes)), 2.0)
        self.odd_shapes = np.minimum(np.abs(shapes - np.median(shapes)), 2.0)
        self.smallness = -np.log10(self._areas / self._image_area) / 4
        self._sides = sides

    @cached_property
    def covered(self) -> float:
        """Share of the image, 0 to 1; what overlaps counts twice."""
        return min(float(self._areas.sum()) / self._image_area, 1.0)

    @cached_property
    def labels(self) -> Counter[str | None]:
        return Counter(_label(node) for node in self.nodes)

    @cached_property
    def overlapped(self) -> NDArray[np.float64]:
        import numpy as np

        shared = _intersections(self.boxes, self.boxes)
        np.fill_diagonal(shared, 0.0)
        smaller = np.minimum(self._areas[:, None], self._areas[None, :])
        found: NDArray[np.float64] = (shared / smaller).max(axis=1)
        return found

    @cached_property
    def unaligned(self) -> NDArray[np.float64]:
        import numpy as np

        if len(self.nodes) < 2:
            return np.zeros(len(self.nodes))
        distances = np.abs(self.boxes[:, None, :] - self.boxes[None, :, :])
        distances[range(len(self.nodes)), range(len(self.nodes))] = np.inf
        share = distances.min(axis=1) / np.tile(self._sides, 2)
        found: NDArray[np.float64] = np.minimum(share / _ALIGNED_SHARE, 1.0).mean(axis=1)
        return found


def _letters(panels: Sequence[Panel]) -> dict[str, float]:
    """``misplaced`` of each panel with a letter: neighbours of the alphabet follow each other to the right or below."""
    lettered = sorted((panel for panel in panels if panel.label), key=lambda panel: _rank(panel.label or ""))
    found = {panel.id: 0.0 for panel in lettered}
    for first, second in pairwise(lettered):
        (x0, y0, x1, y1), (u0, v0, u1, v1) = first.box_xyxy, second.box_xyxy
        to_the_right, below = u0 + u1 > x0 + x1 and u0 >= (x0 + x1) / 2, v0 + v1 > y0 + y1 and v0 >= (y0 + y1) / 2
        if not to_the_right and not below:
            found[first.id] += 0.5
            found[second.id] += 0.5
    return found


def _rank(label: str) -> tuple[int, str]:
    return len(label), label.casefold()


def _speaks_of_markers(figure: Figure, panel: Panel) -> bool:
    return _MARKER_WORDS.search(own_caption(figure.caption, panel)) is not None


def _said(node: Node) -> dict[str, float]:
    provenance = node.provenance
    confidence = UNSAID_CONFIDENCE if provenance.confidence is None else provenance.confidence
    raw = confidence if provenance.raw_confidence is None else provenance.raw_confidence
    return {"confidence": logit(confidence), "raw": logit(raw)}


def _label(node: Node) -> str | None:
    return node.label.casefold() if isinstance(node, Panel) and node.label else None


def _kind(node: Node) -> str | None:
    return None if isinstance(node, Region) else node.kind


def _boxes(nodes: Sequence[Node]) -> NDArray[np.float64]:
    """Shape (nodes, 4), xyxy."""
    import numpy as np

    return np.array([node.box_xyxy for node in nodes], dtype=np.float64)


def _intersections(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    found: NDArray[np.float64] = np.maximum(high - low, 0.0).prod(axis=2)
    return found


def _ious(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    shared = _intersections(a, b)
    areas_a, areas_b = ((boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (a, b))
    found: NDArray[np.float64] = shared / (areas_a[:, None] + areas_b[None, :] - shared)
    return found
