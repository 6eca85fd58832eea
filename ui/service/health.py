"""What load balancers, containers and service managers ask: is it alive, is it ready."""

from __future__ import annotations

import logging

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from data.store import Store
from data.store.readiness import not_ready

_NO_STORE = {"Cache-Control": "no-store"}
_LOG = logging.getLogger("curator.health")


def health_routes(store: Store, min_free_mb: int) -> APIRouter:
    """``/healthz``: this process answers; ``/readyz``: its project can be worked on too, else 503 and why."""
    router = APIRouter()

    @router.get("/healthz")
    def healthz() -> Response:
        return JSONResponse({"status": "ok"}, headers=_NO_STORE)

    @router.get("/readyz")
    def readyz() -> Response:
        reasons = not_ready(store.project, min_free_mb)
        if not reasons:
            return JSONResponse({"status": "ready"}, headers=_NO_STORE)
        _LOG.warning("not ready: %s", "; ".join(f"{what}: {reason}" for what, reason in reasons.items()))
        return JSONResponse({"status": "not ready", "reasons": reasons}, 503, _NO_STORE)

    return router
