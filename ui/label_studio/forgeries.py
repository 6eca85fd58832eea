"""Requests in Label Studio's name without its secret: noted in the audit log, but never so often that they fill it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from data.store import Store

APART_S: Final = 60.0
"""Between two notes of the same kind; the next one says how many there were. Guess."""


class Forgeries:
    """Safe to call from several threads."""

    def __init__(self, store: Store, now_s: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._now_s = now_s
        self._lock = threading.Lock()
        self._noted_s: dict[str, float] = {}
        self._since: dict[str, int] = {}

    def note(self, kind: str, address: str) -> None:
        """Notes that something was refused; ``kind``: such as "webhook"."""
        with self._lock:
            now_s = self._now_s()
            self._since[kind] = self._since.get(kind, 0) + 1
            if now_s - self._noted_s.get(kind, float("-inf")) < APART_S:
                return
            self._noted_s[kind] = now_s
            count, self._since[kind] = self._since[kind], 0
        self._store.audit.add("nobody", "label-studio.refused", kind, {"requests": count}, address)
