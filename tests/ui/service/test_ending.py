"""How a process that serves comes to its end."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from data.store import Store
from tests.ui.service.process import END_S, START_S, Service

pytestmark = pytest.mark.process


SLOW = """
import sys, threading, time
from pathlib import Path
from data.store import Store
from curator.settings import ServeSettings
from fastapi.responses import StreamingResponse
from ui.service.requests_log import log_to, say
from ui.service.serving import serve

log_to(sys.stdout, "json")
go = Path(sys.argv[2])

def prepare(app):
    # before the page's own routes, which answer everything
    def slow():
        say("slow begun")
        while not go.exists():
            time.sleep(0.01)
        return {"done": True}

    async def events():
        import asyncio
        async def stream():
            say("stream begun")
            yield "data: 1\\n\\n"
            await asyncio.Event().wait()
        return StreamingResponse(stream(), media_type="text/event-stream")

    app.add_api_route("/slow", slow)
    app.add_api_route("/events", events)
    for route in app.router.routes[-2:]:
        app.router.routes.remove(route)
        app.router.routes.insert(0, route)

closing = threading.Event()
class Stuck:
    def close(self):
        say("closing")
        if len(sys.argv) > 3:
            threading.Event().wait()

def prepared(app):
    prepare(app)
    app.state.mining_jobs = Stuck()

settings = ServeSettings(stop_s=int(sys.argv[3]) if len(sys.argv) > 3 else 20)
in_time = serve(Store(Path(sys.argv[1])), "127.0.0.1", 0, settings=settings, prepare=prepared)
sys.exit(0 if in_time else 7)
"""


def refused(url: str) -> bool:
    parts = httpx.URL(url)
    try:
        socket.create_connection((parts.host, parts.port or 80), timeout=5).close()
    except OSError:
        return True
    return False


def test_a_request_under_way_is_finished_streams_are_cut_and_new_ones_are_refused(
    started: Callable[..., Service], project: Store, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    service = started("-c", SLOW, str(project.project), str(go))
    answers: list[httpx.Response] = []
    with httpx.Client(base_url=service.url, timeout=END_S) as client, client.stream("GET", "/events") as stream:
        events = stream.iter_text()
        assert next(events) == "data: 1\n\n"
        asking = threading.Thread(target=lambda: answers.append(httpx.get(f"{service.url}/slow", timeout=END_S)))
        asking.start()
        service.wait_for(lambda line: line["event"] == "slow begun")

        service.process.send_signal(signal.SIGTERM)
        service.wait_for(lambda line: line["event"] == "stopping")
        assert list(events) == []  # the stream ends though nobody ended it, while the slow request goes on
        assert refused(service.url)
        assert not any(line.get("route") == "/slow" for line in service.logged)
        go.touch()

        assert service.wait() == 0
        asking.join()
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"done": True})]
    assert [line["event"] for line in service.logged[-2:]] == ["closing", "stopped"]


def test_what_does_not_come_to_its_end_is_left_when_the_time_is_over(
    started: Callable[..., Service], project: Store, tmp_path: Path
) -> None:
    service = started("-c", SLOW, str(project.project), str(tmp_path / "never"), "1")

    assert service.end() == 7
    assert service.logged[-1]["in_time"] is False


def test_systemd_is_told_when_it_answers_and_when_it_ends_which_ctrl_c_does_too(
    started: Callable[..., Service], project: Store, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(START_S)
        service = started(
            "-c", SLOW, str(project.project), str(tmp_path / "go"), NOTIFY_SOCKET=str(tmp_path / "notify")
        )
        assert manager.recv(100) == b"READY=1"
        assert httpx.get(f"{service.url}/healthz").status_code == 200
        assert service.end(signal.SIGINT) == 0
        assert manager.recv(100) == b"STOPPING=1"
