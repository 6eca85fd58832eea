"""Texts of strangers in a real browser: whatever they say, they stay texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from data.store import Store
from tests.e2e.conftest import served
from tests.e2e.green_model import GreenModel
from tests.e2e.hostile import FIRST, PAYLOADS, SHORT, make_hostile
from tests.e2e.test_review_page import shown

# what an element of a payload, or what it leaves behind, would look like
_TRACES = """() => {
    const found = [];
    if (window.ran !== undefined) found.push(`a script ran: ${window.ran}`);
    if ({}.ran !== undefined || Object.prototype.evil) found.push("a prototype was changed");
    const all = [document, ...[...document.querySelectorAll("*")].map((one) => one.shadowRoot).filter(Boolean)];
    for (const root of all) {
        for (const one of root.querySelectorAll("[data-evil], x-evil, iframe, object, embed, math")) {
            found.push(one.outerHTML.slice(0, 200));
        }
        for (const one of root.querySelectorAll("*")) {
            for (const { name, value } of one.attributes) {
                if (/^on/i.test(name)) found.push(`${one.tagName} ${name}=${value}`.slice(0, 200));
                if (/^(href|src|action|formaction|xlink:href|srcdoc)$/i.test(name)
                    && /^\\s*(javascript|vbscript|data:text)/i.test(value)) found.push(`${name}=${value}`);
            }
        }
    }
    return found;
}"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Store]]:
    store = make_hostile(tmp_path_factory.mktemp("hostile"))
    with served(store, load=lambda place: GreenModel()) as address:
        yield address, store
    store.close()


@pytest.fixture
def open_at(
    hostile: tuple[str, Store], open_page: Callable[..., Page], expected_errors: list[str]
) -> Callable[[str], Page]:
    expected_errors.append("Failed to load resource")  # the picture that is none, the server that is away

    def opener(place: str) -> Page:
        return open_page(f"{hostile[0]}/{place}")

    return opener


def harmless(page: Page) -> None:
    """No script of a text ran, no element of one is there, and no address of one was asked (``open_page``)."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert page.evaluate(_TRACES) == []


def test_the_traces_are_found_where_there_are_some(open_at: Callable[[str], Page]) -> None:
    page = open_at("")
    harmless(page)
    page.evaluate("text => { document.body.insertAdjacentHTML('beforeend', text) }", SHORT)
    page.wait_for_function("window.ran === 'img'")
    assert len(page.evaluate(_TRACES)) == 3


@pytest.mark.parametrize("number", range(len(PAYLOADS)))
def test_a_figure_of_hostile_words_is_reviewed(open_at: Callable[[str], Page], number: int) -> None:
    page = open_at(f"#figure=EVIL:P{number}")
    shown(page, f"EVIL:P{number}")
    expect(page.locator("#review .rv")).to_contain_text(PAYLOADS[number][:12].strip())
    for key in ("Tab", "Tab", "Tab", "e", "Escape", "c", "Escape"):
        page.keyboard.press(key)
        harmless(page)


def test_everything_of_one_figure_is_opened(open_at: Callable[[str], Page]) -> None:
    page = open_at(f"#figure={quote(FIRST)}")
    shown(page, FIRST)
    harmless(page)
    for node in page.locator('#review [role="treeitem"]').all():
        node.click()
        harmless(page)
    page.keyboard.press("g")
    expect(page.get_by_role("list", name="Proposals kept aside")).to_be_visible()
    harmless(page)
    for button in page.locator(".rv-drawer.agents button:visible").all():
        if button.get_attribute("data-act") in ("compare", "trace", "show"):
            button.click()
            harmless(page)
    page.keyboard.press("Escape")
    for key in ("t", "h", "b", "?", "/", "F"):
        page.keyboard.press(key)
        harmless(page)
        page.keyboard.press("Escape")


@pytest.mark.parametrize("place", ["queue", "search", "train", "dashboard", "sync"])
def test_a_tab_of_hostile_words_shows_them(open_at: Callable[[str], Page], place: str) -> None:
    page = open_at(f"#{place}")
    panel = page.locator(f"#tab-{place}, [role=tabpanel]:visible").first
    expect(panel).to_be_visible()
    page.wait_for_load_state("networkidle")
    harmless(page)
    for button in panel.locator('[role="tab"]:visible, [data-filter]:visible, summary:visible').all()[:10]:
        button.click()
        harmless(page)
    for field in panel.locator('input[type="search"]:visible, input[type="text"]:visible').all()[:3]:
        field.fill(SHORT)
        field.press("Enter")
        page.wait_for_load_state("networkidle")
        harmless(page)


def test_a_conflict_of_hostile_words_shows_both_versions(open_at: Callable[[str], Page]) -> None:
    page = open_at("#sync")
    page.wait_for_load_state("networkidle")
    shown_conflict = page.locator("[data-figure], [data-conflict], tr, li").filter(has_text="EVIL").first
    expect(shown_conflict).to_be_visible()
    shown_conflict.click()
    page.wait_for_load_state("networkidle")
    harmless(page)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_an_address_of_hostile_words_shows_nothing_of_them(open_at: Callable[[str], Page], payload: str) -> None:
    page = open_at(f"?{quote(payload)}#figure={quote(payload)}")
    harmless(page)
    page.goto(page.url.partition("?")[0] + f"login?next={quote(payload)}")
    harmless(page)


def test_a_picture_that_is_a_page_is_not_run(open_at: Callable[[str], Page], hostile: tuple[str, Store]) -> None:
    page = open_at("")
    sha256 = next(iter(Path(hostile[1].project).rglob("*exchanges*")), None)
    answer = page.request.get(f"{hostile[0]}/image/{quote(FIRST)}")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"].startswith("image/")
    assert sha256 is None or "html" not in answer.headers["content-type"]
