"""`curator serve` as a process of its own: what it answers, what it logs, how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bench.stand_ins.label_studio import Fault, LabelStudioServer
from curator.errors import SettingsError
from data.store import Store
from data.store.readiness import not_ready
from tests.e2e.project import make_project
from ui.service.health import health_routes
from ui.service.service_manager import notify
from ui.service.serving import check_proxies
from ui.service.stopping import closed_in_time, ending_well

_START_S = 90  # the framework alone takes ten seconds to import on two busy cores
_END_S = 30

pytestmark = pytest.mark.process


class Service:
    """A process that serves, and the lines it has logged."""

    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        self.lines: list[str] = []
        self.url = ""
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        listening = self.wait_for(lambda line: line["event"] == "listening")
        self.url = str(listening["url"]).rstrip("/")

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    @property
    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    def wait_for(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first line that fits, once it is there."""

        def found() -> dict[str, Any] | None:
            return next((line for line in self.logged if fits(line)), None)

        with self._changed:
            self._changed.wait_for(lambda: found() is not None or not self._reader.is_alive(), _START_S)
            line = found()
        assert line is not None, (self.lines, self.process.poll() is not None and self.process.stderr.read())  # type: ignore[union-attr]
        return line

    def end(self, number: int = signal.SIGTERM) -> int:
        """Its exit status."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        try:
            return self.process.wait(_END_S)
        finally:
            self._reader.join(_END_S)


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", **more}


@pytest.fixture
def started() -> Iterator[Callable[..., Service]]:
    services: list[Service] = []

    def start(*command: str, **more: str) -> Service:
        services.append(Service(command, environment(**more)))
        return services[-1]

    yield start
    for service in services:
        service.process.kill()
        service.process.wait()


@pytest.fixture
def project(tmp_path: Path) -> Store:
    return make_project(tmp_path / "kidneys")


def curator(store: Store, *options: str) -> list[str]:
    return ["-m", "ui", "--project", str(store.project), "serve", "--port", "0", "--no-mine", "--no-assess", *options]


def test_it_answers_logs_each_request_without_secrets_and_ends_with_success(
    started: Callable[..., Service], project: Store
) -> None:
    service = started(*curator(project))
    url = service.url
    caption = project.reviews.figure("PMC1:F1").caption
    assert len(caption) > 10

    secret = {"Authorization": "Bearer curator_verysecret", "Cookie": "session=cookiesecret"}
    with httpx.Client(base_url=url) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/readyz").json() == {"status": "ready"}
        image = client.get("/image/PMC1:F1?token=querysecret", headers={**secret, "X-Request-ID": "from-proxy.1"})
        assert image.status_code == 200
        assert image.headers["x-request-id"] == "from-proxy.1"
        forged = client.get("/nowhere/pathsecret", headers={"X-Request-ID": 'a" forged: "line'})
        assert re.fullmatch("[0-9a-f]{32}", forged.headers["x-request-id"])
        signed = client.get(f"/signed/images/{'ab' * 32}?until=1&signature=signaturesecret")
        assert signed.status_code == 403
        metrics = client.get("/metrics").text
        page = client.get("/")
        assert page.status_code == 200

    assert service.end() == 0
    lines = [line for line in service.logged if line["event"] == "request"]
    assert [line["route"] for line in lines[:3]] == ["/healthz", "/readyz", "/image/{figure_id:path}"]
    (asked,) = [line for line in lines if line["id"] == "from-proxy.1"]
    assert asked.keys() == {"time", "level", "logger", "event", "id", "user", "method", "route", "status", "ms"}
    assert (asked["user"] != "", asked["method"], asked["status"]) == (True, "GET", 200)
    assert 'curator_http_requests_total{method="GET",route="/image/{figure_id:path}",status="200"} 1.0' in metrics
    everything = "".join(service.lines)
    for hidden in ("verysecret", "cookiesecret", "querysecret", "pathsecret", "signaturesecret", caption, "forged"):
        assert hidden not in everything
        assert hidden not in metrics
    assert [line["event"] for line in service.logged[-2:]] == ["stopping", "stopped"]
    assert service.logged[-1]["in_time"] is True


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


class Watched(LabelStudioServer):
    """A Label Studio that can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()

    def answer(self, method: str, path: str, headers: dict[str, str], body: Any) -> tuple[int, bytes, Fault]:
        answered = super().answer(method, path, headers, body)
        with self._changed:
            self._changed.notify_all()
        return answered

    def wait_for_tasks(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: bool(self.tasks), _START_S)


def test_headless_it_connects_with_label_studio_and_gives_it_images_until_it_ends(
    started: Callable[..., Service], project: Store
) -> None:
    there = Watched()
    with there:
        service = started(
            *curator(project, "--sync"),
            CURATOR_LABEL_STUDIO_URL=there.url,
            CURATOR_LABEL_STUDIO_API_KEY=there.token,
            CURATOR_LABEL_STUDIO_IMAGES="signed",
            CURATOR_LABEL_STUDIO_PUBLIC_URL="http://curator:7860",
        )
        there.wait_for_tasks()
        data = next(iter(there.tasks.values()))["data"]
        link = httpx.URL(data["image"])
        theirs = {"Host": link.netloc.decode(), "Origin": "http://label-studio:8080"}
        image = httpx.get(service.url + link.raw_path.decode(), headers=theirs)

        assert image.status_code == 200
        assert image.headers["access-control-allow-origin"] == "*"
        assert image.content == project.images.web(data["curator"]["image_sha256"]).read_bytes()
        assert there.storages == []
        assert "curator_sync_watching 1.0" in httpx.get(f"{service.url}/metrics").text
        assert service.end() == 0
        assert there.token not in "".join(service.lines)


