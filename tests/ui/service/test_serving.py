"""`curator serve` as a process of its own: what it answers and what it logs."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from bench.stand_ins.label_studio import Fault, LabelStudioServer
from data.store import Store
from tests.ui.service.process import END_S, START_S, Service, curator, environment

pytestmark = pytest.mark.process


def test_it_answers_logs_each_request_without_secrets_and_ends_with_success(
    started: Callable[..., Service], project: Store
) -> None:
    service = started(*curator(project))
    url = service.url
    caption = project.reviews.figure("PMC1:F1").caption
    assert len(caption) > 10

    secret = {"Authorization": "Bearer curator_verysecret", "Cookie": "session=cookiesecret"}
    with httpx.Client(base_url=url, timeout=END_S) as client:
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
            assert self._changed.wait_for(lambda: bool(self.tasks), START_S)


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
        image = httpx.get(service.url + link.raw_path.decode(), headers=theirs, timeout=END_S)

        assert image.status_code == 200
        assert image.headers["access-control-allow-origin"] == "*"
        assert image.content == project.images.web(data["curator"]["image_sha256"]).read_bytes()
        assert there.storages == []
        assert "curator_sync_watching 1.0" in httpx.get(f"{service.url}/metrics", timeout=END_S).text
        assert service.end() == 0
        assert there.token not in "".join(service.lines)


def test_a_taken_port_ends_it_with_the_reason(project: Store) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, *curator(project), "--port", str(port)]
        ended = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=START_S)

    assert ended.returncode == 1
    assert ended.stderr == (
        f"Error: port {port} of 127.0.0.1 cannot be used (Address already in use); choose another with --port\n"
    )
    assert ended.stdout == ""
