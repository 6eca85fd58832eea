"""The marker path of stage II: what the numbered markers of a panel point at, and markers that had no number."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agents.embedded.caption_markers import plain_color
from agents.embedded.captions import split_caption
from agents.lvlm.asking.asker import Answer, Judged
from agents.lvlm.asking.prompts import load_prompt
from agents.lvlm.asking.replies import MarkerTarget, MarkerTargets
from agents.lvlm.look import Look
from agents.lvlm.model import Message
from agents.lvlm.regions.panel_shown import ShownPanel, show
from curator.exchange import Picture
from curator.figure import Marker, MarkerKind, Region, Span, State, text_of
from curator.geometry import Box, coverage, iou

_SAME_MARKER = 0.3  # IoU; as the embedded agent tells markers apart
_EXAMPLE_SIDE = 0.5  # longer side of an example's picture per that of a question's, as for panels; guess
_ON_LETTER = 0.5  # guess: share of a marker's box that lies in the box of the panel's printed letter


@dataclass(frozen=True, slots=True)
class Target:
    """A marker as the model sees it, and what it points at; boxes in the figure's frame."""

    number: int | None
    """Of the marker in the picture; None for one that had none."""
    kind: MarkerKind
    color: str | None
    """A plain colour word; None where the model gave none that is known."""
    marker_xyxy: Box
    target_xyxy: Box
    label: str
    sentence: str
    clause_span: Span | None


def ask_for_targets(
    shown: ShownPanel, markers: Mapping[int, Marker], examples: Sequence[Message] = ()
) -> Answer[tuple[Target, ...]]:
    """Targets of the numbered markers that the model takes for markers, and of those it saw besides.

    Raises:
        ReplyError: no reply could be read; the raw replies are kept.
        ModelError, BudgetError: the model cannot be asked.
    """
    boxes = {number: marker.box_xyxy for number, marker in markers.items()}
    return shown.look.asker.ask_for_parts(
        "markers",
        shown.doubting("markers").added_to(load_prompt("regions_markers")),
        _fields(shown, markers),
        (_picture(shown, markers),),
        MarkerTargets,
        lambda reply: _judged(shown, boxes, reply),
        examples=examples,
    )


def marker_examples(look: Look) -> tuple[Message, ...]:
    """The panel with the most verified regions of the nearest example that has some, as a question and its answer.

    One, because each brings a picture. Markers that a curator rejected are numbered too, and not answered.
    """
    for example in look.examples:
        hierarchy = example.hierarchy
        regions = {r.marker_id: r for r in hierarchy.regions if r.state.verified and r.marker_id}
        right = {m.id for m in hierarchy.markers if m.state.verified and m.id in regions}
        seen = [m for m in hierarchy.markers if m.id in right or m.state is State.REJECTED]
        shares = Counter(marker.panel_id for marker in seen if marker.id in right)
        panel = max(hierarchy.panels, key=lambda panel: shares[panel.id], default=None)
        if panel is None or not shares[panel.id]:
            continue
        there = replace(
            look,
            figure=example.figure,
            image_rgb=example.image_rgb,
            doubts=(),
            split=split_caption(example.figure.caption, example.figure.bold_spans),
            max_side_px=round(_EXAMPLE_SIDE * look.max_side_px),
        )
        shown = show(there, panel)
        numbered = dict(enumerate((marker for marker in seen if marker.panel_id == panel.id), start=1))
        answers = [
            _answer(shown, number, marker, regions[marker.id])
            for number, marker in numbered.items()
            if marker.id in right
        ]
        answer = MarkerTargets(targets=answers).model_dump_json()
        question = load_prompt("regions_markers").fill(**_fields(shown, numbered))
        return Message("user", question, (_picture(shown, numbered),)), Message("assistant", answer)
    return ()


def _answer(shown: ShownPanel, number: int, marker: Marker, region: Region) -> MarkerTarget:
    caption = shown.look.figure.caption
    return MarkerTarget(
        marker=number,
        kind=marker.kind,
        color=marker.color,
        target=shown.to_reply(region.box_xyxy),
        label=region.label,
        sentence=region.caption,
        clause=text_of(caption, (marker.clause_span,)) if marker.clause_span else None,
    )


def _fields(shown: ShownPanel, markers: Mapping[int, Marker]) -> dict[str, str]:
    facts = shown.facts({number: marker.box_xyxy for number, marker in markers.items()})
    facts["markers"] = {str(n): {"kind": marker.kind.value, "color": marker.color} for n, marker in markers.items()}
    facts |= shown.doubting("markers").facts
    return {"boxes": shown.describe_boxes(), "facts": json.dumps(facts, ensure_ascii=False)}


def _picture(shown: ShownPanel, markers: Mapping[int, Marker]) -> Picture:
    boxes = {number: marker.box_xyxy for number, marker in markers.items()}
    return shown.marked(boxes, tuple(boxes.values()))


def _judged(shown: ShownPanel, numbered: Mapping[int, Box], reply: MarkerTargets) -> Judged[tuple[Target, ...]]:
    """The targets that can be used; faults for the others, and for clauses that the caption does not have.

    Raises:
        ReplyFault: boxes that cannot be read.
    """
    signs = [target.marker_box for target in reply.targets if target.marker is None and target.marker_box]
    boxes = shown.boxes_from([*(target.target for target in reply.targets), *signs])
    new_xyxy = iter(boxes[len(reply.targets) :])
    found: list[Target] = []
    faults: list[str] = []
    for target, target_xyxy in zip(reply.targets, boxes, strict=False):
        drawn = numbered.get(target.marker) if target.marker is not None else None
        if target.marker is None and target.marker_box:
            drawn = next(new_xyxy)
        fault = _fault(shown, numbered, found, target, drawn)
        if fault:
            faults.append(fault)
        if drawn is None or fault:
            continue
        clause = shown.clause_of(target.clause) if target.clause else None
        if target.clause and clause is None:
            faults.append(
                f"the clause {target.clause!r} does not stand in the caption; copy its words exactly, or give null"
            )
        found.append(
            Target(
                target.marker,
                target.kind,
                plain_color(target.color or ""),
                drawn,
                target_xyxy,
                " ".join(target.label.split()),
                " ".join(target.sentence.split()),
                clause,
            )
        )
    return Judged(tuple(found), tuple(faults))


def _fault(
    shown: ShownPanel, numbered: Mapping[int, Box], found: Sequence[Target], target: MarkerTarget, drawn: Box | None
) -> str:
    """Why the marker of a target cannot be used; "" where it can."""
    if target.marker is not None:
        if drawn is None:
            there = f"1 to {len(numbered)}" if numbered else "none"
            return f"marker {target.marker} is not in the picture; the numbers there are {there}"
        if any(other.number == target.marker for other in found):
            return f"marker {target.marker} is answered twice; give it one target"
        return ""
    if drawn is None:
        return f"the {target.kind.value} without number needs its marker_box"
    number = next((number for number, box in numbered.items() if iou(box, drawn) > _SAME_MARKER), None)
    if number is not None:
        return f"the {target.kind.value} at marker_box {target.marker_box!r} has the number {number}; give that number"
    if any(iou(other.marker_xyxy, drawn) > _SAME_MARKER for other in found):
        return f"the {target.kind.value} at marker_box {target.marker_box!r} is given twice"
    letter = shown.panel.label_box_xyxy
    if letter and coverage(drawn, letter) >= _ON_LETTER:
        return f"what lies at marker_box {target.marker_box!r} is the panel's own letter, which is no marker"
    return ""
