"""Label Studio: where each figure stands, what waits to be sent, conflicts."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from data.label_studio.resolve import resolve
from data.store.syncs import SyncStatus
from ui.accounts.identity import current_user
from ui.api.answers import Limit, Offset, answered, needs, page_of
from ui.api.shape import Opaque, Page, Shape, Wanted
from ui.servers import Servers


class SyncState(Opaque):
    """Where keeping in step with Label Studio stands."""

    connected: dict[str, Any] | None
    """``url``, ``project_id`` and since when; null where no Label Studio is connected."""
    watching: bool
    """Pass after pass, as long as the server runs."""
    running: dict[str, Any] | None
    last: dict[str, Any] | None
    error: dict[str, Any] | None
    counts: dict[SyncStatus, int]
    """Figures by where they stand."""
    outbox: int
    conflicts: int


class SyncedFigure(Shape):
    figure_id: str
    status: SyncStatus
    reason: str
    """Why it could not be sent or read; empty where it could."""


class WaitingShape(Shape):
    """A figure that waits to be sent."""

    figure_id: str
    revision: int
    at: str


class ConflictShape(Shape):
    """Something that was changed here and there since both last agreed."""

    figure_id: str
    key: str
    """A node's id, or shared, state, task, annotation."""
    found_at: str
    doc: dict[str, Any]
    """``base``, ``ours``, ``theirs``, and ``who`` changed it there."""


class Decided(Wanted):
    keep: Literal["ours", "theirs"]
    key: str | None = Field(default=None, max_length=100)
    """Only this conflict; null: all of the figure."""


class DecidedShape(Shape):
    decided: int


class Pass(Wanted):
    whole: bool = False
    """Read all tasks there, whatever changed."""


class Watch(Wanted):
    watching: bool


def sync_routes(servers: Servers) -> APIRouter:
    router = APIRouter(prefix="/sync", tags=["sync"])
    store, syncing = servers.store, servers.syncing

    def state_document() -> dict[str, Any]:
        statuses = list(store.syncs.statuses().values())
        return {
            **syncing.state(),
            "counts": {status: statuses.count(status) for status in dict.fromkeys(statuses)},
            "outbox": len(store.outbox.waiting()),
            "conflicts": len(store.syncs.conflicts()),
        }

    @router.get("", response_model=SyncState)
    def state() -> Response:
        """Where keeping in step stands."""
        return answered(state_document())

    @router.post("/passes", status_code=202, response_model=SyncState, dependencies=[needs("sync")])
    def start_pass(wanted: Pass) -> Response:
        """A pass now: what waits is sent, what changed there is read."""
        syncing.once(whole=wanted.whole)
        return answered(state_document(), 202)

    @router.put("/watch", response_model=SyncState, dependencies=[needs("sync")])
    def watch(wanted: Watch) -> Response:
        """Pass after pass from now on, or no further ones."""
        if wanted.watching:
            syncing.start_watch()
        else:
            syncing.stop_watch()
        store.audit.add(current_user().name, "sync.watch", "", {"watching": wanted.watching})
        return answered(state_document())

    @router.get("/figures", response_model=Page[SyncedFigure])
    def figures(
        request: Request,
        status: Annotated[SyncStatus | None, Query(description="Only figures that stand there.")] = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        """Where each mined or synced figure stands."""
        reasons = {fault.figure_id: fault.reason for fault in store.syncs.faults()}
        rows = [
            {"figure_id": figure_id, "status": one, "reason": reasons.get(figure_id, "")}
            for figure_id, one in store.syncs.statuses().items()
            if status in (None, one)
        ]
        return page_of(request, rows, limit, offset)

    @router.get("/outbox", response_model=Page[WaitingShape])
    def outbox(request: Request, limit: Limit = 50, offset: Offset = 0) -> Response:
        """What waits to be sent, oldest first."""
        return page_of(request, [asdict(one) for one in store.outbox.waiting()], limit, offset)

    @router.get("/conflicts", response_model=Page[ConflictShape])
    def conflicts(
        request: Request,
        figure_id: Annotated[str | None, Query(max_length=500)] = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        """What both sides changed, with both versions."""
        return page_of(request, [asdict(one) for one in store.syncs.conflicts(figure_id)], limit, offset)

    @router.post("/conflicts/{figure_id:path}", response_model=DecidedShape, dependencies=[needs("sync")])
    def decide(figure_id: str, decided: Decided) -> Response:
        """Decide on a figure's conflicts: which version stays. The next pass writes it there."""
        store.reviews.figure(figure_id)
        who = current_user().name
        count = syncing.apart(lambda: resolve(store, figure_id, decided.keep, who, time.time(), decided.key))
        return answered({"decided": count})

    return router
