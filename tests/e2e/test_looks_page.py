"""How the page looks, as far as it can be measured: nothing cut off or out of sight, readable text, named controls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from data.store import Store
from tests.e2e.conftest import Scheme, served
from tests.e2e.review_screen import CANVAS, row, screen, shown

TABS = ("queue", "search", "train", "loop", "team", "sync", "dashboard")
READY = {"queue": "gallery", "search": "find"}  # class of the tab's root, where it is not the tab's name

# Text against what is behind it (WCAG 2.1, 1.4.3), for every text that is seen and not of a disabled control.
FAINT = """
() => {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a)];
  const above = (node) => (node ? [node, ...above(node.parentElement)] : []);
  const light = (colour) => {
    const linear = (one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = colour.map((one) => linear(one / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faint = [];
  for (const node of document.body.querySelectorAll("*")) {
    const texts = [...node.childNodes].filter((one) => one.nodeType === Node.TEXT_NODE);
    const said = texts.map((one) => one.data).join("").trim();
    if (!said || node.closest("svg, option, [aria-hidden=true], :disabled, :has(> :disabled), [inert]")) continue;
    const { width, height } = node.getBoundingClientRect();
    if (!width || !height || !node.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const styles = above(node).map((one) => getComputedStyle(one));
    const ground = styles.reduceRight((behind, style) => over(rgba(style.backgroundColor), behind), [255, 255, 255]);
    const ink = rgba(styles[0].color);
    ink[3] *= styles.reduce((product, style) => product * Number(style.opacity), 1);
    const [dark, bright] = [light(over(ink, ground)), light(ground)].sort((a, b) => a - b);
    const contrast = (bright + 0.05) / (dark + 0.05);
    if (contrast < 4.5) faint.push(`${contrast.toFixed(2)} ${node.className}: ${said.slice(0, 40)}`);
  }
  return faint;
}
"""

# Controls that nobody who does not see them can tell apart.
NAMELESS = """
() => [...document.querySelectorAll("button, a[href], input, select, textarea, [tabindex='0'], [role=tab]")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest("[aria-hidden=true]"))
  .filter((one) => !(one.ariaLabel || one.textContent.trim() || one.title))
  .filter((one) => ![...(one.labels || [])].some((label) => label.textContent.trim()))
  .map((one) => one.outerHTML.slice(0, 120))
"""

# Controls whose name leaves out the words that they show: who says these words to the page gets nothing (WCAG 2.5.3).
MISNAMED = """
() => [...document.querySelectorAll("button[aria-label], a[aria-label]")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }))
  .map((one) => [one, [...one.childNodes].filter((part) => !["svg", "KBD"].includes(part.nodeName) &&
    (part.nodeType === Node.TEXT_NODE || part.checkVisibility())).map((part) => part.textContent).join("").trim()])
  .filter(([one, words]) => /\\p{L}{2}/u.test(words) && !one.ariaLabel.toLowerCase().includes(words.toLowerCase()))
  .map(([one, words]) => `${words}: ${one.ariaLabel}`)
"""

# What a pointer could not reach: controls of which a part lies outside the window, in nothing that scrolls sideways.
OUTSIDE = """
() => [...document.querySelectorAll("button, a[href], input, select, textarea")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest("[aria-hidden=true]"))
  .filter((one) => {
    const { left, right, width } = one.getBoundingClientRect();
    for (let box = one.parentElement; box; box = box.parentElement) {
      const { overflowX } = getComputedStyle(box);
      if (["auto", "scroll"].includes(overflowX) && box.scrollWidth > box.clientWidth) return false;
    }
    return width && (left < -1 || right > innerWidth + 1);
  })
  .map((one) => one.outerHTML.slice(0, 120))
"""


def _ready(page: Page, tab: str) -> None:
    expect(page.locator(f".{READY.get(tab, tab)}").first).to_have_attribute("data-ready", "true")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_and_every_control_has_a_name(
    read_url: str, open_page: Callable[..., Page], scheme: Scheme
) -> None:
    page = open_page(f"{read_url}/#figure=PMC1%3AF1", width=1920, height=1080, color_scheme=scheme)
    shown(page, "PMC1:F1")
    assert page.evaluate(FAINT) == []
    assert page.evaluate(NAMELESS) == []
    row(page, "m6").click()  # a row that is selected, and the fields of a node
    expect(page.locator(".rv-fields h2")).to_have_text("Marker white asterisk")
    assert page.evaluate(FAINT) == []
    assert page.evaluate(MISNAMED) == []
    for tab in TABS:
        page.evaluate("tab => { location.hash = tab }", tab)
        _ready(page, tab)
        assert page.evaluate(FAINT) == [], tab
        assert page.evaluate(NAMELESS) == [], tab
        assert page.evaluate(MISNAMED) == [], tab


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (640, 400)], ids=["small laptop", "twice as large"])
def test_no_control_lies_outside_the_window(
    read_url: str, open_page: Callable[..., Page], width: int, height: int
) -> None:
    page = open_page(f"{read_url}/#figure=PMC1%3AF1", width=width, height=height)
    shown(page, "PMC1:F1")
    expect(page.get_by_role("tab")).to_have_count(1 + len(TABS))  # none in a menu of the framework
    assert page.evaluate(OUTSIDE) == []
    expect(page.locator(".rv-toolbar [data-act=accept]")).to_be_in_viewport(ratio=1)
    for tab in TABS:
        page.evaluate("tab => { location.hash = tab }", tab)
        _ready(page, tab)
        expect(page.locator(f"#tab-{tab}-button")).to_have_attribute("aria-selected", "true")
        assert page.evaluate(OUTSIDE) == [], tab


@pytest.mark.parametrize("place", ["review", "nothing-of-this-name"])
def test_an_address_that_names_no_tab_opens_the_review(
    read_url: str, open_page: Callable[..., Page], place: str
) -> None:
    page = open_page(f"{read_url}/#{place}")
    expect(screen(page)).to_have_attribute("data-ready", "true")
    expect(page.locator(".rv-item[aria-selected=true]")).to_have_count(1)
    figure = page.evaluate("location.hash")
    page.evaluate("location.hash = 'queue'")
    _ready(page, "queue")
    page.evaluate("place => { location.hash = place }", place)
    expect(page.get_by_role("tab", name="Review")).to_have_attribute("aria-selected", "true")
    page.wait_for_function("figure => location.hash === figure", arg=figure)


def test_without_a_figure_nothing_can_be_decided(open_page: Callable[..., Page], tmp_path: Path) -> None:
    with served(Store(tmp_path)) as address:
        page = open_page(address + "/")
        expect(screen(page)).to_have_attribute("data-ready", "empty")
        expect(page.locator(f"{CANVAS} .rv-note")).to_contain_text("curator ingest")
        for name in ("accept", "skip", "bulk"):
            expect(page.locator(f".rv-toolbar [data-act={name}]")).to_be_disabled()
        expect(page.get_by_role("button", name="Undo (Ctrl+Z)")).to_be_disabled()
        page.context.close()


def _whole(text: Locator) -> bool:
    return bool(text.evaluate("one => one.scrollWidth <= one.clientWidth && one.scrollHeight <= one.clientHeight"))


def test_what_tells_a_card_apart_is_not_cut_off(read_url: str, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{read_url}/#queue", width=1280, height=720)
    _ready(page, "queue")
    card = page.locator(".card[data-figure='PMC1:F1']")
    # an article's id longer than there is room, and counts of two digits
    card.evaluate(
        """card => {
            card.querySelector(".title span").textContent = "PMC-an-identifier-longer-than-a-card-is-wide";
            for (const one of card.querySelectorAll(".counts span")) one.textContent = "48";
        }"""
    )
    assert card.locator(".title b").inner_text() == "Figure 1"
    assert _whole(card.locator(".title b"))
    assert _whole(card.locator(".counts"))


def test_a_caption_s_field_is_as_high_as_its_words(review: Callable[..., Page]) -> None:
    page = review()
    row(page, "p1").click()
    area = page.get_by_label("Own caption")
    area.fill("Section stained with haematoxylin and eosin; white arrow, a nucleus of a podocyte. " * 2)
    assert _whole(area)
    page.keyboard.press("Escape")