def test_a_request_under_way_is_finished_streams_are_cut_and_new_ones_are_refused(
    started: Callable[..., Service], project: Store, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    service = started("-c", SLOW, str(project.project), str(go))
    answers: list[httpx.Response] = []
    with httpx.Client(base_url=service.url, timeout=_END_S) as client, client.stream("GET", "/events") as stream:
        events = stream.iter_text()
        assert next(events) == "data: 1\n\n"
        asking = threading.Thread(target=lambda: answers.append(httpx.get(f"{service.url}/slow", timeout=_END_S)))
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


def test_a_taken_port_ends_it_with_the_reason(project: Store) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, *curator(project), "--port", str(port)]
        ended = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=_START_S)

    assert ended.returncode == 1
    assert ended.stderr == (
        f"Error: port {port} of 127.0.0.1 cannot be used (Address already in use); choose another with --port\n"
    )
    assert ended.stdout == ""


def test_systemd_is_told_when_it_answers_and_when_it_ends_which_ctrl_c_does_too(
    started: Callable[..., Service], project: Store, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(_START_S)
        service = started(
            "-c", SLOW, str(project.project), str(tmp_path / "go"), NOTIFY_SOCKET=str(tmp_path / "notify")
        )
        assert manager.recv(100) == b"READY=1"
        assert httpx.get(f"{service.url}/healthz").status_code == 200
        assert service.end(signal.SIGINT) == 0
        assert manager.recv(100) == b"STOPPING=1"


def test_a_manager_that_is_not_there_is_not_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        abstract = f"curator-test-{os.getpid()}"
        manager.bind(f"\0{abstract}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{abstract}")
        notify("READY=1")
        assert manager.recv(100) == b"READY=1"


def readiness(store: Store, min_free_mb: int = 0) -> tuple[int, Any]:
    app = FastAPI()
    app.include_router(health_routes(store, min_free_mb))
    with TestClient(app) as client:
        assert client.get("/healthz").status_code == 200
        answer = client.get("/readyz")
    return answer.status_code, answer.json()


def test_it_is_ready_where_the_project_can_be_worked_on(project: Store) -> None:
    assert readiness(project) == (200, {"status": "ready"})


def test_it_is_not_ready_without_its_database(project: Store) -> None:
    path = project.project / "curator.db"
    path.rename(path.with_name("elsewhere"))

    code, said = readiness(project)

    assert code == 503
    assert said == {
        "status": "not ready",
        "reasons": {"database": "it does not answer (unable to open database file)"},
    }
    assert not path.exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(
            "delete from _sqlite_migrations where name = 'm012_image_links'",
            "1 upgrades are to be done; start Curator again",
            id="older",
        ),
        pytest.param(
            "update _sqlite_migrations set name = 'm999_later' where name = 'm012_image_links'",
            "it was written by a newer Curator",
            id="newer",
        ),
    ],
)
def test_it_is_not_ready_with_a_database_of_another_curator(project: Store, change: str, reason: str) -> None:
    with project.connections.write() as conn:
        conn.execute(change)

    assert readiness(project) == (503, {"status": "not ready", "reasons": {"database": reason}})


def test_it_is_not_ready_with_a_file_that_is_no_database(project: Store) -> None:
    project.close()  # with it goes the log, which would mend the file
    (project.project / "curator.db").write_bytes(b"no database" * 1000)

    assert not_ready(project.project, 0) == {"database": "it does not answer (file is not a database)"}


def test_it_is_not_ready_where_images_cannot_be_written(project: Store) -> None:
    project.images.root.rename(project.project / "elsewhere")
    project.images.root.touch()

    assert not_ready(project.project, 0) == {"images": "nothing can be written there (Not a directory)"}


def test_it_is_not_ready_on_a_full_disk(project: Store) -> None:
    reasons = not_ready(project.project, 10**12)

    assert list(reasons) == ["disk"]
    assert re.fullmatch(r"\d+ MB are free, expected 1000000000000", reasons["disk"])


def test_asking_leaves_nothing_behind(project: Store) -> None:
    before = sorted(project.project.rglob("*"))
    assert not_ready(project.project, 0) == {}
    assert sorted(project.project.rglob("*")) == before


@pytest.mark.parametrize("proxy", ["*", "proxy.lab.org", "10.0.0.0/40", ""])
def test_a_proxy_that_is_neither_address_nor_network_is_refused(proxy: str) -> None:
    with pytest.raises(SettingsError) as error:
        check_proxies(["127.0.0.1", proxy])

    assert str(error.value) == (
        f"trusted_proxies of [serve] has {proxy!r}; expected addresses and networks, such as 127.0.0.1 or 172.18.0.0/16"
    )


def test_what_closes_is_waited_for_at_once() -> None:
    never, closed = threading.Event(), threading.Barrier(2)

    assert closed_in_time([closed.wait, closed.wait], _END_S)  # type: ignore[list-item]
    assert not closed_in_time([never.wait], 0)  # type: ignore[list-item]
    never.set()


def test_a_signal_that_comes_before_the_server_listens_for_it_is_not_lost() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with ending_well([signal.SIGTERM]) as asked:
        assert not asked()
        signal.raise_signal(signal.SIGTERM)
        assert asked()
    assert signal.getsignal(signal.SIGTERM) == before
