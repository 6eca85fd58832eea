"""What holds for the panels of any image with any letters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agents.embedded.layout import PanelProposal, propose_panels
from agents.embedded.letters import Letter


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1), (3, 900), (2000, 5), (64, 64)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_uniform_images_of_any_shape_give_one_box_inside(size: tuple[int, int], level: int) -> None:
    height, width = size
    image = np.full((height, width, 3), level, np.uint8)
    found = propose_panels(image, [Letter("A", (0.0, 0.0, 1.0, 1.0), 0.9)], ("A", "B"))
    assert found
    for panel in found:
        assert_inside(panel, image)


def assert_inside(panel: PanelProposal, image: NDArray[np.uint8]) -> None:
    x0, y0, x1, y1 = panel.box_xyxy
    assert 0 <= x0 < x1 <= image.shape[1]
    assert 0 <= y0 < y1 <= image.shape[0]
    assert 0 <= panel.confidence <= 1


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    width=st.integers(1, 160),
    height=st.integers(1, 160),
    spots=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.sampled_from("ABCDEF")), max_size=6),
    expected=st.lists(st.sampled_from("ABCDEFG"), max_size=6, unique=True),
    seed=st.integers(0, 2**16),
)
def test_any_letters_on_any_image_give_boxes_inside_and_each_promised_label_at_most_once(
    width: int, height: int, spots: list[tuple[float, float, str]], expected: list[str], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    image = np.full((height, width, 3), 255, np.uint8)
    for _ in range(int(rng.integers(0, 6))):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        image[y : y + int(rng.integers(1, 60)), x : x + int(rng.integers(1, 60))] = rng.integers(0, 255, 3)
    letters = [
        Letter(
            text, (fx * (width - 1), fy * (height - 1), min(width, fx * width + 8), min(height, fy * height + 8)), 0.9
        )
        for fx, fy, text in spots
    ]
    found = propose_panels(image, letters, tuple(expected))
    assert found == propose_panels(image, letters, tuple(expected))
    for panel in found:
        assert_inside(panel, image)
    labels = [panel.label for panel in found if panel.label is not None]
    assert found
    assert len(labels) == len(set(labels))
    assert set(labels) <= (set(expected) or {letter.text for letter in letters})
