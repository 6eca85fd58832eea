"""Reviewing a figure in a real browser. Every wait is for an attribute that the page sets; none is for time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from curator.figure import FigureState, Node, Panel, State
from data.store import Store
from tests.e2e.project import HOSTILE, KIDNEY
from ui.editor.bundle import as_script
from ui.editor.server import ReviewServer
from ui.learning.assessing import assess_waiting, words_on

FIRST = "PMC1:F1"
CANVAS = ".rv-views > .rv-canvas"  # the figure's; what is compared with it has another


@pytest.fixture
def review(open_page: Callable[..., Page], url: str) -> Callable[..., Page]:
    """Opens a figure in the Review tab and waits until it is shown and its lease is settled."""

    def opener(figure_id: str = FIRST) -> Page:
        page = open_page(f"{url}/#figure={figure_id}")
        shown(page, figure_id)
        return page

    return opener


def screen(page: Page) -> Locator:
    return page.locator("#review .rv")


def shown(page: Page, figure_id: str) -> None:
    expect(screen(page)).to_have_attribute("data-figure", figure_id)
    expect(screen(page)).to_have_attribute("data-ready", "true")
    expect(screen(page)).to_have_attribute("data-lease", re.compile("mine|other"))


def saved(page: Page, revision: int) -> None:
    """The server has confirmed all edits, and the page shows this revision."""
    expect(screen(page)).to_have_attribute("data-revision", str(revision))
    expect(screen(page)).to_have_attribute("data-saved", "true")


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a point of the figure's frame is on the screen."""
    box = page.locator(f"{CANVAS} .rv-world img").bounding_box()
    assert box is not None
    zoom = float(page.locator(CANVAS).get_attribute("data-zoom") or "nan")
    return box["x"] + x * zoom, box["y"] + y * zoom


def click(page: Page, x: float, y: float) -> None:
    page.mouse.click(*at(page, x, y))


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*at(page, *start))
    page.mouse.down()
    page.mouse.move(*at(page, *end), steps=4)
    page.mouse.up()


def select_words(page: Page, words: str) -> None:
    """Selects words of the caption that lie in one of its coloured parts."""
    page.evaluate(
        """(words) => {
            for (const part of document.querySelectorAll(".rv-caption .seg")) {
                const start = part.textContent.indexOf(words);
                if (start < 0) continue;
                getSelection().setBaseAndExtent(part.firstChild, start, part.firstChild, start + words.length);
                return;
            }
            throw new Error(`the caption has no ${words}`);
        }""",
        words,
    )
    expect(page.locator(".rv-caption")).to_have_attribute("data-selecting", "true")


def node(store: Store, node_id: str, figure_id: str = FIRST) -> Node:
    return store.reviews.load(figure_id, 0).review.hierarchy.by_id()[node_id]


def panel(store: Store, node_id: str, figure_id: str = FIRST) -> Panel:
    found = node(store, node_id, figure_id)
    assert isinstance(found, Panel)
    return found


def row(page: Page, node_id: str) -> Locator:
    return page.locator(f'.rv-tree [data-row="{node_id}"]')


def test_accepting_a_figure_with_one_key_saves_it_and_opens_the_next(
    project: Store, review: Callable[..., Page]
) -> None:
    page = review("PMC1:F4")
    page.keyboard.press("Enter")
    shown(page, "PMC1:F3")
    expect(screen(page)).to_have_attribute("data-saved", "true")
    assert project.reviews.load("PMC1:F4", 0).review.state == FigureState.ACCEPTED
    expect(page.locator('.rv-queue [data-figure="PMC1:F4"]')).to_have_attribute("data-state", "accepted")
    page.keyboard.press("k")
    shown(page, "PMC1:F4")
    expect(row(page, "p1")).to_have_attribute("data-state", "accepted")


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


