"""A refusal as programs read it: RFC 9457, ``application/problem+json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import JSONResponse, Response
from starlette.types import Scope

MEDIA_TYPE: Final = "application/problem+json"


def is_api(scope: Scope) -> bool:
    """Whether a program asks, to whom a refusal is told so."""
    return scope["type"] == "http" and str(scope["path"]).startswith("/api/")


def problem_response(
    status: int, detail: str, kind: str, *, headers: Mapping[str, str] | None = None, faults: Sequence[str] = ()
) -> Response:
    """The answer to a request that was not obeyed; ``detail`` says why and what mends it, ``kind`` as in
    ``ui.api.problem.Problem``."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "kind": kind,
        **({"faults": list(faults)} if faults else {}),
    }
    return JSONResponse(document, status, dict(headers or {}), MEDIA_TYPE)
