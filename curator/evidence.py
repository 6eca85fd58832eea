"""Evidence: what speaks for and against a proposal before a person has decided on it.

Numbers read off the hierarchies, the caption and the fits alone: the same figure gives the same evidence. Each is 0
where there is nothing to say, and grows to about 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Final

from curator.arrangement import Arrangement, letter_of, out_of_order
from curator.calibration import Source, source_of
from curator.figure import Figure, Hierarchy, Marker, Node, Panel, Region, State, clause_of, own_caption
from curator.fusion import UNSAID_CONFIDENCE
from curator.geometry import coverage
from curator.samples import Samples
from curator.witnesses import Other, Witness, agreement

_SURE = 0.02
"""Confidences are held this far from 0 and 1, so that one word cannot outweigh all others. Guess."""
MARKER_WORDS = re.compile(
    r"\b(?:arrow\s?-?heads?|arrows?|asterisks?|stars?|circle[sd]?|box(?:es|ed)?|brackets?|dashed)\b", re.IGNORECASE
)
"""By which a caption speaks of markers."""


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
    sampled: float
    """1 where its own mining took several samples (``curator.samples``)."""
    unsteady: float
    """Share of these without it; 0 where nothing is known of them."""
    wavering: float
    """Largest share of those that have it with another label, kind or text; 0 where nothing is known of them."""


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
    """Markers that the caption of a figure with pictures speaks of, in clauses of which none was found."""
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
    photographic = any(panel.photographic for panel in panels)
    unmarked = _without_marker(figure.caption, markers) if photographic else 0
    return Lacking(len(missing_labels(hierarchy)), len(panels), unmarked, len(markers))


def _without_marker(caption: str, markers: Sequence[Marker]) -> int:
    """Markers that the caption speaks of in clauses of which no marker was found; "arrows" are two."""
    found = [marker.clause_span for marker in markers if marker.clause_span is not None]
    missed = [
        word.group()
        for word in MARKER_WORDS.finditer(caption)
        if not any(start <= word.start() < end for start, end in found)
    ]
    return sum(1 + word.lower().endswith("s") for word in missed)


def missing_labels(hierarchy: Hierarchy) -> tuple[str, ...]:
    """Letters that the caption promises and no panel has, in the caption's order."""
    found = {panel.label.casefold() for panel in hierarchy.panels if panel.label and panel.state != State.REJECTED}
    return tuple(label for label in hierarchy.shared.promised_labels if label.casefold() not in found)


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
        self._others = [Other(other) for other in others]
        self._fits = fits
        self._promised = {label.casefold() for label in hierarchy.shared.promised_labels}
        self._missing = len(missing_labels(hierarchy)) / max(len(self._promised), 1)
        self._marked = {node.panel_id for node in self._nodes if isinstance(node, Marker)}
        self._pointed = {node.marker_id for node in self._nodes if isinstance(node, Region)}

    def all(self) -> dict[str, Evidence]:
        found: dict[str, Evidence] = {}
        shapes = {
            level: Arrangement(nodes, self._figure) for level in (Panel, Marker, Region) if (nodes := self._of(level))
        }
        panels = shapes.get(Panel)
        letters = out_of_order([node for node in self._nodes if isinstance(node, Panel)])
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
                **agreement(node, shape.place[node.id], witnesses[type(node)]),
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
                **_sampled(node.provenance.samples),
            )
        return found

    def _of(self, level: type[Node]) -> list[Node]:
        return [node for node in self._nodes if isinstance(node, level)]

    def _parent(self, node: Node) -> float:
        above = self._by_id.get(node.parent_id or "")
        if above is None:
            return 0.0
        return logit(1.0) if above.state.verified else _said(above)["confidence"]

    def _structure(self, node: Node, shape: Arrangement, letters: Mapping[str, float]) -> dict[str, float]:
        values = dict.fromkeys(_STRUCTURE, 0.0)
        if isinstance(node, Panel):
            values["overlapped"] = float(shape.overlapped[shape.place[node.id]])
            values["unaligned"] = float(shape.unaligned[shape.place[node.id]])
            values["two_readings"] = float(bool(node.rival_spans))
            values["doubled"] = float(node.label is not None and shape.labels[letter_of(node)] > 1)
            if self._promised:
                values["unlabelled"] = float(node.label is None)
                values["unpromised"] = float(node.label is not None and letter_of(node) not in self._promised)
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

    def _witnesses(self, shape: Arrangement) -> list[Witness]:
        return [other.witness(shape) for other in self._others]


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


def _speaks_of_markers(figure: Figure, panel: Panel) -> bool:
    return MARKER_WORDS.search(own_caption(figure.caption, panel)) is not None


def _sampled(samples: Samples | None) -> dict[str, float]:
    if samples is None:
        return {"sampled": 0.0, "unsteady": 0.0, "wavering": 0.0}
    said = (count for count in (samples.label, samples.kind, samples.text) if count is not None)
    return {
        "sampled": float(samples.asked > 1),
        "unsteady": 1 - samples.found / samples.asked,
        "wavering": max((1 - count / samples.found for count in said), default=0.0) if samples.found else 0.0,
    }


def _said(node: Node) -> dict[str, float]:
    provenance = node.provenance
    confidence = UNSAID_CONFIDENCE if provenance.confidence is None else provenance.confidence
    raw = confidence if provenance.raw_confidence is None else provenance.raw_confidence
    return {"confidence": logit(confidence), "raw": logit(raw)}
