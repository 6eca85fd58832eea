"""What Prometheus reads, and who may; the line that each request leaves."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from curator.commands import JudgeFigure
from curator.user import User
from data.store import Store
from tests.data.projects import HIERARCHY, add_figures
from ui.accounts.gate import Gate
from ui.mining.jobs import MiningJobs
from ui.service.metrics import Metrics, metrics_routes
from ui.service.requests_log import LogFormat, RequestsLog, log_to

NOW_S = 2_000_000_000.0
NEVER: dict[str, Any] = {"watching": False, "last": None, "error": None, "passes": 0}
CAPTION = "Figure 1. A caption that nobody logs."


def metrics_of(store: Store, state: dict[str, Any] = NEVER) -> Metrics:
    return Metrics(store, MiningJobs(lambda ids, agent, stopped: iter(())), lambda: state, lambda: NOW_S)


def read(metrics: Metrics) -> dict[str, float]:
    """Samples by name and labels, as in the text."""
    found = {}
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three figures: one accepted, one proposed and leased, one not mined; the first two wait to be sent."""
    store = Store(tmp_path / "project")
    first, second, _ = add_figures(store, 3)
    store.outbox.connect("http://label-studio", 1)
    for figure_id in (first, second):
        store.reviews.mined(figure_id, HIERARCHY, "embedded 1")
    store.reviews.decide(first, 1, [JudgeFigure(op="judge_figure", state="accepted")], "ann#1", NOW_S)
    store.reviews.release(first, "ann#1")
    store.reviews.lease(second, "ann#1", NOW_S)
    store.problems.add("ingest", "broken.zip", "not a zip file")
    return store


def test_the_project_is_counted(store: Store) -> None:
    counted = read(metrics_of(store))

    assert counted["curator_figures{state=accepted}"] == 1
    assert counted["curator_figures{state=proposed}"] == 1
    assert counted["curator_figures{state=unmined}"] == 1
    assert counted["curator_events_total{kind=mine}"] == 2
    assert counted["curator_events_total{kind=decide}"] == 1
    assert counted["curator_leases"] == 1
    assert counted["curator_problems{stage=ingest}"] == 1
    assert counted["curator_outbox_figures"] == 2
    assert counted["curator_outbox_oldest_seconds"] > 0
    assert counted["curator_sync_conflicts"] == 0
    assert counted["curator_sync_faults"] == 0
    assert counted["curator_database_bytes"] > 10_000
    assert counted["curator_disk_free_bytes"] > 0
    assert counted["curator_info{version=0.1.0}"] == 1
    assert counted["process_open_fds"] > 0


def test_an_empty_project_is_counted(tmp_path: Path) -> None:
    counted = read(metrics_of(Store(tmp_path / "project")))

    assert counted["curator_outbox_figures"] == 0
    assert counted["curator_outbox_oldest_seconds"] == 0
    assert counted["curator_sync_passes"] == 0
    assert "curator_sync_age_seconds" not in counted


def test_how_long_ago_it_was_in_step_is_told(store: Store) -> None:
    state = {"watching": True, "last": {"at": NOW_S - 40}, "error": None, "passes": 7}

    counted = read(metrics_of(store, state))

    assert counted["curator_sync_age_seconds"] == 40
    assert counted["curator_sync_watching"] == 1
    assert counted["curator_sync_passes"] == 7
    assert counted["curator_sync_failing"] == 0
    assert read(metrics_of(store, {**state, "error": {"at": 1, "message": "away"}}))["curator_sync_failing"] == 1


def test_two_apps_of_one_process_count_apart(store: Store) -> None:
    first, second = metrics_of(store), metrics_of(store)
    first.answered("GET", "/", 200, 0.1)

    assert read(first)["curator_http_requests_total{method=GET,route=/,status=200}"] == 1
    assert "curator_http_requests_total{method=GET,route=/,status=200}" not in read(second)
    assert isinstance(first.registry, CollectorRegistry)


def app_of(store: Store, metrics: Metrics) -> FastAPI:
    app = FastAPI()

    @app.get("/image/{figure_id:path}")
    def image(figure_id: str) -> dict[str, str]:
        return {"caption": CAPTION}

    @app.get("/events")
    def events() -> StreamingResponse:
        return StreamingResponse(iter(["data: 1\n\n"]), media_type="text/event-stream")

    @app.get("/fails")
    def fails() -> None:
        raise ValueError(CAPTION)

    api = FastAPI()

    @api.get("/figures/{figure_id}")
    def figure(figure_id: str) -> dict[str, str]:
        return {}

    app.mount("/api/v1", api)
    app.include_router(metrics_routes(metrics))
    app.add_middleware(Gate, store=store, local=User("ada", "admin"))
    app.add_middleware(RequestsLog, metrics=metrics)
    return app


