"""Killed, refused or cut off at any moment, both sides end as if nothing had happened: nothing lost, nothing double."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.stand_ins.label_studio import TOKEN, Fault, LabelStudioServer
from curator.commands import Add, Assign, Command, JudgeFigure
from curator.errors import SyncError
from curator.figure import Panel
from tests.data.label_studio.syncing import EVE, NOW_S, Pair, judged_accepted, labelled, removed, resized, shape

_REQUESTS = 40
"""More than one pass of the scene sends."""


class KilledError(BaseException):
    """Stands for the end of the process: nothing catches it."""


class Mortal(httpx.HTTPTransport):
    """Dies at the n-th request, before it is sent or once the server has done the work."""

    def __init__(self, at: int, after: bool) -> None:
        super().__init__()
        self._at = at
        self._after = after
        self.count = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.count += 1
        if self.count == self._at and not self._after:
            raise KilledError
        response = super().handle_request(request)
        if self.count == self._at:
            response.read()
            raise KilledError
        return response


class KilledAfter(httpx.HTTPTransport):
    """Dies once the server has done such a request."""

    def __init__(self, method: str, path: str) -> None:
        super().__init__()
        self._method, self._path = method, path

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        if request.method == self._method and self._path in request.url.path:
            response.read()
            raise KilledError
        return response


@pytest.fixture
def there() -> Iterator[LabelStudioServer]:
    with LabelStudioServer() as server:
        yield server


def scene(folder: Path, there: LabelStudioServer) -> Pair:
    """Three figures: one new, one changed here and there, one changed here."""
    pair = Pair(folder, there, 3)
    new, both, here = pair.ids
    pair.sync()
    there.delete_task(pair.task(new)["id"])
    with pair.store.connections.write() as conn:  # as if it had never been sent
        conn.execute("delete from synced where figure_id = ?", (new,))
    pair.store.outbox.put([new])
    pair.move_there("p2", 60, both)
    pair.decide(labelled("p1", "Z"), figure_id=both)
    pair.decide(resized("p1", 40), judged_accepted("m3"), removed("r4"), figure_id=here)
    return pair


def copies(folder: Path, there: LabelStudioServer) -> Iterator[Pair]:
    """The same scene again and again; one is made, the others are copied."""
    made = scene(folder / "made", there)
    made.store.close()
    held = deepcopy(there.tasks)
    for number in range(_REQUESTS):
        there.tasks = deepcopy(held)
        yield Pair(shutil.copytree(folder / "made", folder / f"{number}"), there, 0, made.ids)
    raise AssertionError("the scene has more points to be killed at than expected")


def check_end(pair: Pair) -> None:
    """The scene's end, once, on both sides."""
    new, both, here = pair.ids
    assert sorted(task["data"]["figure_id"] for task in pair.there.tasks.values()) == sorted(pair.ids)
    panel = pair.node("p1", both)
    assert isinstance(panel, Panel)
    assert panel.label == "Z"
    assert pair.node("p2", both).box_xyxy[0] == pytest.approx(60, abs=1)
    assert pair.events(both) == [("decide", "anna"), ("decide", f"label-studio:{EVE}")]
    assert pair.events(here) == [("decide", "anna")]
    assert pair.events(new) == []
    letters = [row["value"]["text"] for row in pair.rows(both) if row.get("from_name") == "letter"]
    assert ["Z"] in letters
    assert shape(pair.rows(both), "p2")["value"]["x"] == pytest.approx(60)
    assert shape(pair.rows(here), "p1")["value"]["width"] == pytest.approx(40)
    counts = [
        (len(pair.task(figure_id)["predictions"]), len(pair.task(figure_id)["annotations"])) for figure_id in pair.ids
    ]
    assert counts == [(1, 0), (1, 1), (1, 1)]
    assert pair.statuses() == {"synced"}
    assert pair.store.syncs.conflicts() == []


def check_quiet(pair: Pair) -> None:
    """Nothing is left to do."""
    pair.sync()
    pair.there.history.clear()
    pair.sync()
    assert {method for method, _, _ in pair.there.history} == {"GET"}


@pytest.mark.parametrize("after", [False, True], ids=["before it is sent", "after the work is done"])
def test_killed_at_any_request_the_next_pass_ends_the_same(
    tmp_path: Path, there: LabelStudioServer, after: bool
) -> None:
    points = 0
    for at, pair in enumerate(copies(tmp_path, there), start=1):
        pair.transport = Mortal(at, after)
        try:
            pair.sync()
        except KilledError:
            points += 1
        else:
            check_end(pair)
            break
        pair.transport = None
        pair.sync()
        check_end(pair)
    assert points >= 10


UNDONE: dict[str, Command] = {
    "accepted": JudgeFigure(op="judge_figure", state="accepted"),
    "skipped": JudgeFigure(op="judge_figure", state="skipped", reason="a table"),
    "removed": removed("r4"),
    "drawn": Add(op="add", level="panel", box_xyxy=(5, 5, 30, 30)),
    "resized": resized("p1", 40),
    "shared": Assign(op="assign", id="lead", span=(0, 5)),
}


@pytest.mark.parametrize("path", ["/api/tasks/", "/api/annotations/"])
@pytest.mark.parametrize("command", UNDONE.values(), ids=UNDONE.keys())
def test_what_is_undone_after_it_was_sent_and_before_that_was_noted_stays_undone(
    pair: Pair, command: Command, path: str
) -> None:
    pair.decide(judged_accepted("m3"))
    pair.sync()
    before = pair.store.reviews.load(pair.id, NOW_S).review
    pair.decide(command)
    pair.transport = KilledAfter("PATCH", path)
    with suppress(KilledError):  # what changes boxes alone leaves the task's data as they are
        pair.sync()
    pair.transport = None
    pair.undo()
    pair.sync()
    assert pair.store.reviews.load(pair.id, NOW_S).review == before
    assert [kind for kind, _ in pair.events()] == ["decide", "decide", "undo"]
    assert pair.sync(whole=True).taken_in == 0
    assert pair.statuses() == {"synced"}


