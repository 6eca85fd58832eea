"""The review page's server functions over a real project: what the browser may ask, and what it is told."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curator.figure import Article, Figure, Hierarchy, Marker, MarkerKind, Panel, Provenance, Shared, Span
from data.store import Store
from ui.editor.bundle import MODULES, bundle
from ui.editor.server import ReviewServer

CAPTION = "Kidneys. (A) A nucleus, white arrow. (B) A tubule."
FIGURE = "PMC1:F1"


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def proposed(confidence: float) -> Provenance:
    return Provenance("embedded", "test", "2026-01-01T00:00:00.000+00:00", confidence)


@pytest.fixture(scope="module")
def mined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of seven figures as mined, to be copied."""
    folder = tmp_path_factory.mktemp("mined")
    store = Store(folder)
    figures = [
        Figure(f"F{number}", "", "f.png", "0" * 64, (400, 200), f"Figure {number}", CAPTION) for number in range(1, 8)
    ]
    store.articles.save(Article("PMC1", "Kidneys", "Tests", license="CC BY 4.0"), figures)
    for number in range(1, 8):
        panels = (
            Panel("p1", (0, 0, 190, 200), proposed(0.5 + number / 20), "A", own_spans=(Span(9, 36),)),
            Panel("p2", (200, 0, 400, 200), proposed(0.95), "B", own_spans=(Span(37, 50),)),
        )
        markers = (Marker("m3", "p1", MarkerKind.ARROW, (20, 20, 40, 40), proposed(0.7), "white", (22.0, 22.0)),)
        shared = Shared((Span(0, 8),), (), ("A", "B"))
        store.reviews.mined(f"PMC1:F{number}", Hierarchy(panels, markers, shared=shared), "embedded")
    store.close()
    return folder


@pytest.fixture
def store(mined: Path, tmp_path: Path) -> Iterator[Store]:
    store = Store(Path(shutil.copytree(mined, tmp_path / "project")))
    yield store
    store.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Page:
    """A browser tab as the server meets it: JSON text both ways."""

    def __init__(self, store: Store, clock: Clock, who: str = "ann", tab: str = "tab-1") -> None:
        self._functions = {one.__name__: one for one in ReviewServer(store, who, clock).functions()}
        self.tab = tab
        self.keys = 0

    def ask(self, name: str, **request: Any) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(json.dumps(self._functions[name](request)))
        return answer

    def edit(self, revision: int, *commands: dict[str, Any], **more: Any) -> dict[str, Any]:
        self.keys += 1
        request = {"figure_id": FIGURE, "tab": self.tab, "key": f"key-{self.keys}", "revision": revision}
        return self.ask("edit", **{**request, "commands": list(commands), **more})

    def lease(self, **more: Any) -> dict[str, Any]:
        return self.ask("lease", figure_id=FIGURE, tab=self.tab, **more)


@pytest.fixture
def page(store: Store, clock: Clock) -> Page:
    return Page(store, clock)


ACCEPT_P1 = {"op": "judge", "id": "p1", "state": "accepted"}


def states(answer: dict[str, Any]) -> dict[str, str]:
    return {node["id"]: node["state"] for node in answer["figure"]["nodes"]}


def test_a_figure_tells_how_sure_the_model_in_use_is_of_its_texts(page: Page, store: Store) -> None:
    assert page.ask("load", figure_id=FIGURE)["figure"]["fits"] == {}
    store.fits.replace_all([(FIGURE, {"p1": 0.12, "p2": 0.75})])
    assert page.ask("load", figure_id=FIGURE)["figure"]["fits"] == {"p1": 0.12, "p2": 0.75}
    listed = page.ask("queue", filter={"order": "fit"})["items"]
    assert listed[0]["id"] == FIGURE


def test_a_loaded_figure_tells_all_that_the_screen_shows(page: Page) -> None:
    figure = page.ask("load", figure_id=FIGURE)["figure"]
    assert (figure["label"], figure["title"], figure["image_wh"], figure["revision"]) == (
        "Figure 1",
        "Kidneys",
        [400, 200],
        1,
    )
    assert figure["caption"] == CAPTION
    assert [(node["level"], node["id"]) for node in figure["nodes"]] == [
        ("panel", "p1"),
        ("panel", "p2"),
        ("marker", "m3"),
    ]
    assert figure["nodes"][0]["provenance"]["confidence"] == 0.55
    assert (figure["undoable"], figure["redoable"], figure["flags"]) == (False, False, [])