def test_requests_are_counted_by_template_so_that_nothing_asked_for_makes_a_label(store: Store) -> None:
    metrics = metrics_of(store)
    client = TestClient(app_of(store, metrics))
    for number in range(20):
        client.get(f"/image/{number}?q={number}")
        client.get(f"/api/v1/figures/{number}")
        client.get(f"/api/v1/nowhere/{number}" if number % 2 else f"/nowhere/{number}")
        client.request(f"BREW{number}", "/image/1")
    counted = read(metrics)

    assert counted["curator_http_requests_total{method=GET,route=/image/{figure_id:path},status=200}"] == 20
    assert counted["curator_http_requests_total{method=GET,route=none,status=404}"] == 20
    assert counted["curator_http_request_seconds_count{method=GET,route=/image/{figure_id:path}}"] == 20
    assert counted["curator_http_requests_total{method=GET,route=/api/v1/figures/{figure_id},status=200}"] == 20
    assert len({name for name in counted if name.startswith("curator_http_requests_total")}) == 4
    assert counted["curator_http_requests_in_progress"] == 0


def test_a_stream_of_events_is_counted_but_not_timed(store: Store) -> None:
    metrics = metrics_of(store)
    TestClient(app_of(store, metrics)).get("/events")
    counted = read(metrics)

    assert counted["curator_http_requests_total{method=GET,route=/events,status=200}"] == 1
    assert not [name for name in counted if "request_seconds" in name and "route=/events" in name]


HERE = ("127.0.0.1", 5000)
ELSEWHERE = ("203.0.113.9", 5000)


@pytest.mark.parametrize(
    ("client", "host", "headers", "status"),
    [
        pytest.param(HERE, "localhost:7860", {}, 200, id="this machine"),
        pytest.param(ELSEWHERE, "localhost:7860", {}, 401, id="another machine"),
        pytest.param(HERE, "curator.lab.org", {}, 401, id="a proxy here, by the host that it passes on"),
        pytest.param(HERE, "localhost:7860", {"X-Forwarded-For": "127.0.0.1"}, 401, id="a proxy here, by its header"),
        pytest.param(HERE, "localhost:7860", {"Forwarded": "for=127.0.0.1"}, 401, id="a proxy of RFC 7239"),
        pytest.param(ELSEWHERE, "curator.lab.org", {"Authorization": "Bearer {token}"}, 200, id="a token"),
        pytest.param(ELSEWHERE, "curator.lab.org", {"Authorization": "Bearer no"}, 401, id="a token that is none"),
    ],
)
def test_with_accounts_counts_are_for_this_machine_and_for_tokens(
    store: Store, client: tuple[str, int], host: str, headers: dict[str, str], status: int
) -> None:
    store.users.add("ann", "admin", "$argon2id$unused")
    token = store.tokens.make(User("ann", "admin"), "prometheus", "curator")[1]
    sent = {name: value.format(token=token) for name, value in headers.items()}

    answer = TestClient(app_of(store, metrics_of(store)), client=client).get("/metrics", headers={"Host": host, **sent})

    assert answer.status_code == status
    assert ("curator_figures" in answer.text) == (status == 200)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What is logged in between; the former way of logging is put back."""
    root, ours = logging.getLogger(), logging.getLogger("curator")
    before = (root.handlers[:], root.level, ours.level)
    stream = io.StringIO()
    yield stream
    root.handlers[:], level, ours_level = before
    root.setLevel(level)
    ours.setLevel(ours_level)
    logging.captureWarnings(False)


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_request_is_a_line_that_names_who_and_what_but_nothing_secret(
    store: Store, logged: io.StringIO, form: LogFormat
) -> None:
    log_to(logged, form)
    store.users.add("ann", "admin", "$argon2id$unused")
    token = store.tokens.make(User("ann", "admin"), "test", "curator")[1]
    client = TestClient(app_of(store, metrics_of(store)), raise_server_exceptions=False)

    answer = client.get(
        "/image/PMC1:F1?key=hidden-query",
        headers={"Authorization": f"Bearer {token}", "X-Request-ID": "r-1", "Cookie": "session=hidden-cookie"},
    )
    assert answer.headers["x-request-id"] == "r-1"
    client.get("/image/x", headers={"X-Request-ID": "a\tforged"})
    assert client.get("/fails", headers={"Authorization": f"Bearer {token}"}).status_code == 500

    lines = logged.getvalue().splitlines()
    for hidden in (token, "hidden", CAPTION, "PMC1:F1", "forged"):
        assert hidden not in logged.getvalue()
    if form == "text":
        assert "user=ann method=GET route=/image/{figure_id:path} status=200 ms=" in lines[0]
        return
    first, refused, failed = [json.loads(line) for line in lines]
    assert {name: first[name] for name in ("id", "user", "method", "route", "status")} == {
        "id": "r-1",
        "user": "ann",
        "method": "GET",
        "route": "/image/{figure_id:path}",
        "status": 200,
    }
    assert first["ms"] >= 0
    assert (refused["status"], refused["user"], refused["route"]) == (401, None, "none")
    assert (failed["status"], failed["route"]) == (500, "/fails")


def test_an_error_is_logged_with_its_kind_and_place_but_not_with_what_it_quotes(logged: io.StringIO) -> None:
    log_to(logged, "json")
    try:
        raise ValueError(CAPTION)
    except ValueError:
        logging.getLogger("a.library").exception("it failed")

    line = json.loads(logged.getvalue())
    assert line["level"] == "error"
    assert line["error"][0] == "ValueError"
    assert "test_metrics.py" in line["error"][1]
    assert CAPTION not in logged.getvalue()


def test_nothing_is_logged_unless_asked_for(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    TestClient(app_of(store, metrics_of(store))).get("/image/1")

    assert capsys.readouterr() == ("", "")
