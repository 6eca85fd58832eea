"""Stage II of Panel2Patch: markers and their targets by the model and the embedded agent, and regions fused of both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agents.embedded.region_fusion import Candidate, Extent, fuse
from agents.embedded.regions import as_sentence
from agents.lvlm.agreement import weighed
from agents.lvlm.look import Look
from agents.lvlm.model import Message
from agents.lvlm.regions.marker_targets import marker_examples
from agents.lvlm.regions.panel_shown import ShownPanel, show
from agents.lvlm.regions.pointed import (
    SECOND_PATH,
    MarkerFinding,
    ProposedBox,
    as_box,
    confidence_of,
    follow_markers,
    taken_over,
    words_of,
)
from agents.lvlm.regions.text_regions import ask_for_text_boxes
from curator.errors import ReplyError
from curator.figure import Marker, Panel, Span
from curator.geometry import Box, area, centre, clip, contains_point, intersection
from curator.samples import Samples

__all__ = ["MarkerFinding", "MinedRegions", "RegionFinding", "mine_regions"]

_TEXT_ALONE = 0.3  # guess: words alone place a region roughly; as in the embedded agent


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
    samples: Samples | None = None
    """Of the questions about its panel, by markers and by text; None where no reply could be read."""


@dataclass(frozen=True, slots=True)
class MinedRegions:
    markers: tuple[MarkerFinding, ...]
    regions: tuple[RegionFinding, ...]
    failures: tuple[tuple[str, str], ...]
    """(panel id, reason): replies, or parts of them, that could not be used. Where a whole reply could not, the
    embedded agent's proposals stand in for it."""


def mine_regions(look: Look, panels: Sequence[Panel]) -> MinedRegions:
    """Markers and regions of all panels, by panel; a region lies inside its panel.

    The marker path is asked for panels in which the embedded agent found markers or of which the caption promises some,
    the text path for those that then have a marker or were promised one: elsewhere fusion would drop all its boxes.
    ``region_fusion.fuse`` says which boxes stay.

    Confidence is a count of readers. Of a marker: the embedded agent's, surer where the model names the same marker,
    less sure where it names none (then dropped below 0.4) or another kind; one that the model alone saw starts at 0.5,
    surer where a clause promises it. Of a region: 0.8 of its marker's, surer where the text path or the embedded agent
    leads to the same place, less sure where the latter leads elsewhere; 0.3 from words alone.

    Raises:
        ModelError, BudgetError: the model cannot be asked.
    """
    by_panel = _by_panel(panels, look.candidates.markers)
    examples = marker_examples(look)
    mined = [_mine_panel(show(look, panel), by_panel[panel.id], examples) for panel in panels]
    mined.append(_strays(look, by_panel[None]))
    markers: list[MarkerFinding] = []
    regions: list[RegionFinding] = []
    for part in mined:
        first = len(markers)
        markers += part.markers
        regions += [r if r.marker is None else replace(r, marker=first + r.marker) for r in part.regions]
    return MinedRegions(tuple(markers), tuple(regions), tuple(failure for part in mined for failure in part.failures))


def _by_panel(panels: Sequence[Panel], markers: Sequence[Marker]) -> dict[str | None, list[Marker]]:
    """The markers of each panel from top to bottom; under None those that lie in none."""
    found: dict[str | None, list[Marker]] = defaultdict(list)
    for marker in sorted(markers, key=lambda marker: (marker.box_xyxy[1], marker.box_xyxy[0])):
        shares = {panel.id: intersection(marker.box_xyxy, panel.box_xyxy) for panel in panels}
        best = max(shares, key=lambda panel_id: shares[panel_id], default=None)
        found[best if best is not None and shares[best] > 0 else None].append(marker)
    return found


def _mine_panel(shown: ShownPanel, candidates: Sequence[Marker], examples: Sequence[Message]) -> MinedRegions:
    """Markers and regions of one panel, the regions' markers as indices into its own."""
    followed = follow_markers(shown, candidates, examples)
    text = _Text()
    if shown.own and (followed.pointed or shown.promises_markers):
        text = _follow_text(shown)
    regions = _fused(shown, [box for _, box in followed.pointed], text.boxes, followed.answered + text.answered)
    failures = tuple((shown.panel.id, fault) for fault in (*followed.faults, *text.faults))
    return MinedRegions(tuple(marker for marker, _ in followed.pointed), tuple(regions), failures)


def _strays(look: Look, markers: Sequence[Marker]) -> MinedRegions:
    """Markers of the embedded agent outside all panels, as it proposed them."""
    regions = [
        RegionFinding(None, index, r.box_xyxy, r.label, r.caption, r.clause_span, confidence_of(r), ())
        for index, marker in enumerate(markers)
        for r in look.candidates.regions
        if r.marker_id == marker.id
    ]
    return MinedRegions(tuple(taken_over(marker, None) for marker in markers), tuple(regions), ())


@dataclass(frozen=True, slots=True)
class _Text:
    """What the text path found."""

    boxes: Sequence[ProposedBox] = ()
    answered: bool = False
    """Whether the model was asked, and its reply could be read."""
    faults: tuple[str, ...] = ()


def _follow_text(shown: ShownPanel) -> _Text:
    """The text path; the embedded agent's regions from words where no reply could be read."""
    try:
        answer = ask_for_text_boxes(shown)
    except ReplyError as error:
        stand_ins = [
            as_box(region)
            for region in shown.look.candidates.regions
            if region.marker_id is None and contains_point(shown.panel.box_xyxy, centre(region.box_xyxy))
        ]
        return _Text(stand_ins, faults=(f"regions from the text are the embedded agent's: {error}",))
    found = [
        ProposedBox(
            text.box_xyxy,
            text.label,
            text.sentence or as_sentence(words_of(shown, text.clause_span)),
            text.clause_span,
            _TEXT_ALONE,
            (answer.exchange,),
            by_model=True,
        )
        for text in answer.value
    ]
    return _Text(found, True, tuple(f"regions from the text: {fault}" for fault in answer.faults))


def _fused(
    shown: ShownPanel, targets: Sequence[ProposedBox | None], texts: Sequence[ProposedBox], answers: int
) -> list[RegionFinding]:
    """``answers``: how many of both questions were answered."""
    frame = shown.panel.box_xyxy
    from_markers = [
        Candidate(inside, _pointer(shown, box.clause_span), index, box.confidence, box.extent)
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
        placed = text if target is None or target.extent is Extent.PLACE else target
        sources = [source for source in (placed, target, text) if source]
        words = sources[0]
        confidence = weighed(target.confidence, SECOND_PATH) if text and target else words.confidence
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
                _samples([box for box in (target, text) if box], answers, words.clause_span),
            )
        )
    return found


def _samples(sources: Sequence[ProposedBox], answers: int, clause: Span | None) -> Samples | None:
    """``sources``: what each question has of one region."""
    if not answers:
        return None
    leading = [source for source in sources if source.by_model]
    return Samples(answers, len(leading), text=sum(source.clause_span == clause for source in leading))


def _pointer(shown: ShownPanel, clause: Span | None) -> int | None:
    """Index of the first pointer that shares words with the clause."""
    if clause is None:
        return None
    return next(
        (i for i, p in enumerate(shown.pointers) if p.span.start < clause.end and clause.start < p.span.end), None
    )
