"""A polite end: SIGTERM (clusters send it before they take a machine) and Ctrl-C let the step finish."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType


class StopSignal:
    """Inside, the first SIGTERM or SIGINT only sets ``asked``; the second ends the process as ever."""

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> StopSignal:
        self._before = {number: signal.signal(number, self._ask) for number in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._restore()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
