"""The marker path of stage II: markers by the embedded agent and the model, each with what it points at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from agents.embedded.caption_pointers import Pointer
from agents.embedded.markers import explaining, family
from agents.embedded.region_fusion import Extent
from agents.embedded.regions import as_sentence
from agents.lvlm.agreement import weighed
from agents.lvlm.model import Message
from agents.lvlm.regions.marker_targets import Target, ask_for_targets
from agents.lvlm.regions.panel_shown import ShownPanel
from curator.errors import ReplyError
from curator.figure import Marker, MarkerKind, Region, Span
from curator.geometry import Box, Point, centre, contains_point, iou
from curator.samples import Samples

_SEEN_ALONE = 0.5  # guess: confidence of a marker that the model alone saw and the caption does not mention
_PROMISED = 0.5  # guess: what a clause that names kind and colour counts as a reader
_LEAST = 0.4  # of a marker that the model does not confirm; the embedded agent's own limit, measured there
_POINTED = 0.8  # guess: how often the target of a right marker is right; as in the embedded agent
SECOND_PATH = 0.5  # guess: what another path to the same place counts as a reader
_SIGN_ITSELF = 0.5  # IoU; guess: above it a "target" is the sign, and not what it points at
_POINT = 0.03  # of the panel's diagonal; guess: a "target" that is smaller is a place, and no outline
_POINTING = (MarkerKind.ARROW, MarkerKind.ARROWHEAD)
_ENCLOSING = (MarkerKind.BOX, MarkerKind.CIRCLE)


@dataclass(frozen=True, slots=True)
class MarkerFinding:
    """A marker in the figure's frame."""

    panel_id: str | None
    kind: MarkerKind
    box_xyxy: Box
    color: str | None
    tip_xy: Point | None
    clause_span: Span | None
    confidence: float
    exchanges: tuple[str, ...]
    candidate_id: str | None
    """Of the embedded agent's marker that it is; None for one that the model alone saw."""
    samples: Samples | None = None
    """Of the one question about it; None where no reply could be read."""


@dataclass(frozen=True, slots=True)
class ProposedBox:
    """A region before fusion, with its words."""

    box_xyxy: Box
    label: str
    caption: str
    clause_span: Span | None
    confidence: float
    exchanges: tuple[str, ...]
    extent: Extent = Extent.OUTLINE
    by_model: bool = False
    """Whether the model leads there, and not the embedded agent in its stead."""


Pointed: TypeAlias = tuple[MarkerFinding, ProposedBox | None]
"""A marker and what it points at; None where nothing tells."""


@dataclass(frozen=True, slots=True)
class Followed:
    """The markers of a panel."""

    pointed: tuple[Pointed, ...] = ()
    answered: bool = False
    """Whether the model was asked, and its reply could be read."""
    faults: tuple[str, ...] = ()
    """What of the replies could not be used."""


def follow_markers(shown: ShownPanel, candidates: Sequence[Marker], examples: Sequence[Message]) -> Followed:
    """The markers of a panel with what they point at.

    ``candidates`` are the embedded agent's markers in the panel, which stand as they are where no reply could be read.

    Raises:
        ModelError, BudgetError: the model cannot be asked.
    """
    panel = shown.panel
    if not candidates and not shown.promises_markers:
        return Followed()
    numbered = dict(enumerate(candidates, start=1))
    try:
        answer = ask_for_targets(shown, numbered, examples)
    except ReplyError as error:
        proposed = tuple((taken_over(marker, panel.id), _embedded_box(shown, marker)) for marker in candidates)
        return Followed(proposed, faults=(f"markers are the embedded agent's: {error}",))
    exchanges = (answer.exchange,)
    answered = {target.number for target in answer.value}
    found: list[Pointed] = []
    for target in answer.value:
        known = numbered.get(target.number) if target.number is not None else None
        marker = _confirmed(shown, target, known, exchanges) if known else _seen_alone(shown, target, exchanges)
        found.append((marker, _target_box(shown, target, marker, known)))
    for number, candidate in numbered.items():
        confidence = weighed(confidence_of(candidate), -1.0)
        if number not in answered and confidence >= _LEAST:
            box = _embedded_box(shown, candidate)
            doubted = replace(box, confidence=weighed(box.confidence, -1.0), exchanges=exchanges) if box else None
            marker = taken_over(candidate, panel.id)
            unsaid = replace(marker, confidence=confidence, exchanges=exchanges, samples=Samples(1, 0))
            found.append((unsaid, doubted))
    return Followed(tuple(found), True, tuple(f"markers: {fault}" for fault in answer.faults))


