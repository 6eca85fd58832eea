"""Stage II of Panel2Patch: markers and their targets by the model and the embedded agent, and regions fused of both."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from agents.embedded.caption_pointers import Pointer
from agents.embedded.markers import explaining, family
from agents.embedded.region_fusion import Candidate, fuse
from agents.embedded.regions import as_sentence
from agents.lvlm.agreement import weighed
from agents.lvlm.look import Look
from agents.lvlm.marker_targets import Target, ask_for_targets
from agents.lvlm.panel_shown import ShownPanel, show
from agents.lvlm.text_regions import ask_for_text_boxes
from curator.errors import ReplyError
from curator.figure import Marker, MarkerKind, Panel, Region, Span
from curator.geometry import Box, Point, area, centre, clip, contains_point, intersection, iou

_SEEN_ALONE = 0.5  # guess: confidence of a marker that the model alone saw and the caption does not mention
_PROMISED = 0.5  # guess: what a clause that names kind and colour counts as a reader
_LEAST = 0.4  # of a marker that the model does not confirm; the embedded agent's own limit, measured there
_POINTED = 0.8  # guess: how often the target of a right marker is right; as in the embedded agent
_TEXT_ALONE = 0.3  # guess: words alone place a region roughly; as in the embedded agent
_SECOND_PATH = 0.5  # guess: what another path to the same place counts as a reader
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


@dataclass(frozen=True, slots=True)
class RegionFinding:
    """A region in the figure's frame."""

    panel_id: str | None
    marker: int | None
    """Index of its marker in ``MinedRegions.markers``; None for one found from words alone."""
    box_xyxy: Box
    label: str
    caption: str
    """The model's one sentence, else the clause as a sentence; "" without either."""
    clause_span: Span | None
    confidence: float
    exchanges: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MinedRegions:
    markers: tuple[MarkerFinding, ...]
    regions: tuple[RegionFinding, ...]
    failures: tuple[tuple[str, str], ...]
    """(panel id, reason): replies, or parts of them, that could not be used. Where a whole reply could not, the
    embedded agent's proposals stand in for it."""


def mine_regions(look: Look, panels: Sequence[Panel]) -> MinedRegions:
    """Markers and regions of all panels, by panel; a region lies inside its panel.

    The marker path is asked for panels in which the embedded agent found markers, and for pictures of which the caption
    explains some; the text path for those that then have a marker, or a clause about one. ``region_fusion.fuse`` says
    which boxes stay.

    Confidence is a count of readers. Of a marker: the embedded agent's, surer where the model names the same marker,
    less sure where it names none (then dropped below 0.4) or another kind; one that the model alone saw starts at 0.5,
    surer where a clause promises it. Of a region: 0.8 of its marker's, surer where the text path or the embedded agent
    leads to the same place, less sure where the latter leads elsewhere; 0.3 from words alone.

    Raises:
        ModelError, BudgetError: the model cannot be asked.
    """
    by_panel = _by_panel(panels, look.candidates.markers)
    mined = [_mine_panel(show(look, panel), by_panel[panel.id]) for panel in panels]
    mined.append(_strays(look, by_panel[None]))
    markers: list[MarkerFinding] = []
    regions: list[RegionFinding] = []
    for part in mined:
        first = len(markers)
        markers += part.markers
        regions += [r if r.marker is None else replace(r, marker=first + r.marker) for r in part.regions]
    return MinedRegions(tuple(markers), tuple(regions), tuple(failure for part in mined for failure in part.failures))


@dataclass(frozen=True, slots=True)
class _Box:
    """A region before fusion, with its words."""

    box_xyxy: Box
    label: str
    caption: str
    clause_span: Span | None
    confidence: float
    exchanges: tuple[str, ...]
    fixed: bool = True
    """The box is the region's extent, and no mere place."""


_Pointed: TypeAlias = tuple[MarkerFinding, _Box | None]
"""A marker and what it points at; None where nothing tells."""


def _by_panel(panels: Sequence[Panel], markers: Sequence[Marker]) -> dict[str | None, list[Marker]]:
    """The markers of each panel from top to bottom; under None those that lie in none."""
    found: dict[str | None, list[Marker]] = defaultdict(list)
    for marker in sorted(markers, key=lambda marker: (marker.box_xyxy[1], marker.box_xyxy[0])):
        shares = {panel.id: intersection(marker.box_xyxy, panel.box_xyxy) for panel in panels}
        best = max(shares, key=lambda panel_id: shares[panel_id], default=None)
        found[best if best is not None and shares[best] > 0 else None].append(marker)
    return found


