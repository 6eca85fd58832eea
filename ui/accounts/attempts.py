"""How often somebody may try a password."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Network

from curator.errors import AccountError

WINDOW_S = 900.0
"""Guess: who has forgotten a password waits a quarter of an hour at most."""
MOST_BY_NAME = 10
"""Failures within the window. 1000 guesses a day at one password of ten characters find none that is not in a list."""
MOST_BY_ADDRESS = 50
"""Guess: a group behind one address mistypes less often."""
_REMEMBERED = 20_000  # guess: names and addresses, 10 MB; the longest untouched are forgotten first


class TooManyAttemptsError(AccountError):
    """Wait for ``wait_s`` seconds."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"too many attempts; try again in {_in_words(wait_s)}")
        self.wait_s = wait_s


class Attempts:
    """Counts failures by name and by address in this process; safe to call from several threads.

    Each attempt counts from its start, so that many at the same time are no way round; a success takes it back.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()
        self._failed_s: OrderedDict[tuple[str, str], list[float]] = OrderedDict()

    def begin(self, name: str, address: str) -> None:
        """Counts an attempt.

        Raises:
            TooManyAttemptsError: the name or the address has failed too often; the attempt was not counted.
        """
        limits = ((("name", name), MOST_BY_NAME), (("address", _network(address)), MOST_BY_ADDRESS))
        with self._lock:
            now_s = self._now_s()
            waits = [self._wait_s(key, most, now_s) for key, most in limits]
            if max(waits) > 0:
                raise TooManyAttemptsError(math.ceil(max(waits)))
            for key, _ in limits:
                self._failed_s.setdefault(key, []).append(now_s)
                self._failed_s.move_to_end(key)
            while len(self._failed_s) > _REMEMBERED:
                self._failed_s.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """Forgets the name's failures, and of the address's the attempt that began last."""
        with self._lock:
            self._failed_s.pop(("name", name), None)
            of_address = self._failed_s.get(("address", _network(address)))
            if of_address:
                of_address.pop()

    def _wait_s(self, key: tuple[str, str], most: int, now_s: float) -> float:
        """Seconds until the key may try again; 0: now."""
        recent = [at_s for at_s in self._failed_s.get(key, ()) if at_s > now_s - WINDOW_S]
        if key in self._failed_s:
            self._failed_s[key] = recent
        return recent[-most] + WINDOW_S - now_s if len(recent) >= most else 0.0


def _network(address: str) -> str:
    """An IPv6 address without its lower half, which whoever has one can choose (RFC 4291); others as they are."""
    try:
        return str(IPv6Network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address


def _in_words(wait_s: int) -> str:
    minutes = math.ceil(wait_s / 60)
    return f"{wait_s} seconds" if wait_s < 60 else f"{minutes} minute{'s' if minutes > 1 else ''}"