@contextmanager
def dying_store(pair: Pair, at: int, after: bool) -> Iterator[Callable[[], int]]:
    """The store's n-th transaction is cut off before or after its commit."""
    whole, count = pair.store.connections.write, 0

    @contextmanager
    def write() -> Iterator[Any]:
        nonlocal count
        count += 1
        mine = count
        with whole() as conn:
            yield conn
            if mine == at and not after:
                raise KilledError
        if mine == at:
            raise KilledError

    pair.store.connections.write = write  # type: ignore[method-assign]
    yield lambda: count
    pair.store.connections.write = whole  # type: ignore[method-assign]


@pytest.mark.parametrize("after", [False, True], ids=["before its commit", "after its commit"])
def test_killed_at_any_transaction_the_next_pass_ends_the_same(
    tmp_path: Path, there: LabelStudioServer, after: bool
) -> None:
    points = 0
    for at, pair in enumerate(copies(tmp_path, there), start=1):
        killed = False
        with dying_store(pair, at, after):
            try:
                pair.sync()
            except KilledError:
                killed = True
        pair.sync()
        check_end(pair)
        if not killed:
            break
        points += 1
    assert points >= 4


FAULTS = {
    "GET fails": Fault("GET", "/api/tasks/", status=500),
    "busy": Fault("GET", "/api/projects/", status=429),
    "a proxy's page": Fault("GET", "/api/tasks/", status=200, body=b"<html>login</html>"),
    "cut off": Fault("GET", "/api/tasks/", drop="before"),
    "PATCH of the task fails": Fault("PATCH", "/api/tasks/", status=503),
    "PATCH of the annotation fails": Fault("PATCH", "/api/annotations/", status=502),
    "PATCH is done, its answer lost": Fault("PATCH", "/api/annotations/", drop="after"),
    "import fails": Fault("POST", "/import", status=500),
    "import is cut off": Fault("POST", "/import", drop="before"),
    "import is done, its answer lost": Fault("POST", "/import", drop="after"),
    "annotation fails": Fault("POST", "/annotations/", status=500),
    "annotation is done, its answer lost": Fault("POST", "/annotations/", drop="after"),
    "import answers wrong JSON": Fault("POST", "/import", status=201, body=b'{"task_ids": null}'),
    "import answers no JSON": Fault("POST", "/import", status=201, body=b"created"),
    "task answers wrong JSON": Fault("GET", "/api/tasks/", status=200, body=b"[]"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_after_a_fault_there_a_pass_or_two_end_the_same(tmp_path: Path, there: LabelStudioServer, fault: Fault) -> None:
    pair = scene(tmp_path, there)
    there.faults.append(fault)
    with suppress(SyncError):
        pair.sync()
    assert there.faults == []
    pair.sync()
    check_end(pair)
    check_quiet(pair)


def test_a_server_that_is_away_loses_nothing(tmp_path: Path, there: LabelStudioServer) -> None:
    pair = scene(tmp_path, there)
    there.stop()
    with pytest.raises(SyncError, match=r"cannot be reached .*; start Label Studio, or mend its url"):
        pair.sync()
    assert pair.store.outbox.waiting(NOW_S) != []
    there.start()
    pair.sync()
    check_end(pair)


@pytest.mark.parametrize(
    "request_", [("PATCH", "/api/annotations/"), ("POST", "/import"), ("GET", "/api/tasks/")], ids=lambda r: r[0]
)
def test_a_restart_there_in_the_middle_loses_nothing(
    tmp_path: Path, there: LabelStudioServer, request_: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = scene(tmp_path, there)
    there.faults.append(Fault(*request_, drop="after"))
    answer, restarts = there.answer, list[threading.Thread]()

    def restart() -> None:
        there.stop()
        there.start()

    def answer_then_restart(*asked: Any) -> Any:
        answered = answer(*asked)
        if answered[2].drop and not restarts:
            restarts.append(threading.Thread(target=restart))
            restarts[0].start()
        return answered

    monkeypatch.setattr(there, "answer", answer_then_restart)
    with suppress(SyncError):
        pair.sync()
    (restarting,) = restarts
    restarting.join()
    pair.sync()
    check_end(pair)


@pytest.mark.process
@pytest.mark.parametrize(
    "request_", [("PATCH", "/api/annotations/"), ("POST", "/import"), ("POST", "/annotations/")], ids=lambda r: r[1]
)
def test_a_process_killed_between_sending_and_confirming_sends_nothing_twice(
    tmp_path: Path, there: LabelStudioServer, request_: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = scene(tmp_path, there)
    never, reached = threading.Event(), threading.Event()
    there.faults.append(Fault(*request_, until=never))
    answer = there.answer

    def watched(*asked: Any) -> Any:
        if asked[0] == request_[0] and request_[1] in asked[1]:
            reached.set()
        return answer(*asked)

    monkeypatch.setattr(there, "answer", watched)
    command = [sys.executable, "-m", "ui", "--project", str(pair.store.project), "sync"]
    variables = os.environ | {"CURATOR_LABEL_STUDIO_URL": there.url, "CURATOR_LABEL_STUDIO_API_KEY": TOKEN}
    with subprocess.Popen(command, env=variables, start_new_session=True, stderr=subprocess.PIPE) as process:
        assert reached.wait(300)
        while there.faults:
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
    never.set()
    assert subprocess.run(command, env=variables, check=False).returncode == 0
    check_end(pair)
    check_quiet(pair)