def test_boxes_are_accepted_rejected_relabelled_and_deleted_by_keys(
    project: Store, review: Callable[..., Page]
) -> None:
    page = review()
    row(page, "p3").click()
    page.keyboard.press("a")
    saved(page, 2)
    row(page, "p4").click()
    page.keyboard.press("x")
    saved(page, 3)
    row(page, "p2").click()
    page.keyboard.press("l")
    expect(page.get_by_label("Label", exact=True)).to_be_focused()
    page.keyboard.type("B1")
    page.keyboard.press("Enter")
    saved(page, 4)
    row(page, "m6").click()
    page.keyboard.press("Delete")
    saved(page, 5)
    nodes = project.reviews.load(FIRST, 0).review.hierarchy.by_id()
    assert [nodes[one].state for one in ("p3", "p4", "m6")] == [State.ACCEPTED, State.REJECTED, State.REJECTED]
    assert panel(project, "p2").label == "B1"
    expect(page.locator('.rv-flags [data-flag="missing_label"]')).to_have_count(2)


def test_selected_words_are_given_to_the_selected_panel(project: Store, review: Callable[..., Page]) -> None:
    page = review()
    row(page, "p4").click()
    select_words(page, "Count of nuclei per field.")
    page.keyboard.press("t")
    saved(page, 2)
    start = KIDNEY.index("Count of nuclei")
    expect(page.locator(".rv-full p")).to_have_text(
        "Podocyte injury in the kidney. Count of nuclei per field. Scale bars, 50 um."
    )
    assert panel(project, "p4").own_spans == ((start, start + len("Count of nuclei per field.")),)
    expect(page.locator(".rv-caption .seg.own", has_text="Count of nuclei")).to_have_attribute(
        "data-owners", re.compile(r"\bp4\b")
    )


def test_hovering_words_lights_their_box_and_hovering_a_box_its_words(review: Callable[..., Page]) -> None:
    page = review()
    page.locator(".rv-caption .seg", has_text="Count of nuclei").hover()
    expect(page.locator('.rv-overlay [data-id="p3"]')).to_have_class(re.compile(r"\blit\b"))
    page.mouse.move(*at(page, 600, 400))
    expect(page.locator(".rv-caption .seg", has_text="Untreated control")).to_have_class(re.compile(r"\blit\b"))
    expect(page.locator(".rv-caption .seg.clause", has_text="white arrow")).to_have_count(1)


def test_bulk_accept_tells_how_many_it_takes_before_it_does(project: Store, review: Callable[..., Page]) -> None:
    page = review()
    page.keyboard.press("b")
    page.get_by_label("Least confidence").fill("0.8")
    expect(page.locator(".rv-bulk")).to_contain_text("takes 4 of 7 open proposals")
    expect(page.locator(".rv-overlay .taken")).to_have_count(4)
    page.keyboard.press("Enter")
    saved(page, 2)
    states = [one.state for one in project.reviews.load(FIRST, 0).review.hierarchy.nodes()]
    assert states.count(State.ACCEPTED) == 4


def test_a_figure_is_skipped_with_a_reason_and_can_be_taken_back(project: Store, review: Callable[..., Page]) -> None:
    page = review("PMC1:F4")
    page.keyboard.press("s")
    page.keyboard.press("2")
    shown(page, "PMC1:F3")
    expect(screen(page)).to_have_attribute("data-saved", "true")
    stored = project.reviews.load("PMC1:F4", 0)
    assert (stored.review.state, stored.reason) == (FigureState.SKIPPED, "Image too poor to judge")
    page.get_by_role("button", name="Take back").click()
    shown(page, "PMC1:F4")
    saved(page, 3)
    assert project.reviews.load("PMC1:F4", 0).review.state == FigureState.PROPOSED


def test_a_second_tab_reads_only_until_it_takes_over_and_the_first_is_told(
    project: Store, review: Callable[..., Page]
) -> None:
    first, second = review(), review()
    banner = second.locator(".rv-banner")
    expect(banner).to_contain_text("You are editing this figure in another tab")
    row(second, "p1").click()
    second.keyboard.press("a")
    assert node(project, "p1").state == State.PROPOSED
    second.get_by_role("button", name=re.compile("Take over")).click()
    expect(banner).to_be_hidden()
    row(second, "p1").click()
    second.keyboard.press("a")
    saved(second, 2)

    row(first, "p2").click()
    first.keyboard.press("x")
    expect(first.locator(".rv-banner")).to_contain_text("Your last edit waits and is not saved")
    expect(screen(first)).to_have_attribute("data-saved", "held")
    assert node(project, "p2").state == State.PROPOSED
    first.get_by_role("button", name=re.compile("Take over")).click()
    expect(first.locator(".rv-message.bad")).to_contain_text("the figure has changed since the page read it")
    saved(first, 2)
    expect(row(first, "p1")).to_have_attribute("data-state", "accepted")


