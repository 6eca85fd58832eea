"""The Queue tab in a browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from playwright.sync_api import Locator, Page, expect

from curator.commands import parse_commands
from data.store import Store
from tests.e2e.conftest import served


@pytest.fixture
def queue(open_page: Callable[..., Page], read_url: str) -> Page:
    page = open_page(read_url + "/#queue")
    expect(page.locator(".gallery")).to_have_attribute("data-ready", "true")
    return page


def _rail(page: Page) -> Locator:
    """The tab itself: Review has fields of the same names."""
    return page.locator("#gallery")


def _figures(page: Page) -> list[str]:
    """Ids of the cards, in the order in which they are seen."""
    expect(page.locator(".gallery")).to_have_attribute("data-ready", "true")
    cards = page.locator(".card")
    found = cards.evaluate_all("cards => cards.map(c => [Number(c.dataset.index), c.dataset.figure])")
    return [figure for _, figure in sorted(found)]


def _filter(page: Page) -> dict[str, object]:
    address = page.evaluate("location.hash")
    _, _, text = address.replace("&show=", "&filter=").partition("&filter=")
    return json.loads(unquote(text)) if text else {}


def test_all_figures_are_shown_least_sure_first_with_their_pictures(queue: Page) -> None:
    expect(queue.locator(".count")).to_have_text("7 figures")
    assert _figures(queue)[:3] == ["PMC2:F3", "PMC1:F4", "PMC1:F3"]
    queue.wait_for_function("[...document.querySelectorAll('.card img')].every(i => i.complete && i.naturalWidth > 0)")
    card = queue.locator('[data-figure="PMC1:F4"]')
    expect(card.locator(".title b")).to_have_text("Figure 4")
    expect(card.locator(".facts .c-chip")).to_have_text("proposed")
    expect(card.locator('[data-state="flags"]')).to_have_text("1 flag")


def test_filters_narrow_the_grid_and_are_kept_in_the_address_over_a_reload(queue: Page) -> None:
    _rail(queue).get_by_label("proposed").check()
    expect(queue.locator(".count")).to_have_text("6 figures")
    _rail(queue).get_by_label("Has a panel of kind").select_option("plot")
    expect(queue.locator(".count")).to_have_text("2 figures")
    assert _figures(queue) == ["PMC1:F4", "PMC1:F1"]
    assert _filter(queue) == {"states": ["proposed"], "kind": "plot"}
    queue.reload()
    expect(queue.locator(".count")).to_have_text("2 figures")
    expect(_rail(queue).get_by_label("proposed")).to_be_checked()
    queue.get_by_role("button", name="Reset filters").click()
    expect(queue.locator(".count")).to_have_text("7 figures")


def test_the_confidence_range_and_the_attention_filter_narrow_the_grid(queue: Page) -> None:
    _rail(queue).get_by_label("Confidence at least").fill("0.9")
    expect(queue.locator(".count")).to_have_text("1 figure")
    assert _figures(queue) == ["PMC2:F1"]
    queue.get_by_role("button", name="Reset filters").click()
    _rail(queue).get_by_label("Flagged or failed").check()
    expect(queue.locator(".count")).to_have_text("2 figures")
    assert _figures(queue) == ["PMC2:F3", "PMC1:F4"]


def test_the_handles_of_the_confidence_range_never_cross(queue: Page) -> None:
    _rail(queue).get_by_label("Confidence below").fill("0.3")
    _rail(queue).get_by_label("Confidence at least").fill("0.8")
    expect(queue.locator(".confidence output")).to_have_text("0.80 \u2013 0.85")


def test_words_of_the_caption_find_a_figure_from_the_keyboard_alone(queue: Page) -> None:
    queue.keyboard.press("/")
    queue.keyboard.type("haematox")
    expect(queue.locator(".count")).to_have_text("1 figure")
    assert _figures(queue) == ["PMC1:F1"]
    queue.keyboard.press("ArrowDown")
    expect(queue.locator('[data-figure="PMC1:F1"] a')).to_be_focused()


def test_an_article_is_picked_from_what_its_title_suggests(queue: Page) -> None:
    queue.get_by_role("combobox", name="Article").fill("lungs")
    expect(queue.get_by_role("listbox", name="Articles").get_by_role("option")).to_have_count(1)
    queue.keyboard.press("ArrowDown")
    queue.keyboard.press("Enter")
    expect(queue.locator(".count")).to_have_text("3 figures")
    assert _filter(queue) == {"article_id": "PMC2"}
    queue.get_by_role("button", name="Any article").click()
    expect(queue.locator(".count")).to_have_text("7 figures")


def test_arrow_keys_walk_the_grid_and_enter_opens_the_figure_with_its_filter(queue: Page) -> None:
    _rail(queue).get_by_label("Order").select_option("number")
    expect(queue.locator(".gallery")).to_have_attribute("data-ready", "true")
    queue.locator('[data-figure="PMC1:F1"] a').focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
        queue.keyboard.press(key)
    expect(queue.locator('[data-figure="PMC1:F2"] a')).to_be_focused()
    queue.keyboard.press("End")
    expect(queue.locator('[data-figure="PMC2:F3"] a')).to_be_focused()
    queue.keyboard.press("ArrowLeft")
    queue.keyboard.press("Enter")
    queue.wait_for_function("location.hash.startsWith('#figure=')")
    address = queue.evaluate("location.hash")
    assert unquote(address.split("&")[0]) == "#figure=PMC2:fig 2/a"
    assert _filter(queue) == {"order": "number"}


def test_problems_are_listed_with_their_reasons(queue: Page) -> None:
    queue.get_by_role("button", name="Problems 2").click()
    drawer = queue.get_by_role("complementary", name="Problems")
    expect(drawer.locator("article")).to_have_count(2)
    expect(drawer).to_contain_text("the archive ends in the middle of an image")
    queue.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


def test_a_decision_made_elsewhere_shows_when_the_tab_is_opened_again(
    open_page: Callable[..., Page], url: str, project: Store
) -> None:
    queue = open_page(url + "/#queue")
    queue.get_by_role("tab", name="Dashboard").click()
    accept = parse_commands([{"op": "judge_figure", "state": "accepted"}])
    project.reviews.decide("PMC1:F2", 1, accept, "grace#1", 0.0)
    queue.get_by_role("tab", name="Queue").click()
    expect(queue.locator('[data-figure="PMC1:F2"] .facts .c-chip')).to_have_text("accepted")


def test_a_filter_that_matches_nothing_says_so(queue: Page) -> None:
    _rail(queue).get_by_label("Search captions").fill("unicorn")
    expect(queue.locator(".empty")).to_contain_text("No figure matches")
    expect(queue.locator(".card")).to_have_count(0)


def test_an_address_that_nobody_here_made_is_answered_and_not_obeyed(
    open_page: Callable[..., Page], read_url: str
) -> None:
    page = open_page(read_url + "/#queue&show=" + quote('{"states": ["<img src=x onerror=document.title=1>"]}'))
    expect(page.locator(".empty")).to_contain_text("This filter cannot be used")
    assert page.title() == "Curator"


def test_an_empty_project_says_what_to_do(open_page: Callable[..., Page], tmp_path: Path) -> None:
    with served(Store(tmp_path / "new")) as address:
        page = open_page(address + "/#queue")
        expect(page.locator(".empty")).to_contain_text("No figures yet")
        expect(page.locator(".empty code").first).to_have_text(f"curator --project {tmp_path / 'new'} ingest SOURCE")
        page.close()


def test_a_click_opens_the_figure_in_review_and_back_returns_to_the_same_filter(queue: Page) -> None:
    _rail(queue).get_by_label("Has a panel of kind").select_option("plot")
    expect(queue.locator(".count")).to_have_text("2 figures")
    queue.locator('[data-figure="PMC1:F1"] a').click()
    expect(queue.get_by_role("tab", name="Review")).to_have_attribute("aria-selected", "true")
    expect(queue.locator("#review .rv")).to_have_attribute("data-figure", "PMC1:F1")
    queue.go_back()
    expect(queue.get_by_role("tab", name="Queue")).to_have_attribute("aria-selected", "true")
    expect(queue.locator(".count")).to_have_text("2 figures")
    expect(_rail(queue).get_by_label("Has a panel of kind")).to_have_value("plot")