def test_flags_reach_the_page_after_the_edit_that_causes_them(page: Page) -> None:
    answer = page.edit(1, {"op": "resize", "id": "p1", "box_xyxy": [0, 0, 300, 200]})
    assert [(flag["code"], flag["node_ids"]) for flag in answer["figure"]["flags"]] == [("overlap", ["p1", "p2"])]


def test_an_edit_answers_with_the_figure_as_saved_and_its_seconds_reach_the_log(store: Store, page: Page) -> None:
    answer = page.edit(1, ACCEPT_P1, seconds=12.5)
    assert (answer["figure"]["revision"], states(answer)["p1"]) == (2, "accepted")
    row = store.connections.row("select who, seconds from events where kind = 'decide'")
    assert row is not None
    assert tuple(row) == ("ann", 12.5)


@pytest.mark.parametrize(("sent", "logged"), [(-5.0, 0.0), (1e9, 3600.0), (float("nan"), 0.0), (float("inf"), 0.0)])
def test_seconds_that_cannot_be_are_clamped(store: Store, page: Page, sent: float, logged: float) -> None:
    page.edit(1, ACCEPT_P1, seconds=sent)
    row = store.connections.row("select seconds from events where kind = 'decide'")
    assert row is not None
    assert row["seconds"] == logged


def test_the_same_edit_sent_twice_is_saved_once(page: Page) -> None:
    add = {"op": "add", "level": "panel", "box_xyxy": [10, 10, 50, 50]}
    first = page.edit(1, add, key="lost-answer")
    again = page.edit(1, add, key="lost-answer")
    assert again == first
    assert len(again["figure"]["nodes"]) == 4


def test_undo_and_redo_go_through_the_same_door(page: Page) -> None:
    page.edit(1, ACCEPT_P1)
    undone = page.edit(2, action="undo")
    assert (states(undone)["p1"], undone["figure"]["undoable"], undone["figure"]["redoable"]) == (
        "proposed",
        False,
        True,
    )
    redone = page.edit(3, action="redo")
    assert states(redone)["p1"] == "accepted"


def test_an_old_revision_is_stale_and_saves_nothing(page: Page) -> None:
    page.edit(1, ACCEPT_P1)
    answer = page.edit(1, {"op": "judge", "id": "p2", "state": "accepted"})
    assert answer["error"]["kind"] == "stale"
    assert states(page.ask("load", figure_id=FIGURE))["p2"] == "proposed"


def test_another_holder_keeps_an_edit_out_until_it_is_taken_over(store: Store, clock: Clock, page: Page) -> None:
    bob = Page(store, clock, "bob", "tab-2")
    assert page.lease()["mine"]
    assert bob.lease() == {"mine": False, "holder": "ann", "you": False, "revision": 1}
    assert bob.edit(1, ACCEPT_P1)["error"]["kind"] == "lease"
    assert bob.lease(take_over=True)["mine"]
    refused = page.edit(1, ACCEPT_P1)["error"]
    assert refused["kind"] == "lease"
    assert refused["message"].startswith("bob is editing this figure; nothing was saved")


def test_the_same_curator_in_another_tab_is_another_holder(store: Store, clock: Clock, page: Page) -> None:
    page.lease()
    assert Page(store, clock, "ann", "tab-2").lease() == {"mine": False, "holder": "ann", "you": True, "revision": 1}


def test_a_lease_runs_out_without_a_heartbeat_and_not_with_one(store: Store, clock: Clock, page: Page) -> None:
    bob = Page(store, clock, "bob", "tab-2")
    page.lease()
    clock.now_s += 40
    page.lease()
    clock.now_s += 40
    assert not bob.lease()["mine"]
    clock.now_s += 61
    assert bob.lease()["mine"]


def test_leaving_a_figure_gives_its_lease_back(store: Store, clock: Clock, page: Page) -> None:
    page.lease()
    page.ask("lease", figure_id="PMC1:F2", tab=page.tab, leaving=FIGURE)
    assert Page(store, clock, "bob", "tab-2").lease()["mine"]
    page.ask("release", figure_id="PMC1:F2", tab=page.tab)
    assert Page(store, clock, "bob", "tab-2").ask("lease", figure_id="PMC1:F2", tab="tab-2")["mine"]


