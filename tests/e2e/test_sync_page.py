"""The Sync tab in a browser, beside a stand-in for Label Studio."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bench.stand_ins.label_studio import TOKEN, Fault, LabelStudioServer
from curator.commands import Command, Resize, Update
from data.label_studio.step import NO_VERSIONS
from data.store import Store
from data.store.syncs import WRITTEN_OVER, save_conflict
from tests.e2e.conftest import served
from tests.e2e.sync_screen import idle, sync_now
from ui.syncing import picking

FIGURE = "PMC1:F1"
HOSTILE = '<img src=x onerror="document.title=1">'

Doc = dict[str, Any]


@pytest.fixture
def there() -> Iterator[LabelStudioServer]:
    with LabelStudioServer() as server:
        yield server


@pytest.fixture
def tab(
    project: Store,
    pages: list[Page],
    there: LabelStudioServer,
    open_page: Callable[..., Page],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Page]:
    """The tab before anything is connected; between two passes it waits for a click."""
    monkeypatch.setenv("CURATOR_LABEL_STUDIO_RETRIES", "0")
    monkeypatch.setenv("CURATOR_LABEL_STUDIO_POLL_S", "3600")
    with served(project) as address:
        page = open_page(f"{address}/#sync")
        expect(page.locator(".sync")).to_have_attribute("data-ready", "true")
        yield page
        while pages:  # before the server ends: a page that asks it once more would report an error
            pages.pop().context.close()


def _connect(page: Page, there: LabelStudioServer, figures: int = 6) -> None:
    page.locator("#sync input[name=url]").fill(there.url)
    page.locator("#sync input[name=token]").fill(TOKEN)
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(_count(page, "synced")).to_have_text(str(figures))
    idle(page)


def _count(page: Page, status: str) -> Any:
    return page.locator(f"#sync .statuses a[data-status='{status}'] b")


def _edit_there(there: LabelStudioServer, node_id: str, **value: Any) -> None:
    """A person there changes a shape, or with ``text`` the words of a panel."""
    task = there.task_of(FIGURE)
    (part,) = task["annotations"] or task["predictions"]
    rows: list[Doc] = json.loads(json.dumps(part["result"]))
    kind = "textarea" if "text" in value else "rectanglelabels"
    row = next(
        row
        for row in rows
        if row.get("id") == node_id and row["type"] == kind and row["from_name"] in ("own_caption", "panel", "marker")
    )
    row["value"] |= value
    there.annotate(task["id"], rows, "eve@lab.org")


def _decide(store: Store, *commands: Command) -> None:
    revision = store.reviews.load(FIGURE, time.time()).revision
    store.reviews.decide(FIGURE, revision, list(commands), "ada", time.time())
    store.reviews.release(FIGURE, "ada")


def _box(store: Store, node_id: str) -> tuple[float, ...]:
    return store.reviews.load(FIGURE, time.time()).review.hierarchy.by_id()[node_id].box_xyxy


def _resized(store: Store, node_id: str, by: float) -> Resize:
    x0, y0, x1, y1 = _box(store, node_id)
    return Resize(op="resize", id=node_id, box_xyxy=(x0, y0, x1 - by, y1))


def test_connecting_by_the_form_sends_and_takes_in(tab: Page, there: LabelStudioServer, project: Store) -> None:
    form = tab.locator("#sync form:visible")
    form.locator("input[name=url]").fill("http://127.0.0.1:9")
    form.locator("input[name=token]").fill("wrong")
    form.get_by_role("button", name="Test", exact=True).click()
    expect(form.locator(".notice.bad")).to_contain_text("http://127.0.0.1:9 cannot be reached")
    form.locator("input[name=url]").fill(there.url)
    form.get_by_role("button", name="Test", exact=True).click()
    expect(form.locator(".notice.bad")).to_contain_text("refuses the token")
    form.locator("input[name=token]").fill(TOKEN)
    form.get_by_role("button", name="Test", exact=True).click()
    expect(form.locator(".notice.good")).to_contain_text("It works: Label Studio 1.23.2, as owner@lab.org")
    _connect(tab, there)
    assert len(there.tasks) == 6
    _edit_there(there, "p1", x=2.0)
    sync_now(tab)
    expect(tab.locator("#sync .result")).to_contain_text("taken in1")
    assert _box(project, "p1")[0] == pytest.approx(12.8)
    assert TOKEN not in tab.content()


def test_while_the_form_connects_it_cannot_be_sent_again(tab: Page, there: LabelStudioServer) -> None:
    answered = threading.Event()
    there.faults.append(Fault(path="/whoami", until=answered))
    form = tab.locator("#sync form:visible")
    form.locator("input[name=url]").fill(there.url)
    form.locator("input[name=token]").fill("wrong")
    connect, test = (form.get_by_role("button", name=name, exact=True) for name in ("Connect", "Test"))
    try:
        connect.click()
        expect(form.locator(".notice")).to_have_text("Connecting…")
        expect(connect).to_be_disabled()
        expect(test).to_be_disabled()
    finally:
        answered.set()
    expect(form.locator(".notice.bad")).to_contain_text("refuses the token")
    expect(connect).to_be_enabled()
    expect(test).to_be_enabled()


def test_a_conflict_is_seen_from_both_sides_and_solved_by_keys(
    tab: Page, there: LabelStudioServer, project: Store
) -> None:
    _connect(tab, there)
    _edit_there(there, "p1", x=2.0)
    _edit_there(there, "p2", text=[f"Seen there {HOSTILE}"])
    words = Update(op="update", id="p2", fields={"own_text": f"Seen here {HOSTILE}"})
    _decide(project, _resized(project, "p1", 20), words)
    sync_now(tab)
    expect(_count(tab, "conflict")).to_have_text("1")
    tab.locator("#sync .statuses a[data-status=conflict]").click()
    tab.locator(f'#sync .row[data-figure="{FIGURE}"] .name').click()
    expect(tab.locator("#sync .odds li")).to_have_count(2)
    expect(tab.locator("#sync .sides section")).to_have_count(3)
    expect(tab.locator("#sync .sides [data-side=ours] header")).to_contain_text("ada")
    expect(tab.locator("#sync .sides [data-side=theirs] header")).to_contain_text("eve@lab.org")
    expect(tab.locator("#sync .sides [data-side=theirs] rect.node").first).to_have_attribute("x", "12.8")
    tab.keyboard.press("n")
    expect(tab.locator("#sync .odds li button[aria-current]")).to_contain_text("Panel B")
    tab.locator("#sync .conflict header").get_by_role("link", name="Review").click()
    expect(tab.locator("#sync-state")).to_have_text("Label Studio: conflict")
    tab.locator("#sync-state").click()
    expect(tab.locator("#sync .odds li")).to_have_count(2)
    tab.keyboard.press("n")
    expect(tab.locator("#sync .odds li button[aria-current]")).to_contain_text("Panel B")
    caption = tab.locator("#sync .fields tr[data-field=caption] td")
    expect(caption.nth(1).locator("ins").first).to_contain_text("Seen here")
    expect(caption.nth(2)).to_contain_text(HOSTILE)
    tab.keyboard.press("o")
    expect(tab.get_by_label("Conflicts of this figure", exact=True).locator("li")).to_have_count(1)
    expect(tab.get_by_label("Conflicts of this figure that were decided").locator("li")).to_have_count(1)
    expect(tab.locator("#sync .odds li button[aria-current]")).to_contain_text("Panel A")
    tab.keyboard.press("t")
    expect(tab.locator("#sync .toast")).to_contain_text("version stays.")
    expect(tab.locator("#sync .list .c-empty")).to_contain_text("Nothing is at odds")
    assert _box(project, "p1")[0] == pytest.approx(12.8)
    sync_now(tab)
    expect(_count(tab, "synced")).to_have_text("6")
    rows = there.task_of(FIGURE)["annotations"][0]["result"]
    assert [f"Seen here {HOSTILE}"] in [row["value"].get("text") for row in rows if row.get("id") == "p2"]
    assert tab.title() == "Curator"


def test_a_conflict_that_was_decided_by_mistake_is_decided_again(
    tab: Page, there: LabelStudioServer, project: Store
) -> None:
    _connect(tab, there)
    _edit_there(there, "p1", x=2.0)
    _decide(project, _resized(project, "p1", 20))
    ours = _box(project, "p1")
    sync_now(tab)
    tab.evaluate(f"location.hash = '#sync&conflict={FIGURE.replace(':', '%3A')}'")
    expect(tab.locator("#sync .odds li")).to_have_count(1)
    tab.keyboard.press("o")
    again = tab.locator("#sync .toast a")
    expect(again).to_have_text("Decide again")
    expect(tab.locator("#sync .list .c-empty")).to_contain_text("Nothing is at odds")
    sync_now(tab)
    again.evaluate("link => link.click()")  # whether or not the toast, which goes after seconds, is still there
    expect(tab.locator("#sync .conflict > .notice")).to_have_text("This figure has no open conflict.")
    expect(tab.locator("#sync .odds li")).to_have_text(re.compile("^Panel ACurator.s kept by ada$"))
    expect(tab.locator("#sync .sides [data-side=ours] .kept")).to_have_text("Kept by ada")
    tab.keyboard.press("t")
    expect(tab.locator("#sync .odds li")).to_have_text(re.compile("^Panel ALabel Studio.s kept by ada$"))
    assert _box(project, "p1")[0] == pytest.approx(12.8)
    sync_now(tab)
    row = next(row for row in there.task_of(FIGURE)["annotations"][0]["result"] if row.get("id") == "p1")
    assert row["value"]["x"] == pytest.approx(2.0)
    tab.locator("#sync .sides [data-side=ours]").get_by_role("button", name="Keep this after all").click()
    expect(tab.locator("#sync .sides [data-side=ours] .kept")).to_have_text("Kept by ada")
    assert _box(project, "p1") == pytest.approx(ours)
    tab.locator("#sync .conflict header").get_by_role("link", name="Conflicts").click()
    tab.locator("#sync .statuses a[data-status=all]").click()
    tab.locator(f'#sync .row[data-figure="{FIGURE}"]').get_by_role("link", name="Decided").click()
    expect(tab.locator("#sync .odds li")).to_have_text(re.compile("^Panel ACurator.s kept by ada$"))


def test_a_save_that_was_written_over_is_told_until_it_was_seen(
    tab: Page, there: LabelStudioServer, project: Store
) -> None:
    _connect(tab, there)
    with project.connections.write() as conn:
        save_conflict(conn, FIGURE, WRITTEN_OVER, NO_VERSIONS)
    sync_now(tab)
    tab.evaluate(f"location.hash = '#sync&conflict={FIGURE.replace(':', '%3A')}'")
    expect(tab.locator("#sync .sides section")).to_have_count(1)
    expect(tab.locator("#sync .sides .plain")).to_contain_text("their open page may still show it")
    tab.get_by_role("button", name="I have seen it").click()
    expect(tab.locator("#sync .list .c-empty")).to_contain_text("Nothing is at odds")
    expect(_count(tab, "synced")).to_have_text("6")


def test_many_figures_are_put_in_beside_the_page(
    tab: Page, there: LabelStudioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picking, "AT_ONCE", 2)
    tab.locator("#sync input[name=url]").fill(there.url)
    tab.locator("#sync input[name=token]").fill(TOKEN)
    tab.get_by_label("Only what I choose").check()
    tab.get_by_role("button", name="Connect", exact=True).click()
    expect(_count(tab, "new")).to_have_text("6")
    tab.get_by_role("link", name="Choose figures").click()
    tab.get_by_role("button", name="Send 6 figures").click()
    expect(tab.locator("#sync .toast")).to_contain_text("6 figures")
    expect(_count(tab, "new")).to_have_text("0")
    sync_now(tab)
    expect(_count(tab, "synced")).to_have_text("6")


def test_label_studio_goes_away_and_comes_back(tab: Page, there: LabelStudioServer, project: Store) -> None:
    _connect(tab, there)
    there.stop()
    _decide(project, _resized(project, "p1", 20))
    sync_now(tab)
    expect(tab.locator("#sync .rail .notice.bad")).to_contain_text("cannot be reached")
    expect(tab.locator("#sync .outbox")).to_contain_text("1 figure waits to go")
    there.start()
    tab.get_by_role("button", name="Try now").click()
    expect(tab.locator("#sync .rail .notice.bad")).to_be_hidden()
    expect(tab.locator("#sync .outbox")).to_contain_text("Nothing waits to go")
    expect(_count(tab, "synced")).to_have_text("6")


def test_only_what_is_chosen_goes_there(tab: Page, there: LabelStudioServer) -> None:
    tab.locator("#sync input[name=url]").fill(there.url)
    tab.locator("#sync input[name=token]").fill(TOKEN)
    tab.get_by_label("Only what I choose").check()
    tab.get_by_role("button", name="Connect", exact=True).click()
    expect(_count(tab, "new")).to_have_text("6")
    tab.get_by_role("link", name="Choose figures").click()
    tab.get_by_placeholder("PMC1234567; empty: all").fill("PMC2")
    expect(tab.locator("#sync .preview .big")).to_have_text("2")
    tab.get_by_role("button", name="Send 2 figures").click()
    expect(tab.locator("#sync .toast")).to_have_text("2 figures put in the outbox")
    expect(_count(tab, "synced")).to_have_text("2")
    tab.locator("#sync .statuses a[data-status=new]").click()
    tab.locator(f'#sync .row[data-figure="{FIGURE}"] .pick').click()
    tab.locator("#sync .picked").get_by_role("button", name="Leave out").click()
    expect(_count(tab, "left out")).to_have_text("1")
    expect(_count(tab, "new")).to_have_text("3")
    assert len(there.tasks) == 2


def test_the_connection_can_be_seen_and_forgotten(tab: Page, there: LabelStudioServer) -> None:
    _connect(tab, there)
    tab.get_by_role("link", name="Connection").click()
    expect(tab.locator("#sync input[name=url]")).to_have_value(there.url)
    expect(tab.locator("#sync input[name=token]")).to_have_value("")
    tab.get_by_role("button", name="Disconnect").click()
    tab.locator("#sync .sure").get_by_role("button", name="Disconnect").click()
    expect(tab.get_by_role("heading", name="Connect Label Studio")).to_be_visible()
    assert len(there.tasks) == 6
