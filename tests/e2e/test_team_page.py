"""The Team tab in a browser: dealing out, a blind second reading, and settling what two readers see differently."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from curator.commands import parse_commands
from curator.figure import FigureState
from data.store import Store
from data.store.queue import QueueFilter
from tests.e2e.conftest import served
from tests.e2e.project import HOSTILE

FIGURE = "PMC1:F1"
ACCEPT: dict[str, object] = {"op": "judge_figure", "state": "accepted"}


def decide(store: Store, figure_id: str, who: str, *commands: dict[str, object]) -> None:
    revision = store.reviews.load(figure_id, 0.0).revision
    store.reviews.decide(figure_id, revision, parse_commands([*commands, ACCEPT]), who, 0.0)
    store.reviews.release(figure_id, who)


def press_twice(button: Locator, question: str) -> None:
    """Presses a button that asks first, at once: it asks for some seconds only."""
    asked = button.evaluate("one => { one.click(); const asked = one.textContent; one.click(); return asked; }")
    assert asked == question


def set_up(store: Store) -> None:
    """anna and ben have read F1, with four differences, and F2, alike; F3 waits for ada's second reading."""
    store.readings.assign([FIGURE, "PMC1:F2"], ["anna", "ben"], 0.0, 0, "lead")
    store.readings.assign([FIGURE], ["anna", "ben"], 1.0, 0, "lead")
    store.readings.assign(["PMC1:F2"], ["ben", "anna"], 1.0, 0, "lead")
    store.readings.assign(["PMC1:F3"], ["anna", "ada"], 1.0, 0, "lead")
    decide(
        store,
        FIGURE,
        "anna",
        {"op": "remove", "id": "m6"},
        {"op": "update", "id": "p3", "fields": {"kind": "gel"}},
    )
    store.readings.begin_second(FIGURE, "ben", 0.0)
    decide(
        store,
        FIGURE,
        "ben",
        {"op": "resize", "id": "r7", "box_xyxy": [110, 60, 220, 190]},
        {"op": "update", "id": "p4", "fields": {"own_text": "Treated control. Scale bar, 50 um."}},
    )
    decide(store, "PMC1:F2", "ben")
    store.readings.begin_second("PMC1:F2", "anna", 0.0)
    decide(store, "PMC1:F2", "anna")
    decide(store, "PMC1:F3", "anna", {"op": "remove", "id": "p2"})


@pytest.fixture
def tab(project: Store, pages: list[Page], open_page: Callable[..., Page]) -> Iterator[Page]:
    set_up(project)
    with served(project) as address:
        page = open_page(f"{address}/#team")
        expect(page.locator(".team")).to_have_attribute("data-ready", "true")
        yield page
        while pages:  # before the server ends: a page that asks it once more would report an error
            pages.pop().context.close()


def test_figures_are_dealt_out_shown_in_the_queue_and_taken_back(tab: Page, project: Store) -> None:
    form = tab.locator("#team form.deal")
    expect(form.get_by_role("button", name="Deal out")).to_be_disabled()
    form.get_by_role("button", name="ada", exact=True).click()
    form.get_by_label("Another name").fill("eve")
    form.get_by_label("Another name").press("Enter")
    expect(form.get_by_role("button", name="eve")).to_have_attribute("aria-pressed", "true")
    form.locator("input[name=overlap]").fill("100")
    form.locator("input[name=count]").fill("2")
    expect(form.locator("output")).to_have_text("about 1 figure each; about 2 of them read twice")
    form.get_by_role("button", name="Deal out").click()

    expect(tab.locator("#team .toast")).to_have_text("2 figures dealt out; 2 to be read twice.")
    expect(tab.locator("#team tr[data-who=eve]")).to_contain_text("0 of 1")
    (given,) = project.queue.page(QueueFilter(assigned_to="ada", states=(FigureState.PROPOSED,)), 0, 9, 0.0)
    tab.get_by_role("link", name="Review only mine").click()
    expect(tab.locator("#review [data-figure]").first).to_have_attribute("data-figure", given.figure_id)
    expect(tab.locator("#review .rv-filter select")).to_have_value("mine")
    expect(tab.locator("#review .rv-item")).to_have_count(1)

    tab.get_by_role("tab", name="Team").click()
    row = tab.locator("#team tr[data-who=eve]")
    row.get_by_role("link", name="eve").click()
    expect(tab.locator("#gallery .given")).to_have_text("Given to eve")
    expect(tab.locator("#gallery .card")).to_have_count(1)
    tab.get_by_role("tab", name="Team").click()
    press_twice(row.get_by_role("button", name="Take back"), "Take 1 back?")
    expect(row).to_contain_text("none given1 later")  # the second reading of what ada has


