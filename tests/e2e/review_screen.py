"""The Review tab's screen as tests see and touch it. Every wait is for an attribute that the page sets."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from curator.figure import Node, Panel
from data.store import Store

FIRST = "PMC1:F1"
CANVAS = ".rv-views > .rv-canvas"  # the figure's; what is compared with it has another
MESSAGE_MS = 6000  # as ui/editor/dialogs.js
HEARTBEAT_MS = 20_000  # as ui/editor/lease.js
_WITHOUT_TIMERS = """(held) => {
    const later = window.setTimeout;
    window.setTimeout = (does, ms, ...more) => (ms === held ? 0 : later(does, ms, ...more));
}"""


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


def without_timers(page: Page, ms: int) -> None:
    """Timers of this length that the page sets from now on never end: what would go, or come, after seconds does not
    while a test looks, however long that takes. Also after a reload."""
    script = f"({_WITHOUT_TIMERS})({ms})"
    page.add_init_script(script)
    page.evaluate(script)


def row(page: Page, node_id: str) -> Locator:
    return page.locator(f'.rv-tree [data-row="{node_id}"]')
