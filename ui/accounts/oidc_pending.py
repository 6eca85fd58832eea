"""Logins through a provider that have begun: each belongs to one browser and is used once."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from data.store.secrets import hash_of, new_secret
from ui.accounts.oidc import OidcError

LONGEST_S = 600
"""Guess: who takes longer over a password and a second factor begins again."""
_REMEMBERED = 10_000  # guess: anybody can begin one; 5 MB, the oldest are forgotten first


@dataclass(frozen=True, slots=True)
class Pending:
    """What the answer must fit."""

    state: str
    nonce: str
    verifier: str
    """Of PKCE: 43 to 128 characters (RFC 7636, 4.1)."""
    there: str
    """Where the login leads."""
    redirect_uri: str
    begun_s: float


class PendingLogins:
    """Lost with the process: whoever is on the way begins again."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()
        self._by_browser: OrderedDict[str, Pending] = OrderedDict()

    def begin(self, there: str, redirect_uri: str) -> tuple[str, Pending]:
        """The secret of the browser's cookie, and the login."""
        browser = new_secret()
        pending = Pending(new_secret(), new_secret(), secrets.token_urlsafe(48), there, redirect_uri, self._now_s())
        with self._lock:
            self._by_browser[hash_of(browser)] = pending
            while len(self._by_browser) > _REMEMBERED:
                self._by_browser.popitem(last=False)
        return browser, pending

    def finish(self, browser: str | None, state: str | None) -> Pending:
        """The login that this browser has begun; it cannot be finished again, right or wrong.

        Raises:
            OidcError: there is none, it is too old, or the answer is to another one.
        """
        with self._lock:
            pending = self._by_browser.pop(hash_of(browser), None) if browser else None
        if pending is None or self._now_s() - pending.begun_s > LONGEST_S:
            raise OidcError("this login was not begun in this browser, is over, or took too long; log in again")
        if not state or not hmac.compare_digest(state.encode(), pending.state.encode()):
            raise OidcError("the answer belongs to another login; log in again")
        return pending
