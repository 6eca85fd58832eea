"""Agents in a real browser: mine again, compare, adopt a level, what a model saw, and setting one up."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from itertools import product
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from bench.stand_ins.server import ModelServer
from curator.exchange import Exchange, Finish, Picture, Reply
from curator.figure import Hierarchy, Marker, MarkerKind, Provenance, Span
from curator.settings import load_settings
from data.store import Store
from tests.e2e.conftest import Scheme, served
from tests.e2e.test_review_page import FIRST, row, saved, screen, shown
from ui.editor.bundle import as_script
from ui.mining.jobs import MinedAside

MODEL = "Qwen/Qwen3-VL-8B-Instruct"
HOSTILE = '<img src=x onerror="document.title=1">'
KEY = "sk-4711"
WAIT_S = 15.0


@dataclass(frozen=True)
class Mined:
    figure_id: str
    mining_id: int | None
    reason: str = ""
    cost: float = 0.0


@dataclass
class ScriptedMiner:
    """Proposes what ``other_proposal`` says, one figure each time that it is let."""

    store: Store
    turns: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def __call__(self, figure_ids: Sequence[str], agent: str, stopped: Callable[[], bool]) -> Iterator[MinedAside]:
        self.asked.append((agent, *figure_ids))
        for figure_id in figure_ids:
            assert self.turns.acquire(timeout=WAIT_S)
            if stopped():
                return
            hierarchy = other_proposal(self.store) if figure_id == FIRST else Hierarchy()
            yield Mined(figure_id, self.store.minings.save(figure_id, "lvlm", MODEL, hierarchy, cost=0.02), cost=0.02)


def other_proposal(store: Store) -> Hierarchy:
    """The kidney figure as a model sees it: A moved, B called Z, no D; the asterisk missed, an arrowhead found."""
    known = store.reviews.load(FIRST, 0).review.hierarchy
    made = Provenance("lvlm", "test", "2026-01-02T00:00:00.000+00:00", 0.7, MODEL, None, ("a" * 64,))
    a, b, c, _ = known.panels
    return Hierarchy(
        (
            replace(
                a, box_xyxy=(0, 0, 290, 220), provenance=made, summary="A stained section.", rival_spans=(Span(0, 30),)
            ),
            replace(b, label="Z", provenance=made),
            replace(c, provenance=made),
        ),
        (
            replace(known.markers[0], provenance=made),
            Marker("m9", "p2", MarkerKind.ARROWHEAD, (560, 60, 590, 90), made, "black", (562.0, 62.0)),
        ),
        (replace(known.regions[0], provenance=made),),
        known.shared,
    )


def seen(store: Store) -> Picture:
    buffer = BytesIO()
    Image.new("RGB", (64, 48), "teal").save(buffer, "PNG")
    picture = Picture(buffer.getvalue(), "image/png", (64, 48))
    made = Exchange(
        "a" * 64,
        FIRST,
        "panels",
        "panels_marks",
        "c" * 64,
        "openai",
        MODEL,
        {"temperature": 0.2},
        [
            {"role": "system", "text": "Answer with JSON.", "pictures": []},
            {"role": "user", "text": f"Which marks are panels? {HOSTILE}", "pictures": [picture.sha256]},
        ],
        Reply('```json\n{"panels": [{"marks": [1]}]}\n```', Finish.STOP, 1200, 40, 2.5),
        repairs=("a code fence was taken off",),
        parsed={"panels": [{"marks": [1]}]},
        cost=0.25,
    )
    store.exchanges.save(made, [picture])
    unread = replace(
        made, key="b" * 64, stage="caption", prompt="caption", fault="the reply is empty", repairs=(), parsed=None
    )
    store.exchanges.save(unread, [])
    return picture


@pytest.fixture
def miner(project: Store) -> ScriptedMiner:
    return ScriptedMiner(project)


@pytest.fixture
def address(project: Store, miner: ScriptedMiner, pages: list[Page]) -> Iterator[str]:
    with served(project, miner=miner) as url:
        yield url
        while pages:
            pages.pop().context.close()
        for _ in range(20):
            miner.turns.release()


@pytest.fixture
def review(open_page: Callable[..., Page], address: str) -> Callable[..., Page]:
    def opener(figure_id: str = FIRST, **more: Any) -> Page:
        page = open_page(f"{address}/#figure={figure_id}", **more)
        shown(page, figure_id)
        return page

    return opener


def drawer(page: Page, name: str) -> Locator:
    return page.locator(f".rv-drawer.{name}")


def open_agents(page: Page) -> Locator:
    page.keyboard.press("g")
    expect(drawer(page, "agents")).to_have_attribute("data-shown", FIRST)
    return drawer(page, "agents")


def compare(page: Page) -> Locator:
    page.keyboard.press("c")
    expect(page.locator(".rv-there .rv-canvas")).to_have_attribute("data-image", "ready")
    expect(page.locator(".rv-there .rv-node").first).to_be_attached()
    return drawer(page, "compare")


def test_a_figure_is_mined_again_aside_while_its_work_stays_as_it_is(
    project: Store, miner: ScriptedMiner, review: Callable[..., Page]
) -> None:
    page = review()
    agents = open_agents(page)
    expect(agents.locator("[data-mining]")).to_have_count(0)
    expect(agents.locator('[data-agent="model"] input')).to_be_disabled()
    agents.get_by_role("button", name="Mine this figure again").click()
    expect(page.locator("#mining-state")).to_have_text("Mining 1 of 1")
    expect(agents.locator("[data-job]")).to_contain_text("0 of 1 done")
    miner.turns.release()
    expect(agents.locator("[data-mining]")).to_contain_text(MODEL)
    expect(agents.locator("[data-mining]")).to_contain_text("3 panels, 2 markers, 1 region")
    expect(agents.locator("[data-mining]")).to_contain_text("cost 0.02")
    expect(page.locator("#mining-state")).to_have_text("")
    expect(agents.locator("[data-job]")).to_have_count(0)
    assert miner.asked == [("embedded", FIRST)]
    assert project.reviews.load(FIRST, 0).revision == 1
    page.locator(".rv-message").get_by_role("button", name="Compare").click()
    expect(drawer(page, "compare")).to_be_visible()


def test_a_job_is_found_again_after_a_reload_and_can_be_stopped(
    project: Store, miner: ScriptedMiner, review: Callable[..., Page]
) -> None:
    page = review()
    open_agents(page).get_by_role("button", name="Mine this figure again").click()
    expect(page.locator("#mining-state")).to_have_text("Mining 1 of 1")
    page.reload()
    shown(page, FIRST)
    expect(page.locator("#mining-state")).to_have_text("Mining 1 of 1")
    agents = open_agents(page)
    agents.get_by_role("button", name="Stop").click()
    expect(agents.locator("[data-job]")).to_contain_text("stopping")
    miner.turns.release()
    expect(page.locator("#mining-state")).to_have_text("")
    assert project.minings.of_figure(FIRST) == []


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
    fitted = left.get_attribute("data-zoom") or ""
    expect(right).to_have_attribute("data-zoom", fitted)
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


def test_keys_pressed_inside_a_drawer_decide_nothing(project: Store, review: Callable[..., Page]) -> None:
    page = review()
    agents = open_agents(page)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(agents.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")  # closes it, as any focused button does
    expect(agents).to_be_hidden()
    expect(screen(page)).to_have_attribute("data-figure", FIRST)
    assert project.reviews.load(FIRST, 0).revision == 1


def test_without_another_proposal_there_is_nothing_to_compare(review: Callable[..., Page]) -> None:
    page = review()
    page.keyboard.press("c")
    expect(page.locator(".rv-message")).to_contain_text("No other proposal to compare with")
    expect(page.locator(".rv-there")).to_be_hidden()


def test_the_drawer_shows_what_the_model_saw_and_said_word_for_word(
    project: Store, review: Callable[..., Page]
) -> None:
    picture = seen(project)
    page = review()
    page.keyboard.press("i")
    trace = drawer(page, "trace")
    expect(trace).to_have_attribute("data-shown", FIRST)
    expect(trace).to_contain_text("2 questions · 2,400 tokens in, 80 out · 5.0 s · cost 0.50 · 1 unusable reply")
    first = trace.locator(f'[data-exchange="{"a" * 64}"]')
    expect(first.locator("pre.raw")).to_have_text('```json {"panels": [{"marks": [1]}]} ```')
    expect(first).to_contain_text("repaired: a code fence was taken off")
    expect(first).to_contain_text(HOSTILE)
    image = first.locator("img")
    expect(image).to_have_attribute("src", re.compile(f"/seen/{picture.sha256}$"))
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 64
    second = trace.locator(f'[data-exchange="{"b" * 64}"]')
    expect(second).to_have_attribute("data-state", "fault")
    second.locator("summary").first.click()
    expect(second.locator(".rv-fault")).to_have_text("the reply is empty")
    first.get_by_role("button", name="Enlarge").click()
    expect(page.get_by_role("dialog", name="As the model saw it")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(trace).to_be_hidden()
    assert page.title() == "Curator"


def test_a_selected_box_shows_only_the_questions_that_made_it(project: Store, review: Callable[..., Page]) -> None:
    seen(project)
    project.reviews.mined(FIRST, other_proposal(project), "lvlm")
    page = review()
    row(page, "p1").click()
    page.keyboard.press("i")
    trace = drawer(page, "trace")
    expect(trace).to_have_attribute("data-shown", "p1")
    expect(trace.locator("[data-exchange]")).to_have_count(1)
    trace.get_by_role("button", name="All of this figure").click()
    expect(trace.locator("[data-exchange]")).to_have_count(2)


def test_the_other_reading_of_a_caption_is_taken_with_one_click(project: Store, review: Callable[..., Page]) -> None:
    project.reviews.mined(FIRST, other_proposal(project), "lvlm")
    page = review()
    row(page, "p1").click()
    expect(page.locator(".seg.rival")).to_contain_text("Podocyte injury in the kidney.")
    expect(page.get_by_label("Summary")).to_have_value("A stained section.")
    page.get_by_role("button", name="Use this reading").click()
    saved(page, 3)
    expect(page.locator(".rv-rival")).to_be_hidden()
    panel = project.reviews.load(FIRST, 0).review.hierarchy.panels[0]
    assert (panel.own_spans, panel.rival_spans, str(panel.state)) == ((Span(0, 30),), (), "edited")


def test_figures_picked_in_the_gallery_are_mined_again(
    project: Store, miner: ScriptedMiner, open_page: Callable[..., Page], address: str
) -> None:
    page = open_page(f"{address}/#queue")
    expect(page.locator(".gallery")).to_have_attribute("data-ready", "true")
    cards = page.locator(".gallery .card")
    cards.nth(1).hover()
    cards.nth(1).get_by_role("checkbox").click()
    cards.nth(3).click(modifiers=["Shift"])
    bar = page.get_by_role("toolbar", name="Picked figures")
    expect(bar).to_contain_text("3 figures picked")
    expect(bar.get_by_label("Agent")).to_have_value("embedded")
    picked = [cards.nth(index).get_attribute("data-figure") for index in (1, 2, 3)]
    bar.get_by_role("button", name="Mine again").click()
    expect(page.locator("#mining-state")).to_have_text("Mining 1 of 3")
    expect(bar).to_be_hidden()
    for _ in range(3):
        miner.turns.release()
    expect(page.locator("#mining-state")).to_have_text("")
    assert miner.asked == [("embedded", *picked)]
    assert all(len(project.minings.of_figure(str(figure_id))) == 1 for figure_id in picked)


def test_a_server_is_set_up_in_one_form_that_names_what_is_wrong(project: Store, review: Callable[..., Page]) -> None:
    page = review()
    with ModelServer(_reading, models=("stand-in", "other"), api_key=KEY) as server:
        open_agents(page).get_by_role("button", name="Set up a model").click()
        form = page.get_by_role("dialog", name="Set up a model")
        test, outcome = form.get_by_role("button", name="Test connection"), form.locator(".rv-outcome")
        form.get_by_label("Address of its API").fill("http://127.0.0.1:9/v1")
        form.locator("[data-field=model] input").fill("stand-in")
        test.click()
        expect(outcome).to_have_attribute("data-outcome", "bad")
        expect(outcome).to_contain_text("nothing listens on port 9")

        form.get_by_label("Address of its API").fill(server.base_url)
        form.get_by_label("API key", exact=True).fill("wrong")
        test.click()
        expect(outcome).to_contain_text("key")
        expect(outcome).to_have_attribute("data-outcome", "bad")

        form.get_by_label("API key", exact=True).fill(KEY)
        form.locator("[data-field=model] input").fill("")
        test.click()
        outcome.get_by_role("button", name="stand-in").click()
        expect(outcome).to_have_attribute("data-outcome", "ok")
        expect(outcome).to_contain_text("It works.")
        expect(outcome).to_contain_text("sees pictures")
        form.get_by_role("button", name="Save").click()
    expect(form).to_be_hidden()
    expect(drawer(page, "agents").locator('[data-agent="model"]')).to_contain_text("stand-in")
    expect(drawer(page, "agents").locator('[data-agent="model"] input')).to_be_enabled()
    model = load_settings(project.project, {}).model
    assert (model.base_url, model.model, model.api_key) == (server.base_url, "stand-in", KEY)
    assert KEY not in page.content()
    assert page.evaluate("[...document.querySelectorAll('[type=password]')].map((one) => one.value)") == [""]


def _reading(body: dict[str, Any]) -> str:
    """Answers the three questions of the connection test as a model that sees pictures."""
    text = str(body["messages"])
    if "number" in text:
        return '{"number": 7}'
    return "K7R" if "letters" in text else "OK"


@pytest.mark.parametrize(
    ("width", "scheme"), list(product((1280, 1920), ("light", "dark"))), ids=lambda value: str(value)
)
def test_the_drawers_fit_the_screen(project: Store, review: Callable[..., Page], width: int, scheme: Scheme) -> None:
    seen(project)
    project.minings.save(FIRST, "lvlm", MODEL, other_proposal(project))
    page = review(width=width, height=width * 5 // 8, color_scheme=scheme)
    for key, name in (("g", "agents"), ("c", "compare"), ("i", "trace")):
        page.keyboard.press(key)
        expect(drawer(page, name)).to_be_visible()
        overflow = drawer(page, name).evaluate(
            """drawer => [drawer, drawer.querySelector(".rv-drawer-body")].map(
                (one) => Math.max(one.scrollWidth - one.clientWidth, one.getBoundingClientRect().right - innerWidth))"""
        )
        assert max(overflow) <= 0, name
        assert page.locator(".rv-drawer:visible").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") == width


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
