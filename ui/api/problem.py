"""Errors as one JSON shape: RFC 9457, ``application/problem+json``."""

from __future__ import annotations

import sqlite3
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from curator.errors import (
    BudgetError,
    CuratorError,
    FetchError,
    LeaseError,
    MiningError,
    ModelError,
    ReplyError,
    RightsError,
    StaleError,
    StoreError,
    SyncError,
    TrainingError,
)
from ui.accounts.attempts import TooManyAttemptsError
from ui.api.shape import Shape
from ui.disk_errors import is_of_the_disk
from ui.problem import problem_response

_BUSY_S = 1  # guess: the database was locked for ten seconds; whoever held it is soon done
_FAULTS_SHOWN = 5

# the first that fits counts
_STATUSES: Final[tuple[tuple[type[CuratorError], int, str], ...]] = (
    (StaleError, 412, "stale"),
    (LeaseError, 423, "lease"),
    (RightsError, 403, "rights"),
    (TooManyAttemptsError, 429, "wait"),
    (StoreError, 404, "missing"),
    (BudgetError, 409, "budget"),
    (ModelError, 502, "model"),
    (ReplyError, 502, "model"),
    (FetchError, 502, "fetch"),
    (SyncError, 502, "sync"),
    (MiningError, 409, "refused"),
    (TrainingError, 409, "refused"),
    (CuratorError, 422, "refused"),
)


class Problem(Shape):
    """Why a request was not obeyed (RFC 9457)."""

    type: str = "about:blank"
    title: str
    """The status in words."""
    status: int
    detail: str
    """What happened and what mends it."""
    kind: str
    """For programs: ``stale`` (412: the figure has changed; read it again), ``precondition`` (428: send If-Match),
    ``lease`` (423: another one edits it), ``rights`` (403), ``login`` (401), ``missing`` (404), ``invalid`` (422: the
    request is not as described here), ``refused`` (409 or 422: it cannot be done), ``budget`` (409), ``model``,
    ``fetch``, ``sync`` (502: another server), ``wait`` (429) and ``busy`` (503): both with Retry-After; ``http``."""
    faults: list[str] = Field(default_factory=list)
    """Of an invalid request, field by field."""


class ApiError(Exception):
    """A refusal that is the API's own; ``kind`` as in ``Problem``."""

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind


def add_problem_answers(app: FastAPI) -> None:
    """Has every error of the application answered as a problem."""

    @app.exception_handler(ApiError)
    def refused(_: Request, error: ApiError) -> Response:
        return problem_response(error.status, str(error), error.kind)

    @app.exception_handler(CuratorError)
    def curator_error(_: Request, error: CuratorError) -> Response:
        status, kind = next((status, kind) for cls, status, kind in _STATUSES if isinstance(error, cls))
        headers = {"Retry-After": str(error.wait_s)} if isinstance(error, TooManyAttemptsError) else None
        return problem_response(status, str(error), kind, headers=headers)

    @app.exception_handler(sqlite3.OperationalError)
    def busy(_: Request, error: sqlite3.OperationalError) -> Response:
        detail = f"the database did not answer ({error}); send the request again, with the same Idempotency-Key"
        return problem_response(503, detail, "busy", headers={"Retry-After": str(_BUSY_S)})

    @app.exception_handler(OSError)
    def disk(_: Request, error: OSError) -> Response:
        if not is_of_the_disk(error):
            raise error
        detail = f"the server's disk takes no more ({error.strerror}); send the request again when it has room"
        return problem_response(503, detail, "busy", headers={"Retry-After": str(_BUSY_S)})

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> Response:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()[:_FAULTS_SHOWN]]
        detail = f"the request is not as /api/v1/openapi.json describes it ({'; '.join(faults)})"
        return problem_response(422, detail, "invalid", faults=faults)

    @app.exception_handler(HTTPException)
    def http(_: Request, error: HTTPException) -> Response:
        kind = "missing" if error.status_code == 404 else "http"
        detail = error.detail
        if detail == HTTPStatus(error.status_code).phrase:  # the framework's own
            detail = "there is no such way here or it takes another method; /api/v1/openapi.json lists all"
        return problem_response(error.status_code, detail, kind, headers=error.headers)