def _confirmed(shown: ShownPanel, target: Target, known: Marker, exchanges: tuple[str, ...]) -> MarkerFinding:
    """A marker that both agents see: the embedded agent's, with the model's clause where it quotes one."""
    alike = family(target.kind) == family(known.kind)
    kind = known.kind
    if not alike and _pointer_for(shown, kind, known.color) is None and _pointer_for(shown, target.kind, known.color):
        kind = target.kind  # the caption speaks of the model's kind only
    clause = target.clause_span or known.clause_span
    return MarkerFinding(
        shown.panel.id,
        kind,
        known.box_xyxy,
        known.color or target.color,
        known.tip_xy,
        clause,
        round(weighed(confidence_of(known), 1.0 if alike else 0.0), 4),
        exchanges,
        known.id,
        Samples(1, 1, kind=int(target.kind == kind), text=int(target.clause_span == clause)),
    )


def _seen_alone(shown: ShownPanel, target: Target, exchanges: tuple[str, ...]) -> MarkerFinding:
    pointer = _pointer_for(shown, target.kind, target.color)
    tip = _nearest(target.marker_xyxy, centre(target.target_xyxy)) if target.kind in _POINTING else None
    clause = target.clause_span or (pointer.span if pointer else None)
    return MarkerFinding(
        shown.panel.id,
        target.kind,
        target.marker_xyxy,
        target.color,
        tip,
        clause,
        round(weighed(_SEEN_ALONE, _PROMISED if pointer else 0.0), 4),
        exchanges,
        None,
        Samples(1, 1, kind=1, text=int(target.clause_span == clause)),
    )


def _target_box(shown: ShownPanel, target: Target, marker: MarkerFinding, known: Marker | None) -> ProposedBox:
    """What the model says the marker points at; the inside of a box or circle, whatever it says."""
    pointer = _pointer_for(shown, marker.kind, marker.color)
    encloses = family(marker.kind) in _ENCLOSING
    box_xyxy = marker.box_xyxy if encloses else target.target_xyxy
    embedded = _embedded_box(shown, known) if known else None
    agreement = 0.0
    if embedded:
        other = embedded.box_xyxy
        meets = contains_point(other, centre(box_xyxy)) or contains_point(box_xyxy, centre(other))
        agreement = SECOND_PATH if meets else -SECOND_PATH
    return ProposedBox(
        box_xyxy,
        target.label or (pointer.target if pointer else ""),
        target.sentence or as_sentence(words_of(shown, marker.clause_span)),
        marker.clause_span,
        weighed(_POINTED * marker.confidence, agreement),
        marker.exchanges,
        Extent.DRAWN if encloses else _extent(box_xyxy, marker.box_xyxy, shown.panel.box_xyxy),
        by_model=True,
    )


def _extent(target_xyxy: Box, sign_xyxy: Box, panel_xyxy: Box) -> Extent:
    """A mere place where the model repeats the sign's box or gives a point: fusion dilates it. Else an outline.

    Measured on 30 drawn figures with 35 regions: with exact targets 21 have IoU 0.5, but 9 if every target is dilated;
    with targets off by a quarter of their size 14, and 6.
    """
    longer = max(target_xyxy[2] - target_xyxy[0], target_xyxy[3] - target_xyxy[1])
    diagonal = math.hypot(panel_xyxy[2] - panel_xyxy[0], panel_xyxy[3] - panel_xyxy[1])
    outlined = longer >= _POINT * diagonal and iou(target_xyxy, sign_xyxy) < _SIGN_ITSELF
    return Extent.OUTLINE if outlined else Extent.PLACE


def taken_over(marker: Marker, panel_id: str | None) -> MarkerFinding:
    """A marker as the embedded agent proposed it."""
    return MarkerFinding(
        panel_id,
        marker.kind,
        marker.box_xyxy,
        marker.color,
        marker.tip_xy,
        marker.clause_span,
        confidence_of(marker),
        (),
        marker.id,
    )


def _embedded_box(shown: ShownPanel, marker: Marker) -> ProposedBox | None:
    """The embedded agent's surest region of a marker."""
    regions = [region for region in shown.look.candidates.regions if region.marker_id == marker.id]
    return as_box(max(regions, key=confidence_of)) if regions else None


def as_box(region: Region) -> ProposedBox:
    return ProposedBox(region.box_xyxy, region.label, region.caption, region.clause_span, confidence_of(region), ())


def confidence_of(node: Marker | Region) -> float:
    return node.provenance.confidence or 0.0


def _pointer_for(shown: ShownPanel, kind: MarkerKind, color: str | None) -> Pointer | None:
    return explaining(kind, color, shown.pointers)


def words_of(shown: ShownPanel, span: Span | None) -> str:
    return shown.look.figure.caption[span.start : span.end] if span else ""


def _nearest(box_xyxy: Box, point_xy: Point) -> Point:
    """The point of the box nearest to a point."""
    x0, y0, x1, y1 = box_xyxy
    return min(max(point_xy[0], x0), x1), min(max(point_xy[1], y0), y1)
