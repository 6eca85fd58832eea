"""Ingest jobs that a process did not come to the end of."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from curator.errors import StoreError
from data.images import DEFAULT_LIMITS
from data.sources import Problem, SourceSettings
from data.store import Store
from ui.ingest_jobs import IngestJobs


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "project")
    yield store
    store.close()


@pytest.fixture
def image(tmp_path: Path) -> str:
    path = tmp_path / "cells.png"
    Image.new("RGB", (60, 40)).save(path)
    return str(path)


def jobs_of(store: Store) -> IngestJobs:
    return IngestJobs(store, lambda: (SourceSettings(), DEFAULT_LIMITS))


def ended(jobs: IngestJobs) -> None:
    """Waits for what was queued."""
    jobs._thread.shutdown()


def unfinished(store: Store, image: str, starts: int) -> Path:
    file = store.project / "ingests.json"
    file.write_text(json.dumps([{"sources": [image], "caption": "Cells.", "starts": starts}]))
    return file


def test_a_job_that_is_done_is_not_begun_again(store: Store, image: str) -> None:
    jobs = jobs_of(store)
    jobs.start([image], "Cells.")
    ended(jobs)
    assert [job.state for job in jobs.listed()] == ["done"]
    assert not (store.project / "ingests.json").exists()
    again = jobs_of(store)
    again.resume()
    assert again.listed() == []


def test_a_job_that_the_end_of_the_process_cut_off_goes_on(store: Store, image: str) -> None:
    file = unfinished(store, image, 1)
    jobs = jobs_of(store)
    jobs.resume()
    ended(jobs)
    (job,) = jobs.listed()
    assert (job.state, job.sources, job.added) == ("done", (image,), 1)
    assert not file.exists()


def test_what_is_not_done_when_it_is_closed_stands_in_the_file(
    store: Store, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may = threading.Event(), threading.Event()

    def reading(*asked: object) -> Iterator[Problem]:
        begun.set()
        assert may.wait(120)
        yield Problem("here", "nothing to read")

    monkeypatch.setattr("ui.ingest_jobs.read_sources", reading)
    jobs = jobs_of(store)
    jobs.start([image], "Cells.")
    jobs.start(["another"])
    assert begun.wait(120)
    closing = threading.Thread(target=jobs.close)
    closing.start()
    while not jobs._closing:
        closing.join(0.01)
    may.set()
    closing.join(120)
    listed = json.loads((store.project / "ingests.json").read_text())
    assert [(one["sources"], one["caption"], one["starts"]) for one in listed] == [
        *(([image], "Cells.", 1), (["another"], None, 1))
    ]


def test_a_job_that_a_person_stopped_stays_so(store: Store, image: str) -> None:
    jobs = jobs_of(store)
    job = jobs.start([image], "Cells.")
    jobs.stop(job.id)
    ended(jobs)
    assert not (store.project / "ingests.json").exists()


def test_a_job_that_ends_the_process_each_time_is_begun_no_more(store: Store, image: str) -> None:
    file = unfinished(store, image, 3)
    jobs = jobs_of(store)
    jobs.resume()
    assert jobs.listed() == []
    assert not file.exists()


def test_a_file_that_is_spoilt_is_told(store: Store, image: str) -> None:
    unfinished(store, image, 1).write_text("[{]")
    with pytest.raises(StoreError, match=r"ingests\.json cannot be read, which lists ingest jobs to go on with"):
        jobs_of(store).resume()
