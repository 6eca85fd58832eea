"""What is wrong with a hierarchy, node by node, against the truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from curator.figure import Hierarchy, Marker, Node, Panel, Region, Span, State
from curator.geometry import iou
from curator.merge import SAME_IOU

Fault: TypeAlias = Literal["missing", "superfluous", "box", "label", "kind", "words", "parent"]

_SAME_THING = 0.1  # IoU from which a curator mends a box rather than drawing another; guess
_LETTER_BONUS = 0.2  # of two boxes over a panel, the one with its letter is mended; guess
_SAME_WORDS = 0.7  # F1 of characters from which nobody would select the words again; guess


@dataclass(frozen=True, slots=True)
class Pair:
    """A true node and what stands for it; one of the two may be absent."""

    true: Node | None
    found: Node | None
    faults: frozenset[Fault]
    """What is wrong; at most one error is counted for a node, however many faults it has."""


def differences(truth: Hierarchy, found: Hierarchy) -> list[Pair]:
    """Every true node and every one that stands (rejected ones do not), in pairs: panels, markers, regions."""
    pairs: list[Pair] = []
    panels: dict[str, str] = {}
    for level in (Panel, Marker, Region):
        true = [node for node in truth.nodes() if type(node) is level]
        standing = [node for node in found.nodes() if type(node) is level and node.state != State.REJECTED]
        for one, other in _paired(true, standing):
            if isinstance(one, Panel) and other is not None:
                panels[one.id] = other.id
            pairs.append(Pair(one, other, _faults(one, other, found, panels)))
    return pairs


def errors(truth: Hierarchy, found: Hierarchy) -> int:
    """How many nodes are missing, superfluous or wrong."""
    return sum(bool(pair.faults) for pair in differences(truth, found))


def _paired(true: Sequence[Node], found: Sequence[Node]) -> list[tuple[Node | None, Node | None]]:
    """Greedy, best overlap first, each used once; then what is missing, then what is superfluous."""
    scores = sorted(
        (
            (iou(one.box_xyxy, other.box_xyxy) + _LETTER_BONUS * _same_letter(one, other), i, j)
            for i, one in enumerate(true)
            for j, other in enumerate(found)
            if iou(one.box_xyxy, other.box_xyxy) >= _SAME_THING
        ),
        key=lambda score: (-score[0], score[1], score[2]),
    )
    of: dict[int, int] = {}
    used: set[int] = set()
    for _, i, j in scores:
        if i not in of and j not in used:
            of[i] = j
            used.add(j)
    matched: list[tuple[Node | None, Node | None]] = [
        (node, found[of[i]] if i in of else None) for i, node in enumerate(true)
    ]
    return matched + [(None, node) for j, node in enumerate(found) if j not in used]


def _same_letter(one: Node, other: Node) -> bool:
    return isinstance(one, Panel) and isinstance(other, Panel) and bool(one.label) and _letter(one) == _letter(other)


def _letter(panel: Panel) -> str:
    return (panel.label or "").casefold()


def _faults(true: Node | None, found: Node | None, hierarchy: Hierarchy, panels: Mapping[str, str]) -> frozenset[Fault]:
    """``panels``: what stands for each true panel, where something does."""
    if found is None:
        return frozenset({"missing"})
    if true is None:
        return frozenset({"superfluous"})
    faults: set[Fault] = set()
    if iou(true.box_xyxy, found.box_xyxy) < SAME_IOU:
        faults.add("box")
    if isinstance(true, Panel) and isinstance(found, Panel):
        if _letter(true) != _letter(found):
            faults.add("label")
        if true.kind != found.kind:
            faults.add("kind")
        if not _same_panel_words(true, found, hierarchy):
            faults.add("words")
    elif isinstance(true, Marker | Region) and isinstance(found, Marker | Region):
        if isinstance(true, Marker) and isinstance(found, Marker) and true.kind != found.kind:
            faults.add("kind")
        # below a panel that is missing nothing can hang, and a region hangs where its marker does: neither is its fault
        follows = isinstance(found, Region) and found.marker_id is not None
        if not follows and panels.get(true.panel_id or "", found.panel_id) != found.panel_id:
            faults.add("parent")
        reworded = isinstance(found, Marker) and found.clause_text is not None
        if not reworded and not _same_words(_spans(true.clause_span), _spans(found.clause_span)):
            faults.add("words")
    return frozenset(faults)


def _same_panel_words(true: Panel, found: Panel, hierarchy: Hierarchy) -> bool:
    """Of its own, or together with those that all panels share: both describe the panel in full."""
    if found.own_text is not None:
        return True
    shared = hierarchy.shared.lead_spans + hierarchy.shared.tail_spans
    return _same_words(true.own_spans, found.own_spans) or _same_words(true.own_spans, found.own_spans + shared)


def _spans(span: Span | None) -> tuple[Span, ...]:
    return (span,) if span else ()


def _same_words(true: Iterable[Span], found: Iterable[Span]) -> bool:
    wanted, given = _characters(true), _characters(found)
    if not wanted:
        return True  # the truth knows of no words: none can be called wrong
    return 2 * len(wanted & given) >= _SAME_WORDS * (len(wanted) + len(given))


def _characters(spans: Iterable[Span]) -> set[int]:
    return {place for span in spans for place in range(span.start, span.end)}
