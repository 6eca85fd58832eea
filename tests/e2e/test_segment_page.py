"""Pointing at things in the real page: a click becomes an outline, and an accepted outline a box."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from curator.figure import Region, State
from curator.geometry import iou
from data.store import Store
from tests.e2e.review_screen import CANVAS, click, drag, node, row, saved, screen
from ui.editor.answers import Answer
from ui.editor.segment_server import SegmentServer

# drawn cells of panel A: centre, and the box around it
CELL, CELL_BOX = (205.0, 64.0), (196.0, 54.0, 215.0, 74.0)
OTHER, OTHER_BOX = (97.0, 204.0), (88.0, 195.0, 106.0, 214.0)


def pointing(page: Page) -> None:
    """Takes the tool and waits until the page names what is at work."""
    page.keyboard.press("w")
    expect(page.locator(".rv-hint b")).to_have_text("OpenCV: no SAM weights")


def found(page: Page) -> None:
    expect(page.locator(CANVAS)).to_have_attribute("data-segment", "found")
    expect(page.locator(".rv-preview .mask")).to_have_count(1)


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """What is pointed at is answered while this is set; ask for it before the page."""
    answering = threading.Event()
    answering.set()
    segment = SegmentServer.segment

    def held(server: SegmentServer, raw: Any) -> Answer:
        assert answering.wait(60)
        return segment(server, raw)

    monkeypatch.setattr(SegmentServer, "segment", held)
    return answering


def region(store: Store, node_id: str) -> Region:
    made = node(store, node_id)
    assert isinstance(made, Region)
    return made


def test_a_click_on_a_thing_and_enter_make_a_region_around_it(project: Store, review: Callable[..., Page]) -> None:
    page = review()
    pointing(page)
    click(page, *CELL)
    found(page)
    page.keyboard.press("Enter")
    saved(page, 2)
    expect(screen(page)).to_have_attribute("data-selected", "r8")
    made = region(project, "r8")
    assert iou(made.box_xyxy, CELL_BOX) > 0.7
    assert (made.panel_id, made.state) == ("p1", State.ACCEPTED)
    assert len(made.polygon_xy) >= 6
    expect(page.locator('.rv-overlay [data-id="r8"] .outline')).to_have_count(1)
    page.keyboard.press("Control+z")
    saved(page, 3)
    expect(page.locator('.rv-overlay [data-id="r8"]')).to_have_count(0)


def test_a_click_elsewhere_accepts_and_goes_on_and_escape_drops(project: Store, review: Callable[..., Page]) -> None:
    page = review()
    pointing(page)
    click(page, *CELL)
    found(page)
    click(page, *OTHER)
    saved(page, 2)
    found(page)
    page.keyboard.press("Escape")
    expect(page.locator(".rv-preview")).to_have_count(0)
    expect(page.locator(CANVAS)).to_have_attribute("data-tool", "segment")
    page.keyboard.press("Escape")
    expect(page.locator(CANVAS)).to_have_attribute("data-tool", "select")
    expect(page.locator(".rv-hint")).to_be_hidden()
    saved(page, 2)
    assert iou(region(project, "r8").box_xyxy, CELL_BOX) > 0.7


def test_who_clicks_faster_than_the_server_answers_loses_nothing(
    project: Store, answering: threading.Event, review: Callable[..., Page]
) -> None:
    page = review()
    pointing(page)
    answering.clear()
    click(page, *CELL)
    click(page, *CELL)  # a double click asks for one thing
    click(page, *OTHER)
    page.keyboard.press("Enter")
    answering.set()
    saved(page, 3)
    made = [region(project, node_id).box_xyxy for node_id in ("r8", "r9")]
    assert sorted(round(iou(box, cell), 1) > 0.6 for box in made for cell in (CELL_BOX, OTHER_BOX)) == [
        False,
        False,
        True,
        True,
    ]
    assert node(project, "p1").state == State.PROPOSED  # Enter did not accept the figure
    expect(page.locator(".rv-preview")).to_have_count(0)


def test_shift_adds_a_part_alt_takes_one_away_and_a_key_says_which_level(
    project: Store, review: Callable[..., Page]
) -> None:
    page = review()
    pointing(page)
    click(page, *CELL)
    found(page)
    page.keyboard.down("Shift")
    click(page, *OTHER)
    page.keyboard.up("Shift")
    expect(page.locator(".rv-preview .inside")).to_have_count(2)
    found(page)
    page.keyboard.down("Alt")
    click(page, 150, 30)
    page.keyboard.up("Alt")
    expect(page.locator(".rv-preview .outside")).to_have_count(1)
    found(page)
    page.keyboard.press("m")
    saved(page, 2)
    made = node(project, "m8")
    both = (OTHER_BOX[0], CELL_BOX[1], CELL_BOX[2], OTHER_BOX[3])
    assert iou(made.box_xyxy, both) > 0.8
    expect(row(page, "m8")).to_have_attribute("data-state", "accepted")


def test_a_box_dragged_with_the_tool_becomes_the_thing_in_it(project: Store, review: Callable[..., Page]) -> None:
    page = review()
    pointing(page)
    drag(page, (190, 48), (221, 80))
    found(page)
    page.keyboard.press("r")
    saved(page, 2)
    made = region(project, "r8")
    assert iou(made.box_xyxy, CELL_BOX) > 0.6
    assert made.polygon_xy


def test_the_selected_box_is_snapped_to_what_it_means(project: Store, review: Callable[..., Page]) -> None:
    page = review()
    page.keyboard.press("r")
    drag(page, (194.5, 52.5), (217, 75))
    saved(page, 2)
    loose = node(project, "r8").box_xyxy
    page.keyboard.press("Shift+W")
    saved(page, 3)
    snapped = region(project, "r8")
    assert iou(snapped.box_xyxy, CELL_BOX) > iou(loose, CELL_BOX)
    assert snapped.polygon_xy


def test_a_box_that_no_outline_agrees_with_stays(project: Store, review: Callable[..., Page]) -> None:
    page = review()
    page.keyboard.press("r")
    drag(page, (195, 20), (290, 110))
    saved(page, 2)
    before = node(project, "r8")
    page.keyboard.press("Shift+W")
    expect(page.locator(".rv-message")).to_contain_text("The box stays")
    assert node(project, "r8") == before


def test_boxes_of_a_level_are_snapped_after_a_look_at_them(project: Store, review: Callable[..., Page]) -> None:
    page = review()
    for start, end in (((194.5, 52.5), (217, 75)), ((86.5, 193.5), (108, 215))):
        page.keyboard.press("r")
        drag(page, start, end)
    saved(page, 3)
    page.keyboard.press("b")
    page.locator(".rv-snap").get_by_role("button", name="Regions").click()
    expect(page.locator(".rv-snap")).to_contain_text("2 of 3 regions fit better")
    expect(page.locator(".rv-preview .mask")).to_have_count(2)
    page.get_by_role("button", name="Snap them").click()
    saved(page, 4)
    expect(page.locator(".rv-preview")).to_have_count(0)
    assert iou(region(project, "r8").box_xyxy, CELL_BOX) > 0.75
    assert iou(region(project, "r9").box_xyxy, OTHER_BOX) > 0.75
    page.keyboard.press("Escape")
    page.keyboard.press("Control+z")
    saved(page, 5)
    assert not region(project, "r8").polygon_xy
