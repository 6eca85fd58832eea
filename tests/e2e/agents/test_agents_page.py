"""Agents in a real browser: mining again, and setting a model up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from bench.stand_ins.server import ModelServer
from curator.settings import load_settings
from data.store import Store
from tests.e2e.agents.drawers import drawer, open_agents
from tests.e2e.agents.scripted_miner import MODEL, ScriptedMiner
from tests.e2e.review_screen import FIRST, MESSAGE_MS, screen, shown, without_timers

KEY = "sk-4711"


def test_a_figure_is_mined_again_aside_while_its_work_stays_as_it_is(
    project: Store, miner: ScriptedMiner, review: Callable[..., Page]
) -> None:
    page = review()
    without_timers(page, MESSAGE_MS)
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


def test_figures_picked_in_the_gallery_are_mined_again(
    project: Store, miner: ScriptedMiner, open_page: Callable[..., Page], url: str
) -> None:
    page = open_page(f"{url}/#queue")
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