def test_an_edit_waits_while_the_server_does_not_answer_and_is_saved_when_it_does(
    project: Store, review: Callable[..., Page], expected_errors: list[str]
) -> None:
    expected_errors.append("net::ERR_FAILED")
    page = review()
    page.route("**/component_server/**", lambda route: route.abort())
    row(page, "p1").click()
    page.keyboard.press("a")
    expect(row(page, "p1")).to_have_attribute("data-state", "accepted")
    expect(screen(page)).to_have_attribute("data-saved", "failing")
    expect(page.locator("#saved-state")).to_have_text("1 edit not saved, trying again")
    assert node(project, "p1").state == State.PROPOSED
    page.unroute("**/component_server/**")
    saved(page, 2)
    assert node(project, "p1").state == State.ACCEPTED


def test_a_hostile_caption_stays_text(review: Callable[..., Page]) -> None:
    page = review("PMC2:fig 2/a")
    expect(page.locator(".rv-caption-text")).to_contain_text(HOSTILE)
    expect(page.locator(".rv-caption-text :is(img, b)")).to_have_count(0)
    assert page.title() != "1"


def test_the_cheat_sheet_lists_the_keys_and_binds_others(review: Callable[..., Page]) -> None:
    page = review()
    page.keyboard.press("?")
    page.get_by_role("button", name="Bind another key to: Accept the box").click()
    page.keyboard.press("g")
    page.keyboard.press("Escape")
    row(page, "p1").click()
    page.keyboard.press("g")
    saved(page, 2)
    expect(row(page, "p1")).to_have_attribute("data-state", "accepted")
    page.reload()
    shown(page, FIRST)
    row(page, "p2").click()
    page.keyboard.press("g")
    saved(page, 3)


