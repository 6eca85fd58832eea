"""Markers drawn on textured pictures are found again; what the caption promises is linked; truth where it is there."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agents.embedded.caption_pointers import Pointer
from agents.embedded.marker_colors import color_name, colors_agree
from agents.embedded.markers import MarkerProposal, PanelView, explaining, family, find_markers, speaks_of
from curator.figure import MarkerKind, PanelKind, Span
from curator.geometry import Box, Point, iou

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
COLORS = {"white": (255, 255, 255), "black": (0, 0, 0), "yellow": (255, 230, 0), "red": (230, 20, 20)}
GROUND = {"white": 70, "black": 170, "yellow": 90, "red": 120}


def textured(level: int, seed: int = 0, side: int = 280) -> NDArray[np.uint8]:
    """A grey picture of smooth blobs and grain, like a micrograph."""
    noise = np.random.default_rng(seed).normal(size=(side, side, 2)).astype(np.float32)
    blobs = cv2.GaussianBlur(noise[..., 0], (0, 0), 9) * 330 + cv2.GaussianBlur(noise[..., 1], (0, 0), 1.2) * 14
    grey = np.clip(level + blobs, 15, 235).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def arrow(image: NDArray[np.uint8], tip: Point, degrees: float, length: float, rgb: tuple[int, int, int]) -> None:
    """A filled arrow whose point is at ``tip``, flying towards ``degrees``."""
    head, half = 0.45 * length, 0.24 * length
    outline = [(0, 0), (-head, half), (-head, half / 3), (-length, half / 3)]
    outline += [(x, -y) for x, y in reversed(outline[1:])]
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    points = [(tip[0] + x * cos - y * sin, tip[1] + x * sin + y * cos) for x, y in outline]
    cv2.fillPoly(image, [np.rint(np.array(points) * 16).astype(np.int32)], rgb, cv2.LINE_AA, shift=4)


def head(image: NDArray[np.uint8], tip: Point, degrees: float, length: float, rgb: tuple[int, int, int]) -> None:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    outline = [(0.0, 0.0), (-length, 0.4 * length), (-length, -0.4 * length)]
    points = [(tip[0] + x * cos - y * sin, tip[1] + x * sin + y * cos) for x, y in outline]
    cv2.fillPoly(image, [np.rint(np.array(points) * 16).astype(np.int32)], rgb, cv2.LINE_AA, shift=4)


def asterisk(image: NDArray[np.uint8], middle: Point, size: float, rgb: tuple[int, int, int]) -> None:
    for turn in (30, 90, 150):
        dx, dy = size / 2 * math.cos(math.radians(turn)), size / 2 * math.sin(math.radians(turn))
        ends = [(round(middle[0] + s * dx), round(middle[1] + s * dy)) for s in (-1, 1)]
        cv2.line(image, ends[0], ends[1], rgb, max(2, round(size / 8)), cv2.LINE_AA)


def dashed_box(image: NDArray[np.uint8], box: tuple[int, int, int, int], rgb: tuple[int, int, int]) -> None:
    x0, y0, x1, y1 = box
    for x in range(x0, x1, 9):
        for y in (y0, y1 - 1):
            cv2.line(image, (x, y), (min(x + 5, x1 - 1), y), rgb, 2)
    for y in range(y0, y1, 9):
        for x in (x0, x1 - 1):
            cv2.line(image, (x, y), (x, min(y + 5, y1 - 1)), rgb, 2)


def scattered(pieces: int) -> NDArray[np.uint8]:
    """A grey picture full of small bright triangles and wedges of all sizes, like crowded cells."""
    rng = np.random.default_rng(5)
    image = textured(70, side=500)
    for _ in range(pieces):
        x, y, size = *rng.uniform(10, 490, 2), rng.uniform(8, 18)
        corners = np.array([x, y]) + rng.uniform(-size, size, (3, 2))
        level = int(rng.uniform(185, 235))
        cv2.fillPoly(image, [np.rint(corners).astype(np.int32)], (level, level, level), cv2.LINE_AA)
    return image


def view(image: NDArray[np.uint8], kind: PanelKind = PanelKind.MICROSCOPY, label: str = "A") -> PanelView:
    height, width = image.shape[:2]
    return PanelView("p1", label, (0.0, 0.0, float(width), float(height)), kind, None)


def pointer(kind: MarkerKind, color: str | None = None, labels: tuple[str, ...] = ()) -> Pointer:
    return Pointer(Span(0, 10), kind, color, labels, "cells", True)


def found(image: NDArray[np.uint8], *pointers: Pointer, kind: PanelKind = PanelKind.MICROSCOPY) -> list[MarkerProposal]:
    return find_markers(image, [view(image, kind)], pointers)


@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize("degrees", [0, 47, 200])
@pytest.mark.parametrize("length", [16, 40], ids=["short", "long"])
def test_an_arrow_is_found_with_its_tip_color_and_clause(color: str, degrees: int, length: int) -> None:
    image = textured(GROUND[color])
    arrow(image, (160, 150), degrees, length, COLORS[color])
    promise = pointer(MarkerKind.ARROW, color)
    arrows = [marker for marker in found(image, promise) if family(marker.kind) == MarkerKind.ARROW]
    assert len(arrows) == 1
    assert arrows[0].tip_xy is not None
    assert math.dist(arrows[0].tip_xy, (160, 150)) <= 3
    assert arrows[0].color == color
    assert arrows[0].pointer is promise


@pytest.mark.parametrize("degrees", [10, 120, 260])
def test_an_arrowhead_is_told_from_an_arrow(degrees: int) -> None:
    image = textured(70)
    head(image, (120, 180), degrees, 22, COLORS["white"])
    markers = found(image, pointer(MarkerKind.ARROWHEAD))
    assert [marker.kind for marker in markers] == [MarkerKind.ARROWHEAD]
    assert markers[0].tip_xy is not None
    assert math.dist(markers[0].tip_xy, (120, 180)) <= 3


@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize("size", [14, 26])
def test_an_asterisk_is_found(color: str, size: int) -> None:
    image = textured(GROUND[color])
    asterisk(image, (100, 210), size, COLORS[color])
    markers = found(image, pointer(MarkerKind.ASTERISK, color))
    assert [family(marker.kind) for marker in markers] == [MarkerKind.ASTERISK]
    assert iou(markers[0].box_xyxy, (100 - size / 2, 210 - size / 2, 100 + size / 2, 210 + size / 2)) >= 0.5


@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize("side", [20, 60])
@pytest.mark.parametrize("thickness", [1, 2])
def test_a_box_is_found_where_no_caption_speaks_of_it(color: str, side: int, thickness: int) -> None:
    image = textured(GROUND[color])
    cv2.rectangle(image, (90, 120), (90 + side - 1, 120 + side - 1), COLORS[color], thickness)
    boxes = [marker for marker in found(image) if marker.kind == MarkerKind.BOX]
    assert [marker.color for marker in boxes] == [color]
    assert iou(boxes[0].box_xyxy, (90.0, 120.0, 90.0 + side, 120.0 + side)) >= 0.7
    assert boxes[0].pointer is None


@pytest.mark.parametrize("color", COLORS)
def test_a_dashed_box_is_found(color: str) -> None:
    image = textured(GROUND[color])
    dashed_box(image, (80, 100, 170, 181), COLORS[color])
    markers = found(image, pointer(MarkerKind.DASHED_BOX, color))
    assert [marker.kind for marker in markers] == [MarkerKind.DASHED_BOX]
    assert iou(markers[0].box_xyxy, (80.0, 100.0, 170.0, 181.0)) >= 0.7


@pytest.mark.parametrize("seed", range(4))
def test_plain_texture_holds_no_marker(seed: int) -> None:
    assert found(textured(110, seed)) == []


def test_a_promised_arrow_is_found_in_a_texture_full_of_pieces_that_resemble_one() -> None:
    image = scattered(400)
    promise = pointer(MarkerKind.ARROW)
    assert len(found(image, promise)) <= 2
    arrow(image, (300, 250), 47, 44, COLORS["white"])
    tips = [marker.tip_xy for marker in found(image, promise) if marker.tip_xy]
    assert any(math.dist(tip, (300, 250)) <= 3 for tip in tips)
    assert len(tips) <= 3


def test_a_faint_outline_is_doubted_more_than_a_strong_one() -> None:
    boxes = []
    for level in (110, 180):
        image = textured(70)
        cv2.rectangle(image, (90, 120), (109, 139), (level, level, level), 1)
        boxes.append([marker for marker in found(image) if marker.kind == MarkerKind.BOX])
    faint, strong = boxes
    assert len(strong) == 1
    assert all(marker.confidence < strong[0].confidence for marker in faint)


def test_markers_of_a_large_figure_are_told_in_its_own_pixels() -> None:
    image = np.full((1400, 2600, 3), 255, np.uint8)
    image[200:480, 1900:2180] = textured(70)
    arrow(image, (2040, 350), 47, 60, COLORS["white"])
    panels = [PanelView("p1", "A", (1900.0, 200.0, 2180.0, 480.0), PanelKind.MICROSCOPY, None)]
    markers = find_markers(image, panels, [pointer(MarkerKind.ARROW)])
    assert [marker.kind for marker in markers] == [MarkerKind.ARROW]
    assert markers[0].tip_xy is not None
    assert math.dist(markers[0].tip_xy, (2040, 350)) <= 4


def test_letters_and_scale_bars_are_no_markers() -> None:
    image = textured(60)
    cv2.putText(image, "DAPI 50 um", (20, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 2, cv2.LINE_AA)
    cv2.rectangle(image, (190, 250), (260, 256), (255, 255, 255), -1)
    assert found(image) == []


def test_the_frame_of_an_inset_is_no_marker() -> None:
    image = textured(60)
    page = np.full((320, 320, 3), 255, np.uint8)
    image[:110, :110] = textured(150, 1, 110)
    cv2.rectangle(image, (0, 0), (109, 109), (255, 255, 255), 2)
    page[20:300, 20:300] = image
    assert found(page) == []


def test_an_arrow_on_a_plot_needs_a_promise() -> None:
    image = np.full((200, 260, 3), 255, np.uint8)
    arrow(image, (120, 90), 90, 40, (0, 0, 0))
    assert found(image, kind=PanelKind.PLOT) == []
    promised = found(image, pointer(MarkerKind.ARROW), kind=PanelKind.PLOT)
    assert [marker.kind for marker in promised] == [MarkerKind.ARROW]


def test_words_of_a_diagram_are_no_markers_though_its_caption_explains_arrows_and_boxes() -> None:
    image = np.full((300, 420, 3), 255, np.uint8)
    for row, text in enumerate(("Convert to Sparse Volume", "DVID server / Body Importer", "AVOID LOADED KNOWN VALVE")):
        place = (10, 60 + 80 * row)
        cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4 + 0.15 * row, (0, 0, 0), 1, cv2.LINE_AA)
    promises = [pointer(MarkerKind.ARROW), pointer(MarkerKind.BOX), pointer(MarkerKind.ASTERISK)]
    assert found(image, *promises, kind=PanelKind.DIAGRAM) == []
    assert found(image, *promises, kind=PanelKind.PLOT) == []


def test_a_box_on_a_heat_map_is_larger_than_its_print() -> None:
    image = textured(70)
    cv2.rectangle(image, (150, 120), (240, 220), COLORS["white"], 2)
    cv2.rectangle(image, (60, 120), (75, 135), COLORS["white"], 2)
    assert len(found(image, pointer(MarkerKind.BOX), kind=PanelKind.PLOT)) == 2
    cv2.putText(image, "Population", (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 0.8, COLORS["white"], 2)
    (box,) = found(image, pointer(MarkerKind.BOX), kind=PanelKind.PLOT)
    assert iou(box.box_xyxy, (150.0, 120.0, 241.0, 221.0)) >= 0.7


def test_a_colored_word_on_a_picture_is_no_box() -> None:
    image = np.zeros((280, 280, 3), np.uint8)
    cv2.putText(image, "BODO CDC37", (20, 60), cv2.FONT_HERSHEY_PLAIN, 2.0, (0, 230, 20), 2)
    assert found(image, pointer(MarkerKind.BOX)) == []


def test_a_frame_around_a_word_is_no_marker() -> None:
    image = textured(110)
    cv2.rectangle(image, (90, 120), (170, 150), (255, 255, 255), -1)
    cv2.rectangle(image, (90, 120), (170, 150), (0, 0, 0), 1)
    cv2.putText(image, "EBr6n", (98, 142), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1, cv2.LINE_AA)
    assert [marker for marker in found(image) if marker.kind == MarkerKind.BOX] == []


def test_the_printed_letter_of_a_panel_is_no_marker() -> None:
    image = textured(90)
    head(image, (40, 20), 270, 18, COLORS["white"])
    assert len(found(image, pointer(MarkerKind.ARROWHEAD))) == 1
    lettered = replace(view(image), label_box_xyxy=(28.0, 16.0, 52.0, 42.0))
    assert find_markers(image, [lettered], [pointer(MarkerKind.ARROWHEAD)]) == []


def test_a_leader_line_is_no_arrow() -> None:
    image = textured(60)
    cv2.line(image, (60, 60), (150, 190), (255, 255, 255), 2, cv2.LINE_AA)
    cv2.line(image, (200, 40), (180, 120), (255, 255, 255), 3, cv2.LINE_AA)
    assert found(image) == []


def test_of_one_clause_the_signs_are_about_as_large() -> None:
    image = textured(70)
    arrow(image, (180, 150), 20, 120, COLORS["white"])
    head(image, (60, 220), 120, 14, COLORS["white"])
    assert len(found(image, pointer(MarkerKind.ARROW, "white"))) == 1


@pytest.mark.parametrize("color", ["white", "yellow", "red"])
@pytest.mark.parametrize("axes", [(22, 22), (30, 18)], ids=["circle", "ellipse"])
def test_a_circle_that_the_caption_explains_is_found(color: str, axes: tuple[int, int]) -> None:
    image = textured(GROUND[color])
    cv2.ellipse(image, (130, 150), axes, 0, 0, 360, COLORS[color], 2, cv2.LINE_AA)
    promise = pointer(MarkerKind.CIRCLE, color)
    circles = [marker for marker in found(image, promise) if marker.kind == MarkerKind.CIRCLE]
    assert [(marker.color, marker.pointer) for marker in circles] == [(color, promise)]
    assert iou(circles[0].box_xyxy, (130.0 - axes[0], 150.0 - axes[1], 131.0 + axes[0], 151.0 + axes[1])) >= 0.8
    assert [marker for marker in found(image) if marker.kind == MarkerKind.CIRCLE] == []


def test_filled_blobs_and_open_arcs_are_no_circles() -> None:
    image = textured(60)
    cv2.circle(image, (80, 80), 20, COLORS["white"], -1)
    cv2.ellipse(image, (190, 180), (26, 26), 0, 0, 240, COLORS["white"], 2)
    assert [m for m in found(image, pointer(MarkerKind.CIRCLE, "white")) if m.kind == MarkerKind.CIRCLE] == []


def test_two_colors_of_arrow_go_to_their_own_clauses() -> None:
    image = textured(110)
    arrow(image, (90, 90), 45, 36, COLORS["white"])
    arrow(image, (220, 200), 200, 36, COLORS["black"])
    white, black = pointer(MarkerKind.ARROW, "white"), pointer(MarkerKind.ARROW, "black")
    linked = {marker.color: marker.pointer for marker in found(image, white, black)}
    assert linked == {"white": white, "black": black}


def test_a_clause_speaks_of_the_panels_it_names_in_any_case() -> None:
    panel = PanelView("p1", "b", (0.0, 0.0, 9.0, 9.0), PanelKind.GEL, None)
    assert speaks_of(pointer(MarkerKind.ARROW), panel)
    assert speaks_of(pointer(MarkerKind.ARROW, labels=("A", "B")), panel)
    assert not speaks_of(pointer(MarkerKind.ARROW, labels=("A",)), panel)


def test_the_closest_clause_explains_a_marker() -> None:
    arrows, heads = pointer(MarkerKind.ARROW), pointer(MarkerKind.ARROWHEAD)
    red = pointer(MarkerKind.ARROW, "red")
    assert explaining(MarkerKind.ARROWHEAD, "white", [arrows, heads]) is heads
    assert explaining(MarkerKind.ARROW, "red", [arrows, red]) is red
    assert explaining(MarkerKind.ARROW, "white", [red]) is None
    assert explaining(MarkerKind.BOX, "white", [arrows, heads, red]) is None


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((255, 255, 255), "white"),
        ((10, 10, 12), "black"),
        ((250, 30, 20), "red"),
        ((255, 165, 0), "orange"),
        ((250, 240, 20), "yellow"),
        ((30, 200, 40), "green"),
        ((0, 220, 230), "cyan"),
        ((20, 40, 230), "blue"),
        ((130, 30, 200), "purple"),
        ((240, 20, 220), "magenta"),
    ],
)
def test_a_color_has_the_name_that_captions_use(rgb: tuple[int, int, int], name: str) -> None:
    assert color_name(np.array(rgb, np.float64)) == name


def test_neighbouring_colors_agree_and_opposites_do_not() -> None:
    assert colors_agree("purple", "magenta")
    assert colors_agree("yellow", "orange")
    assert colors_agree(None, "red")
    assert not colors_agree("white", "black")


@settings(max_examples=15, deadline=None)
@given(
    width=st.integers(1, 60),
    height=st.integers(1, 60),
    seed=st.integers(0, 9),
    kind=st.sampled_from([PanelKind.MICROSCOPY, PanelKind.PLOT]),
)
def test_any_panel_gives_the_same_markers_twice_and_all_inside_it(
    width: int, height: int, seed: int, kind: PanelKind
) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (60, 60, 3)).astype(np.uint8)
    box: Box = (60.0 - width, 60.0 - height, 60.0, 60.0)
    promises = [pointer(MarkerKind.ARROW), pointer(MarkerKind.BOX), pointer(MarkerKind.ASTERISK)]
    panels = [PanelView("p1", None, box, kind, None)]
    markers = find_markers(image, panels, promises)
    assert markers == find_markers(image, panels, promises)
    for marker in markers:
        points = [marker.box_xyxy[:2], marker.box_xyxy[2:]] + ([marker.tip_xy] if marker.tip_xy else [])
        assert all(box[0] <= x <= box[2] and box[1] <= y <= box[3] for x, y in points)
        assert 0 <= marker.confidence <= 1


@pytest.mark.skipif(not (SHARED / "truth").is_dir(), reason="the reference figures are not there")
def test_half_of_the_boxes_of_a_published_figure_are_found_and_few_others() -> None:
    figures = json.loads((SHARED / "truth" / "biorxiv-488149.json").read_text())
    truth = next(figure for figure in figures if "fig3_S1" in figure["image"])
    path = next((SHARED / "figures" / "biorxiv-488149").rglob(Path(truth["image"]).name + "*"))
    read = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    assert read is not None
    image = cv2.cvtColor(read, cv2.COLOR_BGR2RGB)
    panels = [
        PanelView(str(i), panel["label"], tuple(panel["box_xyxy"]), PanelKind(panel["kind"]), None)
        for i, panel in enumerate(truth["panels"])
        if panel["kind"] == "microscopy"
    ]
    markers = find_markers(np.asarray(image, np.uint8), panels, [])
    hits = [m for t in truth["markers"] for m in markers if iou(tuple(t["box_xyxy"]), m.box_xyxy) >= 0.5]
    assert len(hits) >= len(truth["markers"]) / 2
    assert len(hits) >= 0.7 * len(markers)
