"""Waiting for the disk together: one fsync for all who have committed by then."""

from __future__ import annotations

import os
import threading
from pathlib import Path


class DiskSync:
    """Makes commits of a write-ahead log last. Safe to share among threads.

    SQLite with ``synchronous = full`` waits for the disk once for each commit, one after the other: 20 writers wait 20
    times. Here a commit only writes (``synchronous = normal``), and its writer then waits for an fsync of the log that
    began after it; whoever comes while one runs shares the next. What it returned for survives a power cut as before.
    SQLite takes no locks on the log's file, so that opening and closing it beside SQLite drops none.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self._changed = threading.Condition()
        self._asked = 0
        self._done = 0
        self._busy = False

    def wait(self) -> None:
        """Returns when all that this thread has committed is on the disk.

        Raises:
            OSError: the disk refuses; whether it lasts is not known.
        """
        with self._changed:
            self._asked += 1
            mine = self._asked
            while self._done < mine:
                if self._busy:
                    self._changed.wait()
                else:
                    self._sync()

    def _sync(self) -> None:
        """For all who have asked so far; lets go of the lock meanwhile."""
        upto, self._busy = self._asked, True
        self._changed.release()
        try:
            self._flush()
        finally:
            self._changed.acquire()
            self._busy = False
            self._changed.notify_all()  # where it failed, each tries for itself and learns of it
        self._done = max(self._done, upto)

    def _flush(self) -> None:
        try:
            number = os.open(self._log, os.O_RDWR)
        except FileNotFoundError:  # the last connection was closed: SQLite has moved all of it into the database
            return
        try:
            os.fsync(number)
        finally:
            os.close(number)
