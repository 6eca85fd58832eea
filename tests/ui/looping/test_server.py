"""The loop's panel: what it is told, and the process that it starts and stops."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from filelock import FileLock

from curator.remining_limits import Limits
from curator.user import User
from data.store import Store
from data.store.remining import Remined
from tests.data.projects import HIERARCHY, add_figures
from ui.accounts.identity import acting_as
from ui.cli import main
from ui.looping.loop import LOCK, PID, Loop
from ui.looping.process import LoopProcess
from ui.looping.server import LoopServer

LEAD = User("lead", "reviewer")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path)
    for figure_id in add_figures(store, 2):
        store.reviews.mined(figure_id, HIERARCHY, "embedded 1")
    yield store
    store.close()


class Started(LoopProcess):
    """Remembers with which options it was to be started."""

    options: tuple[str, ...] = ()

    def start(self, *options: str) -> None:
        self.options = options


def ask(store: Store, name: str, request: dict[str, Any], process: LoopProcess, who: User = LEAD) -> Any:
    functions = {function.__name__: function for function in LoopServer(store, process).functions()}
    with acting_as(who):
        return functions[name](request)


def test_a_round_that_waits_says_for_how_many_figures(store: Store) -> None:
    at = store.loop.begin(2)
    store.loop.enter(at.id, "review")
    round_id = store.remining.begin(Limits(), [("PMC1:fig1", "scales")])
    with store.connections.write() as conn:
        store.remining.note(conn, round_id, Remined("PMC1:fig1", "scales", None, reason="too dark"))

    state = ask(store, "loop_state", {}, LoopProcess(store.project))

    assert (state["running"], state["missing"], state["rounds"][0]["stage"]) == (False, 2, "review")
    assert state["remined"][0]["failed"] == 1
    (change,) = ask(store, "loop_changes", {"round_id": round_id}, LoopProcess(store.project))["changes"]
    assert change["reason"] == "too dark"


def test_the_process_gets_what_the_form_says(store: Store) -> None:
    process = Started(store.project)

    assert ask(store, "loop_start", {"figures": 7, "sure": 0.6, "go_on": True}, process) == {}

    assert process.options[:2] == ("--figures", "7")
    assert process.options[-3:] == ("--sure", "0.6", "--go-on")
    assert next(store.audit.records(who="lead")).action == "loop.start"


def test_a_curator_may_not_start_or_stop_it(store: Store) -> None:
    for name in ("loop_start", "loop_stop"):
        answer = ask(store, name, {}, Started(store.project), User("anna", "curator"))
        assert "needs the role 'reviewer'" in answer["error"]


def test_what_does_not_run_cannot_be_stopped(store: Store) -> None:
    assert ask(store, "loop_stop", {}, LoopProcess(store.project))["error"] == "the loop is not going on"


_HOLDING = """
import signal, sys
from filelock import FileLock
held = FileLock(sys.argv[1])
held.acquire()
print(1, flush=True)
signal.pause()
"""


@pytest.mark.process
def test_a_second_loop_is_refused_and_the_first_can_be_stopped(store: Store) -> None:
    held = FileLock(store.project / LOCK)
    other = subprocess.Popen([sys.executable, "-c", _HOLDING, held.lock_file], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "1\n"
        (store.project / PID).write_text(str(other.pid))
        process = LoopProcess(store.project)

        assert process.running
        assert "going on already" in ask(store, "loop_start", {}, process)["error"]
        assert ask(store, "loop_stop", {}, process) == {}
        assert other.wait() == -signal.SIGTERM
        assert not process.running
    finally:
        other.kill()
        other.wait()
        if other.stdout:
            other.stdout.close()


def test_pages_that_look_at_once_do_not_take_each_other_for_the_loop(tmp_path: Path) -> None:
    process = LoopProcess(tmp_path)
    seen: list[bool] = []

    def look() -> None:
        together.wait()
        seen.extend(process.running for _ in range(200))

    together = threading.Barrier(4)
    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [False] * 800


def test_a_page_that_looks_does_not_keep_a_loop_from_starting(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.loop.begin(1)
    monkeypatch.setattr(Loop, "run", lambda self, rounds, goal: iter(()))
    page = FileLock(store.project / LOCK)
    page.acquire()
    monkeypatch.setattr("ui.commands.loop._LOOK_S", 60.0)
    monkeypatch.setattr(time, "sleep", lambda _: page.release())  # the loop looks again after a while

    begun = CliRunner().invoke(main, ["--project", str(store.project), "loop", "--json"])

    assert not page.is_locked
    assert begun.output.strip() == "[]"


@pytest.mark.process
def test_a_loop_that_is_only_starting_is_not_started_twice_and_can_be_stopped(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexec sleep 60\n")  # does not get as far as the lock
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    process = LoopProcess(store.project)
    process.start()

    assert process.running
    assert "going on already" in ask(store, "loop_start", {}, process)["error"]
    assert ask(store, "loop_stop", {}, process) == {}
    for thread in threading.enumerate():
        if thread.name == "loop":
            thread.join()
    assert not process.running


@pytest.mark.process
def test_a_started_loop_goes_as_far_as_the_curators_turn(store: Store) -> None:
    process = LoopProcess(store.project)

    process.start("--figures", "1")
    for thread in threading.enumerate():
        if thread.name == "loop":
            thread.join()

    assert "waits for curators: 1 figures more to review" in process.said()
    assert store.loop.rounds(1)[0].stage == "review"
    assert not process.running
