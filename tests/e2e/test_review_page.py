"""Reviewing a figure in a real browser. Every wait is for an attribute that the page sets; none is for time."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from curator.figure import FigureState, State
from data.store import Store
from tests.e2e.project import HOSTILE, KIDNEY
from tests.e2e.review_screen import (
    FIRST,
    HEARTBEAT_MS,
    MESSAGE_MS,
    at,
    node,
    panel,
    row,
    saved,
    screen,
    select_words,
    shown,
    without_timers,
)
from ui.learning.assessing import assess_waiting, words_on


def test_accepting_a_figure_with_one_key_saves_it_and_opens_the_next(
    project: Store, review: Callable[..., Page]
) -> None:
    page = review("PMC1:F4")
    page.keyboard.press("Enter")
    shown(page, "PMC1:F3")
    expect(screen(page)).to_have_attribute("data-saved", "true")
    assert project.reviews.load("PMC1:F4", 0).review.state == FigureState.ACCEPTED
    expect(page.locator('.rv-queue [data-figure="PMC1:F4"]')).to_have_attribute("data-state", "accepted")
    page.keyboard.press("k")
    shown(page, "PMC1:F4")
    expect(row(page, "p1")).to_have_attribute("data-state", "accepted")


def test_boxes_are_accepted_rejected_relabelled_and_deleted_by_keys(
    project: Store, review: Callable[..., Page]
) -> None:
    page = review()
    row(page, "p3").click()
    page.keyboard.press("a")
    saved(page, 2)
    row(page, "p4").click()
    page.keyboard.press("x")
    saved(page, 3)
    row(page, "p2").click()
    page.keyboard.press("l")
    expect(page.get_by_label("Label", exact=True)).to_be_focused()
    page.keyboard.type("B1")
    page.keyboard.press("Enter")
    saved(page, 4)
    row(page, "m6").click()
    page.keyboard.press("Delete")
    saved(page, 5)
    nodes = project.reviews.load(FIRST, 0).review.hierarchy.by_id()
    assert [nodes[one].state for one in ("p3", "p4", "m6")] == [State.ACCEPTED, State.REJECTED, State.REJECTED]
    assert panel(project, "p2").label == "B1"
    expect(page.locator('.rv-flags [data-flag="missing_label"]')).to_have_count(2)


def test_selected_words_are_given_to_the_selected_panel(project: Store, review: Callable[..., Page]) -> None:
    page = review()
    row(page, "p4").click()
    select_words(page, "Count of nuclei per field.")
    page.keyboard.press("t")
    saved(page, 2)
    start = KIDNEY.index("Count of nuclei")
    expect(page.locator(".rv-full p")).to_have_text(
        "Podocyte injury in the kidney. Count of nuclei per field. Scale bars, 50 um."
    )
    assert panel(project, "p4").own_spans == ((start, start + len("Count of nuclei per field.")),)
    expect(page.locator(".rv-caption .seg.own", has_text="Count of nuclei")).to_have_attribute(
        "data-owners", re.compile(r"\bp4\b")
    )


def test_hovering_words_lights_their_box_and_hovering_a_box_its_words(review: Callable[..., Page]) -> None:
    page = review()
    page.locator(".rv-caption .seg", has_text="Count of nuclei").hover()
    expect(page.locator('.rv-overlay [data-id="p3"]')).to_have_class(re.compile(r"\blit\b"))
    page.mouse.move(*at(page, 600, 400))
    expect(page.locator(".rv-caption .seg", has_text="Untreated control")).to_have_class(re.compile(r"\blit\b"))
    expect(page.locator(".rv-caption .seg.clause", has_text="white arrow")).to_have_count(1)


def test_bulk_accept_tells_how_many_it_takes_before_it_does(project: Store, review: Callable[..., Page]) -> None:
    page = review()
    page.keyboard.press("b")
    page.get_by_label("Least confidence").fill("0.8")
    expect(page.locator(".rv-bulk")).to_contain_text("takes 4 of 7 open proposals")
    expect(page.locator(".rv-overlay .taken")).to_have_count(4)
    page.keyboard.press("Enter")
    saved(page, 2)
    states = [one.state for one in project.reviews.load(FIRST, 0).review.hierarchy.nodes()]
    assert states.count(State.ACCEPTED) == 4


def test_a_figure_is_skipped_with_a_reason_and_can_be_taken_back(project: Store, review: Callable[..., Page]) -> None:
    page = review("PMC1:F4")
    without_timers(page, MESSAGE_MS)
    page.keyboard.press("s")
    page.keyboard.press("2")
    shown(page, "PMC1:F3")
    expect(screen(page)).to_have_attribute("data-saved", "true")
    stored = project.reviews.load("PMC1:F4", 0)
    assert (stored.review.state, stored.reason) == (FigureState.SKIPPED, "Image too poor to judge")
    page.get_by_role("button", name="Take back").click()
    shown(page, "PMC1:F4")
    saved(page, 3)
    assert project.reviews.load("PMC1:F4", 0).review.state == FigureState.PROPOSED


def test_who_goes_on_while_a_figure_is_taken_back_undoes_nothing_in_the_other(
    project: Store, review: Callable[..., Page]
) -> None:
    page = review("PMC1:F4")
    without_timers(page, MESSAGE_MS)
    page.keyboard.press("Enter")
    shown(page, "PMC1:F3")
    row(page, "p1").click()
    page.keyboard.press("a")
    saved(page, 2)
    page.get_by_role("button", name="Take back").evaluate(
        """async (button) => {
            button.click();
            document.querySelector('.rv-queue [data-figure="PMC1:F3"]').click();
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        }"""
    )
    shown(page, "PMC1:F3")
    saved(page, 2)
    assert panel(project, "p1", "PMC1:F3").state == State.ACCEPTED
    assert project.reviews.load("PMC1:F4", 0).review.state == FigureState.ACCEPTED


def test_a_second_tab_reads_only_until_it_takes_over_and_the_first_is_told(
    project: Store, review: Callable[..., Page]
) -> None:
    first = review()
    without_timers(first, HEARTBEAT_MS)  # which would tell it on a slow machine before it edits
    first.reload()
    shown(first, FIRST)
    second = review()
    banner = second.locator(".rv-banner")
    expect(banner).to_contain_text("You are editing this figure in another tab")
    row(second, "p1").click()
    second.keyboard.press("a")
    assert node(project, "p1").state == State.PROPOSED
    second.get_by_role("button", name=re.compile("Take over")).click()
    expect(banner).to_be_hidden()
    row(second, "p1").click()
    second.keyboard.press("a")
    saved(second, 2)

    row(first, "p2").click()
    first.keyboard.press("x")
    expect(first.locator(".rv-banner")).to_contain_text("Your last edit waits and is not saved")
    expect(screen(first)).to_have_attribute("data-saved", "held")
    assert node(project, "p2").state == State.PROPOSED
    first.get_by_role("button", name=re.compile("Take over")).click()
    expect(first.locator(".rv-message.bad")).to_contain_text("the figure has changed since the page read it")
    saved(first, 2)
    expect(row(first, "p1")).to_have_attribute("data-state", "accepted")


def test_an_edit_waits_while_the_server_does_not_answer_and_is_saved_when_it_does(
    project: Store, review: Callable[..., Page], expected_errors: list[str]
) -> None:
    expected_errors.append("net::ERR_FAILED")
    page = review()
    page.route("**/component_server/**", lambda route: route.abort())
    row(page, "p1").click()
    page.keyboard.press("a")
    expect(row(page, "p1")).to_have_attribute("data-state", "accepted")
    expect(screen(page)).to_have_attribute("data-saved", "failing")
    expect(page.locator("#saved-state")).to_have_text("1 edit not saved, trying again")
    assert node(project, "p1").state == State.PROPOSED
    page.unroute("**/component_server/**")
    saved(page, 2)
    assert node(project, "p1").state == State.ACCEPTED


def test_a_hostile_caption_stays_text(review: Callable[..., Page]) -> None:
    page = review("PMC2:fig 2/a")
    expect(page.locator(".rv-caption-text")).to_contain_text(HOSTILE)
    expect(page.locator(".rv-caption-text :is(img, b)")).to_have_count(0)
    assert page.title() != "1"


def test_the_cheat_sheet_lists_the_keys_and_binds_others(review: Callable[..., Page]) -> None:
    page = review()
    page.keyboard.press("?")
    page.get_by_role("button", name="Bind another key to: Accept the box").click()
    page.keyboard.press("g")
    page.keyboard.press("Escape")
    row(page, "p1").click()
    page.keyboard.press("g")
    saved(page, 2)
    expect(row(page, "p1")).to_have_attribute("data-state", "accepted")
    page.reload()
    shown(page, FIRST)
    row(page, "p2").click()
    page.keyboard.press("g")
    saved(page, 3)


def test_the_address_opens_a_figure_and_a_filter(page: Page, url: str) -> None:
    page.evaluate("""location.hash = "#figure=PMC1%3AF3&filter=" + encodeURIComponent('{"article_id":"PMC1"}')""")
    shown(page, "PMC1:F3")
    expect(page.locator(".rv-queue [data-figure]")).to_have_count(4)
    page.evaluate("""location.hash = "#figure=PMC1%3AF2" """)
    shown(page, "PMC1:F2")


def test_an_open_proposal_shows_what_the_assessor_says_of_it_and_why(
    project: Store, review: Callable[..., Page]
) -> None:
    node_id = project.reviews.load(FIRST, 0.0).review.hierarchy.panels[0].id
    sum(assess_waiting(project))
    word = words_on(project, project.reviews.load(FIRST, 0.0))[node_id]
    page = review()
    row = page.locator(f'[data-row="{node_id}"]')
    expect(row.locator(".sure")).to_have_text(f"{word.confidence:.2f}".removeprefix("0"))
    row.click()
    expect(page.locator(".rv-facts dd", has_text=word.why)).to_be_visible()
    expect(row.locator(".sure")).to_have_attribute("title", f"confidence: {word.why}")
    row.hover()
    row.get_by_role("button", name="Accept (a)").click()
    expect(row).to_have_attribute("data-state", "accepted")
    expect(row.locator(".sure")).to_have_attribute("title", "confidence")
