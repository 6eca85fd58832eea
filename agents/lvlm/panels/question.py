"""The question about the panels of one picture: what is drawn on it and what is said with it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.lvlm.asking.coordinates import Frame, to_reply
from agents.lvlm.doubting import Doubting, doubting
from agents.lvlm.marks.drawing import draw_marks
from agents.lvlm.panels.view_plan import PlannedView
from agents.lvlm.views import View, to_picture, view_of
from curator.doubts import Doubt
from curator.exchange import Picture
from curator.figure import Figure
from curator.geometry import Box, area, clip, coverage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_THERE = 0.5  # of a candidate that a picture shows, from which on it is told that another asks about it; guess
_ROWS = 8  # bands of a picture in which marks are numbered from left to right; guess


@dataclass(frozen=True, slots=True)
class PanelQuestion:
    """One picture with its words."""

    planned: PlannedView
    view: View
    """The picture without marks."""
    picture: Picture
    numbers: Mapping[int, int]
    """The candidate (its index) under each number drawn."""
    fields: Mapping[str, str]
    """For the prompt's places."""
    doubting: Doubting

    def written(self, box_xyxy: Box, frame: Frame) -> list[float]:
        """A box of the figure's frame as the model would write it, less what lies outside of the picture."""
        return _written(box_xyxy, self.view, frame)


def panel_question(
    figure: Figure,
    image_rgb: NDArray[np.uint8],
    planned: PlannedView,
    boxes_xyxy: Sequence[Box] | None,
    letters_xyxy: Sequence[Box],
    promised: Sequence[str],
    frame: Frame,
    doubts: Sequence[Doubt] = (),
) -> PanelQuestion:
    """The question about one picture.

    Numbers run from 1, row by row, so that they tell nothing of the letters. Facts: the caption, the labels that it
    promises and the part that is shown; where marks are drawn also their boxes, and those of candidates that the
    picture shows but another one asks about.

    Args:
        boxes_xyxy: all candidates, in the figure's frame; None for the paper's own variant, which draws nothing.
        letters_xyxy: printed letters, which no mark may hide.
        doubts: what an earlier mining may have got wrong.
    """
    view = view_of(image_rgb, planned.window_xyxy, planned.max_side_px)
    facts: dict[str, Any] = {
        "caption": figure.caption,
        "promised_labels": list(promised),
        "part_percent": view.part_percent(figure.image_wh),
    }
    numbers: dict[int, int] = {}
    rgb = view.rgb
    if boxes_xyxy is not None:
        band = figure.image_wh[1] / _ROWS
        rows = sorted(planned.drawn, key=lambda i: (boxes_xyxy[i][1] // band, boxes_xyxy[i][0], i))
        numbers = dict(enumerate(rows, start=1))
        elsewhere = [
            box
            for index, box in enumerate(boxes_xyxy)
            if index not in planned.drawn and coverage(box, planned.window_xyxy) >= _THERE
        ]
        facts["marks"] = {str(number): _written(boxes_xyxy[i], view, frame) for number, i in numbers.items()}
        if elsewhere:
            facts["elsewhere"] = [_written(box, view, frame) for box in elsewhere]
        letters = [view.from_figure(box) for box in letters_xyxy if area(clip(box, planned.window_xyxy)) > 0]
        rgb = draw_marks(rgb, [view.from_figure(boxes_xyxy[i]) for i in rows], list(numbers), letters)
    named = doubting(doubts, "panels", view.window_xyxy, lambda box: _written(box, view, frame))
    facts |= named.facts
    fields = {"boxes": frame.describe(view.wh), "facts": json.dumps(facts, ensure_ascii=False)}
    return PanelQuestion(planned, view, to_picture(rgb), numbers, fields, named)


def _written(box_xyxy: Box, view: View, frame: Frame) -> list[float]:
    return to_reply(view.from_figure(clip(box_xyxy, view.window_xyxy)), frame, view.wh)
