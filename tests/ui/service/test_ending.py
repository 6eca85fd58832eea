"""How a process that serves comes to its end."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from PIL import Image

from data.store import Store
from tests.ui.service.process import END_S, START_S, Service, curator, environment

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

settings = ServeSettings(stop_s=int(sys.argv[3]) if len(sys.argv) > 3 else 60)
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
        assert httpx.get(f"{service.url}/healthz", timeout=END_S).status_code == 200
        assert service.end(signal.SIGINT) == 0
        assert manager.recv(100) == b"STOPPING=1"


LOADING = """
import sys, time
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "ui.service.serving":
            print("loading", flush=True)
            time.sleep(3600)
sys.meta_path.insert(0, Slow())
from ui.cli import main
main(sys.argv[1:], prog_name="curator")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_service_that_is_still_being_loaded_ends_in_order_too(project: Store, number: signal.Signals) -> None:
    command = [sys.executable, "-c", LOADING, *curator(project)[2:]]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "loading\n"
        process.send_signal(number)
        assert process.wait(END_S) == 0
        assert (process.stdout.read(), process.stderr and process.stderr.read()) == ("", "")


READING = """
import sys, threading
from pathlib import Path
import ui.ingest_jobs
from curator.settings import ServeSettings
from data.store import Store
from ui.service.requests_log import log_to, say
from ui.service.serving import serve

log_to(sys.stdout, "json")
read = ui.ingest_jobs.read_sources

def slowly(*asked):
    # the second article is in hand when the service is to end
    for number, one in enumerate(read(*asked)):
        if number == 1 and sys.argv[2] == "slow":
            say("in hand")
            threading.Event().wait(1)
        yield one

ui.ingest_jobs.read_sources = slowly

def prepare(app):
    if sys.argv[3:]:
        app.state.ingests.start(sys.argv[3:])

serve(Store(Path(sys.argv[1])), "127.0.0.1", 0, settings=ServeSettings(stop_s=60), prepare=prepare)
"""


def test_a_service_that_reads_articles_ends_after_the_one_in_hand_and_goes_on_when_it_is_started_again(
    started: Callable[..., Service], tmp_path: Path
) -> None:
    store = Store(tmp_path / "project")
    folders = [str(_article(tmp_path, name)) for name in ("one", "two", "three")]
    service = started("-c", READING, str(store.project), "slow", *folders)
    service.wait_for(lambda line: line["event"] == "in hand")

    assert service.end() == 0
    assert service.logged[-1]["in_time"] is True
    articles = store.connections.rows("select id from articles order by id")
    assert [row["id"] for row in articles] == ["one", "two"]

    service = started("-c", READING, str(store.project), "")
    jobs = f"{service.url}/api/v1/ingests"
    with httpx.Client(timeout=END_S) as client:
        while (job := client.get(jobs).json()["items"][0])["state"] != "done":
            assert job["state"] in ("waiting", "running")
    assert (job["sources"], job["added"], job["unchanged"]) == (folders, 1, 2)
    assert service.end() == 0
    assert not (store.project / "ingests.json").exists()


def _article(folder: Path, name: str) -> Path:
    article = folder / name
    article.mkdir()
    Image.new("RGB", (60, 40), (len(name), 0, 0)).save(article / "fig1.png")
    (article / "captions.jsonl").write_text(json.dumps({"image": "fig1.png", "caption": f"Cells, {name}."}) + "\n")
    return article
