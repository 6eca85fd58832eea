"""Keeping in step with Label Studio beside the page's answers: passes in a thread, on demand or again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from curator.errors import CuratorError, SettingsError, SyncError
from curator.settings import LabelStudioSettings
from data.label_studio.callbacks import callbacks_of
from data.label_studio.client import LabelStudio, UnreachableError
from data.label_studio.connect import connect
from data.label_studio.images import images_of
from data.label_studio.sync import Sync, SyncReport, locked
from data.label_studio.token import load_token
from data.store import Store
from ui.disk_errors import unexpected
from ui.syncing.picking import Picking

T = TypeVar("T")

LONGEST_PAUSE_S: Final = 300.0
"""Between two passes while Label Studio is away. Guess."""
_SOON_S: Final = 1.0  # guess: hints come in bursts, one for each change there
_RETRIES_OF_GOOD_WILL: Final = 2  # guess: a second, while somebody waits
_APART_S: Final = 60.0  # guess: the longest that one figure, or the reading of one list, takes


class _EndedError(Exception):
    """The pass is to end here."""


@dataclass(frozen=True, slots=True)
class _Last:
    """What came of a pass."""

    at: float
    seconds: float
    report: SyncReport | None
    error: str


class Syncing:
    """The passes of this process over one project. Safe to call from several threads; no method waits for a pass.

    One pass runs at a time, also among processes (``data.label_studio.sync.locked``), in a thread that lives while
    there is something to do or the project is watched. While Label Studio is away the pauses grow. ``settings`` is
    read anew for each pass.
    """

    def __init__(
        self,
        store: Store,
        settings: Callable[[], LabelStudioSettings],
        *,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._settings = settings
        self._now_s = now_s
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._watching = False
        self._asked: dict[str, bool] | None = None  # of `Sync.once`
        self._hinted = False
        self._closed = False
        self._ending = threading.Event()
        self._running_since: float | None = None
        self._done = 0
        self._figure_id = ""
        self._due = 0.0
        self._poll_s = LabelStudioSettings().poll_s
        self._pause_s = 0.0  # while Label Studio is away
        self._last: _Last | None = None
        self._last_whole: _Last | None = None  # that came to its end
        self._called_from: tuple[str, int, str] | None = None  # Label Studio, its project, and what it calls
        self._not_called = ""
        self._passes = 0
        self._apart: list[tuple[Callable[[], Any], Future[Any]]] = []
        self.picking = Picking(store, self.apart, self.hint)

    def resume(self) -> None:
        """Watches again where the project was being watched when it was last closed."""
        connected = self._store.outbox.connected()
        if connected is not None and connected.watching:
            self._watch()

    def start_watch(self) -> None:
        """Passes from now on, one after the other, also when the project is opened again.

        Raises:
            SyncError: nothing is connected.
        """
        self._check_connected()
        self._store.outbox.watch(True)
        self._watch()

    def stop_watch(self) -> None:
        """No further passes; the one that runs comes to its end."""
        self._store.outbox.watch(False)
        with self._changed:
            self._watching = False
            self._changed.notify_all()

    def once(self, *, whole: bool = False) -> None:
        """Asks for a pass now, which also tries again what failed just before; ``whole`` reads all tasks there.

        Raises:
            SyncError: nothing is connected.
        """
        self._check_connected()
        with self._changed:
            self._asked = {"whole": whole or bool(self._asked and self._asked["whole"]), "retry": True}
            self._wake()

    def hint(self) -> None:
        """Something may have changed there: while it is watched, a pass soon; many hints make one."""
        with self._changed:
            if self._watching:
                self._hinted = True
                self._due = min(self._due, self._now_s() + _SOON_S)
                self._wake()

    def apart(self, work: Callable[[], T]) -> T:
        """Does something while no figure is under way: at once, or between two figures of the pass that runs.

        Raises:
            SyncError: another process is in the middle of a long pass, or Label Studio keeps a pass waiting.
        """
        future: Future[T] = Future()
        with self._changed:
            waits = self._running_since is not None
            if waits:
                self._apart.append((work, future))
        if not waits:
            return self._alone(work)
        try:
            return future.result(_APART_S)
        except TimeoutError as error:
            if future.cancel():
                raise SyncError("the pass under way waits for Label Studio; try again in a minute") from error
            return future.result()

    def end_pass(self) -> None:
        """Ends the pass that runs before its next figure, and waits for that."""
        with self._changed:
            self._asked = None
            if self._running_since is not None:
                self._ending.set()
            self._changed.wait_for(lambda: self._running_since is None, _APART_S)

    def state(self) -> dict[str, Any]:
        """Where it stands, JSON-ready; times are Unix times."""
        connected = self._store.outbox.connected()
        with self._changed:
            last, whole = self._last, self._last_whole
            return {
                "connected": connected
                and {
                    "url": connected.url,
                    "project_id": connected.project_id,
                    "at": connected.connected_at,
                    "read_until": connected.read_until,
                    "sends_new": connected.sends_new,
                },
                "watching": self._watching,
                "waiting": self._is_near(),
                "running": None
                if self._running_since is None
                else {"since": self._running_since, "done": self._done, "figure_id": self._figure_id},
                "last": whole
                and whole.report
                and {"at": whole.at, "seconds": round(whole.seconds, 3), **_without_ids(asdict(whole.report))},
                "error": {"at": last.at, "message": last.error} if last and last.error else None,
                "next_at": self._due if self._watching and self._running_since is None else None,
                "passes": self._passes,
                "not_called": self._not_called,
                "picking": self.picking.state(),
            }

    def be_left_alone(self) -> None:
        """Has Label Studio call this app no more, where it can be reached; else its calls mean nothing here."""
        settings, connected = self._settings(), self._store.outbox.connected()
        callbacks = callbacks_of(self._store.project, settings)
        self._called_from = None
        if callbacks is None or connected is None:
            return
        with (
            suppress(SyncError, SettingsError),
            open_server(
                replace(settings, retries=min(settings.retries, _RETRIES_OF_GOOD_WILL)), self._store.project
            ) as server,
        ):
            callbacks.remove(server, connected.project_id)

    def settle(self, timeout_s: float) -> bool:
        """Waits until no pass runs or is asked for; whether that came to be."""
        with self._changed:
            return self._changed.wait_for(lambda: self._running_since is None and not self._is_near(), timeout_s)

    def close(self) -> None:
        """Ends what runs before its next figure, and waits for that; the project stays watched when opened again."""
        with self._changed:
            self._closed = True
            self._ending.set()
            thread = self._thread
            self._changed.notify_all()
        self.picking.close()
        if thread is not None:
            thread.join()

    def _is_near(self) -> bool:
        """Whether a pass is asked for, or due."""
        return self._asked is not None or self._hinted or (self._watching and self._due <= self._now_s())

    def _watch(self) -> None:
        with self._changed:
            self._watching = True
            self._due = self._now_s()
            self._wake()

    def _wake(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._work, name="sync", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _work(self) -> None:
        try:
            while (asked := self._next()) is not None:
                self._finish(self._pass(asked))
        finally:
            self._store.close()

    def _next(self) -> dict[str, bool] | None:
        """Waits for the next pass, and says how it is to be made; None where none will come."""
        with self._changed:
            while not self._closed and (self._watching or self._asked):
                pause_s = self._due - self._now_s()
                if self._asked or pause_s <= 0:
                    asked = self._asked or {"whole": False, "retry": False}
                    self._asked, self._hinted = None, False
                    self._ending.clear()
                    self._running_since, self._done, self._figure_id = self._now_s(), 0, ""
                    self._changed.notify_all()
                    return asked
                self._changed.wait(pause_s)
            self._thread = None
            return None

    def _pass(self, asked: dict[str, bool]) -> _Last:
        began = self._now_s()
        report: SyncReport | None = None
        message = ""
        try:
            report = self._synced(asked)
        except _EndedError:
            message = "the last pass was ended before all was done; what was done stays"
        except CuratorError as error:
            message = str(error)
        except Exception as error:  # what goes wrong with one pass must not end those to come
            message = unexpected(error)
        return _Last(self._now_s(), self._now_s() - began, report, message)

    def _synced(self, asked: dict[str, bool]) -> SyncReport:
        settings = self._settings()
        self._poll_s = settings.poll_s
        self._check_connected()
        with open_server(settings, self._store.project, self._sleep) as server:
            images = images_of(self._store, settings)
            connected = connect(self._store, server, settings.project, images)
            self._be_called(server, connected.project_id, settings)
            return Sync(self._store, server, connected, images, self._now_s).once(**asked, progress=self._progress)

    def _be_called(self, server: LabelStudio, project_id: int, settings: LabelStudioSettings) -> None:
        """Has Label Studio call this app, once; where it will not, passes go on without, and the next asks again."""
        callbacks = callbacks_of(self._store.project, settings)
        if callbacks is None or self._called_from == (server.url, project_id, callbacks.public_url):
            return
        try:
            callbacks.register(server, project_id)
        except UnreachableError:
            raise
        except SyncError as error:
            with self._changed:
                self._not_called = str(error)
        else:
            with self._changed:
                self._called_from, self._not_called = (server.url, project_id, callbacks.public_url), ""

    def _finish(self, last: _Last) -> None:
        with self._changed:
            if last.report is None:
                self._pause_s = min(max(self._pause_s, self._poll_s) * 2, max(LONGEST_PAUSE_S, self._poll_s))
            else:
                self._pause_s, self._last_whole = 0.0, last
            self._due = self._now_s() + (_SOON_S if self._hinted else self._pause_s or self._poll_s)
            self._last, self._running_since = last, None
            self._passes += 1
            waiting, self._apart = self._apart, []
            self._changed.notify_all()
        for work, future in waiting:
            _do(partial(self._alone, work), future)  # what keeps it out is told to who asked, and ends no passes

    def _alone(self, work: Callable[[], T]) -> T:
        with locked(self._store):
            return work()

    def _check_connected(self) -> None:
        if self._store.outbox.connected() is None:
            raise SyncError("no Label Studio is connected; connect one first")

    def _progress(self, figure_id: str) -> None:
        with self._changed:
            self._done += 1
            self._figure_id = figure_id
            waiting, self._apart = self._apart, []
        for work, future in waiting:  # between two figures, under the lock of the pass
            _do(work, future)
        if self._ending.is_set():
            raise _EndedError

    def _sleep(self, seconds: float) -> None:
        """Between two tries of one request."""
        if self._ending.wait(seconds):
            raise _EndedError


def open_server(
    settings: LabelStudioSettings, project: Path, sleep: Callable[[float], None] = time.sleep
) -> LabelStudio:
    """The server that the settings name, by the project's token.

    Raises:
        SyncError: no server is named. SettingsError: see ``load_token``.
    """
    if not settings.url:
        raise SyncError("no Label Studio is named; give its address, such as http://localhost:8080")
    token = load_token(settings, project)
    return LabelStudio(
        settings.url,
        token,
        timeout_s=settings.timeout_s,
        retries=settings.retries,
        sleep=sleep,
        reach=settings.reach,
    )


def _without_ids(report: dict[str, Any]) -> dict[str, Any]:
    return {**report, "failed": len(report["failed"]), "doubles": len(report["doubles"])}


def _do(work: Callable[[], Any], future: Future[Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work())
    except Exception as error:  # it belongs to whoever waits for the result
        future.set_exception(error)
