"""What the Sync tab can ask for."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.stand_ins.label_studio import OWNER, TOKEN, Fault, LabelStudioServer
from curator.settings import load_settings
from curator.user import User
from tests.data.label_studio.syncing import Pair, labelled, resized
from ui.accounts.identity import acting_as
from ui.syncing.passes import Syncing
from ui.syncing.server import SyncServer
from ui.syncing.setup import SyncSetup

_LONG_S = 120.0  # nothing waits so long but a test that fails

Doc = dict[str, Any]


class Tab:
    """The server functions as the page calls them, by name."""

    def __init__(self, pair: Pair, environ: dict[str, str]) -> None:
        self.pair = pair
        project = pair.store.project
        self.syncing = Syncing(pair.store, lambda: load_settings(project, environ).label_studio)
        server = SyncServer(pair.store, self.syncing, SyncSetup(pair.store, environ))
        self._functions = {function.__name__: function for function in server.functions()}

    def ask(self, name: str, **request: Any) -> Doc:
        answer: Doc = self._functions[f"sync_{name}"](request)
        json.dumps(answer)  # it travels to the page
        return answer

    def said(self, name: str, **request: Any) -> str:
        return str(self.ask(name, **request)["error"])

    def form(self, **fields: str) -> Doc:
        return {"url": self.pair.there.url, "project": "", "images": "local"} | fields

    def connect(self, **request: Any) -> Doc:
        return self.ask("connect", **({"fields": self.form(), "token": TOKEN} | request))

    def settle(self) -> None:
        assert self.syncing.settle(_LONG_S)

    def sync(self) -> None:
        self.ask("now")
        self.settle()

    def odds(self) -> None:
        """Both sides move p1 of the first figure, and only one p2."""
        self.pair.move_there("p1", 10)
        self.pair.decide(resized("p1", 40), labelled("p2", "C"))
        self.sync()


@pytest.fixture
def there() -> Iterator[LabelStudioServer]:
    with LabelStudioServer() as server:
        yield server


@pytest.fixture
def tab(tmp_path: Path, there: LabelStudioServer) -> Iterator[Tab]:
    tab = Tab(Pair(tmp_path, there, figures=3), {"CURATOR_LABEL_STUDIO_RETRIES": "0"})
    yield tab
    tab.syncing.close()


def test_testing_the_form_tells_what_is_there_and_keeps_nothing(tab: Tab) -> None:
    found = tab.ask("test", fields=tab.form(), token=TOKEN)
    assert (found["release"], found["who"], found["project"]) == ("1.23.2", OWNER, "a new project 'Curator'")
    assert str(tab.pair.store.images.root / "web") in found["images"]
    assert tab.pair.there.projects == {}
    assert sorted(path.name for path in tab.pair.store.project.glob("label_studio*")) == []


@pytest.mark.parametrize(
    ("fields", "token", "said"),
    [
        ({"url": "http://127.0.0.1:9"}, TOKEN, "cannot be reached"),
        ({"url": "ftp://there"}, TOKEN, "expected an address such as http://localhost:8080"),
        ({"url": ""}, TOKEN, "no Label Studio is named"),
        ({}, "wrong", "put a personal access token into Token in the Sync tab's form or into CURATOR_LABEL_STUDIO_"),
        ({}, "w\u00f6rng", "take one there (Account & Settings) and put it into Token in the Sync tab's form or"),
        ({}, None, "there is no token for this address"),
        ({"project": "77"}, TOKEN, "does not exist"),
        ({"image_root": "/nowhere"}, TOKEN, "are not under /nowhere"),
        ({"images": "signed"}, TOKEN, "public_url of [label_studio] is ''"),
        ({"images": "by post"}, TOKEN, "the form cannot be used"),
        ({"password": "x"}, TOKEN, "the form has no ['password']"),
    ],
)
def test_what_is_wrong_with_the_form_is_named(tab: Tab, fields: dict[str, str], token: str | None, said: str) -> None:
    assert said in tab.said("test", fields=tab.form(**fields), token=token)
    assert said in tab.said("connect", fields=tab.form(**fields), token=token)
    assert tab.pair.store.outbox.connected() is None
    assert not (tab.pair.store.project / "label_studio.key").exists()


def test_whoever_connects_is_told_at_once_and_waits_for_no_second_attempt(
    tmp_path: Path, there: LabelStudioServer
) -> None:
    tab = Tab(Pair(tmp_path, there), {"CURATOR_LABEL_STUDIO_RETRIES": "4"})
    there.faults.append(Fault(path="/whoami", status=503))
    assert "failed at /api/current-user/whoami (503" in tab.said("connect", fields=tab.form(), token=TOKEN)
    assert [path for _, path, _ in there.history] == ["/api/current-user/whoami"]
    assert tab.pair.store.outbox.connected() is None
    tab.syncing.close()


def test_connecting_keeps_the_form_and_the_token_and_sends_what_is_mined(tab: Tab) -> None:
    state = tab.connect()
    assert (state["connected"]["url"], state["watching"]) == (tab.pair.there.url, True)
    tab.settle()
    assert tab.pair.statuses() == {"synced"}
    key = tab.pair.store.project / "label_studio.key"
    assert (key.read_text(), stat.S_IMODE(key.stat().st_mode)) == (f"{TOKEN}\n", 0o600)
    assert load_settings(tab.pair.store.project, {}).label_studio.url == tab.pair.there.url
    form = tab.ask("form")
    assert (form["has_token"], form["fields"]["url"]) == (True, tab.pair.there.url)
    assert TOKEN not in json.dumps([form, tab.ask("state")])
    assert [entry.action for entry in tab.pair.store.audit.records() if entry.action.startswith("sync.")] == [
        "sync.connect"
    ]


def test_a_kept_token_goes_to_its_own_server_only(tab: Tab) -> None:
    tab.connect()
    tab.settle()
    assert tab.ask("test", fields=tab.form(), token="")["who"] == OWNER
    with LabelStudioServer() as another:
        assert "there is no token for this address" in tab.said("test", fields=tab.form(url=another.url), token=None)
        assert another.history == []


def test_what_the_environment_sets_stays_and_is_told(tmp_path: Path, there: LabelStudioServer) -> None:
    environ = {"CURATOR_LABEL_STUDIO_URL": there.url, "CURATOR_LABEL_STUDIO_API_KEY": TOKEN}
    tab = Tab(Pair(tmp_path, there), environ)
    assert tab.ask("form")["variables"] == {
        "url": "CURATOR_LABEL_STUDIO_URL",
        "api_key": "CURATOR_LABEL_STUDIO_API_KEY",
    }
    tab.connect(fields=tab.form(url="http://elsewhere"), token="other")
    tab.settle()
    tab.syncing.close()
    assert tab.pair.statuses() == {"synced"}
    assert not (tab.pair.store.project / "label_studio.key").exists()
    assert "\nurl" not in (tab.pair.store.project / "label_studio.toml").read_text()


def test_only_chosen_figures_go_there_where_that_was_asked_for(tab: Tab) -> None:
    tab.connect(sends_new=False)
    tab.settle()
    assert tab.pair.there.tasks == {}
    tab.pair.decide(resized("p1", 40))
    assert tab.ask("state")["counts"] == {
        "new": 3,
        **dict.fromkeys(["synced", "waiting", "changed there", "conflict", "failed", "left out"], 0),
    }
    first = tab.pair.ids[0]
    assert tab.ask("preview", figure_ids=[first])["count"] == 1
    assert tab.ask("send", figure_ids=[first])["outbox"]["count"] == 1
    tab.sync()
    assert [task["data"]["figure_id"] for task in tab.pair.there.tasks.values()] == [first]
    tab.pair.decide(resized("p1", 30))
    assert tab.ask("figure", figure_id=first)["item"]["status"] == "waiting"
    assert tab.ask("preview", not_there=True)["count"] == 2


@pytest.mark.parametrize(
    ("choice", "count"),
    [
        ({}, 3),
        ({"states": ["accepted"]}, 0),
        ({"states": ["proposed"], "agent": "embedded 1"}, 3),
        ({"agent": "qwen"}, 0),
        ({"article_id": "PMC1"}, 3),
        ({"article_id": "PMC2' or 1=1 --"}, 0),
        ({"confidence_from": 0.999}, 0),
        ({"figure_ids": []}, 0),
    ],
)
def test_a_choice_is_counted_before_it_is_sent(tab: Tab, choice: Doc, count: int) -> None:
    assert tab.ask("preview", **choice)["count"] == count
    if not count:
        tab.connect(sends_new=False)
        assert "no mined figure is like that" in tab.said("send", **choice)


def test_figures_are_taken_out_and_come_back(tab: Tab) -> None:
    tab.connect()
    tab.settle()
    first, *_ = tab.pair.ids
    assert tab.ask("take_out", figure_ids=[first])["counts"]["left out"] == 1
    tab.pair.decide(resized("p1", 40))
    tab.pair.move_there("p2", 60)
    tab.sync()
    assert tab.pair.node("p1").box_xyxy[2] == 40
    assert tab.ask("figure", figure_id=first)["item"]["status"] == "left out"
    tab.ask("send", figure_ids=[first])
    tab.sync()
    assert tab.pair.statuses() == {"synced"}
    assert tab.pair.node("p2").box_xyxy[0] == 60


def test_a_figure_that_never_went_there_can_be_kept_back(tab: Tab) -> None:
    tab.connect(sends_new=False)
    tab.ask("take_out", article_id="PMC1")
    tab.ask("send_new", on=True)
    tab.pair.decide(resized("p1", 40))
    tab.sync()
    assert tab.pair.there.tasks == {}
    assert tab.ask("state")["counts"]["left out"] == 3


def test_the_list_filters_finds_and_pages(tab: Tab) -> None:
    tab.connect()
    tab.settle()
    tab.pair.decide(resized("p1", 40))
    answer = tab.ask("figures", status="waiting")
    assert (answer["total"], [item["figure_id"] for item in answer["items"]]) == (1, tab.pair.ids[:1])
    (item,) = answer["items"]
    assert item["task_url"] == f"{tab.pair.there.url}/projects/1/data?task={item['task_id']}"
    paged = [tab.ask("figures", offset=offset, limit=1)["items"][0]["figure_id"] for offset in range(3)]
    assert paged == tab.pair.ids
    assert tab.ask("figures", text=tab.pair.ids[1].upper())["total"] == 1
    assert tab.ask("figures", text="' or 1=1 --")["total"] == 0
    assert tab.ask("figures", status="conflict")["items"] == []
    assert "was not understood" in tab.said("figures", status="else")


def test_what_failed_is_listed_with_why_and_when_it_is_tried_again(tab: Tab) -> None:
    tab.connect()
    tab.settle()
    tab.pair.move_there("p1", 10)
    tab.pair.task()["data"]["curator"]["shared"] = "spoilt"
    tab.sync()
    (item,) = tab.ask("figures", status="failed")["items"]
    assert "the field 'curator' of the task" in item["reason"]
    assert (item["tries"], item["next_at"] > 0) == (1, True)
    assert tab.ask("state")["last"]["failed"] == 1


def test_a_conflict_is_shown_with_all_versions_and_decided(tab: Tab) -> None:
    tab.connect()
    tab.settle()
    tab.odds()
    answer = tab.ask("conflict", figure_id=tab.pair.id)
    (conflict,) = answer["conflicts"]
    assert (conflict["key"], conflict["kind"], conflict["who"]) == ("p1", "node", "eve@lab.org")
    sides = [conflict[side]["box_xyxy"] for side in ("base", "ours", "theirs")]
    assert sides == [[0.0, 0.0, 50.0, 80.0], [0.0, 0.0, 40.0, 80.0], [10.0, 0.0, 60.0, 80.0]]
    assert answer["ours"]["who"] == "anna"
    assert (answer["figure"]["width"], answer["figure"]["height"]) == (100, 80)
    assert {node["id"] for node in answer["nodes"]} >= {"p1", "p2"}
    assert tab.ask("resolve", figure_id=tab.pair.id, keep="theirs", key="p1") == {"decided": 1, "left": 0}
    assert tab.pair.node("p1").box_xyxy[0] == 10
    assert tab.pair.events()[-1] == ("decide", "curator")
    tab.pair.undo(who="curator")
    assert tab.pair.node("p1").box_xyxy[2] == 40


def test_keeping_ours_writes_it_there(tab: Tab) -> None:
    tab.connect()
    tab.settle()
    tab.odds()
    tab.ask("resolve", figure_id=tab.pair.id, keep="ours")
    tab.sync()
    assert tab.pair.statuses() == {"synced"}
    row = next(row for row in tab.pair.rows() if row.get("id") == "p1" and row["type"] == "rectanglelabels")
    assert (row["value"]["x"], row["value"]["width"]) == (0, 40)


def test_a_figure_that_is_open_in_review_is_no_obstacle_to_whoever_opened_it(tab: Tab) -> None:
    tab.connect()
    tab.settle()
    tab.odds()
    tab.pair.store.reviews.lease(tab.pair.id, "dora#1", time.time())
    assert "dora is editing this figure" in tab.said("resolve", figure_id=tab.pair.id, keep="theirs")
    with acting_as(User("dora", "reviewer")):
        assert tab.ask("resolve", figure_id=tab.pair.id, keep="theirs")["decided"] == 1
    assert tab.pair.events()[-1] == ("decide", "dora")
    assert tab.pair.store.reviews.load(tab.pair.id, time.time()).lease_by is None


def test_deciding_twice_says_that_there_is_nothing_left(tab: Tab) -> None:
    tab.connect()
    tab.settle()
    tab.odds()
    tab.ask("resolve", figure_id=tab.pair.id, keep="ours")
    assert "has no conflict" in tab.said("resolve", figure_id=tab.pair.id, keep="ours")


def test_what_was_decided_is_listed_and_decided_again(tab: Tab) -> None:
    tab.connect()
    tab.settle()
    tab.odds()
    tab.ask("resolve", figure_id=tab.pair.id, keep="ours")
    tab.sync()
    answer = tab.ask("conflict", figure_id=tab.pair.id)
    assert (answer["conflicts"], answer["total"]) == ([], 0)
    (decision,) = answer["decisions"]
    assert [decision[name] for name in ("key", "kind", "keep", "by", "who")] == [
        *("p1", "node", "ours", "curator", "eve@lab.org")
    ]
    assert tab.ask("figure", figure_id=tab.pair.id)["item"]["decided"] == 1
    assert tab.ask("decide_again", id=decision["id"], keep="theirs") == {"changed": True}
    assert tab.pair.node("p1").box_xyxy[0] == 10
    tab.sync()
    row = next(row for row in tab.pair.rows() if row.get("id") == "p1" and row["type"] == "rectanglelabels")
    assert row["value"]["x"] == 10
    assert "there is no decision 99 on a conflict" in tab.said("decide_again", id=99, keep="ours")
    actions = [entry.action for entry in tab.pair.store.audit.records()]
    assert actions.count("sync.resolve") == actions.count("sync.decide_again") == 1


def test_many_conflicts_of_a_figure_come_some_at_a_time(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.syncing.server._AT_ONCE", 1)
    tab.connect()
    tab.settle()
    rows = tab.pair.rows()
    for row in rows:
        if row["type"] == "rectanglelabels" and row["id"] in ("p1", "p2"):
            row["value"]["y"] = 30
    tab.pair.submit(rows)
    tab.pair.decide(resized("p1", 40), resized("p2", 90))
    tab.sync()
    pages = [tab.ask("conflict", figure_id=tab.pair.id, offset=offset) for offset in (0, 1, 2)]
    assert [[one["key"] for one in page["conflicts"]] for page in pages] == [["p1"], ["p2"], []]
    assert {page["total"] for page in pages} == {2}


def test_disconnecting_forgets_and_changes_nothing_there(tab: Tab) -> None:
    tab.connect()
    tab.settle()
    state = tab.ask("disconnect")
    assert (state["connected"], state["watching"]) == (None, False)
    assert len(tab.pair.there.tasks) == 3
    assert "no Label Studio is connected" in tab.said("now")
    assert "no Label Studio is connected" in tab.said("send")
    assert tab.ask("figure", figure_id=tab.pair.id) == {"item": None}


_CHANGES: dict[str, Doc] = {
    "form": {},
    "test": {"fields": {}},
    "connect": {"fields": {}},
    "disconnect": {},
    "now": {},
    "watch": {"on": True},
    "send_new": {"on": True},
    "send": {},
    "take_out": {},
    "resolve": {"figure_id": "x", "keep": "ours"},
    "decide_again": {"id": 1, "keep": "ours"},
}


@pytest.mark.parametrize("name", sorted(_CHANGES))
def test_a_curator_may_only_look(tab: Tab, name: str) -> None:
    with acting_as(User("cleo", "curator")):
        assert "needs the role 'reviewer' (sync)" in tab.said(name, **_CHANGES[name])
        assert "counts" in tab.ask("state")
