"""Ending a service that has not begun. Light: what loads the rest imports it first."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


@contextmanager
def leaving_at_once(numbers: Iterable[signal.Signals]) -> Iterator[None]:
    """While the block runs, and nothing in it listens to them itself, these signals end the process as if it were done.

    For the seconds in which a service is loaded and has nothing to finish: by default SIGTERM would end it as a
    failure, and as the first process of a container not at all.
    """

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        sys.exit(0)

    before = {number: signal.signal(number, leave) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
