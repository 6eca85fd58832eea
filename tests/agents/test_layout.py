"""Panels from drawn figures with letters, whose boxes are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from agents.embedded.layout import propose_panels
from agents.embedded.layout_ink import Rect, find_ink
from agents.embedded.layout_partition import Work, best_partition
from agents.embedded.letters import Letter
from curator.geometry import Box
from tests.agents.drawing import Drawing, assert_boxes


def test_letters_above_left_of_plots_take_the_plots_below_them() -> None:
    figure = Drawing(620, 480)
    boxes: dict[str | None, Box] = {}
    for text, x, y in (("A", 10, 10), ("B", 330, 10), ("C", 10, 250), ("D", 330, 250)):
        figure.letter(text, x, y)
        figure.plot((x + 14, y + 24, x + 270, y + 210))
        boxes[text] = (x, y + 4, x + 270, y + 210)
    assert_boxes(figure.panels("A", "B", "C", "D"), boxes)


def test_letters_below_centre_take_the_pictures_above_them() -> None:
    figure = Drawing(400, 520)
    for text, y in (("a", 5), ("b", 265)):
        figure.picture((10, y, 390, y + 210))
        figure.letter(text, 195, y + 218)
    assert_boxes(figure.panels("a", "b"), {"a": (10, 5, 390, 240), "b": (10, 265, 390, 500)})


def test_letters_at_bottom_left_inside_pictures_are_recognised_as_such() -> None:
    figure = Drawing(610, 410)
    boxes: dict[str | None, Box] = {}
    for text, x, y in (("a", 0, 0), ("b", 306, 0), ("c", 0, 206), ("d", 306, 206)):
        figure.picture((x, y, x + 300, y + 200), level=60)
        figure.letter(text, x + 6, y + 174, (255, 255, 255))
        boxes[text] = (x, y, x + 300, y + 200)
    assert_boxes(figure.panels("a", "b", "c", "d"), boxes, 0.97)


def test_pictures_that_touch_are_cut_along_their_common_edge() -> None:
    figure = Drawing(600, 300)
    figure.picture((0, 0, 340, 300), level=60)
    figure.picture((340, 0, 600, 300), level=160)
    figure.letter("A", 6, 4, (255, 255, 255))
    figure.letter("B", 346, 4, (255, 255, 255))
    assert_boxes(figure.panels("A", "B"), {"A": (0, 0, 340, 300), "B": (340, 0, 600, 300)}, 0.95)


def test_a_panel_of_several_images_stays_one_panel() -> None:
    figure = Drawing(700, 460)
    figure.letter("A", 4, 4)
    for column in range(3):
        for row in range(2):
            figure.picture((30 + column * 115, 30 + row * 100, 140 + column * 115, 125 + row * 100))
    figure.letter("B", 420, 4)
    figure.plot((440, 30, 690, 220))
    figure.letter("C", 4, 245)
    figure.plot((30, 270, 690, 450))
    truth: dict[str | None, Box] = {"A": (4, 8, 370, 225), "B": (420, 8, 690, 220), "C": (4, 249, 690, 450)}
    assert_boxes(figure.panels("A", "B", "C"), truth)


def test_dark_figures_are_cut_between_dark_pictures() -> None:
    figure = Drawing(610, 300, (0, 0, 0))
    figure.picture((0, 0, 300, 300), level=70)
    figure.picture((310, 0, 610, 300), level=70)
    figure.letter("A", 6, 4, (255, 255, 255))
    figure.letter("B", 316, 4, (255, 255, 255))
    assert_boxes(figure.panels("A", "B"), {"A": (0, 0, 303, 300), "B": (307, 0, 610, 300)}, 0.95)


def test_a_pinwheel_without_a_straight_cut_comes_apart() -> None:
    figure = Drawing(600, 600)
    boxes: dict[str | None, Box] = {
        "A": (0, 0, 390, 190),
        "B": (410, 0, 600, 390),
        "C": (0, 210, 190, 600),
        "D": (210, 410, 600, 600),
        "E": (210, 210, 390, 390),
    }
    for label, (x0, y0, x1, y1) in boxes.items():
        figure.picture((int(x0), int(y0), int(x1), int(y1)), level=90)
        figure.letter(str(label), int(x0) + 4, int(y0) + 2, (255, 255, 255))
    assert_boxes(figure.panels("A", "B", "C", "D", "E"), boxes, 0.97)


def test_a_promised_letter_that_was_not_read_gets_its_panel() -> None:
    figure = Drawing(620, 480)
    boxes: dict[str | None, Box] = {}
    for text, x, y in (("A", 10, 10), ("B", 330, 10), ("C", 10, 250), ("D", 330, 250)):
        figure.letter(text, x, y, read=text != "B")
        figure.plot((x + 14, y + 24, x + 270, y + 210))
        boxes[text] = (x, y + 4, x + 270, y + 210)
    assert_boxes(figure.panels("A", "B", "C", "D"), boxes)


def test_a_promised_panel_that_is_not_there_is_not_invented() -> None:
    figure = Drawing(620, 240)
    for text, x in (("A", 10), ("B", 330)):
        figure.letter(text, x, 10)
        figure.plot((x + 14, 34, x + 270, 220))
    truth: dict[str | None, Box] = {"A": (10, 14, 280, 220), "B": (330, 14, 600, 220)}
    assert_boxes(figure.panels("A", "B", "C"), truth)


def test_a_frame_around_the_figure_belongs_to_no_panel() -> None:
    figure = Drawing(640, 300)
    figure.draw.rectangle((2, 2, 637, 297), outline=(0, 0, 0), width=2)
    figure.draw.line([(320, 2), (320, 297)], fill=(0, 0, 0), width=2)
    for text, x in (("A", 20), ("B", 340)):
        figure.letter(text, x, 16)
        figure.plot((x + 20, 40, x + 270, 280))
    assert_boxes(figure.panels("A", "B"), {"A": (20, 20, 290, 280), "B": (340, 20, 610, 280)})


def test_doubtful_letters_that_no_caption_promises_are_ignored() -> None:
    figure = Drawing(640, 480)
    figure.plot((100, 60, 540, 420))
    doubtful = [Letter("A", (110.0, 70.0, 125.0, 85.0), 0.6), Letter("B", (400.0, 70.0, 415.0, 85.0), 0.7)]
    (only,) = propose_panels(np.array(figure.image), doubtful, ())
    assert only.label is None


def test_labels_come_in_the_captions_order_and_as_printed() -> None:
    figure = Drawing(620, 240)
    for text, x in (("b", 10), ("a", 330)):
        figure.letter(text, x, 10)
        figure.plot((x + 14, 34, x + 270, 220))
    found = propose_panels(np.array(figure.image), figure.letters, ("A", "B"))
    assert [p.label for p in found] == ["a", "b"]


def test_a_doubtful_letter_that_fits_no_partition_is_dropped() -> None:
    figure = Drawing(620, 480)
    boxes: dict[str | None, Box] = {}
    for text, x, y in (("A", 10, 10), ("B", 330, 10), ("C", 10, 250), ("D", 330, 250)):
        figure.letter(text, x, y)
        figure.plot((x + 14, y + 24, x + 270, y + 210))
        boxes[text] = (x, y + 4, x + 270, y + 210)
    figure.letters.append(Letter("E", (580.0, 440.0, 594.0, 454.0), 0.6))
    assert_boxes(figure.panels("A", "B", "C", "D", "E"), boxes)


def test_doubtful_letters_that_no_caption_promises_count_where_they_sit_well() -> None:
    figure = Drawing(610, 410)
    boxes: dict[str | None, Box] = {}
    for text, x, y in (("a", 0, 0), ("b", 306, 0), ("c", 0, 206), ("d", 306, 206)):
        figure.picture((x, y, x + 300, y + 200), level=60)
        figure.letter(text, x + 4, y, (255, 255, 255))
        boxes[text] = (x, y, x + 300, y + 200)
    figure.letters = [replace(letter, confidence=0.6) for letter in figure.letters]
    assert_boxes(figure.panels(), boxes, 0.97)


def test_lane_numbers_read_as_letters_do_not_cut_a_gel_in_two() -> None:
    figure = Drawing(500, 400)
    figure.picture((10, 30, 490, 390), level=60, spread=3)
    for lane, x in enumerate(range(60, 460, 80)):
        figure.letter("ABCDE"[lane], x, 8, read=lane in (0, 1))
    figure.letters = [replace(letter, confidence=0.9) for letter in figure.letters]
    (only,) = propose_panels(np.array(figure.image), figure.letters, ())
    assert only.label is None


def test_a_search_without_work_left_still_gives_each_letter_a_panel() -> None:
    figure = Drawing(620, 480)
    for text, x, y in (("A", 10, 10), ("B", 330, 10), ("C", 10, 250), ("D", 330, 250)):
        figure.letter(text, x, y)
        figure.plot((x + 14, y + 24, x + 270, y + 210))
    ink = find_ink(np.array(figure.image))
    anchors = [Rect(*(round(value) for value in letter.box_xyxy)) for letter in figure.letters]
    leaves = best_partition(ink, anchors, (), Work(0))[1].leaves
    assert sorted(leaf.anchor for leaf in leaves if leaf.anchor is not None) == [0, 1, 2, 3]


def test_a_word_below_a_picture_is_no_panel_however_surely_its_letter_was_read() -> None:
    figure = Drawing(700, 560)
    boxes: dict[str | None, Box] = {}
    for text, x, y in (("A", 10, 10), ("B", 370, 10), ("C", 10, 290), ("D", 370, 290)):
        figure.letter(text, x, y)
        figure.picture((x, y + 24, x + 300, y + 210))
        boxes[text] = (x, y + 4, x + 300, y + 210)
    figure.letter("F", 480, 506)
    assert set(figure.panels("A", "B", "C", "D", "F")) == set(boxes)
