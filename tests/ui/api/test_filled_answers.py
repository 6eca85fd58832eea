"""Answers that have something to tell, held to their descriptions: teams, batches, rounds, runs, syncing, models."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from bench.stand_ins.label_studio import TOKEN, LabelStudioServer
from curator.commands import Command, Judge, JudgeFigure, Remove
from curator.exchange import Exchange, Reply
from curator.remining_limits import Limits
from curator.user import User
from data.label_studio.agreed import conflict_to_doc
from data.label_studio.merge import NodeConflict, SharedConflict
from data.store import Store
from data.store.conflict_decisions import note_decision
from data.store.remining import Remined
from data.store.syncs import save_conflicts
from tests.ui.api.conftest import URL, routes_of, servers_of
from tests.ui.training.folders import make_run, process_state
from ui.accounts.gate import Gate
from ui.api.app import PREFIX, api_app
from ui.learning.assessing import assess_waiting, fit_now
from ui.servers import Servers

Asking = Callable[..., Any]
FIGURE = "PMC1:F1"


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Store:
    """A project of its own: what learns from decisions remembers what it has read of a database."""
    return Store(Path(shutil.copytree(made, tmp_path / "project")))


@pytest.fixture
def servers(store: Store) -> Iterator[Servers]:
    servers = servers_of(store)
    yield servers
    servers.syncing.close()


@pytest.fixture
def ask(servers: Servers) -> Asking:
    """Asks as ada, an admin, or as who is named, and holds the answer to the description of its way."""
    api = api_app(servers)

    def asked(method: str, path: str, who: str = "ada", **named: Any) -> Any:
        app = FastAPI()
        app.add_middleware(Gate, store=servers.store, local=User(who, "admin"))
        app.mount(PREFIX, api)
        client = TestClient(app, base_url=f"{URL}{PREFIX}")
        answer = client.request(method, path, **named)
        assert answer.is_success, answer.text
        shape: Any = route_of(api, method, path.partition("?")[0]).response_model
        TypeAdapter(shape).validate_json(answer.content)
        return answer.json()

    return asked


def route_of(app: FastAPI, method: str, path: str) -> APIRoute:
    return next(one for one in routes_of(app) if method in (one.methods or ()) and one.path_regex.match(path))


def decide(store: Store, who: str, *commands: Command, figure_id: str = FIGURE) -> None:
    revision = store.reviews.load(figure_id, time.time()).revision
    accept = JudgeFigure(op="judge_figure", state="accepted")
    store.reviews.decide(figure_id, revision, [*commands, accept], who, time.time())
    store.reviews.release(figure_id, who)


def test_two_readings_and_what_they_differ_in(store: Store, ask: Asking) -> None:
    first = next(iter(store.reviews.load(FIGURE, 0).review.hierarchy.panels)).id
    store.readings.assign([FIGURE], ["ann", "ben"], 1.0, 0, "ada")
    decide(store, "ann")
    assert ask("GET", "/team", "ben")["second"][0]["figure_id"] == FIGURE
    assert ask("POST", "/team/second-readings", "ben", json={"figure_id": FIGURE}) == {}
    decide(store, "ben", Remove(op="remove", id=first))
    assert ask("GET", "/team")["agreement"][0]["levels"]["panel"]["first"] > 0
    assert ask("GET", "/team")["workloads"]
    assert ask("GET", "/team/readings")["readings"][0]["count"] >= 1
    told = ask("GET", f"/team/differences?figure_id={FIGURE}")
    assert any(one["first"] and one["second"] is None for one in told["differences"])
    assert told["agreed"]
    choices = {one["key"]: "second" for one in told["differences"]}
    settled = {"figure_id": FIGURE, "revision": told["revision"], "choices": choices}
    assert ask("POST", "/team/settlements", json=settled) == {}
    assert ask("GET", "/team")["settled"] == 1


def test_batches_and_what_they_promised(store: Store, ask: Asking) -> None:
    seen = ask("POST", "/auto/preview", json={"error_rate": 0.2})
    assert seen["threshold"] is None
    assert seen["reason"]
    decide(store, "ann")
    fit_now(store)
    assess_waiting(store)
    batch = store.auto.apply(0.2, 0.0, 99, seen, "ada", time.time(), store.auto.assessor())
    (listed,) = ask("GET", "/auto")["batches"]
    assert (listed["id"], listed["promise"]) == (batch.id, seen)
    assert ask("DELETE", f"/auto/batches?batch={batch.id}")["figures"] == batch.figures > 0


def test_the_dashboard_of_an_assessor_that_has_learned(store: Store, ask: Asking) -> None:
    panel = next(iter(store.reviews.load(FIGURE, 0).review.hierarchy.panels))
    decide(store, "ann", Judge(op="judge", id=panel.id, state="rejected"))
    fit_now(store)
    told = ask("GET", "/dashboard")
    assert told["assessor"]["versions"]
    assert told["assessor"]["diagram"]["assessed"]["bins"] is not None
    assert told["reliability"]
    assert told["outcomes"]


def test_rounds_of_the_loop_and_of_mining_again(store: Store, ask: Asking) -> None:
    recall = {"a2b_r1": 0.5, "b2a_r1": 0.25, "pool_a": 8, "pool_b": 8}
    facts: dict[str, Any] = {
        "train": {"run": "loop-1", "from": None, "retrieval": {"M": recall}},
        "remine": {"figures": 2, "done": 1, "failed": 1, "adopted": 0, "gained": 0.5, "cost": 0.0},
        "assess": {"assessor": 1, "decisions": 4, "figures": 3, "error": None},
    }
    at = store.loop.begin(2)
    for name, value in facts.items():
        store.loop.note(at.id, name, value)
    round_id = store.remining.begin(Limits(), [(FIGURE, "scales")])
    with store.connections.write() as conn:
        store.remining.note(conn, round_id, Remined(FIGURE, "scales", None, 0.5, 0.75, ("panel",)))
    told = ask("GET", "/loop")
    assert told["rounds"][0]["train"] == facts["train"]
    assert told["remined"][0]["figures"] == 1
    (change,) = ask("GET", f"/loop/changes?round_id={round_id}")["changes"]
    assert change["worth_after"] == 0.75


def test_a_run_with_its_curves(store: Store, ask: Asking) -> None:
    make_run(store.project / "runs" / "zoomin-1", process_state(outcome="finished"), 12, "finished")
    told = ask("GET", "/training/runs/zoomin-1")
    assert told["loss"]
    assert told["retrieval"]
    assert told["after"]["M"]["a2b_r1"] >= 0
    assert ask("GET", "/training")["runs"][0]["name"] == "zoomin-1"
    assert ask("POST", "/training/plan", json={"preset": "zoomin", "steps": 10})["stages"]


def test_an_exchange_word_for_word(store: Store, ask: Asking) -> None:
    message = {"role": "user", "text": "Which panels?", "pictures": ["c" * 64]}
    made = Exchange(
        "a" * 64, FIGURE, "panels", "p", "b" * 64, "openai", "m", {"temperature": 0.0}, [message], Reply("[1]")
    )
    store.exchanges.save(replace(made, parsed=[1]), [])
    assert ask("GET", f"/exchanges/{'a' * 64}")["messages"] == [message]
    assert ask("GET", "/model")["fields"]["provider"]


def test_label_studio_connected_and_at_odds(store: Store, servers: Servers, ask: Asking) -> None:
    with LabelStudioServer() as there:
        form = {"fields": {"url": there.url, "project": "", "images": "local"}, "token": TOKEN}
        assert ask("POST", "/sync/test", json=form)["project"] == "a new project 'Curator'"
        assert ask("PUT", "/sync/form", json=form)["connected"]["url"] == there.url
        assert ask("GET", "/sync/form")["has_token"] is True
        ask("PUT", "/sync/watch", json={"on": False})
        assert servers.syncing.settle(30.0)
        assert ask("GET", "/sync/agents")["agents"]
        assert ask("POST", "/sync/preview", json={})["count"] > 0
        assert ask("POST", "/sync/send", json={"figure_ids": [FIGURE]})["count"] == 1
        ask("POST", "/sync/passes", json={})
        servers.syncing.picking.close()
        assert servers.syncing.settle(30.0)
        assert ask("GET", "/sync")["last"]["sent"] >= 0
        shown = store.reviews.load(FIGURE, 0).review.hierarchy
        panel = next(iter(shown.panels))
        moved = replace(panel, label="moved")
        node = conflict_to_doc(NodeConflict(panel.id, panel, None, moved), "eve")
        shared = conflict_to_doc(SharedConflict(shown.shared, shown.shared, shown.shared), "eve")
        with store.connections.write() as conn:
            save_conflicts(conn, FIGURE, {panel.id: node, "shared": shared})
            note_decision(conn, FIGURE, panel.id, "ours", "ann", node)
        assert len(ask("GET", "/sync/conflicts")["items"]) == 2
        told = ask("GET", f"/sync/conflicts/{FIGURE}")
        assert {one["kind"] for one in told["conflicts"]} == {"node", "shared"}
        assert told["decisions"][0]["keep"] == "ours"
        assert ask("GET", f"/sync/figures/{FIGURE}")["item"]["conflicts"] == 2
        assert ask("GET", "/sync/figures")["items"]
        ask("DELETE", "/sync")
