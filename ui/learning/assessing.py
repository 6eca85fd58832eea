"""Assessing beside the page: an assessor is fitted when enough was decided, and figures get its word as they change."""

from __future__ import annotations

import logging
import math
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from curator.assessor import Assessor, assess
from curator.evidence import evidence, missing_labels
from curator.figure import Figure, Hierarchy
from curator.reasons import why
from data.store import Store
from data.store.assessors import AssessedFigure
from data.store.reviews import Stored
from ui.disk_errors import is_of_the_disk
from ui.learning.ranking import rerank

if TYPE_CHECKING:
    from ui.cli import Project

FIRST_DECISIONS = 20
"""Decisions before the first fit. Guess: with fewer the prior's own 100 pseudo-decisions would hardly move."""
MORE_SHARE = 0.1
"""Share of decisions more than the last fit had, and at least ``FIRST_DECISIONS``, that make another one due. Guess:
every figure is assessed again after it."""
BATCH = 50
"""Figures a transaction. Measured: about 10 ms each, so that no editor waits for one."""
_LOG = logging.getLogger("curator.assessing")
_PAUSE_S = 3.0  # guess: a curator takes longer for a figure
_LAST_BATCH_S = 2.0  # guess: as long as the page's own end may take
_NICE = 10  # so that the page's answers go first


def is_due(store: Store) -> bool:
    """Whether enough was decided since the last fit, of which what another Curator fitted is none."""
    latest = store.assessors.latest()
    return store.decisions.count() >= due(latest)


def due(latest: Assessor | None) -> int:
    """How many decisions make the next fit due."""
    known = latest.of_decisions if latest else 0
    return known + max(FIRST_DECISIONS, math.ceil(MORE_SHARE * known))


def fit_now(store: Store) -> int:
    """Fits an assessor on all decisions and makes it the latest; its number."""
    count = store.decisions.count()
    learned = store.decisions.learned()
    return store.assessors.save(replace(Assessor.fit(learned.decided, learned.reviewed), of_decisions=count))


def assess_waiting(store: Store, stopped: Callable[[], bool] = lambda: False) -> Iterator[int]:
    """Assesses open figures that the latest assessor has not assessed as they stand; how many each batch had."""
    while not stopped():
        # asked each time: another process may have fitted a later one, and two that each kept to their own would assess
        # what the other has just assessed, for ever
        number, latest = store.assessors.in_use()
        assessor = latest or Assessor.prior()
        if not (figure_ids := store.assessors.waiting(number, BATCH)):
            return
        batch = []
        for figure_id in figure_ids:
            stored = store.reviews.load(figure_id, 0.0)
            batch.append(AssessedFigure(figure_id, stored.revision, assess(assessor, *_known(store, stored))))
        store.assessors.replace(number, batch)
        yield len(batch)


@dataclass(frozen=True, slots=True)
class Word:
    """What the page shows of one open proposal."""

    confidence: float
    why: str
    """In a few words, what speaks for or against it most; empty where nothing stands out."""


def words_on(store: Store, stored: Stored) -> dict[str, Word]:
    """The latest assessor's word on each open proposal of a figure as it stands, by its id; empty before the figure was
    assessed for the first time, so that a project whose figures nobody assesses shows the agents' own confidence."""
    if not store.assessors.of_figure(stored.review.figure.id):
        return {}
    assessor = store.assessors.latest() or Assessor.prior()
    found = evidence(*_known(store, stored))
    missing = missing_labels(stored.review.hierarchy)
    confidences = assessor.confidences(list(found.values())).tolist()
    return {
        node_id: Word(confidence, why(assessor, one, confidence, missing))
        for (node_id, one), confidence in zip(found.items(), confidences, strict=True)
    }


def watch(store: Store, stop: threading.Event) -> None:
    """Keeps fitting, assessing and ranking until ``stop`` is set, wherever another process has changed the project."""
    seen = told = None
    while not stop.is_set():
        # changes with every commit of another connection; what is asked for otherwise costs a look at every figure
        version = store.connections.db.conn.execute("pragma data_version").fetchone()[0]
        if version != seen:
            try:
                if is_due(store):
                    fit_now(store)
                if sum(assess_waiting(store, stop.is_set)) and not stop.is_set():
                    rerank(store)
                seen = version
            except sqlite3.OperationalError as error:
                if not is_of_the_disk(error):
                    raise
                # a long import writes, the disk is full: all that is saved stays, the rest waits for the next round
                if told != str(error):
                    told = str(error)
                    _LOG.warning("assessing waits: %s", told)
        stop.wait(_PAUSE_S)


@contextmanager
def background_assessing(project: Project) -> Iterator[None]:
    """Runs `curator assess --watch` while the block runs: in a process of its own that ends with this one, however that
    ends. Killed at any moment it leaves what it saved, and goes on from there."""
    command = [sys.executable, "-m", "ui", "--project", str(project.folder), "assess", "--watch"]
    # of a session of its own: Ctrl+C is for the page, which then ends it
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
    assert process.stdin is not None
    try:
        yield
    finally:
        process.stdin.close()
        try:
            process.wait(_LAST_BATCH_S)
        except subprocess.TimeoutExpired:  # a long fit: nothing of it is saved yet
            process.kill()
            process.wait()


def watch_until_left(store: Store) -> None:
    """``watch`` until whoever started this process closes its end of the standard input, or is gone."""
    with suppress(OSError):
        os.nice(_NICE)
    stop = threading.Event()

    def wait_for_end() -> None:
        while sys.stdin.buffer.read(1):
            pass
        stop.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    watch(store, stop)


def _known(store: Store, stored: Stored) -> tuple[Figure, Hierarchy, list[Hierarchy], dict[str, float]]:
    """What an assessor is told of a figure."""
    figure_id = stored.review.figure.id
    others = [mining.hierarchy for mining in store.minings.current(figure_id)]
    return stored.review.figure, stored.review.hierarchy, others, store.fits.of_figure(figure_id)
