"""Verified figures of the project as examples: which are nearest, and how they are shown."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from agents.lvlm.asking.prompts import load_prompt
from agents.lvlm.asking.replies import BoxedPanel, BoxedPanels, MarkedPanel, MarkedPanels
from agents.lvlm.look import Example, Look
from agents.lvlm.model import Message
from agents.lvlm.panels.question import PanelQuestion, panel_question
from agents.lvlm.panels.view_plan import PlannedView
from curator.figure import Figure, Hierarchy, Panel, State, own_caption
from curator.geometry import Box, iou

_SIDE = 0.5  # longer side of an example's picture per that of a question's: it need not be read, only seen; guess
_WORDS = 15  # of a description, as the prompts ask for
_DISTRACTORS = 1  # rejected proposals that an example shows as marks; guess
_SAME = 0.5  # IoU above which a rejected proposal is but a worse box of a verified panel: the usual threshold


def choose_examples(
    candidates: Hierarchy, figure: Figure, pool: Sequence[tuple[Figure, Hierarchy]], n: int
) -> list[int]:
    """Indices of the ``n`` figures of the pool that are most like a figure with these candidates, the nearest first.

    Alike are, in equal parts (guess): the layout, as the mean IoU of the panels' boxes in shares of the figure, paired
    as well as they can be, those without a partner counting 0; and the kinds of panels, as the overlap of their shares.
    The figure itself, and figures without verified panels, are never chosen.
    """
    ranked: list[tuple[float, int]] = []
    for index, (other, hierarchy) in enumerate(pool):
        verified = _verified(hierarchy)
        if other.id != figure.id and verified:
            layout = _layout_alike(_shares(candidates.panels, figure), _shares(verified, other))
            ranked.append((-(layout + _kinds_alike(candidates.panels, verified)), index))
    return [index for _, index in sorted(ranked)[:n]]


def panel_examples(look: Look) -> list[Message]:
    """The examples as turns before the question about panels, in its very form: user, assistant, user ..., the
    farthest example first, so that the nearest stands beside the question.

    Each is the whole figure. For the variant ``marks`` its verified panels are the marks, and a proposal that a curator
    rejected is one more, where there is one; where there are too many, the rest is told as asked elsewhere.
    """
    marks = look.prompting.variant == "marks"
    prompt = load_prompt("panels_marks" if marks else "panels_letters")
    turns: list[Message] = []
    for example in reversed(look.examples):
        panels = _verified(example.hierarchy)
        if not panels:
            continue
        distractors = _rejected(example.hierarchy, panels)[: _DISTRACTORS if marks else 0]
        drawn = min(len(panels), max(1, look.prompting.marks_a_view - len(distractors)))
        shown = (*range(drawn), *range(len(panels), len(panels) + len(distractors))) if marks else ()
        boxes = [panel.box_xyxy for panel in (*panels, *distractors)]
        width, height = example.figure.image_wh
        question = panel_question(
            example.figure,
            example.image_rgb,
            PlannedView((0.0, 0.0, float(width), float(height)), shown, round(_SIDE * look.max_side_px)),
            boxes if marks else None,
            [panel.label_box_xyxy for panel in panels if panel.label_box_xyxy is not None],
            example.hierarchy.shared.promised_labels,
            look.frame,
        )
        answer = _marked(example, panels, question) if marks else _boxed(example, panels, question, look)
        turns.append(Message("user", prompt.fill(**question.fields), (question.picture,)))
        turns.append(Message("assistant", json.dumps(answer.model_dump(mode="json"), ensure_ascii=False)))
    return turns


def _marked(example: Example, panels: Sequence[Panel], question: PanelQuestion) -> MarkedPanels:
    right = [
        MarkedPanel(
            marks=[number], label=panels[i].label, kind=panels[i].kind, description=_described(example, panels[i])
        )
        for number, i in question.numbers.items()
        if i < len(panels)
    ]
    return MarkedPanels(panels=right, not_panels=[n for n, i in question.numbers.items() if i >= len(panels)])


def _boxed(example: Example, panels: Sequence[Panel], question: PanelQuestion, look: Look) -> BoxedPanels:
    boxed = [
        BoxedPanel(
            label=panel.label,
            box=question.written(panel.box_xyxy, look.frame),
            kind=panel.kind,
            description=_described(example, panel),
        )
        for panel in panels
    ]
    return BoxedPanels(panels=boxed)


def _described(example: Example, panel: Panel) -> str:
    """What a model or the caption says of the panel, as long as the prompt allows."""
    words = (panel.description or panel.summary or own_caption(example.figure.caption, panel)).split()
    return " ".join(words[:_WORDS])


def _verified(hierarchy: Hierarchy) -> list[Panel]:
    return [panel for panel in hierarchy.panels if panel.state.verified]


def _rejected(hierarchy: Hierarchy, verified: Sequence[Panel]) -> list[Panel]:
    """Proposals that a curator rejected for where they lie."""
    return [
        panel
        for panel in hierarchy.panels
        if panel.state is State.REJECTED and all(iou(panel.box_xyxy, right.box_xyxy) < _SAME for right in verified)
    ]


def _shares(panels: Sequence[Panel], figure: Figure) -> list[Box]:
    width, height = figure.image_wh
    boxes = (panel.box_xyxy for panel in panels)
    return [(x0 / width, y0 / height, x1 / width, y1 / height) for x0, y0, x1, y1 in boxes]


def _layout_alike(one: Sequence[Box], other: Sequence[Box]) -> float:
    if not one or not other:
        return 0.0
    overlap = np.array([[iou(a, b) for b in other] for a in one])
    rows, columns = linear_sum_assignment(overlap, maximize=True)
    return float(overlap[rows, columns].sum()) / max(len(one), len(other))


def _kinds_alike(one: Sequence[Panel], other: Sequence[Panel]) -> float:
    first, second = Counter(panel.kind for panel in one), Counter(panel.kind for panel in other)
    return math.fsum(min(first[kind] / max(1, len(one)), second[kind] / len(other)) for kind in first)
