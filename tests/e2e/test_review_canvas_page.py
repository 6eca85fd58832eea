"""Boxes of a figure under the pointer, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from curator.figure import State
from data.store import Store
from tests.e2e.review_screen import CANVAS, FIRST, at, click, drag, node, row, saved, screen, shown


def test_a_box_fixed_by_dragging_and_a_caption_by_enter_survive_undo_and_reload(
    project: Store, review: Callable[..., Page]
) -> None:
    page = review()
    click(page, 20, 200)
    expect(screen(page)).to_have_attribute("data-selected", "p1")
    drag(page, (318, 120), (300, 120))  # the handle in the middle of the right edge
    saved(page, 2)
    assert node(project, "p1").box_xyxy[2] == pytest.approx(300, abs=1.5)

    page.keyboard.press("Enter")
    expect(page.locator(".rv-inplace textarea")).to_be_focused()
    page.locator(".rv-inplace textarea").fill("A section of the kidney")
    page.keyboard.press("Enter")
    saved(page, 3)

    page.keyboard.press("a")
    drag(page, (100, 100), (110, 106))  # the selected panel moves, its children with it
    saved(page, 4)
    page.keyboard.press("Control+z")
    saved(page, 5)

    page.reload()
    shown(page, FIRST)
    saved(page, 5)
    panel = node(project, "p1")
    assert panel.state == State.EDITED
    assert panel.box_xyxy[2] == pytest.approx(300, abs=1.5)
    expect(row(page, "p1")).to_have_attribute("data-state", "edited")
    click(page, 20, 200)
    expect(page.get_by_label("Own caption")).to_have_value("A section of the kidney")
    page.keyboard.press("Control+Shift+z")
    saved(page, 6)


def test_moving_a_panel_moves_what_is_below_it(project: Store, review: Callable[..., Page]) -> None:
    page = review()
    row(page, "p2").click()
    drag(page, (400, 200), (380, 210))
    saved(page, 2)
    panel, lumen = node(project, "p2"), node(project, "m6")
    dx, dy = panel.box_xyxy[0] - 322, panel.box_xyxy[1]
    assert (dx, dy) == (pytest.approx(-20, abs=1), pytest.approx(10, abs=1))
    assert lumen.box_xyxy == pytest.approx((470 + dx, 120 + dy, 490 + dx, 140 + dy))


def test_a_click_selects_the_smallest_box_and_tab_cycles_the_stack(review: Callable[..., Page]) -> None:
    page = review()
    click(page, 155, 96)  # in the arrow, the region and the panel
    expect(screen(page)).to_have_attribute("data-selected", "m5")
    for expected in ("r7", "p1", "m5"):
        page.keyboard.press("Tab")
        expect(screen(page)).to_have_attribute("data-selected", expected)
    page.keyboard.press("Shift+Tab")
    expect(screen(page)).to_have_attribute("data-selected", "p1")


def test_the_wheel_zooms_about_the_pointer_dragging_pans_and_one_key_fits_again(review: Callable[..., Page]) -> None:
    page = review()
    canvas = page.locator(CANVAS)
    fitted = canvas.get_attribute("data-zoom") or ""
    spot = at(page, 500, 300)
    page.mouse.move(*spot)
    page.mouse.wheel(0, -400)
    expect(canvas).not_to_have_attribute("data-zoom", fitted)
    assert at(page, 500, 300) == pytest.approx(spot, abs=1)
    page.mouse.down()
    page.mouse.move(spot[0] - 40, spot[1] + 30, steps=3)
    page.mouse.up()
    page.evaluate("() => new Promise(requestAnimationFrame)")  # the frame that draws what the drag did
    expect(screen(page)).to_have_attribute("data-selected", "")
    assert at(page, 500, 300) == pytest.approx((spot[0] - 40, spot[1] + 30), abs=1)
    page.keyboard.press("f")
    expect(canvas).to_have_attribute("data-zoom", fitted)


def test_a_locked_or_hidden_level_is_out_of_the_pointers_reach(review: Callable[..., Page]) -> None:
    page = review()
    page.keyboard.press("Alt+2")
    expect(page.locator('.rv-overlay [data-id="m5"]')).to_have_count(0)
    page.keyboard.press("Alt+Shift+3")
    click(page, 155, 96)
    expect(screen(page)).to_have_attribute("data-selected", "p1")


def test_what_is_drawn_in_a_panel_becomes_its_child_and_can_be_hung_elsewhere(
    project: Store, review: Callable[..., Page]
) -> None:
    page = review()
    page.keyboard.press("r")
    drag(page, (350, 40), (400, 90))
    saved(page, 2)
    expect(screen(page)).to_have_attribute("data-selected", "r8")
    assert node(project, "r8").parent_id == "p2"
    page.get_by_label("Belongs to").select_option("m6")
    saved(page, 3)
    assert node(project, "r8").parent_id == "m6"
    row(page, "r8").drag_to(row(page, "p4"))
    saved(page, 4)
    assert node(project, "r8").parent_id == "p4"
