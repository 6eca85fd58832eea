"""Comparing with another proposal and adopting a level of it, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from data.store import Store
from tests.e2e.agents.drawers import compare
from tests.e2e.agents.scripted_miner import MODEL, other_proposal
from tests.e2e.review_screen import FIRST, row, saved, screen
from ui.editor.bundle import as_script


def test_markers_alone_are_adopted_and_undone(project: Store, review: Callable[..., Page]) -> None:
    project.minings.save(FIRST, "lvlm", MODEL, other_proposal(project))
    before = project.reviews.load(FIRST, 0).review.hierarchy
    page = review()
    compared = compare(page)
    counts = {
        level: compared.locator(f'[data-level="{level}"] td').all_text_contents()
        for level in ("panel", "marker", "region")
    }
    # now, new, only now, only new, moved, other words
    assert counts == {
        "panel": ["4", "3", "1", "0", "1", "1"],
        "marker": ["2", "2", "1", "1", "0", "0"],
        "region": ["1", "1", "0", "0", "0", "0"],
    }
    expect(page.locator('.rv-there [data-id="m9"].diff-only-right')).to_be_attached()
    expect(page.locator('.rv-there [data-id="p1"].diff-moved')).to_be_attached()
    left = page.locator(".rv-views > .rv-canvas")
    expect(left.locator('[data-id="p4"].diff-only-left')).to_be_attached()
    expect(left.locator('[data-id="p3"].diff-same')).to_be_attached()

    compared.get_by_label("Panels, captions").uncheck()
    compared.get_by_label("Regions").uncheck()
    page.keyboard.press("y")
    saved(page, 2)
    expect(page.locator(".rv-there")).to_be_hidden()
    adopted = project.reviews.load(FIRST, 0).review.hierarchy
    assert adopted.panels == before.panels
    assert adopted.regions[0].box_xyxy == before.regions[0].box_xyxy
    assert sorted(marker.kind for marker in adopted.markers) == ["arrow", "arrowhead"]
    page.keyboard.press("Control+z")
    saved(page, 3)
    assert project.reviews.load(FIRST, 0).review.hierarchy == before


def test_what_was_decided_stays_when_panels_are_adopted(project: Store, review: Callable[..., Page]) -> None:
    project.minings.save(FIRST, "lvlm", MODEL, other_proposal(project))
    page = review()
    row(page, "p4").click()
    page.keyboard.press("a")
    saved(page, 2)
    compared = compare(page)
    expect(compared).to_contain_text("What was decided stays: 1 of 7 boxes.")
    compared.get_by_role("button", name="Replace the open proposals").click()
    saved(page, 3)
    hierarchy = project.reviews.load(FIRST, 0).review.hierarchy
    assert {panel.label: str(panel.state) for panel in hierarchy.panels} == {
        "A": "proposed",
        "Z": "proposed",
        "C": "proposed",
        "D": "accepted",
    }


def test_both_sides_move_together_and_select_together(project: Store, review: Callable[..., Page]) -> None:
    project.minings.save(FIRST, "lvlm", MODEL, other_proposal(project))
    page = review()
    compared = compare(page)
    left, right = page.locator(".rv-views > .rv-canvas"), page.locator(".rv-there .rv-canvas")
    # both are drawn in the room that they share: the left one had all of it before
    page.wait_for_function(
        "new Set([...document.querySelectorAll('.rv-views .rv-canvas')].map((one) => one.dataset.zoom)).size === 1"
    )
    fitted = left.get_attribute("data-zoom") or ""
    box = right.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 200)
    page.mouse.wheel(0, -400)
    expect(left).not_to_have_attribute("data-zoom", fitted)
    expect(right).to_have_attribute("data-zoom", left.get_attribute("data-zoom") or "")
    compared.get_by_role("button", name="moved").click()
    expect(screen(page)).to_have_attribute("data-selected", "p1")
    expect(right.locator('[data-id="p1"].selected')).to_be_attached()
    page.keyboard.press("Escape")
    expect(page.locator(".rv-there")).to_be_hidden()
    expect(left.locator(".diff")).to_have_count(0)


def test_another_figure_ends_the_comparison(project: Store, review: Callable[..., Page]) -> None:
    project.minings.save(FIRST, "lvlm", MODEL, other_proposal(project))
    page = review()
    compare(page)
    page.keyboard.press("j")
    expect(screen(page)).not_to_have_attribute("data-figure", FIRST)
    expect(page.locator(".rv-there")).to_be_hidden()


def test_without_another_proposal_there_is_nothing_to_compare(review: Callable[..., Page]) -> None:
    page = review()
    page.keyboard.press("c")
    expect(page.locator(".rv-message")).to_contain_text("No other proposal to compare with")
    expect(page.locator(".rv-there")).to_be_hidden()


@pytest.fixture
def blank_page(chromium: Browser) -> Iterator[Page]:
    """A page without a server that knows how two hierarchies are told apart."""
    page = chromium.new_page()
    modules = ("geometry.js", "figure.js", "differences.js")
    page.add_script_tag(content=as_script(modules) + ";window.differencesOf = module_differences.differencesOf;")
    yield page
    page.close()


def _node(node_id: str, box: tuple[float, ...], **fields: Any) -> dict[str, Any]:
    level = {"p": "panel", "m": "marker", "r": "region"}[node_id[0]]
    empty: dict[str, dict[str, Any]] = {
        "panel": {"own_spans": [], "own_text": None},
        "marker": {"clause_span": None, "clause_text": None},
    }
    blank = {"label": None, "kind": "arrow", "color": None, "caption": "", "state": "proposed"}
    return {"id": node_id, "level": level, "box_xyxy": list(box), **blank, **empty.get(level, {}), **fields}


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ([_node("p1", (0, 0, 100, 100))], [_node("p9", (1, 0, 100, 101))], [("same", "p1", "p9")]),
        ([_node("p1", (0, 0, 100, 100))], [_node("p9", (0, 0, 100, 90))], [("moved", "p1", "p9")]),
        ([_node("p1", (0, 0, 9, 9), label="A")], [_node("p9", (0, 0, 9, 9), label="B")], [("changed", "p1", "p9")]),
        (
            [_node("p1", (0, 0, 50, 50))],
            [_node("p9", (60, 0, 99, 50))],
            [("only-left", "p1", None), ("only-right", None, "p9")],
        ),
        (
            [_node("m1", (0, 0, 9, 9))],
            [_node("r1", (0, 0, 9, 9))],
            [("only-left", "m1", None), ("only-right", None, "r1")],
        ),
        ([_node("p1", (0, 0, 50, 50), state="rejected")], [_node("p9", (0, 0, 50, 50))], [("rejected", "p1", "p9")]),
        (
            [_node("p1", (0, 0, 100, 100)), _node("p2", (0, 0, 100, 60))],
            [_node("p9", (0, 0, 100, 62))],
            [("only-left", "p1", None), ("same", "p2", "p9")],
        ),
    ],
    ids=["same", "moved", "words", "apart", "levels", "rejected", "best-overlap"],
)
def test_boxes_of_two_proposals_are_told_apart(
    blank_page: Page, left: list[Any], right: list[Any], expected: list[tuple[str, str | None, str | None]]
) -> None:
    rows = blank_page.evaluate(
        """([left, right]) => differencesOf({caption: "", nodes: left}, {caption: "", nodes: right})
            .rows.map((row) => [row.kind, row.left && row.left.id, row.right && row.right.id])""",
        [left, right],
    )
    assert [tuple(one) for one in rows] == expected
