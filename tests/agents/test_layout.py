"""Panels from drawn figures whose boxes are known, and from real ones where the reference material is at hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from agents.embedded.layout import PanelProposal, label_key, propose_panels
from agents.embedded.layout_ink import Rect, find_ink
from agents.embedded.layout_partition import Work, best_partition
from agents.embedded.letters import Letter
from curator.geometry import Box, iou

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
LETTER_PX = 18


class Drawing:
    """A figure under construction: pictures, plots and letters at given boxes."""

    def __init__(self, width: int, height: int, paper: tuple[int, int, int] = (255, 255, 255)) -> None:
        self.image = Image.new("RGB", (width, height), paper)
        self.draw = ImageDraw.Draw(self.image)
        self.letters: list[Letter] = []
        self.rng = np.random.default_rng(7)

    def picture(self, box: tuple[int, int, int, int], level: int = 110, spread: int = 25) -> None:
        """Smooth grey texture."""
        x0, y0, x1, y1 = box
        coarse = self.rng.normal(level, spread, ((y1 - y0) // 6 + 2, (x1 - x0) // 6 + 2)).clip(0, 255)
        fine = Image.fromarray(coarse.astype(np.uint8)).resize((x1 - x0, y1 - y0), Image.Resampling.BICUBIC)
        self.image.paste(fine.convert("RGB"), (x0, y0))

    def plot(self, box: tuple[int, int, int, int]) -> None:
        """Two axes with ticks, numbers and bars; its ink spans the box."""
        x0, y0, x1, y1 = box
        left, bottom = x0 + 26, y1 - 18
        self.draw.line([(left, y0), (left, bottom), (x1 - 1, bottom)], fill=(0, 0, 0), width=2)
        for k in range(4):
            y = y0 + k * (bottom - y0) // 4
            self.draw.text((x0, y), f"{40 - 10 * k}", fill=(0, 0, 0))
            x = left + 12 + k * (x1 - left - 12) // 4
            self.draw.rectangle((x, bottom - (k + 1) * (bottom - y0) // 5, x + 14, bottom), fill=(60, 90, 200))
            self.draw.text((x, bottom + 4), "abcd"[k], fill=(0, 0, 0))

    def letter(self, text: str, x: int, y: int, ink: tuple[int, int, int] = (0, 0, 0), *, read: bool = True) -> None:
        """Prints a letter and, where it is ``read``, remembers it as the reader would report it."""
        font = ImageFont.load_default(LETTER_PX)
        self.draw.text((x, y), text, fill=ink, font=font)
        if read:
            x0, y0, x1, y1 = self.draw.textbbox((x, y), text, font=font)
            self.letters.append(Letter(text, (float(x0), float(y0), float(x1), float(y1)), 0.98))

    def panels(self, *expected: str) -> dict[str | None, Box]:
        return {p.label: p.box_xyxy for p in propose_panels(np.array(self.image), self.letters, expected)}


def assert_boxes(found: dict[str | None, Box], truth: dict[str | None, Box], least: float = 0.9) -> None:
    assert set(found) == set(truth)
    for label, box in truth.items():
        assert iou(found[label], box) >= least, f"{label}: {found[label]} is not {box}"


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


def test_promised_panels_without_any_letter_are_cut_along_the_gutters_in_reading_order() -> None:
    figure = Drawing(640, 430)
    boxes: list[Box] = [(0, 0, 310, 205), (330, 0, 640, 205), (0, 225, 310, 430), (330, 225, 640, 430)]
    for x0, y0, x1, y1 in boxes:
        figure.picture((int(x0), int(y0), int(x1), int(y1)))
    assert_boxes(figure.panels("A", "B", "C", "D"), dict(zip("ABCD", boxes, strict=True)), 0.97)


def test_a_plot_alone_is_one_panel_around_its_ink() -> None:
    figure = Drawing(640, 480)
    figure.plot((100, 60, 540, 420))
    assert_boxes(figure.panels(), {None: (100, 60, 540, 420)})


def test_a_photograph_alone_is_one_panel_to_the_edges() -> None:
    figure = Drawing(500, 400)
    figure.picture((0, 0, 500, 400))
    assert_boxes(figure.panels(), {None: (0, 0, 500, 400)}, 0.99)


def test_scans_side_by_side_without_letters_or_promise_are_panels_of_their_own() -> None:
    figure = Drawing(610, 200)
    for x in (0, 305):
        figure.picture((x, 0, x + 300, 200), level=60)
    found = propose_panels(np.array(figure.image), [], ())
    assert [round(p.box_xyxy[0] / 10) for p in found] == [0, 30]
    assert all(p.label is None and p.confidence < 0.5 for p in found)


def test_fluorescence_channels_side_by_side_without_letters_are_one_panel() -> None:
    figure = Drawing(610, 200)
    for x, glow in ((0, (0, 220, 0)), (305, (220, 0, 220))):
        figure.draw.rectangle((x, 0, x + 299, 199), fill=(4, 4, 4))
        for k in range(12):
            figure.draw.ellipse((x + 20 * k + 8, 15 * k + 4, x + 20 * k + 38, 15 * k + 30), fill=glow)
    assert_boxes(figure.panels(), {None: (0, 0, 605, 200)}, 0.97)


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


def test_a_doubtful_letter_that_fits_no_partition_is_dropped() -> None:
    figure = Drawing(620, 480)
    boxes: dict[str | None, Box] = {}
    for text, x, y in (("A", 10, 10), ("B", 330, 10), ("C", 10, 250), ("D", 330, 250)):
        figure.letter(text, x, y)
        figure.plot((x + 14, y + 24, x + 270, y + 210))
        boxes[text] = (x, y + 4, x + 270, y + 210)
    figure.letters.append(Letter("E", (580.0, 440.0, 594.0, 454.0), 0.6))
    assert_boxes(figure.panels("A", "B", "C", "D", "E"), boxes)


def real_figures() -> list[tuple[Path, dict[str, object]]]:
    """Small real figures with truth, three sets of different style; empty where there is no reference material."""
    found: list[tuple[Path, dict[str, object]]] = []
    for name in ("PMC2467486", "chest-ct", "openstax-anatomy"):
        truth = SHARED / "truth" / f"{name}.json"
        if truth.exists():
            folder = SHARED / "figures" / name
            found.extend((folder / figure["image"], figure) for figure in json.loads(truth.read_text(encoding="utf-8")))
    return [(path, figure) for path, figure in found if path.exists()]


@pytest.mark.skipif(not SHARED.exists(), reason="the reference material is not here")
def test_with_true_letters_nine_in_ten_real_panels_are_right_at_iou_three_quarters() -> None:
    true = right = proposed = 0
    for path, figure in real_figures():
        panels = figure["panels"]
        assert isinstance(panels, list)
        letters = [Letter(p["label"], tuple(p["label_box_xyxy"]), 0.95) for p in panels if p.get("label_box_xyxy")]
        with Image.open(path) as opened:
            image = np.asarray(opened.convert("RGB"))
        boxes = {
            label_key(p.label or ""): p.box_xyxy for p in propose_panels(image, letters, tuple(x.text for x in letters))
        }
        true += len(panels)
        proposed += len(boxes)
        right += sum(
            iou(boxes.get(label_key(p["label"] or ""), (0.0, 0.0, 0.0, 0.0)), tuple(p["box_xyxy"])) >= 0.75
            for p in panels
        )
    assert true > 60
    assert 2 * right / (true + proposed) >= 0.9


def test_plots_side_by_side_without_letters_are_panels_of_their_own() -> None:
    figure = Drawing(640, 240)
    for x in (10, 340):
        figure.plot((x, 20, x + 280, 220))
    assert_all_found(figure, [(10, 20, 290, 220), (340, 20, 620, 220)])


def test_a_plot_with_a_narrow_colour_bar_is_one_panel() -> None:
    figure = Drawing(500, 300)
    figure.plot((10, 20, 400, 280))
    figure.picture((430, 20, 450, 280))
    assert_all_found(figure, [(10, 20, 450, 280)])


def test_facets_that_share_one_axis_are_one_panel() -> None:
    figure = Drawing(620, 300)
    figure.plot((10, 20, 220, 280))
    for x in (235, 424):
        figure.draw.rectangle((x, 20, x + 175, 262), outline=(0, 0, 0), width=2)
    assert_all_found(figure, [(10, 20, 600, 280)])


def test_photographs_that_touch_in_a_grid_are_panels_of_their_own() -> None:
    figure = Drawing(600, 400)
    boxes = [(x, y, x + 200, y + 200) for y in (0, 200) for x in (0, 200, 400)]
    for k, box in enumerate(boxes):
        figure.picture(box, level=90 + 40 * (k % 2), spread=10)
    assert_all_found(figure, [tuple(map(float, box)) for box in boxes])


def assert_all_found(figure: Drawing, boxes: list[tuple[float, ...]]) -> None:
    """As many panels as boxes, all without label, each as its box."""
    found = propose_panels(np.array(figure.image), [], ())
    assert [p.label for p in found] == [None] * len(boxes)
    for panel, box in zip(found, boxes, strict=True):
        assert iou(panel.box_xyxy, (box[0], box[1], box[2], box[3])) > 0.95


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