@pytest.mark.parametrize(
    ("name", "request_", "part"),
    [
        ("load", {}, "figure_id: Field required"),
        ("load", {"figure_id": FIGURE, "sql": "x"}, "sql: Extra inputs are not permitted"),
        ("load", {"figure_id": ["x"]}, "figure_id: Input should be a valid string"),
        ("lease", {"figure_id": FIGURE, "tab": "a#b"}, "tab: String should match pattern"),
        ("edit", {"figure_id": FIGURE, "tab": "a", "key": "k", "revision": -1}, "revision: Input should be greater"),
        ("queue", {"limit": 10_000}, "limit: Input should be less than or equal to 200"),
        ("queue", {"filter": {"states": ["new"]}}, "filter.states.0: Input should be"),
        ("queue", {"filter": {"order": "random"}}, "filter.order: Input should be"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_with_its_field(
    page: Page, name: str, request_: dict[str, Any], part: str
) -> None:
    error = page.ask(name, **request_)["error"]
    assert error["kind"] == "refused"
    assert part in error["message"]


@pytest.mark.parametrize("raw", [None, [], "x", 7], ids=repr)
def test_a_request_that_is_no_object_is_refused(store: Store, clock: Clock, raw: Any) -> None:
    for function in ReviewServer(store, "ann", clock).functions():
        assert function(raw)["error"]["kind"] == "refused", function.__name__


@pytest.mark.parametrize(
    ("command", "part"),
    [
        ({"op": "drop"}, "not understood"),
        ({"op": "judge", "id": "p99", "state": "accepted"}, "there is no node 'p99'"),
        ({"op": "resize", "id": "p1", "box_xyxy": [0, 0, 9000, 10]}, "leaves the image of 400 x 200 px"),
        ({"op": "assign", "id": "p1", "span": [0, 999]}, "outside the caption of 50 characters"),
        ({"op": "update", "id": "p1", "fields": {"state": "accepted"}}, "no editable ['state']"),
    ],
    ids=["unknown-op", "unknown-node", "outside", "span", "state-by-the-back-door"],
)
def test_a_command_that_cannot_be_obeyed_is_refused_and_changes_nothing(
    page: Page, command: dict[str, Any], part: str
) -> None:
    before = page.ask("load", figure_id=FIGURE)
    error = page.edit(1, ACCEPT_P1, command)["error"]
    assert error["kind"] == "refused"
    assert part in error["message"]
    assert page.ask("load", figure_id=FIGURE) == before


def test_a_figure_that_does_not_exist_is_missing_not_an_exception(page: Page) -> None:
    assert page.ask("load", figure_id="PMC9:F9")["error"]["kind"] == "missing"
    assert page.ask("lease", figure_id="PMC9:F9", tab="a")["error"]["kind"] == "missing"


def ids(answer: dict[str, Any]) -> list[str]:
    return [item["id"].removeprefix("PMC1:") for item in answer["items"]]


def test_the_queue_starts_with_the_least_sure_and_goes_on_after_a_figure(page: Page) -> None:
    first = page.ask("queue", filter={"states": ["proposed"]}, limit=3)
    assert (ids(first), first["offset"], first["total"]) == (["F1", "F2", "F3"], 0, 7)
    after = page.ask("queue", filter={"states": ["proposed"]}, limit=3, after="PMC1:F3")
    assert ids(after) == ["F3", "F4", "F5"]


def test_the_queue_goes_on_where_it_was_although_figures_left_the_filter(page: Page) -> None:
    page.edit(1, {"op": "judge_figure", "state": "accepted"})
    after = page.ask("queue", filter={"states": ["proposed"]}, limit=3, after="PMC1:F3")
    assert ids(after) == ["F3", "F4", "F5"]


def test_the_queue_opens_around_a_figure_and_goes_back_before_one(page: Page) -> None:
    around = page.ask("queue", limit=3, around="PMC1:F5")
    assert (ids(around), around["offset"]) == (["F4", "F5", "F6"], 3)
    assert ids(page.ask("queue", limit=3, before="PMC1:F4")) == ["F1", "F2", "F3"]
    assert ids(page.ask("queue", limit=3, before="PMC1:F2")) == ["F1"]


def test_the_queue_names_who_holds_a_figure_but_not_which_tab(page: Page) -> None:
    page.lease()
    assert [item["lease_by"] for item in page.ask("queue", limit=2)["items"]] == ["ann", None]


def test_the_bundle_takes_every_import_from_a_module_that_stands_before_it() -> None:
    script = bundle()
    assert not re.search(r"^(import|export) ", script, re.MULTILINE)
    declared: set[str] = set()
    for found in re.finditer(r"const (module_\w+) = \(\(\) =>|const \{[^}]*\} = (module_\w+);", script):
        if found.group(1):
            declared.add(found.group(1))
        else:
            assert found.group(2) in declared, found.group(0)
    assert len(declared) == len(MODULES)


def test_no_module_of_the_editor_makes_markup_from_text() -> None:
    folder = Path(__file__).parents[2] / "ui" / "editor"
    sources = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.js")}
    assert sorted(sources) == sorted(MODULES)
    for name, source in sources.items():
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", source), name
