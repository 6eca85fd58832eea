"""Routes of the ML backend and the webhook. Each checks its own secret; a login counts for nothing here."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from curator.errors import CuratorError
from data.label_studio.callbacks import ML_PATH, ML_USER, SECRET_HEADER, WEBHOOK_PATH, ml_password, webhook_secret
from data.label_studio.to_tasks import MODEL_VERSION
from data.store import Store
from ui.label_studio.backend import Backend
from ui.label_studio.forgeries import Forgeries
from ui.label_studio.requests import (
    LARGEST_HINT,
    LARGEST_PREDICT,
    Hint,
    PredictRequest,
    TooLargeError,
    parse_body,
    read_body,
)
from ui.segmenting import NotReadyError, Segmenting

if TYPE_CHECKING:
    from ui.syncing.passes import Syncing

_HAND_MADE_PATH: Final = "/label-studio/webhook"
"""For a webhook that somebody sets up there by hand."""


def label_studio_routes(store: Store, segmenting: Segmenting, syncing: Syncing, key: bytes) -> APIRouter:
    """The routes; ``key``: of the project (``data.signing.load_secret``)."""
    router = APIRouter()
    backend = Backend(store, segmenting)
    forgeries = Forgeries(store)
    password, secret = ml_password(key), webhook_secret(key)

    def knows_password(request: Request) -> bool:
        user, given = _basic(request)
        return _equal(user, ML_USER) & _equal(given, password)

    async def refused(request: Request, kind: str, status: int) -> Response:
        address = request.client.host if request.client else ""
        await run_in_threadpool(forgeries.note, kind, address)
        headers = {"WWW-Authenticate": 'Basic realm="Curator"'} if status == 401 else None
        return JSONResponse({"error": f"{kind}: this is not the secret of this project"}, status, headers)

    async def ml(request: Request, answer: dict[str, Any]) -> Response:
        if not knows_password(request):
            return await refused(request, "ML backend", 401)
        return JSONResponse(answer)

    @router.get(f"{ML_PATH}/health")
    @router.get(ML_PATH)
    async def health(request: Request) -> Response:
        """Label Studio asks with a second's patience whether it may go on."""
        return await ml(request, {"status": "UP", "model_class": "Curator"})

    @router.post(f"{ML_PATH}/setup")
    async def setup(request: Request) -> Response:
        """The body holds a token of whoever made the project there; nobody needs it here, so it is not even read."""
        return await ml(request, {"model_version": MODEL_VERSION})

    @router.get(f"{ML_PATH}/versions")
    async def versions(request: Request) -> Response:
        return await ml(request, {"versions": [MODEL_VERSION]})

    @router.post(f"{ML_PATH}/train")
    async def train(request: Request) -> Response:
        """Training belongs to Curator's own page: what was annotated there is asked for, and no job begins."""
        if knows_password(request):
            syncing.hint()
        return await ml(request, {})

    @router.post(f"{ML_PATH}/job_status")
    async def job_status(request: Request) -> Response:
        return await ml(request, {"job_status": "finished"})

    @router.post(f"{ML_PATH}/predict")
    async def predict(request: Request) -> Response:
        if not knows_password(request):
            return await refused(request, "ML backend", 401)
        try:
            asked = parse_body(PredictRequest, await read_body(request, LARGEST_PREDICT))
            results = await run_in_threadpool(backend.predict, asked)
        except TooLargeError as error:
            return JSONResponse({"error": str(error)}, 413)
        except NotReadyError as error:
            return JSONResponse({"error": str(error)}, 503, {"Retry-After": "5"})
        except CuratorError as error:
            return JSONResponse({"error": str(error)}, 422)
        return JSONResponse({"results": results, "model_version": MODEL_VERSION})

    @router.post(_HAND_MADE_PATH)
    @router.post(WEBHOOK_PATH)
    async def webhook(request: Request) -> Response:
        """Only a hint: what it says happened is never believed, but asked for by the next pass."""
        if not (_equal(request.headers.get(SECRET_HEADER, ""), secret) or knows_password(request)):
            return await refused(request, "webhook", 403)
        try:
            hint = parse_body(Hint, await read_body(request, LARGEST_HINT))
        except TooLargeError as error:
            return JSONResponse({"error": str(error)}, 413)
        except CuratorError as error:
            return JSONResponse({"error": str(error)}, 422)
        connected = await run_in_threadpool(store.outbox.connected)
        if connected is not None and (hint.project is None or hint.project.id == connected.project_id):
            syncing.hint()
        return JSONResponse({})

    return router


def _basic(request: Request) -> tuple[str, str]:
    """User and password of HTTP basic authentication (RFC 7617); empty where there are none."""
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        user, _, given = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, given


def _equal(given: str, expected: str) -> bool:
    """In the same time whatever is given."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
