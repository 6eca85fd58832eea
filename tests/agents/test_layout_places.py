"""Panels that a caption names by their places; the figures are drawn."""

from __future__ import annotations

import numpy as np
import pytest

from agents.embedded.layout import propose_panels
from curator.geometry import Box
from tests.agents.drawing import Drawing, assert_boxes


@pytest.mark.parametrize(
    ("places", "stacked"),
    [(("left", "right"), False), (("right", "left"), False), (("above", "below"), True), (("upper", "lower"), True)],
)
def test_places_that_the_caption_names_become_the_labels_of_the_parts_there(
    places: tuple[str, ...], stacked: bool
) -> None:
    figure = Drawing(500, 500) if stacked else Drawing(640, 220)
    first, second = ((10, 10, 490, 200), (10, 280, 300, 490)) if stacked else ((10, 10, 200, 210), (260, 10, 630, 180))
    figure.plot(first)
    figure.plot(second)
    found = {p.label: p.box_xyxy for p in propose_panels(np.array(figure.image), [], (), places)}
    one, other = sorted(places, key=_rank)
    truth: dict[str | None, Box] = {one: first, other: second}
    assert_boxes(found, truth, 0.95)


def _rank(place: str) -> bool:
    return place in ("right", "below", "lower")


def test_four_corners_that_the_caption_names_are_the_parts_of_two_rows() -> None:
    figure = Drawing(640, 430)
    boxes: list[Box] = [(0, 0, 310, 205), (330, 0, 640, 205), (0, 225, 310, 430), (330, 225, 640, 430)]
    for x0, y0, x1, y1 in boxes:
        figure.picture((int(x0), int(y0), int(x1), int(y1)))
    places = ("upper left", "upper right", "lower left", "lower right")
    found = {p.label: p.box_xyxy for p in propose_panels(np.array(figure.image), [], (), places)}
    truth: dict[str | None, Box] = dict(zip(places, boxes, strict=True))
    assert_boxes(found, truth, 0.97)


def test_words_that_are_no_places_split_nothing() -> None:
    figure = Drawing(500, 400)
    figure.picture((0, 0, 500, 400))
    (only,) = propose_panels(np.array(figure.image), [], (), ("inset", "left"))
    assert only.label is None