def test_a_second_reading_is_blind_and_can_be_given_up(tab: Page, project: Store) -> None:
    mine = tab.locator("#team .yours li[data-figure='PMC1:F3']")
    mine.get_by_role("button", name="Begin").click()

    expect(tab.locator("#review [data-ready=true]")).to_have_attribute("data-figure", "PMC1:F3")
    expect(tab.locator("#review .rv-tree [data-row]")).to_have_count(2)  # as it was found: p2 is there
    expect(tab.locator("#review").get_by_role("button", name="Undo")).to_be_disabled()
    assert "anna" not in tab.locator("#review").inner_text()

    tab.get_by_role("tab", name="Team").click()
    press_twice(mine.get_by_role("button", name="Give up"), "Give it up? Your changes go")
    expect(tab.locator("#team .yours li")).to_have_count(0)
    stored = project.reviews.load("PMC1:F3", 0.0)
    assert stored.review.state == FigureState.ACCEPTED
    assert [panel.state for panel in stored.review.hierarchy.panels] == ["accepted", "rejected"]


def test_agreement_is_told_by_pair_and_level(tab: Page) -> None:
    pair = tab.locator("#team tbody[data-pair='anna ben']")
    expect(pair).to_contain_text("1 figure")
    expect(pair.locator("tr[data-level=panel]")).to_contain_text("1.00high")
    expect(pair.locator("tr[data-level=panel] td").nth(1)).to_contain_text("moderate")
    expect(pair.locator("tr[data-level=region]")).to_contain_text("0.00low")
    expect(tab.locator("#team tbody[data-pair='ben anna'] tr[data-level=panel] td").nth(1)).to_have_text(
        "one kind only"
    )


def test_differences_are_settled_by_keys_and_undone_in_review(tab: Page, project: Store) -> None:
    row = tab.locator(f"#team .waiting li[data-figure='{FIGURE}']")
    expect(row).to_contain_text("4 differences")
    expect(row).not_to_contain_text("anna")
    row.get_by_role("link", name="Settle").click()

    settle = tab.locator("#team .settle")
    entries = settle.locator(".of li button")
    expect(entries).to_have_count(4)
    expect(settle.get_by_role("button", name="Settle")).to_be_disabled()
    assert "anna" not in settle.inner_text()
    settle.get_by_label("Names").check()
    expect(settle.locator(".sides [data-side=first] header")).to_contain_text("anna")

    tab.locator("#team .settle h2").click()  # the keyboard leaves the box
    kind = entries.filter(has_text="Panel C")
    kind.click()
    expect(settle.locator("tr[data-field=kind] td")).to_have_text(["gel", "plot"])
    text = entries.filter(has_text="Panel D")
    text.click()
    expect(settle.locator("tr[data-field=caption] td").last.locator("ins").first).to_have_text("Treated")
    tab.keyboard.press("s")
    expect(text).to_have_attribute("data-chosen", "second")
    tab.keyboard.press("Shift+F")
    expect(settle.locator(".all")).to_contain_text("4 of 4 chosen")
    text.click()
    tab.keyboard.press("s")
    tab.locator("#team .settle h2").click()
    tab.keyboard.press("Enter")

    expect(tab.locator("#team .toast")).to_contain_text("Settled")
    expect(settle.locator("h2")).to_have_text("Figure 2")  # the next that waits
    nodes = project.reviews.load(FIGURE, 0.0).review.hierarchy.by_id()
    assert nodes["p3"].kind == "gel"  # type: ignore[union-attr]
    assert nodes["p4"].own_text == "Treated control. Scale bar, 50 um."  # type: ignore[union-attr]
    assert nodes["m6"].state == "rejected"
    # whether or not the toast, which goes after seconds, is still there
    tab.locator("#team .toast a").evaluate("link => link.click()")
    expect(tab.locator("#review [data-ready=true]")).to_have_attribute("data-figure", FIGURE)
    tab.locator("#review").get_by_role("button", name="Undo").click()
    expect(tab.locator("#review").get_by_role("button", name="Undo")).to_be_enabled()
    expect(tab.locator("#review .rv-tree [data-row=m6]")).to_be_visible()


