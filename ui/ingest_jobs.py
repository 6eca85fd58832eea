"""Ingest beside the page's answers: jobs that read articles into the project, one after the other.

What waits or runs when the process ends stands in a file of the project, and goes on when the project is served again.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from curator.errors import CuratorError, StoreError
from curator.settings import load_settings, write_private
from data.images import ImageLimits
from data.ingest import IngestReport, ingest
from data.pmc import PmcSettings
from data.sources import ArticleSource, Problem, SourceSettings, read_sources
from data.store import Store
from ui.disk_errors import unexpected

IngestState: TypeAlias = Literal["waiting", "running", "stopping", "done", "stopped", "failed"]
_KEPT = 50  # guess: jobs that a program may still ask for
_FILE_NAME: Final = "ingests.json"
_MOST_STARTS: Final = 3
"""How often a job begins anew by itself: what ends the process each time must not do so for ever. Guess."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """Where a job stands."""

    id: int
    state: IngestState
    sources: tuple[str, ...]
    articles: int
    added: int
    replaced: int
    unchanged: int
    problems: tuple[tuple[str, str], ...]
    """Place and reason."""
    reason: str
    """Why the job failed as a whole."""


@dataclass(slots=True)
class _Job:
    id: int
    sources: tuple[str, ...]
    caption: str | None
    state: IngestState = "waiting"
    report: IngestReport = field(default_factory=IngestReport)
    reason: str = ""
    stop: threading.Event = field(default_factory=threading.Event)
    starts: int = 1


class _Unfinished(BaseModel):
    """A job as the file has it."""

    model_config = ConfigDict(extra="forbid")

    sources: tuple[str, ...]
    caption: str | None
    starts: int


_FILE: Final = TypeAdapter(list[_Unfinished])


def project_sources(store: Store, environ: Mapping[str, str]) -> tuple[SourceSettings, ImageLimits]:
    """How the project's settings say that articles are fetched and read; raises SettingsError."""
    settings = load_settings(store.project, environ)
    pmc = PmcSettings(
        cache=store.project / "pmc",
        contact=settings.pmc.contact,
        base_url=settings.pmc.base_url,
        requests_per_s=settings.pmc.requests_per_s,
        allow_retracted=settings.pmc.allow_retracted,
        reach=settings.network.reach(store.users.any()),
    )
    return SourceSettings(pmc), ImageLimits(max_pixels=settings.images.max_pixels)


class IngestJobs:
    """One job runs at a time, in a thread of its own; what was read when it is stopped stays."""

    def __init__(self, store: Store, settings: Callable[[], tuple[SourceSettings, ImageLimits]]) -> None:
        self._store = store
        self._settings = settings
        self._lock = threading.Lock()
        self._jobs: OrderedDict[int, _Job] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ingest")
        self._started = 0
        self._closing = False
        self._file = store.project / _FILE_NAME

    def resume(self) -> None:
        """Goes on with the jobs that were not done when the process before ended; what they had read is not read
        again.

        Raises:
            StoreError: the file that lists them cannot be used.
        """
        if not self._file.exists():
            return
        try:
            unfinished = _FILE.validate_json(self._file.read_bytes())
        except (OSError, ValidationError) as error:
            raise StoreError(
                f"{self._file} cannot be read, which lists ingest jobs to go on with; mend or delete it"
            ) from error
        for one in unfinished:
            if one.starts < _MOST_STARTS:
                self._queue(one.sources, one.caption, one.starts + 1)
        with self._lock:
            self._note()

    def start(self, sources: Sequence[str], caption: str | None = None) -> Ingested:
        """Queues a job for what ``curator ingest`` takes."""
        job = self._queue(sources, caption)
        with self._lock:
            self._note()
            return _ingested(job)

    def _queue(self, sources: Sequence[str], caption: str | None, starts: int = 1) -> _Job:
        with self._lock:
            self._started += 1
            job = _Job(self._started, tuple(sources), caption, starts=starts)
            self._jobs[job.id] = job
            while len(self._jobs) > _KEPT:
                self._jobs.popitem(last=False)
            self._thread.submit(self._work, job)
            return job

    def _note(self) -> None:
        """Writes which jobs are not done; when the process ends, those that it ends stay in the file."""
        if self._closing:
            return
        unfinished = [
            {"sources": job.sources, "caption": job.caption, "starts": job.starts}
            for job in self._jobs.values()
            if job.state in ("waiting", "running")
        ]
        if unfinished:
            write_private(self._file, json.dumps(unfinished))
        else:
            self._file.unlink(missing_ok=True)

    def listed(self) -> list[Ingested]:
        """Every job that is still known, oldest first."""
        with self._lock:
            return [_ingested(job) for job in self._jobs.values()]

    def job(self, job_id: int) -> Ingested:
        """Raises StoreError where there is none."""
        with self._lock:
            return _ingested(self._known(job_id))

    def stop(self, job_id: int) -> Ingested:
        """Ends a job after the article that is being read; raises StoreError where there is none."""
        with self._lock:
            job = self._known(job_id)
            job.stop.set()
            if job.state in ("waiting", "running"):
                job.state = "stopped" if job.state == "waiting" else "stopping"
                self._note()
            return _ingested(job)

    def close(self) -> None:
        """Stops every job and waits for the article that is being read; ``resume`` goes on with them."""
        with self._lock:
            self._closing = True
            for job in self._jobs.values():
                job.stop.set()
        self._thread.shutdown(cancel_futures=True)

    def _known(self, job_id: int) -> _Job:
        if job_id not in self._jobs:
            raise StoreError(f"there is no ingest job {job_id!r}; it may have ended with the server that ran it")
        return self._jobs[job_id]

    def _work(self, job: _Job) -> None:
        with self._lock:
            if job.stop.is_set():
                job.state = "stopped"
                return
            job.state = "running"
        try:
            sources, limits = self._settings()
            found = read_sources(job.sources, sources, job.caption)
            ingest(self._store, _until(job.stop, found), limits, report=job.report)
            state: IngestState = "stopped" if job.stop.is_set() else "done"
        except CuratorError as error:
            state, job.reason = "failed", str(error)
        except Exception as error:  # a bug in one reader must not end the thread that all jobs wait for
            state, job.reason = "failed", unexpected(error, " of the reader")
        finally:
            self._store.close()  # the thread's own connection: the next job may be days away
        with self._lock:
            job.state = state
            self._note()


def _until(stop: threading.Event, found: Iterable[ArticleSource | Problem]) -> Iterator[ArticleSource | Problem]:
    """No article is begun, or fetched, once it is to stop."""
    left = iter(found)
    while not stop.is_set() and (one := next(left, None)) is not None:
        yield one


def _ingested(job: _Job) -> Ingested:
    report = job.report
    return Ingested(
        job.id,
        job.state,
        job.sources,
        report.articles,
        report.added,
        report.replaced,
        report.unchanged,
        tuple((problem.where, problem.reason) for problem in report.problems),
        job.reason,
    )
