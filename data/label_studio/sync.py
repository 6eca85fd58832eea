"""Keeping in step: everything that changed there is read, everything that changed here is sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from filelock import FileLock, Timeout

from curator.errors import CuratorError, LeaseError, StaleError, SyncError
from data.label_studio.client import Doc, LabelStudio, MissingError, UnreachableError
from data.label_studio.images import Images
from data.label_studio.push import keep_model_version
from data.label_studio.step import Done, Stepping
from data.label_studio.there import Task, parse_task
from data.store import Store
from data.store.outbox import Connected

OVERLAP: Final = timedelta(minutes=10)
"""How far before the newest change there the next reading begins: Label Studio stamps a change before it commits it,
and its clock may be set back. Guess; what was read already costs a comparison."""
_BATCH: Final = 50  # tasks made by one request; guess: some megabytes
_ONE_BY_ONE: Final = 20  # tasks that are asked for one by one; for more, pages of all are. Guess.
_LOCK_WAIT_S: Final = 30.0

Progress = Callable[[str], None]
"""Told each figure that was dealt with, while no other is under way; what it raises ends the pass there."""


@dataclass(slots=True)
class SyncReport:
    """What one pass did, in figures."""

    sent: int = 0
    made: int = 0
    """Of the sent ones, new tasks."""
    taken_in: int = 0
    conflicts: int = 0
    """Found in this pass."""
    held: int = 0
    """Wait for a person who edits them here."""
    failed: dict[str, str] = field(default_factory=dict)
    """Why, by figure; they are tried again later."""
    renewed: int = 0
    """Links to images that were replaced before they expire."""
    doubles: dict[int, str] = field(default_factory=dict)
    """Tasks there of a figure that has another one; they are left alone."""


@contextmanager
def locked(store: Store) -> Iterator[None]:
    """One sync of a project at a time.

    Raises:
        SyncError: another one runs.
    """
    lock = FileLock(store.project / "sync.lock")
    try:
        lock.acquire(timeout=_LOCK_WAIT_S)
    except Timeout as error:
        raise SyncError("another `curator sync` of this project is running; wait for it, or stop it") from error
    try:
        yield
    finally:
        lock.release()


class Sync:
    """Passes over one project; ``now_s`` gives the Unix time."""

    def __init__(
        self,
        store: Store,
        server: LabelStudio,
        connected: Connected,
        images: Images,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._server = server
        self._project_id = connected.project_id
        self._images = images
        self._now_s = now_s

    def once(self, *, whole: bool = False, retry: bool = True, progress: Progress = lambda _: None) -> SyncReport:
        """Reads what changed there, sends what changed here; what fails is kept, and tried again in a later pass.

        ``whole``: reads all tasks there, whatever changed. ``retry``: also figures whose last failure was just now.

        Raises:
            SyncError: Label Studio cannot be reached, or another sync runs. What was done until then stays done.
        """
        report = SyncReport()
        with locked(self._store):
            project = self._server.project(self._project_id)
            pass_ = _Pass(
                self._store,
                self._server,
                self._project_id,
                Stepping(self._store, self._server, self._images, str(project["label_config"]), self._now_s),
                report,
                self._now_s,
                progress,
            )
            pass_.read(whole)
            pass_.read_again(retry)
            pass_.send(retry)
            pass_.renew_links(self._images, retry)
            if report.sent:
                keep_model_version(self._server, self._project_id)
        return report


class _Pass:
    """One pass, and what it did so far."""

    def __init__(
        self,
        store: Store,
        server: LabelStudio,
        project_id: int,
        stepping: Stepping,
        report: SyncReport,
        now_s: Callable[[], float],
        progress: Progress,
    ) -> None:
        self._store = store
        self._server = server
        self._project_id = project_id
        self._stepping = stepping
        self._report = report
        self._now_s = now_s
        self._progress = progress
        self._held: set[str] = set()

    def read(self, whole: bool) -> None:
        """Takes in what changed there since the last pass; the mark moves on only when all was looked at."""
        connected = self._store.outbox.connected()
        if connected is None:
            raise SyncError("this project is not connected any more; `curator sync` connects it")
        newest = connected.read_until
        known = self._store.syncs.tasks()
        whole = whole or self._server.count_tasks(self._project_id) < len(known)
        since = "" if whole or not newest else _earlier(newest)
        listed = self._server.changes(self._project_id, since)
        read = self._store.syncs.read_at()
        changed = [task_id for task_id, updated_at in listed.items() if read.get(task_id) != updated_at]
        if len(changed) <= _ONE_BY_ONE:
            for task_id in changed:
                with suppress(MissingError):  # deleted since it was listed
                    self._read_one(parse_task(self._server.task(task_id)))
        else:
            for page in self._server.tasks(self._project_id, since):
                for task in map(parse_task, page):
                    self._read_one(task)
        for task_id in known.keys() - listed.keys() if not since else ():
            self._step(known[task_id])  # gone there
        newest = max([newest, *listed.values()], key=_moment)
        if newest != connected.read_until:
            self._store.outbox.read_until(newest)

    def read_again(self, retry: bool) -> None:
        """What could not be read in an earlier pass."""
        for figure_id in self._store.syncs.changed_there(self._horizon(retry)):
            if not self._waits(figure_id):
                self._step(figure_id)

    def send(self, retry: bool) -> None:
        """Sends what changed here."""
        failed_before = {fault.figure_id for fault in self._store.syncs.faults()}
        new: list[str] = []
        for waiting in self._store.outbox.waiting(self._horizon(retry)):
            if self._waits(waiting.figure_id):
                continue
            if self._store.syncs.synced(waiting.figure_id) is None:
                new.append(waiting.figure_id)
            else:
                self._step(waiting.figure_id)
        new = self._adopt(new)
        figures = iter([figure_id for figure_id in new if figure_id not in failed_before])
        while batch := list(islice(figures, _BATCH)):
            self._make(batch)
        for figure_id in new:
            if figure_id in failed_before:  # it may have failed for another one's sake
                self._make([figure_id])

    def renew_links(self, images: Images, retry: bool) -> None:
        """Replaces the links to images that expire before long, also of figures that wait or are left out."""
        for figure_id in self._store.image_links.ending(images.source, images.renew_before(), self._horizon(retry)):
            if figure_id in self._report.failed:
                continue
            try:
                self._stepping.renew_link(figure_id)
            except UnreachableError:
                raise
            except CuratorError as error:
                self._failed(figure_id, error)
                continue
            self._report.renewed += 1
            self._progress(figure_id)

    def _read_one(self, task: Task) -> None:
        figure_id = self._store.syncs.figure_of(task.id)
        if figure_id is None:
            if task.figure_id is not None:
                self._adopt_one(task)
            return
        synced = self._store.syncs.synced(figure_id)
        if synced is not None and synced.updated_at != task.updated_at:
            self._step(figure_id, task)

    def _adopt(self, new: list[str]) -> list[str]:
        """Those that have no task there either. What has was made by a pass that was killed before it could note so."""
        if not new:
            return []
        found: Iterator[list[Doc]]
        if len(new) <= _ONE_BY_ONE:
            found = ([task] for figure_id in new for task in self._server.tasks_of(self._project_id, figure_id))
        else:
            found = self._server.tasks(self._project_id)
        for page in found:
            for task in map(parse_task, page):
                if self._store.syncs.figure_of(task.id) is None:
                    self._adopt_one(task)
        return [
            figure_id for figure_id in new if self._store.syncs.synced(figure_id) is None and not self._waits(figure_id)
        ]

    def _adopt_one(self, task: Task) -> None:
        figure_id = task.figure_id
        if figure_id is None:
            return
        if self._store.syncs.synced(figure_id) is not None:
            self._report.doubles[task.id] = figure_id
        elif self._store.outbox.holds(figure_id):
            self._step(figure_id, task)

    def _make(self, figure_ids: list[str]) -> None:
        figure_ids = [figure_id for figure_id in figure_ids if self._store.outbox.holds(figure_id)]  # still chosen
        if not figure_ids:
            return
        try:
            self._stepping.make(self._project_id, figure_ids)
        except UnreachableError:
            raise
        except CuratorError as error:
            for figure_id in figure_ids:
                self._failed(figure_id, error)
            return
        self._report.made += len(figure_ids)
        self._report.sent += len(figure_ids)
        for figure_id in figure_ids:
            self._progress(figure_id)

    def _step(self, figure_id: str, task: Task | None = None) -> None:
        try:
            done = self._stepping.step(figure_id, task)
        except UnreachableError:
            raise
        except (LeaseError, StaleError):
            self._store.syncs.note_changed_there(figure_id)
            self._held.add(figure_id)
            self._report.held += 1
            return
        except CuratorError as error:
            self._store.syncs.note_changed_there(figure_id)
            self._failed(figure_id, error)
            return
        self._note(done)
        self._progress(figure_id)

    def _note(self, done: Done) -> None:
        self._report.taken_in += done.taken_in
        self._report.sent += done.sent
        self._report.conflicts += done.conflicts

    def _failed(self, figure_id: str, error: CuratorError) -> None:
        self._report.failed[figure_id] = str(error)
        self._store.syncs.note_fault(figure_id, str(error), self._now_s())

    def _waits(self, figure_id: str) -> bool:
        """Whether this pass tried it in vain."""
        return figure_id in self._held or figure_id in self._report.failed

    def _horizon(self, retry: bool) -> float:
        return float("inf") if retry else self._now_s()


def _earlier(updated_at: str) -> str:
    return (_moment(updated_at) - OVERLAP).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _moment(updated_at: str) -> datetime:
    try:
        moment = datetime.fromisoformat(updated_at or "1970-01-01T00:00:00Z")
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError as error:
        raise SyncError(f"Label Studio gives {updated_at!r} as the time of a change; expected ISO 8601") from error