def _mine_panel(shown: ShownPanel, candidates: Sequence[Marker]) -> MinedRegions:
    """Markers and regions of one panel, the regions' markers as indices into its own."""
    failures: list[tuple[str, str]] = []
    pointed = _by_markers(shown, candidates, failures)
    texts = _by_text(shown, failures) if pointed or shown.pointers else []
    regions = _fused(shown, [box for _, box in pointed], texts)
    return MinedRegions(tuple(marker for marker, _ in pointed), tuple(regions), tuple(failures))


def _strays(look: Look, markers: Sequence[Marker]) -> MinedRegions:
    """Markers of the embedded agent outside all panels, as it proposed them."""
    regions = [
        RegionFinding(None, index, r.box_xyxy, r.label, r.caption, r.clause_span, _confidence(r), ())
        for index, marker in enumerate(markers)
        for r in look.candidates.regions
        if r.marker_id == marker.id
    ]
    return MinedRegions(tuple(_taken_over(marker, None) for marker in markers), tuple(regions), ())


def _by_markers(shown: ShownPanel, candidates: Sequence[Marker], failures: list[tuple[str, str]]) -> list[_Pointed]:
    """The marker path; the embedded agent's markers where it cannot be gone."""
    panel = shown.panel
    named = any(pointer.labels for pointer in shown.pointers)
    if not candidates and not (shown.pointers and (panel.photographic or named)):
        return []
    numbered = dict(enumerate(candidates, start=1))
    try:
        parts = ask_for_targets(shown, numbered)
    except ReplyError as error:
        failures.append((panel.id, f"markers are the embedded agent's: {error}"))
        return [(_taken_over(marker, panel.id), _embedded_box(shown, marker)) for marker in candidates]
    failures += [(panel.id, f"markers: {fault}") for fault in parts.faults]
    exchanges = (parts.exchange,)
    answered = {target.number for target in parts.value}
    found: list[_Pointed] = []
    for target in parts.value:
        known = numbered.get(target.number) if target.number is not None else None
        marker = _confirmed(shown, target, known, exchanges) if known else _seen_alone(shown, target, exchanges)
        found.append((marker, _target_box(shown, target, marker, known)))
    for number, candidate in numbered.items():
        confidence = weighed(_confidence(candidate), -1.0)
        if number not in answered and confidence >= _LEAST:
            box = _embedded_box(shown, candidate)
            doubted = replace(box, confidence=weighed(box.confidence, -1.0), exchanges=exchanges) if box else None
            marker = replace(_taken_over(candidate, panel.id), confidence=confidence, exchanges=exchanges)
            found.append((marker, doubted))
    return found


def _by_text(shown: ShownPanel, failures: list[tuple[str, str]]) -> list[_Box]:
    """The text path; the embedded agent's regions from words where it cannot be gone."""
    if not shown.own:
        return []
    try:
        parts = ask_for_text_boxes(shown)
    except ReplyError as error:
        failures.append((shown.panel.id, f"regions from the text are the embedded agent's: {error}"))
        return [
            _as_box(shown, region)
            for region in shown.look.candidates.regions
            if region.marker_id is None and contains_point(shown.panel.box_xyxy, centre(region.box_xyxy))
        ]
    failures += [(shown.panel.id, f"regions from the text: {fault}") for fault in parts.faults]
    return [
        _Box(
            text.box_xyxy,
            text.label,
            text.sentence or as_sentence(_words(shown, text.clause_span)),
            text.clause_span,
            _TEXT_ALONE,
            (parts.exchange,),
        )
        for text in parts.value
    ]


def _fused(shown: ShownPanel, targets: Sequence[_Box | None], texts: Sequence[_Box]) -> list[RegionFinding]:
    frame = shown.panel.box_xyxy
    from_markers = [
        Candidate(inside, _pointer(shown, box.clause_span), index, box.confidence, box.fixed)
        for index, box in enumerate(targets)
        if box and area(inside := clip(box.box_xyxy, frame)) > 0
    ]
    from_text = [
        Candidate(inside, _pointer(shown, box.clause_span), None, box.confidence, text=index)
        for index, box in enumerate(texts)
        if area(inside := clip(box.box_xyxy, frame)) > 0
    ]
    found = []
    for region in fuse(from_markers, from_text, frame, shown.look.mining):
        target = None if region.marker is None else targets[region.marker]
        text = None if region.text is None else texts[region.text]
        words = text or target
        assert words is not None  # a region comes from one of the two
        confidence = weighed(target.confidence, _SECOND_PATH) if text and target else words.confidence
        found.append(
            RegionFinding(
                shown.panel.id,
                region.marker,
                region.box_xyxy,
                words.label,
                words.caption,
                words.clause_span,
                round(confidence, 4),
                tuple(dict.fromkeys(key for source in (target, text) if source for key in source.exchanges)),
            )
        )
    return found


