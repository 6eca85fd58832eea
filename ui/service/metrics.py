"""What Prometheus may read of this process and its project."""

from __future__ import annotations

import shutil
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib import metadata
from typing import Any, Final

from fastapi import APIRouter, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from data.store import Store
from ui.mining.jobs import MiningJobs

_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Finest around 0.3 s, which 95 % of edits must stay below."""


class Metrics:
    """Counts of requests, and on being asked those of the project. Labels take few values: routes are templates, and
    nothing that a request says becomes one."""

    def __init__(
        self,
        store: Store,
        mining_jobs: MiningJobs,
        sync_state: Callable[[], dict[str, Any]],
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "curator_http_requests",
            "Requests answered, by template of the route",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "curator_http_request_seconds",
            "Time until the answer was sent, without streams of events",
            ("method", "route"),
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self.in_progress = Gauge("curator_http_requests_in_progress", "Requests under way", registry=self.registry)
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.registry.register(_ProjectCollector(store, mining_jobs, sync_state, now_s))

    def answered(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Counts a request; ``seconds`` None: a stream, whose length says nothing of how fast the server is."""
        self._requests.labels(method, route, str(status)).inc()
        if seconds is not None:
            self._seconds.labels(method, route).observe(seconds)

    def render(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self.registry)


def metrics_routes(metrics: Metrics) -> APIRouter:
    """``/metrics``; ``ui.accounts.gate`` asks for a token from elsewhere than this machine."""
    router = APIRouter()

    @router.get("/metrics")
    def read() -> Response:
        return Response(metrics.render(), media_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})

    return router


class _ProjectCollector(Collector):
    def __init__(
        self,
        store: Store,
        mining_jobs: MiningJobs,
        sync_state: Callable[[], dict[str, Any]],
        now_s: Callable[[], float],
    ) -> None:
        self._store = store
        self._mining_jobs = mining_jobs
        self._sync_state = sync_state
        self._now_s = now_s

    def describe(self) -> Iterator[Metric]:
        """Nothing is read while it is registered."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        yield _info()
        yield from self._project()
        yield from self._mining()
        yield from self._sync()

    def _project(self) -> Iterator[Metric]:
        counted = self._store.counts.now(self._now_s())
        yield _by("curator_figures", "Current figures, by state; proposed ones are the queue", "state", counted.figures)
        yield _by("curator_problems", "What could not be read or mined", "stage", counted.problems)
        events = CounterMetricFamily("curator_events", "Events of the log: minings, decisions, ...", labels=["kind"])
        for kind, number in counted.events.items():
            events.add_metric([kind], number)
        yield events
        yield _gauge("curator_leases", "Figures that somebody edits now", counted.leases)
        yield _gauge("curator_outbox_figures", "Figures that wait to be sent to Label Studio", counted.outbox)
        since = counted.outbox_since
        waited_s = self._now_s() - datetime.fromisoformat(since).timestamp() if since else 0.0
        yield _gauge("curator_outbox_oldest_seconds", "How long the oldest of them has waited", max(waited_s, 0.0))
        yield _gauge("curator_sync_conflicts", "What both sides changed, until a person decides", counted.conflicts)
        yield _gauge("curator_sync_faults", "Figures that could not be sent or read, to be tried again", counted.faults)
        database = self._store.connections.path
        size = sum(
            path.stat().st_size for path in (database, database.with_name(f"{database.name}-wal")) if path.exists()
        )
        yield _gauge("curator_database_bytes", "Size of the database and its log", size)
        free = shutil.disk_usage(self._store.project).free
        yield _gauge("curator_disk_free_bytes", "Room on the project's disk", free)

    def _mining(self) -> Iterator[Metric]:
        jobs = self._mining_jobs.progress()
        states = Tally(str(job.state) for job in jobs)
        yield _by("curator_mining_jobs", "Jobs of the page that mine figures again", "state", dict(states))
        waiting = sum(job.waiting for job in jobs if job.state in ("waiting", "running"))
        yield _gauge("curator_mining_waiting_figures", "Figures that these jobs have before them", waiting)

    def _sync(self) -> Iterator[Metric]:
        state = self._sync_state()
        watching, last, error = bool(state["watching"]), state["last"], state["error"]
        yield _gauge("curator_sync_watching", "1 while Label Studio is kept in step by this process", watching)
        yield _gauge("curator_sync_passes", "Passes of this process", state["passes"])
        yield _gauge("curator_sync_failing", "1 where the last pass ended early", error is not None)
        if last:
            age_s = max(self._now_s() - last["at"], 0.0)
            yield _gauge("curator_sync_age_seconds", "Since the last pass that came to its end", age_s)


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=float(value))


def _by(name: str, what: str, label: str, numbers: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, what, labels=[label])
    for value, number in numbers.items():
        family.add_metric([value], number)
    return family


def _info() -> Metric:
    family = GaugeMetricFamily("curator_info", "1; the label says which Curator this is", labels=["version"])
    family.add_metric([metadata.version("curator")], 1)
    return family
