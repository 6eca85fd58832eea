"""Putting many figures in the outbox, or leaving them out, beside the page's answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, TypeAlias

from curator.errors import CuratorError, SyncError
from data.store import Store
from ui.disk_errors import unexpected

Picked: TypeAlias = Literal["send", "leave out"]

AT_ONCE: Final = 2000
"""Figures that are done with before anybody is answered, and in one turn with others who write. A twentieth of a second
(measured)."""


class Picking:
    """What one process puts in or leaves out at a time. Safe to call from several threads."""

    def __init__(self, store: Store, apart: Callable[[Callable[[], None]], None], done: Callable[[], None]) -> None:
        """``apart`` does something while no figure is being sent or read; ``done`` is told when all is put."""
        self._store = store
        self._apart = apart
        self._done = done
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._state: dict[str, Any] | None = None

    def start(self, what: Picked, figure_ids: Sequence[str]) -> None:
        """Returns when it is done, or where it is much, at once.

        Raises:
            SyncError: another one is under way; or as ``apart``.
        """
        with self._lock:
            if self._thread is not None:
                raise SyncError("other figures are still being put in or left out; try again in a moment")
            if len(figure_ids) > AT_ONCE:
                self._state = {"what": what, "done": 0, "total": len(figure_ids), "error": ""}
                self._thread = threading.Thread(target=self._work, args=(what, figure_ids), name="picking")
                self._thread.start()
                return
            self._state = None
        self._some(what, figure_ids)
        self._done()

    def forget(self) -> None:
        """Forgets what was agreed on with a Label Studio that was left; returns at once."""
        with self._lock:
            before = self._thread
            self._thread = threading.Thread(target=self._forget, args=(before,), name="forgetting")
            self._thread.start()

    def state(self) -> dict[str, Any] | None:
        """What is under way, or why the last one did not come to its end: ``what``, ``done`` of ``total``, ``error``;
        None where there is nothing to tell."""
        with self._lock:
            return self._state and dict(self._state)

    def close(self) -> None:
        """Waits for what is under way: seconds for 100,000 figures."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _forget(self, before: threading.Thread | None) -> None:
        try:
            if before is not None:
                before.join()
            self._store.outbox.forget()
        finally:
            self._store.close()
            with self._lock:
                self._thread = None

    def _some(self, what: Picked, figure_ids: Sequence[str]) -> None:
        if what == "send":
            self._store.outbox.put(figure_ids)
        else:
            self._apart(lambda: self._store.outbox.take_out(figure_ids))

    def _work(self, what: Picked, figure_ids: Sequence[str]) -> None:
        error = ""
        try:
            ordered = sorted(figure_ids)  # as they lie on the disk
            for at in range(0, len(ordered), AT_ONCE):
                some = ordered[at : at + AT_ONCE]
                self._some(what, some)
                with self._lock:
                    assert self._state is not None
                    self._state["done"] += len(some)
        except CuratorError as failure:
            error = str(failure)
        except Exception as failure:  # nobody waits for the thread: it is told in the page
            error = unexpected(failure)
        finally:
            self._store.close()
            with self._lock:
                assert self._state is not None
                self._state = {**self._state, "error": error} if error else None
                if self._thread is threading.current_thread():
                    self._thread = None
        self._done()
