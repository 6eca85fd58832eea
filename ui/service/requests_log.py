"""One line a request, and a count: who asked for what, how it was answered, how long it took.

Neither captions, tokens, cookies nor queries are in it: of the address only the route's template, such as
``/image/{figure_id:path}``. Nothing is printed unless ``log_to`` was called, as `curator serve` does.
"""

from __future__ import annotations

import json
import logging
import re
import time
import traceback
import uuid
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO, TypeAlias

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.service.metrics import Metrics

LogFormat: TypeAlias = Literal["json", "text"]

ID_HEADER: Final = "X-Request-ID"
_SANE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_LOG: Final = logging.getLogger("curator.requests")
_FIELDS: Final = "curator_fields"


class RequestsLog:
    """Logs and counts each request; its id is in the answer too, and is that of ``X-Request-ID`` where it is plain."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(ID_HEADER, "")
        request_id = given if _SANE_ID.fullmatch(given) else uuid.uuid4().hex
        status, streams = 500, False  # where the app raises before it answers

        async def sending(message: Message) -> None:
            nonlocal status, streams
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[ID_HEADER] = request_id
                status = message["status"]
                streams = headers.get("content-type", "").startswith("text/event-stream")
            await send(message)

        began = time.perf_counter()
        try:
            with self._metrics.in_progress.track_inprogress():
                await self._app(scope, receive, sending)
        finally:
            seconds = time.perf_counter() - began
            method = scope["method"] if scope["method"] in _METHODS else "other"
            route = _template(scope)
            self._metrics.answered(method, route, status, None if streams else seconds)
            user = scope.get("curator.user")
            fields = {
                "id": request_id,
                "user": user.name if user else None,
                "method": method,
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 1),
            }
            _LOG.info("request", extra={_FIELDS: fields})


def log_to(stream: TextIO, form: LogFormat) -> None:
    """From now on requests, warnings and errors of this process go to the stream, a line each."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Json() if form == "json" else _Text())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("curator").setLevel(logging.INFO)
    logging.captureWarnings(True)


def say(event: str, **fields: Any) -> None:
    """Logs what happens to the service itself."""
    logging.getLogger("curator").info(event, extra={_FIELDS: fields})


def _template(scope: Scope) -> str:
    """Of the route that answered, below where its app is mounted; few, whatever is asked for."""
    path = getattr(scope.get("route"), "path", None)
    return f"{scope.get('root_path', '')}{path}" if isinstance(path, str) and path else "none"


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {"time": _time(record), "level": record.levelname.lower(), "logger": record.name}
        line |= {"event": record.getMessage(), **getattr(record, _FIELDS, {})}
        if record.exc_info:
            line["error"] = _where(record)
        return json.dumps(line, default=str)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, _FIELDS, {})
        said = " ".join(f"{name}={'-' if value is None else value}" for name, value in fields.items())
        line = f"{_time(record)} {record.levelname.lower()} {record.getMessage()} {said}".rstrip()
        return "\n  ".join([line, *_where(record)]) if record.exc_info else line


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _where(record: logging.LogRecord) -> list[str]:
    """The exception's kind and the places it came through; not its message, which may quote a caption or a token."""
    assert record.exc_info is not None
    kind, _, trace = record.exc_info
    name = kind.__name__ if kind else "unknown"
    return [name, *(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace))]
