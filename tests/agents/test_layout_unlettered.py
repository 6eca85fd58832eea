"""Panels of drawn figures without letters: what is one picture, and what several."""

from __future__ import annotations

import numpy as np

from agents.embedded.layout import propose_panels
from curator.geometry import Box
from tests.agents.drawing import Drawing, assert_all_found, assert_boxes


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
