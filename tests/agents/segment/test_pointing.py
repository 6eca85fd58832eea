"""What a click means, over a segmenter that answers as it is told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agents.segment.pointing import thing_at
from agents.segment.segmenter import Click, Embedding
from curator.geometry import Box

EMBEDDING = Embedding({}, (200, 100))
PANEL = (0.0, 0.0, 100.0, 100.0)
CLICK = Click((50, 40))


class Told:
    """Answers with rectangles from a queue and keeps what it was asked."""

    name = key = "told"

    def __init__(self, *boxes: tuple[int, int, int, int]) -> None:
        self._boxes = list(boxes)
        self.asked: list[Box | None] = []

    def embed(self, image_rgb: NDArray[np.uint8]) -> Embedding:
        raise NotImplementedError

    def mask(self, embedding: Embedding, clicks: Sequence[Click], box_xyxy: Box | None) -> NDArray[np.bool_]:
        self.asked.append(box_xyxy)
        x0, y0, x1, y1 = self._boxes.pop(0)
        mask = np.zeros((100, 200), np.bool_)
        mask[y0:y1, x0:x1] = True
        return mask


def test_a_thing_in_a_panel_is_taken_as_answered() -> None:
    told = Told((40, 30, 60, 50))
    found = thing_at(told, EMBEDDING, [CLICK], within_xyxy=PANEL)
    assert found is not None
    assert found.box_xyxy == (40, 30, 60, 50)
    assert told.asked == [None]


def test_a_click_answered_with_the_whole_panel_is_asked_again_nearby() -> None:
    told = Told((0, 0, 100, 100), (45, 35, 55, 45))
    found = thing_at(told, EMBEDDING, [CLICK], within_xyxy=PANEL)
    assert found is not None
    assert found.box_xyxy == (45, 35, 55, 45)
    assert told.asked == [None, (42, 32, 58, 48)]


def test_a_click_answered_with_nothing_is_asked_again_nearby() -> None:
    told = Told((0, 0, 0, 0), (45, 35, 55, 45))
    found = thing_at(told, EMBEDDING, [CLICK, Click((60, 40)), Click((90, 90), inside=False)], within_xyxy=PANEL)
    assert found is not None
    assert told.asked == [None, (42, 32, 68, 48)]


def test_where_nothing_is_nearby_either_the_first_answer_stands() -> None:
    found = thing_at(Told((0, 0, 100, 100), (0, 0, 0, 0)), EMBEDDING, [CLICK], within_xyxy=PANEL)
    assert found is not None
    assert found.box_xyxy == PANEL


def test_outside_of_panels_a_click_may_mean_all_there_is() -> None:
    told = Told((0, 0, 200, 100))
    found = thing_at(told, EMBEDDING, [CLICK])
    assert found is not None
    assert found.box_xyxy == (0, 0, 200, 100)
    assert told.asked == [None]


def test_a_box_is_asked_once() -> None:
    told = Told((0, 0, 100, 100))
    assert thing_at(told, EMBEDDING, [], box_xyxy=(0, 0, 99, 99), within_xyxy=PANEL) is not None
    assert told.asked == [(0, 0, 99, 99)]


def test_nothing_is_no_outline() -> None:
    assert thing_at(Told((0, 0, 0, 0)), EMBEDDING, [CLICK]) is None
