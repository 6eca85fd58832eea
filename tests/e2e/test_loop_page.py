"""The Loop tab in a browser: a whole round with its real processes, and accepting without a person."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from filelock import FileLock
from playwright.sync_api import Locator, Page, expect

from curator.commands import parse_commands
from curator.figure import FigureState
from data.store import Store
from data.store.queue import QueueFilter
from ui.looping.loop import LOCK
from ui.looping.process import OUTPUT, LoopProcess

ROUND_MS = 240_000  # eight processes, one after the other, on two busy cores


@pytest.fixture
def tab(url: str, open_page: Callable[..., Page]) -> Page:
    page = open_page(f"{url}/#loop")
    expect(page.locator(".loop")).to_have_attribute("data-ready", "true")
    return page


def accept_first(store: Store) -> None:
    """As a curator in another window."""
    (item,) = store.queue.page(QueueFilter(states=(FigureState.PROPOSED,)), 0, 1, 0.0)
    revision = store.reviews.load(item.figure_id, 0.0).revision
    accept = parse_commands([{"op": "judge_figure", "state": "accepted"}])
    store.reviews.decide(item.figure_id, revision, accept, "ada", 0.0, 30.0)


def test_a_round_is_begun_waits_for_a_review_and_goes_on_to_its_end(project: Store, tab: Page) -> None:
    tab.get_by_text("Settings of the next start").click()
    tab.locator("#loop input[name=figures]").fill("1")
    tab.locator("#loop input[name=remine]").fill("1")

    tab.get_by_role("button", name="Begin the first round").click()

    review = tab.locator("#loop a", has_text="Review 1 more")
    expect(review).to_be_visible(timeout=ROUND_MS)
    expect(tab.locator("#loop .track li[data-stage=review]")).to_have_attribute("data-at", "now")
    accept_first(project)
    tab.get_by_role("button", name="Go on with round 1").click()
    row = tab.locator("#loop tr[data-round='1']")
    expect(row.locator(".c-chip")).to_have_count(0, timeout=ROUND_MS)

    expect(row.locator("td").first).to_have_text("1")
    expect(row).to_contain_text("not trained")
    (over,) = project.loop.rounds()
    assert over.work.figures == 1
    assert over.ended_at
    expect(tab.get_by_text("No round is open.")).to_be_visible()
    again = tab.locator("#loop .again > li")
    expect(again).to_have_count(1)
    again.get_by_role("button").click()
    expect(again.locator(".changes li").first).to_be_visible()


def test_what_cannot_be_promised_is_not_accepted_and_says_what_is_missing(tab: Page) -> None:
    card = tab.locator("#loop .accepting")
    expect(card.locator(".preview")).to_contain_text("audit sample")
    expect(card.get_by_role("button", name="Accept these figures")).to_be_disabled()

    card.get_by_role("button", name="At most 10%").click()

    expect(card.get_by_role("button", name="At most 10%")).to_have_attribute("aria-pressed", "true")
    expect(card.locator(".preview")).to_contain_text("10.0%")


def test_a_loop_that_failed_says_why(project: Store, tab: Page) -> None:
    (project.project / "curator.toml").write_text("[nonsense]\n")

    tab.get_by_role("button", name="Begin the first round").click()

    expect(tab.locator("#loop .standing .notice")).to_contain_text("nonsense", timeout=ROUND_MS)


@pytest.fixture
def begin(project: Store, tab: Page, monkeypatch: pytest.MonkeyPatch) -> Locator:
    """The button, pressed: the loop's process was started, and does nothing that the test does not do for it."""
    output = project.project / OUTPUT
    monkeypatch.setattr(LoopProcess, "start", lambda process, *options: output.write_bytes(b""))
    begin = tab.get_by_role("button", name="Begin the first round")
    begin.click()
    return begin


def test_a_loop_whose_process_has_yet_to_begin_says_so_and_takes_no_second_click(
    project: Store, tab: Page, begin: Locator
) -> None:
    expect(tab.locator("#loop .standing .words")).to_have_text("The loop is starting.")
    expect(begin).to_be_hidden()
    with FileLock(project.project / LOCK):  # as its process does when it begins
        expect(tab.get_by_role("button", name="Stop the loop")).to_be_visible()
        expect(tab.locator("#loop .standing .words")).to_have_text("The loop is starting.")
    expect(begin).to_be_visible()


def test_a_loop_that_ends_before_it_begins_can_be_begun_again(project: Store, tab: Page, begin: Locator) -> None:
    expect(begin).to_be_hidden()

    (project.project / OUTPUT).write_text("Error: there is no room\n")

    expect(tab.locator("#loop .standing .notice")).to_have_text("there is no room")
    expect(begin).to_be_visible()
