"""Texts of strangers in a real browser: whatever they say, they stay texts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from data.store import Store
from tests.e2e.conftest import served
from tests.e2e.green_model import GreenModel
from tests.e2e.hostile import FIRST, MODEL, PAYLOADS, PICTURE, SHORT, make_hostile
from tests.e2e.review_screen import shown

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
    expect(page.locator(".rv-drawer.agents")).to_contain_text(MODEL)
    harmless(page)
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    expect(page.locator(".rv-drawer.compare")).to_be_visible()
    harmless(page)
    page.keyboard.press("Escape")
    page.keyboard.press("i")
    trace = page.locator(".rv-drawer.trace")
    if trace.get_attribute("data-shown") != FIRST:
        trace.get_by_role("button", name="All of this figure").click()
    expect(trace.locator("[data-exchange]")).to_have_count(2)
    for exchange in trace.locator("[data-exchange]").all():
        if exchange.locator("summary").count():
            exchange.locator("summary").first.click()
        harmless(page)
    expect(trace).to_contain_text(MODEL)
    expect(trace).to_contain_text("window.ran='math'")
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
    page.locator("#sync .statuses a[data-status=conflict]").click()
    harmless(page)
    page.locator("#sync .row .name").first.click()
    expect(page.locator("#sync .odds li")).to_have_count(1)
    expect(page.locator("#sync .sides section")).to_have_count(3)
    expect(page.locator("#sync .conflict")).to_contain_text("window.ran='svg'")
    harmless(page)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_an_address_of_hostile_words_shows_nothing_of_them(open_at: Callable[[str], Page], payload: str) -> None:
    page = open_at(f"?{quote(payload)}#figure={quote(payload)}")
    harmless(page)
    page.goto(page.url.partition("?")[0] + f"login?next={quote(payload)}")
    harmless(page)


def test_a_picture_that_is_a_page_is_not_run(open_at: Callable[[str], Page], hostile: tuple[str, Store]) -> None:
    page = open_at("")
    address = f"{hostile[0]}/seen/{hashlib.sha256(PICTURE).hexdigest()}"
    answer = page.request.get(address)
    assert answer.body() == PICTURE
    assert (answer.headers["content-type"], answer.headers["x-content-type-options"]) == ("image/png", "nosniff")
    page.goto(address)
    assert page.evaluate("window.ran") is None