@pytest.mark.parametrize(
    "commands",
    [
        [{"op": "add", "level": "panel", "box_xyxy": [10, 10, 60, 60], "fields": {"label": "E"}}],
        [{"op": "add", "level": "marker", "box_xyxy": [330, 20, 350, 40], "fields": {"kind": "star"}}],
        [{"op": "add", "level": "region", "box_xyxy": [140, 90, 190, 120], "parent_id": "m5"}],
        [{"op": "move", "id": "p1", "dx": 2, "dy": 1.5}],
        [{"op": "resize", "id": "r7", "box_xyxy": [100, 60, 170, 104]}],
        [{"op": "resize", "id": "p3", "box_xyxy": [0, 250, 300, 470], "polygon_xy": [[0, 250], [300, 250], [9, 470]]}],
        [
            {
                "op": "resize",
                "id": "r7",
                "box_xyxy": [100, 60, 170, 104],
                "polygon_xy": [[100, 60], [170, 60], [99, 104]],
            },
            {"op": "move", "id": "m5", "dx": -3, "dy": 2},
        ],
        [
            {
                "op": "resize",
                "id": "r7",
                "box_xyxy": [100, 60, 170, 104],
                "polygon_xy": [[100, 60], [170, 60], [99, 104]],
            },
            {"op": "resize", "id": "r7", "box_xyxy": [100, 60, 160, 104]},
        ],
        [{"op": "add", "level": "region", "box_xyxy": [20, 20, 50, 50], "polygon_xy": [[20, 20], [50, 20], [50, 50]]}],
        [{"op": "update", "id": "m5", "fields": {"kind": "arrowhead", "color": None, "clause_text": "nucleus"}}],
        [{"op": "reparent", "id": "m5", "parent_id": "p2"}],
        [{"op": "reparent", "id": "r7", "parent_id": "p4"}],
        [
            {"op": "assign", "id": "p1", "span": [0, 5], "mode": "add"},
            {"op": "assign", "id": "p1", "span": [3, 9], "mode": "add"},
        ],
        [{"op": "assign", "id": "p1", "span": [40, 50], "mode": "remove"}],
        [
            {"op": "assign", "id": "m5", "span": [0, 5]},
            {"op": "assign", "id": "lead", "span": [0, 8], "mode": "remove"},
        ],
        [{"op": "judge", "id": "p1", "state": "rejected"}],
        [{"op": "update", "id": "p2", "fields": {"label": "Z"}}, {"op": "judge", "id": "p2", "state": "accepted"}],
        [{"op": "remove", "id": "p1"}],
        [
            {"op": "add", "level": "marker", "box_xyxy": [20, 20, 40, 40]},
            {"op": "reparent", "id": "r7", "parent_id": "m8"},
            {"op": "remove", "id": "m8"},
        ],
        [{"op": "accept_above", "confidence": 0.81}],
        [{"op": "judge_figure", "state": "accepted"}],
        [{"op": "judge_figure", "state": "skipped", "reason": "poor"}],
    ],
    ids=lambda commands: "+".join(
        f"{command['op']}-{command.get('level', command.get('id', ''))}" for command in commands
    ),
)
def test_what_the_page_shows_before_the_server_answers_is_what_the_server_answers(
    project: Store, blank_page: Page, commands: list[dict[str, Any]]
) -> None:
    asked = {function.__name__: function for function in ReviewServer(project, "ada").functions()}
    before = asked["load"]({"figure_id": FIRST})["figure"]
    shown_at_once = blank_page.evaluate("([figure, commands]) => obey(figure, commands)", [before, commands])
    edit = {"figure_id": FIRST, "tab": "t", "key": "k", "revision": 1, "commands": commands}
    answered = json.loads(json.dumps(asked["edit"](edit)["figure"]))
    for figure in (shown_at_once, answered):
        for one in figure["nodes"]:
            if one["provenance"]["agent"].startswith("person:"):
                del one["provenance"]
    assert answered != before
    for part in ("nodes", "shared", "state", "reason"):
        assert shown_at_once[part] == answered[part]


@pytest.fixture(scope="module")
def blank_page(chromium: Browser) -> Iterator[Page]:
    """A page without a server that knows the editor's ``obey``."""
    page = chromium.new_page()
    page.add_script_tag(
        content=as_script(("geometry.js", "figure.js", "commands.js")) + ";window.obey = module_commands.obey;"
    )
    yield page
    page.close()


def test_the_address_opens_a_figure_and_a_filter(page: Page, url: str) -> None:
    page.evaluate("""location.hash = "#figure=PMC1%3AF3&filter=" + encodeURIComponent('{"article_id":"PMC1"}')""")
    shown(page, "PMC1:F3")
    expect(page.locator(".rv-queue [data-figure]")).to_have_count(4)
    page.evaluate("""location.hash = "#figure=PMC1%3AF2" """)
    shown(page, "PMC1:F2")


def test_an_open_proposal_shows_what_the_assessor_says_of_it_and_why(
    project: Store, review: Callable[..., Page]
) -> None:
    node_id = project.reviews.load(FIRST, 0.0).review.hierarchy.panels[0].id
    sum(assess_waiting(project))
    word = words_on(project, project.reviews.load(FIRST, 0.0))[node_id]
    page = review()
    row = page.locator(f'[data-row="{node_id}"]')
    expect(row.locator(".sure")).to_have_text(f"{word.confidence:.2f}".removeprefix("0"))
    row.click()
    expect(page.locator(".rv-facts dd", has_text=word.why)).to_be_visible()
    expect(row.locator(".sure")).to_have_attribute("title", f"confidence: {word.why}")
    row.hover()
    row.get_by_role("button", name="Accept (a)").click()
    expect(row).to_have_attribute("data-state", "accepted")
    expect(row.locator(".sure")).to_have_attribute("title", "confidence")
