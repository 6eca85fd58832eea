"""What the page asks about several curators."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curator.commands import parse_commands
from curator.user import User
from data.store import Store
from tests.data.projects import HIERARCHY, add_figures
from ui.accounts.identity import acting_as
from ui.teamwork.server import TeamServer

NOW = 1_000_000.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path)
    for figure_id in add_figures(store, 4):
        store.reviews.mined(figure_id, HIERARCHY, "embedded 1")
    yield store
    store.close()


def ask(store: Store, name: str, request: dict[str, Any] | None = None, who: User = User("lead", "reviewer")) -> Any:  # noqa: B008 - frozen
    functions = {function.__name__: function for function in TeamServer(store, lambda: NOW).functions()}
    with acting_as(who):
        return functions[name](request or {})


def accept(store: Store, figure_id: str, who: str, *commands: dict[str, object]) -> None:
    revision = store.reviews.load(figure_id, NOW).revision
    raw = [*commands, {"op": "judge_figure", "state": "accepted"}]
    store.reviews.decide(figure_id, revision, parse_commands(raw), who, NOW)
    store.reviews.release(figure_id, who)


ANNA, BEN = User("anna", "curator"), User("ben", "curator")


def test_figures_are_dealt_out_read_twice_compared_and_settled(store: Store) -> None:
    assert ask(store, "team_assign", {"people": ["anna", "ben"], "overlap": 1.0, "count": 2}) == {
        "figures": 2,
        "second": 2,
    }
    for figure_id, first in (("PMC1:fig1", "anna"), ("PMC1:fig2", "ben")):
        accept(store, figure_id, first)
    assert ask(store, "team_overview", who=BEN)["second"] == [
        {"figure_id": "PMC1:fig1", "label": "Figure 1", "begun": False}
    ]
    assert ask(store, "team_begin_second", {"figure_id": "PMC1:fig1"}, BEN) == {}
    assert ask(store, "team_begin_second", {"figure_id": "PMC1:fig2"}, ANNA) == {}
    accept(store, "PMC1:fig1", "ben", {"op": "remove", "id": "r4"})
    accept(store, "PMC1:fig2", "anna")

    heads = ask(store, "team_readings")["readings"]
    assert [(head["figure_id"], head["count"]) for head in heads] == [("PMC1:fig1", 1), ("PMC1:fig2", 0)]
    assert ask(store, "team_settle_agreeing") == {"settled": 1, "busy": 0}
    assert "needs the role" in ask(store, "team_differences", {"figure_id": "PMC1:fig1"}, ANNA)["error"]
    shown = ask(store, "team_differences", {"figure_id": "PMC1:fig1"})
    assert [difference["key"] for difference in shown["differences"]] == ["r4="]
    assert shown["differences"][0]["first"]["label"] == "mitosis"
    settled = {"figure_id": "PMC1:fig1", "revision": shown["revision"], "choices": {"r4=": "second"}}
    assert ask(store, "team_settle", settled) == {}

    overview = ask(store, "team_overview")
    assert (overview["to_settle"], overview["settled"], overview["open"]) == (0, 2, 2)
    (pair, _) = overview["agreement"]
    assert (pair["first"], pair["second"], pair["figures"], pair["levels"]["panel"]["f1"]) == ("anna", "ben", 1, 1)
    assert pair["levels"]["region"]["f1"] == 0


def test_only_figures_that_nobody_has_are_dealt_out_unless_asked(store: Store) -> None:
    ask(store, "team_assign", {"people": ["anna"], "count": 1})

    assert ask(store, "team_assign", {"people": ["ben"]})["figures"] == 3
    assert ask(store, "team_assign", {"people": ["ben"], "again": True})["figures"] == 4
    assert ask(store, "team_unassign") == {"figures": 4}
    assert ask(store, "team_overview")["workloads"] == []


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("team_assign", {"people": ["anna"]}),
        ("team_unassign", {}),
        ("team_settle", {"figure_id": "x", "revision": 1}),
        ("team_settle_agreeing", {}),
    ],
)
def test_a_curator_may_not_share_out_or_settle(store: Store, name: str, request_: dict[str, Any]) -> None:
    assert "needs the role 'reviewer'" in ask(store, name, request_, ANNA)["error"]


def test_a_second_reading_is_given_up_by_its_reader_or_by_whoever_leads(store: Store) -> None:
    ask(store, "team_assign", {"people": ["anna", "ben"], "overlap": 1.0, "count": 1})
    accept(store, "PMC1:fig1", "anna")
    ask(store, "team_begin_second", {"figure_id": "PMC1:fig1"}, BEN)

    assert "needs the role" in ask(store, "team_cancel_second", {"figure_id": "PMC1:fig1"}, ANNA)["error"]
    assert ask(store, "team_cancel_second", {"figure_id": "PMC1:fig1"}, BEN) == {}


def test_what_is_not_there_is_said(store: Store) -> None:
    assert "was not read by two" in ask(store, "team_differences", {"figure_id": "PMC1:fig1"})["error"]
    assert "second reading" in ask(store, "team_begin_second", {"figure_id": "PMC1:fig1"}, BEN)["error"]
    assert "two people or more" in ask(store, "team_assign", {"people": ["anna"], "overlap": 0.5})["error"]


def test_what_somebody_settles_meanwhile_does_not_stop_settling_the_rest(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for figure_id in ("PMC1:fig1", "PMC1:fig2"):
        store.readings.assign([figure_id], ["anna", "ben"], 1.0, 0, "lead")
        accept(store, figure_id, "anna")
        store.readings.begin_second(figure_id, "ben", NOW)
        accept(store, figure_id, "ben")
    pairs = store.readings.pairs()
    store.readings.settle("PMC1:fig1", pairs[0].revision, {}, "eve", NOW)
    monkeypatch.setattr(store.readings, "pairs", lambda: pairs)

    assert ask(store, "team_settle_agreeing") == {"settled": 1, "busy": 1}