def test_words_from_outside_are_shown_as_words(project: Store, open_page: Callable[..., Page]) -> None:
    figure_id = "PMC2:fig 2/a"
    project.readings.assign([figure_id], ["anna", "<b>ben</b>"], 1.0, 0, "lead")
    decide(project, figure_id, "anna", {"op": "update", "id": "p1", "fields": {"own_text": f"{HOSTILE} lung."}})
    project.readings.begin_second(figure_id, "<b>ben</b>", 0.0)
    decide(project, figure_id, "<b>ben</b>", {"op": "update", "id": "p1", "fields": {"label": "<i>"}})
    with served(project) as address:
        page = open_page(f"{address}/#team")
        expect(page.locator("#team tr[data-who='<b>ben</b>']")).to_contain_text("<b>ben</b>")
        page.locator("#team .waiting").get_by_role("link", name="Settle").click()
        settle = page.locator("#team .settle")
        settle.get_by_label("Names").check()
        expect(settle.locator("tr[data-field=caption] td").first).to_contain_text(f"{HOSTILE} lung.")
        expect(settle.locator("tr[data-field=letter] td").last).to_have_text("<i>")
        expect(settle.locator(".sides [data-side=second] header")).to_contain_text("<b>ben</b>")
        assert page.title() == "Curator"
        page.context.close()


def test_what_agrees_is_settled_at_once(tab: Page, project: Store) -> None:
    tab.get_by_role("button", name="Settle all that agree").click()

    expect(tab.locator("#team .toast")).to_have_text("1 figure settled.")
    expect(tab.locator("#team .waiting .rows li")).to_have_count(1)
    tab.locator("#team .waiting .joined button", has_text="Settled").click()
    expect(tab.locator("#team .waiting .rows li")).to_have_attribute("data-figure", "PMC1:F2")
    assert project.readings.count(settled=True) == 1
    tab.locator("#team .waiting .rows").get_by_role("link", name="See").click()
    expect(tab.locator("#team .settle .all")).to_contain_text("Settled ")
    expect(tab.locator("#team .settle .alike")).to_have_text("Both readers see 3 boxes alike.")
    expect(tab.locator("#team .settle .all").get_by_role("button")).to_have_count(0)


def test_why_one_reader_skipped_the_figure_is_told_to_who_settles(
    project: Store, open_page: Callable[..., Page]
) -> None:
    project.readings.assign([FIGURE], ["anna", "ben"], 1.0, 0, "lead")
    decide(project, FIGURE, "anna")
    project.readings.begin_second(FIGURE, "ben", 0.0)
    revision = project.reviews.load(FIGURE, 0.0).revision
    skip = {"op": "judge_figure", "state": "skipped", "reason": "no panels"}
    project.reviews.decide(FIGURE, revision, parse_commands([skip]), "ben", 0.0)
    project.reviews.release(FIGURE, "ben")
    with served(project) as address:
        page = open_page(f"{address}/#team&settle={FIGURE}")
        sides = page.locator("#team .settle .sides [data-side]")
        expect(sides).to_contain_text(["The figure was accepted.", "The figure was skipped: no panels."])
        sides.last.get_by_role("button", name="This is right").click()
        page.locator("#team .settle").get_by_role("button", name="Settle").click()
        expect(page.locator("#team .toast")).to_contain_text("Settled")
        assert project.reviews.load(FIGURE, 0.0).reason == "no panels"
        page.context.close()
