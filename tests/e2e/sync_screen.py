"""The Sync tab's screen as tests see and touch it."""

from __future__ import annotations

from playwright.sync_api import Page

# the tests have an hour between two passes, so that what is nearer was asked for or hinted at
_OVER = r"""(passes) => Number(document.querySelector(".sync").dataset.passes) > passes
    && /^Next pass in \d+ min$/.test(document.querySelector("#sync .run > p").textContent)"""


def idle(page: Page) -> None:
    """No pass runs or is near, in what the page was told last."""
    page.wait_for_function(_OVER, arg=0)


def sync_now(page: Page, timeout_ms: float = 60_000) -> None:
    """Asks for a pass and waits until it is over: not another, which was under way or which a hint began."""
    button = page.locator("#sync .rail .does button")
    with page.expect_response(lambda one: '"sync_now"' in (one.request.post_data or ""), timeout=timeout_ms) as asked:
        button.click(timeout=timeout_ms)
    page.wait_for_function(_OVER, arg=asked.value.json()["passes"], timeout=timeout_ms)