def _confirmed(shown: ShownPanel, target: Target, known: Marker, exchanges: tuple[str, ...]) -> MarkerFinding:
    """A marker that both agents see: the embedded agent's, with the model's clause where it quotes one."""
    alike = family(target.kind) == family(known.kind)
    kind = known.kind
    if not alike and _pointer_for(shown, kind, known.color) is None and _pointer_for(shown, target.kind, known.color):
        kind = target.kind  # the caption speaks of the model's kind only
    return MarkerFinding(
        shown.panel.id,
        kind,
        known.box_xyxy,
        known.color or target.color,
        known.tip_xy,
        target.clause_span or known.clause_span,
        round(weighed(_confidence(known), 1.0 if alike else 0.0), 4),
        exchanges,
        known.id,
    )


def _seen_alone(shown: ShownPanel, target: Target, exchanges: tuple[str, ...]) -> MarkerFinding:
    pointer = _pointer_for(shown, target.kind, target.color)
    tip = _nearest(target.marker_xyxy, centre(target.target_xyxy)) if target.kind in _POINTING else None
    return MarkerFinding(
        shown.panel.id,
        target.kind,
        target.marker_xyxy,
        target.color,
        tip,
        target.clause_span or (pointer.span if pointer else None),
        round(weighed(_SEEN_ALONE, _PROMISED if pointer else 0.0), 4),
        exchanges,
        None,
    )


def _target_box(shown: ShownPanel, target: Target, marker: MarkerFinding, known: Marker | None) -> _Box:
    """What the model says the marker points at; the inside of a box or circle, whatever it says."""
    pointer = _pointer_for(shown, marker.kind, marker.color)
    encloses = family(marker.kind) in _ENCLOSING
    box_xyxy = marker.box_xyxy if encloses else target.target_xyxy
    embedded = _embedded_box(shown, known) if known else None
    agreement = 0.0
    if embedded:
        other = embedded.box_xyxy
        meets = contains_point(other, centre(box_xyxy)) or contains_point(box_xyxy, centre(other))
        agreement = _SECOND_PATH if meets else -_SECOND_PATH
    return _Box(
        box_xyxy,
        target.label or (pointer.target if pointer else ""),
        target.sentence or as_sentence(_words(shown, marker.clause_span)),
        marker.clause_span,
        weighed(_POINTED * marker.confidence, agreement),
        marker.exchanges,
        fixed=encloses or _is_extent(box_xyxy, marker.box_xyxy, shown.panel.box_xyxy),
    )


def _is_extent(target_xyxy: Box, sign_xyxy: Box, panel_xyxy: Box) -> bool:
    """The target is outlined, rather than the sign repeated or a mere point given; those are dilated."""
    longer = max(target_xyxy[2] - target_xyxy[0], target_xyxy[3] - target_xyxy[1])
    diagonal = math.hypot(panel_xyxy[2] - panel_xyxy[0], panel_xyxy[3] - panel_xyxy[1])
    return longer >= _POINT * diagonal and iou(target_xyxy, sign_xyxy) < _SIGN_ITSELF


def _taken_over(marker: Marker, panel_id: str | None) -> MarkerFinding:
    """A marker as the embedded agent proposed it."""
    return MarkerFinding(
        panel_id,
        marker.kind,
        marker.box_xyxy,
        marker.color,
        marker.tip_xy,
        marker.clause_span,
        _confidence(marker),
        (),
        marker.id,
    )


def _embedded_box(shown: ShownPanel, marker: Marker) -> _Box | None:
    """The embedded agent's surest region of a marker."""
    regions = [region for region in shown.look.candidates.regions if region.marker_id == marker.id]
    return _as_box(shown, max(regions, key=_confidence)) if regions else None


def _as_box(shown: ShownPanel, region: Region) -> _Box:
    return _Box(region.box_xyxy, region.label, region.caption, region.clause_span, _confidence(region), ())


def _confidence(node: Marker | Region) -> float:
    return node.provenance.confidence or 0.0


def _pointer_for(shown: ShownPanel, kind: MarkerKind, color: str | None) -> Pointer | None:
    return explaining(kind, color, shown.pointers)


def _pointer(shown: ShownPanel, clause: Span | None) -> int | None:
    """Index of the first pointer that shares words with the clause."""
    if clause is None:
        return None
    return next(
        (i for i, p in enumerate(shown.pointers) if p.span.start < clause.end and clause.start < p.span.end), None
    )


def _words(shown: ShownPanel, span: Span | None) -> str:
    return shown.look.figure.caption[span.start : span.end] if span else ""


def _nearest(box_xyxy: Box, point_xy: Point) -> Point:
    """The point of the box nearest to a point."""
    x0, y0, x1, y1 = box_xyxy
    return min(max(point_xy[0], x0), x1), min(max(point_xy[1], y0), y1)
