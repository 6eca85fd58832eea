"""Requests to the API: token, errors as ours, and what may be sent again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import httpx

from curator.errors import CuratorError, LeaseError, RightsError, StaleError, StoreError

_AGAIN: Final = frozenset({429, 502, 503, 504})
_TRIES: Final = 6
_FIRST_PAUSE_S: Final = 0.2  # guess: doubles each time; six tries wait six seconds, as a server takes to start again
_LONGEST_WAIT_S: Final = 60.0
"""Guess: where the server asks for more, whoever uses the client decides."""
_TIMEOUT_S: Final = 60.0


class RefusedError(CuratorError):
    """The API refused for a reason that is no other error of ours, or could not be reached."""

    def __init__(self, message: str, status: int, kind: str) -> None:
        super().__init__(message)
        self.status = status
        """0: there was no answer."""
        self.kind = kind
        """As in the API's ``Problem``; "unreachable" where there was no answer."""


_ERRORS: Final[Mapping[str, type[CuratorError]]] = {
    "stale": StaleError,
    "lease": LeaseError,
    "rights": RightsError,
    "missing": StoreError,
}


class Transport:
    """One server's API; safe to share among threads."""

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        http: httpx.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        self._http = http or httpx.Client(timeout=_TIMEOUT_S)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._sleep = sleep

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """The answer to a request, whose ``path`` begins with ``/api/v1`` or is below it.

        It is sent again after a time-out, a lost connection, 429 and 503, where that cannot do anything twice: a POST
        only with an Idempotency-Key.

        Raises:
            StaleError, LeaseError, RightsError, StoreError (there is no such thing), RefusedError.
        """
        given = {**self._headers, **(headers or {})}
        may_repeat = method != "POST" or "Idempotency-Key" in given
        for tries in range(1, _TRIES + 1):
            last = tries == _TRIES or not may_repeat
            pause_s = _FIRST_PAUSE_S * 2 ** (tries - 1)
            try:
                answer = self._http.request(
                    method, self._address(path), params=params or None, json=json, content=content, headers=given
                )
            except httpx.TransportError as error:
                if last:
                    reason = (
                        f"{self.url} does not answer ({type(error).__name__}: {error}); is `curator serve` running?"
                    )
                    raise RefusedError(reason, 0, "unreachable") from error
            else:
                wait_s = max(pause_s, _retry_after_s(answer))
                # nothing was done where the server says that it is too much or too busy
                again = answer.status_code in _AGAIN and (may_repeat or answer.status_code == 429)
                if not again or tries == _TRIES or wait_s > _LONGEST_WAIT_S:
                    if answer.is_error:
                        raise _error(answer)
                    return answer
                pause_s = wait_s
            self._sleep(pause_s)
        raise AssertionError("the last try returns or raises")

    @contextmanager
    def stream(self, path: str, params: Mapping[str, Any]) -> Iterator[Iterator[bytes]]:
        """The body of an answer, piece by piece; raises as ``ask``."""
        with self._http.stream("GET", self._address(path), params=params, headers=self._headers) as answer:
            if answer.is_error:
                answer.read()
                raise _error(answer)
            yield answer.iter_bytes()

    def close(self) -> None:
        self._http.close()

    def _address(self, path: str) -> str:
        return self.url + (path if path.startswith("/api/") else f"/api/v1{path}")


def _retry_after_s(answer: httpx.Response) -> float:
    given = answer.headers.get("retry-after", "")
    return float(given) if given.isascii() and given.isdigit() else 0.0


def _error(answer: httpx.Response) -> CuratorError:
    try:
        problem = answer.json()
        detail, kind = str(problem["detail"]), str(problem["kind"])
    except (ValueError, KeyError, TypeError):  # not the API: a proxy, or another server
        detail, kind = f"{answer.request.url} answered {answer.status_code}: {answer.text[:200]!r}", "http"
    if kind in _ERRORS:
        return _ERRORS[kind](detail)
    return RefusedError(detail, answer.status_code, kind)
