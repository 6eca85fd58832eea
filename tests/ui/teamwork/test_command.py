"""`curator team`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from curator.commands import parse_commands
from data.store import Store
from tests.data.projects import HIERARCHY, add_figures
from ui.cli import main


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path)
    for figure_id in add_figures(store, 4):
        store.reviews.mined(figure_id, HIERARCHY, "embedded 1")
    yield store
    store.close()


def team(store: Store, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--project", str(store.project), "team", *arguments])


def said(store: Store, *arguments: str) -> str:
    result = team(store, *arguments)
    assert result.exit_code == 0, result.output
    return result.output


def accept(store: Store, figure_id: str, who: str, *commands: dict[str, object]) -> None:
    revision = store.reviews.load(figure_id, 0.0).revision
    accepted = {"op": "judge_figure", "state": "accepted"}
    store.reviews.decide(figure_id, revision, parse_commands([*commands, accepted]), who, 0.0)
    store.reviews.release(figure_id, who)


def test_work_is_dealt_out_compared_and_settled_in_a_shell(store: Store) -> None:
    assert said(store) == (
        "nobody was given anything; `curator team --assign NAME,NAME` deals figures out\n"
        "read by two: 0 to settle, 0 settled\n"
    )
    assert said(store, "--agreement").startswith("no figure was accepted by two")
    assert said(store, "--assign", "anna, ben", "--overlap", "1", "--count", "2") == (
        "2 figures dealt out among anna, ben; 2 of them are read twice\n"
    )
    for figure_id, first, second in (("PMC1:fig1", "anna", "ben"), ("PMC1:fig2", "ben", "anna")):
        accept(store, figure_id, first)
        store.readings.begin_second(figure_id, second, 0.0)
    accept(store, "PMC1:fig1", "ben", {"op": "remove", "id": "r4"})
    accept(store, "PMC1:fig2", "anna")

    assert "anna                 1 of 1 reviewed; second readings: 0 to begin, 0 begun, 0 later" in said(store)
    agreement = said(store, "--agreement")
    assert (
        "anna and ben: 1 figures\n  panel   boxes (F1) 1.00, kinds (kappa) 1.00, words 1.00; 2 and 2 boxes" in agreement
    )
    assert "  region  boxes (F1) 0.00; 1 and 0 boxes" in agreement
    assert said(store, "--settle-agreeing") == "1 figures settled; 1 wait for somebody to decide\n"
    assert json.loads(said(store, "--json"))["settled"] == 1
    assert json.loads(said(store, "--agreement", "--json"))["agreement"][0]["levels"]["panel"]["f1"] == 1
    assert json.loads(said(store, "--settle-agreeing", "--json")) == {"settled": 0, "busy": 0, "left": 1}
    assert json.loads(said(store, "--assign", "eve", "--json")) == {"figures": 2, "second": 0}
    assert [record.action for record in store.audit.records()].count("team.assign") == 2


def test_wrong_requests_say_what_is_wrong(store: Store) -> None:
    assert "belong to --assign" in team(store, "--overlap", "0.1").output
    assert "two people or more" in team(store, "--assign", "anna", "--overlap", "0.1").output
    assert "cannot share figures among []" in team(store, "--assign", " , ").output
