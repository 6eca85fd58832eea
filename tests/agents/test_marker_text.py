"""Printed words are found as rows of letters, upright and read upwards; signs beside them are not part of them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agents.embedded.marker_colors import color_layers
from agents.embedded.marker_text import Words, find_words
from curator.geometry import Box, coverage

PAGE_WH = (400, 300)


def words_of(image: NDArray[np.uint8]) -> Words:
    return find_words(color_layers(image), max(image.shape[:2]))


def printed(text: str, ground: int, rgb: tuple[int, int, int]) -> NDArray[np.uint8]:
    image = np.full((PAGE_WH[1], PAGE_WH[0], 3), ground, np.uint8)
    cv2.putText(image, text, (50, 100), cv2.FONT_HERSHEY_SIMPLEX, 0.5, rgb, 1)
    return image


@pytest.mark.parametrize(
    ("ground", "rgb"), [(255, (0, 0, 0)), (20, (255, 255, 255)), (0, (0, 230, 20))], ids=["page", "picture", "green"]
)
@pytest.mark.parametrize("upwards", [False, True])
def test_a_printed_word_holds_its_letters(ground: int, rgb: tuple[int, int, int], upwards: bool) -> None:
    image = printed("Merged", ground, rgb)
    letter: Box = (53.0, 91.0, 62.0, 100.0)
    if upwards:
        image, letter = np.ascontiguousarray(np.rot90(image)), (91.0, 400.0 - 62, 100.0, 400.0 - 53)
    words = words_of(image)
    assert any(coverage(letter, (x0, y0, x1, y1)) > 0.8 for x0, y0, x1, y1 in words.boxes.tolist())
    assert words.hold(letter)


def test_what_is_larger_than_a_word_or_beside_it_is_not_held() -> None:
    words = words_of(printed("Merged", 255, (0, 0, 0)))
    assert len(words.boxes)
    assert not words.hold((40.0, 70.0, 130.0, 120.0))
    assert not words.hold((200.0, 88.0, 212.0, 100.0))


def test_a_frame_that_a_word_fills_is_told_from_one_around_a_place() -> None:
    words = words_of(printed("Merged", 255, (0, 0, 0)))
    assert words.fill((40.0, 80.0, 130.0, 110.0))
    assert not words.fill((10.0, 10.0, 390.0, 290.0))


def test_words_within_a_box_are_told_in_its_frame() -> None:
    words = Words(np.array([[10.0, 20.0, 50.0, 30.0], [200.0, 20.0, 240.0, 30.0]]), np.array([3, 4]))
    assert words.within((5.0, 5.0, 100.0, 100.0)).boxes.tolist() == [[5.0, 15.0, 45.0, 25.0]]
    assert words.letter_px == 10


def test_two_signs_side_by_side_are_no_word() -> None:
    image = np.full((200, 200, 3), 255, np.uint8)
    for x in (50, 62):
        cv2.circle(image, (x, 80), 4, (0, 0, 0), -1)
    words = words_of(image)
    assert not words.hold((46.0, 76.0, 55.0, 85.0))
    assert words.hold((46.0, 76.0, 55.0, 85.0), least_letters=2)


def test_an_empty_page_has_no_words() -> None:
    words = words_of(np.full((200, 200, 3), 255, np.uint8))
    assert len(words.boxes) == 0
    assert words.letter_px == 0
    assert not words.hold((0.0, 0.0, 9.0, 9.0))
