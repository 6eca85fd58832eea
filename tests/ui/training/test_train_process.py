"""The whole way of a run as the page drives it, with real processes: export, train, kill, stop, resume, report, use."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from curator.commands import parse_commands
from data.store import Store
from tests.data.projects import add_mined_figure
from ui.training.process import load_process
from ui.training.routes import report_routes
from ui.training.runs import ALIVE, Runs
from ui.training.server import TrainServer

pytestmark = pytest.mark.process
PATIENCE_S = 240  # a machine that does much else is slow; when all is well a test waits for none of it
REQUEST = {"preset": "flat", "model": "curator-tiny", "steps": 12, "verified_only": True, "seed": 1}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Sixteen articles of a figure each, all of them accepted but one."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    store = Store(tmp_path / "project")
    for number in range(16):
        figure_id = add_mined_figure(store, f"PMC{number}")
        if number:
            revision = store.reviews.load(figure_id, 0.0).revision
            accept = parse_commands([{"op": "judge_figure", "state": "accepted"}])
            store.reviews.decide(figure_id, revision, accept, "ann#1", 0.0)
    yield store
    for run in Runs(store.project / "runs").listed():  # of a test that failed
        process = load_process(store.project / "runs" / run.name)
        if run.state in ALIVE and process and process.pid:
            os.kill(process.pid, signal.SIGKILL)
    store.close()


class Page:
    """The tab's functions as a page calls them; a new one is a page that was opened again."""

    def __init__(self, store: Store) -> None:
        self._functions = {one.__name__: one for one in TrainServer(store, Runs(store.project / "runs")).functions()}

    def ask(self, function: str, /, **request: Any) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(json.dumps(self._functions[function](request)))
        return answer

    def state_of(self, name: str) -> str:
        return str(self.ask("train_run", name=name)["run"]["state"])

    def until(self, name: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Asks about the run again and again; its answer when it is so."""
        gives_up = time.monotonic() + PATIENCE_S
        while not holds(answer := self.ask("train_run", name=name)):
            assert time.monotonic() < gives_up, answer
            threading.Event().wait(0.1)
        return answer


def over(answer: dict[str, Any]) -> bool:
    return answer["run"]["state"] not in ALIVE


def after(step: int) -> Callable[[dict[str, Any]], bool]:
    """The run trains and has done a step more, or is over."""
    return lambda answer: over(answer) or (answer["run"]["state"] == "training" and answer["run"]["step"] > step)


def test_a_run_is_killed_stopped_resumed_finished_and_used_while_pages_come_and_go(store: Store) -> None:
    page = Page(store)
    name = page.ask("train_start", **REQUEST)["run"]["name"]
    assert name == "flat-1"
    page.until(name, after(1))
    assert "run 'flat-1' is going on" in page.ask("train_start", **REQUEST)["error"]
    assert "is still going on" in page.ask("train_remove", name=name)["error"]

    page = Page(store)
    assert page.state_of(name) == "training"
    process = load_process(store.project / "runs" / name)
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    killed = page.until(name, over)
    assert killed["run"]["state"] == "killed"

    assert page.ask("train_resume", name=name)["run"]["state"] in ALIVE
    page.until(name, after(killed["run"]["step"]))
    page.ask("train_stop", name=name)
    assert Page(store).state_of(name) in ("stopping", "stopped")
    stopped = page.until(name, over)
    assert (stopped["run"]["state"], stopped["report"]) == ("stopped", None)

    page.ask("train_resume", name=name)
    done = Page(store).until(name, over)
    run = done["run"]
    assert (run["state"], run["step"], run["steps"], run["verified_only"]) == ("finished", 12, 12, True)
    assert [point[0] for point in done["loss"]] == list(range(1, 13))
    assert done["retrieval"][0][0] == 0
    assert done["before"] == done["retrieval"][0][1]
    assert sum(done["snapshot"]["figures"].values()) == 15  # the one that nobody verified is not among them
    assert done["config"]["seed"] == 1
    assert run["seconds"] > killed["run"]["seconds"]
    _assert_report_is_served(store, done["report"])
    _assert_images_are_shared_with_the_project(store, name)

    page.ask("train_use", name=name)
    used = page.until(name, lambda answer: answer["run"]["use"]["state"] != "indexing")
    assert (used["run"]["use"]["state"], used["run"]["use"]["message"]) == ("ready", "")
    assert page.ask("train_overview")["in_use"] == name
    assert "is the model in use for search" in page.ask("train_remove", name=name)["error"]


def _assert_report_is_served(store: Store, address: str) -> None:
    app = FastAPI()
    app.include_router(report_routes(Runs(store.project / "runs")))
    with TestClient(app) as client:
        assert "curator-tiny, before training" in client.get(address).text
        assert client.get("/runs/none/report/").status_code == 404


def _assert_images_are_shared_with_the_project(store: Store, name: str) -> None:
    images = list((store.project / "runs" / name / "data" / "images").iterdir())
    assert images
    assert all(path.stat().st_ino == store.images.web(path.stem).stat().st_ino for path in images)


def test_a_run_that_cannot_begin_says_why_and_its_database_is_free(store: Store) -> None:
    page = Page(store)
    name = page.ask("train_start", **{**REQUEST, "model": "no-such-model"})["run"]["name"]
    failed = page.until(name, over)
    assert failed["run"]["state"] == "failed"
    assert "'no-such-model' is no model that open_clip knows" in failed["run"]["message"]
    assert "Error:" in failed["log_tail"]
    with sqlite3.connect(store.project / "curator.db", timeout=0) as other:
        other.execute("begin immediate")
