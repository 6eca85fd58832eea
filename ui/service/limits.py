"""How large what is sent may be: without a limit one request could fill the memory, whoever sends it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data.label_studio.callbacks import ML_PATH
from ui.label_studio.requests import LARGEST_PREDICT
from ui.problem import is_api, problem_response
from ui.searching.pictures import LIMITS

MAX_BODY_BYTES: Final = 4 * 2**20
"""Guess: a figure of 500 nodes with all their words takes 500 KB."""
BODY_BYTES: Final[Mapping[str, int]] = {
    "/search/picture": LIMITS.max_bytes + 4096,  # the route's own answer says more
    "/api/v1/search/pictures": LIMITS.max_bytes + 4096,
    f"{ML_PATH}/predict": LARGEST_PREDICT,
    "/login": 65_536,
    "/logout": 65_536,
    "/account": 65_536,
}
"""Beginnings of paths with limits of their own: the longest that fits counts."""
MAX_DEPTH: Final = 64
"""Of JSON: ours is less than ten deep. Python's reader gives up near 1,000, some of those behind it earlier."""
MAX_HEADER_BYTES: Final = 32_768
"""Guess: of all headers together; browsers send less than 4 KB."""
MAX_PATH_BYTES: Final = 8192
"""Of the path and query, as most servers have it."""

_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)
_LONG_BYTES = 100_000  # guess: more is read in a thread, or other requests would wait


class Limits:
    """Refuses what is too large (413), too deep (400) or has too much before its body (414, 431).

    A stated length is refused before a byte is read; without one, reading ends at the limit. JSON is read whole before
    it is passed on, so that nothing behind meets one that nests without end.
    """

    def __init__(self, app: ASGIApp, bodies: Mapping[str, int] = BODY_BYTES, otherwise: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._bodies = bodies
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = _of_head(scope)
        if refusal is None and scope["type"] == "http":
            most = self.most_bytes(scope["path"])
            headers = Headers(scope=scope)
            refusal = _of_length(scope, headers.get("content-length"), most)
            if refusal is None:
                await self._limited(scope, receive, send, most, _is_json(headers))
                return
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refusal(scope, receive, send)

    def most_bytes(self, path: str) -> int:
        """What a body sent to this path may have at most."""
        fitting = [start for start in self._bodies if path == start or path.startswith(f"{start}/")]
        return self._bodies[max(fitting, key=len)] if fitting else self._otherwise

    async def _limited(self, scope: Scope, receive: Receive, send: Send, most: int, is_json: bool) -> None:
        read = 0
        started = False
        too_large = False

        async def counting() -> Message:
            nonlocal read, too_large
            if too_large:
                return {"type": "http.disconnect"}
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                too_large = True
                return {"type": "http.disconnect"}
            return message

        async def sending(message: Message) -> None:
            nonlocal started
            if too_large and not started:
                return  # whatever was made of half a body; the refusal goes out below
            started = started or message["type"] == "http.response.start"
            await send(message)

        if is_json:
            await self._whole_json(scope, counting, sending)
        else:
            try:
                await self._app(scope, counting, sending)
            except Exception:
                if not too_large:
                    raise
        if too_large and not started:
            await _too_large(scope, most)(scope, receive, send)

    async def _whole_json(self, scope: Scope, receive: Receive, send: Send) -> None:
        content = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return  # gone, or too large
            content += message.get("body", b"")
            if not message.get("more_body"):
                break
        body = bytes(content)
        is_deep = (
            await run_in_threadpool(is_deeper, body, MAX_DEPTH)
            if len(body) > _LONG_BYTES
            else is_deeper(body, MAX_DEPTH)
        )
        if is_deep:
            reason = f"the JSON nests deeper than {MAX_DEPTH} levels; nothing of Curator's does"
            await _refusal(scope, 400, reason)(scope, receive, send)
            return
        given = False

        async def whole() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, whole, send)


def is_deeper(content: bytes, most: int) -> bool:
    """Whether arrays and objects of JSON stand more than ``most`` deep in each other; texts are passed over.

    >>> is_deeper(b'[["]["]]', 2), is_deeper(b'[[[]]]', 2)
    (False, True)
    """
    if content.count(b"[") + content.count(b"{") <= most:
        return False
    depth = 0
    for token in _TOKENS.finditer(content):
        first = token.group()[:1]
        if first in b"[{":
            depth += 1
            if depth > most:
                return True
        elif first != b'"':
            depth -= 1
    return False


def _of_head(scope: Scope) -> Response | None:
    if len(scope.get("raw_path") or scope["path"].encode()) + len(scope["query_string"]) > MAX_PATH_BYTES:
        return _refusal(scope, 414, f"the address has more than {MAX_PATH_BYTES:,} bytes")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER_BYTES:
        return _refusal(scope, 431, f"the headers have more than {MAX_HEADER_BYTES:,} bytes")
    return None


def _of_length(scope: Scope, stated: str | None, most: int) -> Response | None:
    if stated is None:
        return None
    if not stated.isascii() or not stated.isdigit():
        return _refusal(scope, 400, f"Content-Length is {stated[:40]!r}; expected a number of bytes")
    return _too_large(scope, most) if int(stated[:20]) > most else None


def _too_large(scope: Scope, most: int) -> Response:
    # the rest of the body is not read: the connection cannot be used again
    return _refusal(scope, 413, f"a request here may have at most {most:,} bytes", {"Connection": "close"})


def _refusal(scope: Scope, status: int, reason: str, headers: Mapping[str, str] | None = None) -> Response:
    if is_api(scope):
        return problem_response(status, reason, "invalid", headers=headers)
    return PlainTextResponse(reason, status, dict(headers or {}))


def _is_json(headers: Headers) -> bool:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")
