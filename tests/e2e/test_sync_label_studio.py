"""The Sync tab in a browser, beside Label Studio itself: from the form to a conflict that was decided."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from curator.commands import Command, Remove, Resize
from curator.figure import State
from data.store import Store
from tests.data.label_studio.real_server import PERSON, TOKEN, RealLabelStudio, tasks_of
from tests.data.label_studio.syncing import shape, unfinished
from tests.e2e.conftest import served
from tests.e2e.sync_screen import sync_now

pytestmark = [pytest.mark.labelstudio, pytest.mark.process]

FIGURE = "PMC1:F1"
_PASS_MS = 120_000  # it answers a request in half a second, on two busy cores
Doc = dict[str, Any]


@pytest.fixture
def tab(
    project: Store, pages: list[Page], open_page: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Page]:
    """The tab before anything is connected; between two passes it waits for a click, or for a hint."""
    monkeypatch.setenv("CURATOR_LABEL_STUDIO_POLL_S", "3600")
    with served(project) as address:
        page = open_page(f"{address}/#sync")
        expect(page.locator(".sync")).to_have_attribute("data-ready", "true")
        yield page
        while pages:  # before the server ends: a page that asks it once more would report an error
            pages.pop().context.close()


def _count(page: Page, status: str) -> Locator:
    return page.locator(f"#sync .statuses a[data-status='{status}'] b")


def _resized(store: Store, node_id: str, by: float) -> Resize:
    x0, y0, x1, y1 = store.reviews.load(FIGURE, time.time()).review.hierarchy.by_id()[node_id].box_xyxy
    return Resize(op="resize", id=node_id, box_xyxy=(x0, y0, x1 - by, y1))


def test_from_connecting_by_the_form_to_a_conflict_that_was_decided(
    tab: Page, project: Store, label_studio: RealLabelStudio
) -> None:
    form = tab.locator("#sync form:visible")
    form.locator("input[name=url]").fill(label_studio.url)
    form.locator("input[name=token]").fill(TOKEN)
    form.locator("input[name=project]").fill("The tab")
    form.get_by_label("From Curator").check()
    form.locator("input[name=public_url]").fill(tab.url.partition("/#")[0])
    form.get_by_label("Only what I choose").check()
    form.get_by_role("button", name="Test", exact=True).click()
    works = f"It works: Label Studio 1.23.2, as {PERSON}"
    expect(form.locator(".notice.good")).to_contain_text(works, timeout=_PASS_MS)
    form.get_by_role("button", name="Connect", exact=True).click()
    expect(_count(tab, "new")).to_have_text("6", timeout=_PASS_MS)
    sync_now(tab, _PASS_MS)

    tab.get_by_role("link", name="Choose figures").click()
    tab.get_by_placeholder("PMC1234567; empty: all").fill("PMC1")
    chosen = tab.locator("#sync .preview .big")
    count = len([item for item in project.sync_lists.page(None, "", 0, 60) if item.article_id == "PMC1"])
    expect(chosen).to_have_text(str(count))
    tab.get_by_role("button", name=f"Send {count} figures").click()
    expect(tab.locator("#sync .toast")).to_have_text(f"{count} figures put in the outbox")
    sync_now(tab, _PASS_MS)
    expect(_count(tab, "synced")).to_have_text(str(count))
    expect(_count(tab, "new")).to_have_text(str(6 - count))
    tab.locator("#sync .statuses a[data-status=all]").click()
    row = tab.locator(f'#sync .row[data-figure="{FIGURE}"]')
    expect(row.locator("[data-sync]")).to_have_text("in step")

    connected = project.outbox.connected()
    assert connected is not None
    with label_studio.browser() as api:
        task = tasks_of(api, connected.project_id)[FIGURE]
        rows = task["predictions"][0]["result"]
        p1, p2 = (project.reviews.load(FIGURE, time.time()).review.hierarchy.by_id()[node] for node in ("p1", "p2"))
        decided: list[Command] = [_resized(project, "p1", 20), Remove(op="remove", id="p2")]
        project.reviews.decide(FIGURE, project.reviews.load(FIGURE, time.time()).revision, decided, "ada", time.time())
        project.reviews.release(FIGURE, "ada")
        shape(rows, "p1")["value"]["x"] = 2.0
        sent = {"result": unfinished(rows), "was_cancelled": False}
        made = api.post(f"/api/tasks/{task['id']}/annotations/", json=sent)
        assert made.status_code == 201
        annotation_id = made.json()["id"]
        sync_now(tab, _PASS_MS)
        expect(_count(tab, "conflict")).to_have_text("1")

        tab.locator("#sync .statuses a[data-status=conflict]").click()
        tab.locator(f'#sync .row[data-figure="{FIGURE}"] .name').click()
        expect(tab.locator("#sync .sides section")).to_have_count(3)
        expect(tab.locator("#sync .sides [data-side=ours] header")).to_contain_text("ada")
        expect(tab.locator("#sync .sides [data-side=theirs] header")).to_contain_text(PERSON)
        theirs = tab.locator("#sync .sides [data-side=theirs] rect.node").first
        assert float(theirs.get_attribute("x") or "nan") == pytest.approx(12.8, abs=0.01)
        ours = tab.locator("#sync .sides [data-side=ours] rect.node").first
        width = p1.box_xyxy[2] - p1.box_xyxy[0]
        assert float(ours.get_attribute("width") or "nan") == pytest.approx(width - 20)

        def there() -> list[Doc]:
            rows: list[Doc] = api.get(f"/api/annotations/{annotation_id}/").json()["result"]
            return rows

        assert p2.id not in {row.get("id") for row in there()}  # what was deleted here is gone there
        assert shape(there(), "p1")["value"]["x"] == pytest.approx(2.0)  # each side keeps its own
        tab.keyboard.press("o")
        expect(tab.locator("#sync .toast")).to_contain_text("the next pass writes it there")
        sync_now(tab, _PASS_MS)
        expect(_count(tab, "synced")).to_have_text(str(count))
        written = shape(there(), "p1")["value"]
        wide = project.reviews.figure(FIGURE).image_wh[0]
        assert (written["x"], written["width"]) == pytest.approx(
            (100 * p1.box_xyxy[0] / wide, 100 * (width - 20) / wide)
        )

        tab.evaluate(f"location.hash = '#sync&conflict={FIGURE.replace(':', '%3A')}'")
        expect(tab.locator("#sync .odds li")).to_have_text(re.compile("kept by ada"))
        tab.keyboard.press("t")
        expect(tab.locator("#sync .sides [data-side=theirs] .kept")).to_have_text("Kept by ada")
        sync_now(tab, _PASS_MS)
        assert shape(there(), "p1")["value"]["x"] == pytest.approx(2.0)

        gone = next(node for node in project.reviews.load(FIGURE, time.time()).review.hierarchy.markers)
        result = [one for one in there() if gone.id not in (one.get("id"), one.get("from_id"), one.get("to_id"))]
        assert api.patch(f"/api/annotations/{annotation_id}/", json={"result": result}).status_code == 200
        sync_now(tab, _PASS_MS)
        assert gone.id not in {row.get("id") for row in there()}
        nodes = project.reviews.load(FIGURE, time.time()).review.hierarchy.by_id()
        assert nodes[gone.id].state == State.REJECTED  # what was deleted there is rejected here

        api.delete(f"/api/tasks/{task['id']}/")
        sync_now(tab, _PASS_MS)
        tab.get_by_label("Conflicts of this figure", exact=True).get_by_role("button").click()
        expect(tab.locator("#sync .sides")).to_contain_text("sent there again, as a new task")
        tab.keyboard.press("t")
        expect(_count(tab, "left out")).to_have_text("1")
        assert TOKEN not in tab.content()
