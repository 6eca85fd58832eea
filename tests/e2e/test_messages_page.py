"""Messages at the foot of the canvas: each stands there once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.review_screen import MESSAGE_MS, without_timers
from ui.editor.bundle import as_script

_MODULES = ("dom.js", "icons.js", "geometry.js", "figure.js", "commands.js", "dialogs.js")


@pytest.fixture
def messages_page(chromium: Browser) -> Iterator[Page]:
    """An empty page with a place for messages; none goes by itself."""
    page = chromium.new_page()
    page.add_script_tag(
        content=f"""{as_script(_MODULES)}
            window.messages = new module_dialogs.Messages();
            document.body.append(messages.element);"""
    )
    without_timers(page, MESSAGE_MS)
    yield page
    page.close()


def test_a_message_that_is_said_again_replaces_itself(messages_page: Page) -> None:
    for text in ("the last figure", "saved", "the last figure", "the last figure"):
        messages_page.evaluate("(text) => messages.show(text)", text)
    expect(messages_page.locator(".rv-message")).to_have_text(["saved", "the last figure"])


def test_messages_whose_actions_differ_stay_though_their_words_are_the_same(messages_page: Page) -> None:
    messages_page.evaluate(
        """() => {
            window.taken = [];
            for (const id of ["A:F1", "B:F1"])
                messages.show("Figure 1 accepted.", "info", { title: "Take back", run: () => taken.push(id) });
        }"""
    )
    expect(messages_page.locator(".rv-message")).to_have_count(2)
    messages_page.get_by_text("Take back").first.click()
    assert messages_page.evaluate("taken") == ["A:F1"]
    expect(messages_page.locator(".rv-message")).to_have_count(1)
