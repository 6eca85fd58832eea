"""Label Studio: connecting, where each figure stands, what waits to be sent, conflicts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from curator.figure import FigureState
from data.store.syncs import SyncStatus
from ui.api.answers import Limit, Offset, answered, needs, page_answer, page_of
from ui.api.calls import Call, add_call
from ui.api.shape import Opaque, Page, Shape, Wanted
from ui.servers import Servers
from ui.syncing.server import ChoiceRequest, FormRequest, PassRequest, StateRequest, SwitchRequest


class SyncState(Opaque):
    """Where keeping in step with Label Studio stands."""

    connected: dict[str, Any] | None
    """``url``, ``project_id`` and since when; null where no Label Studio is connected."""
    watching: bool
    """Pass after pass, as long as the server runs."""
    running: dict[str, Any] | None
    last: dict[str, Any] | None
    failure: dict[str, Any] | None
    counts: dict[str, int] | None
    """Figures by where they stand."""
    outbox: dict[str, Any]
    """``count`` of what waits to be sent, ``since`` when the oldest does."""


class SyncedFigure(Shape):
    figure_id: str
    number: int
    label: str
    article_id: str
    image_sha256: str
    state: FigureState
    confidence: float | None
    status: SyncStatus
    task_id: int | None
    waiting_since: str | None
    tries: int
    """In vain."""
    next_at: float | None
    """Unix time of the next try."""
    reason: str
    """Why the last try was in vain."""
    conflicts: int
    task_url: str | None


class OneFigure(Shape):
    item: SyncedFigure | None
    """Null where no Label Studio is connected."""


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


class ConflictDetail(Opaque):
    """All versions of what both sides changed of a figure."""

    figure: dict[str, Any]
    conflicts: list[dict[str, Any]]
    nodes: list[dict[str, Any]]


class Decided(Wanted):
    keep: Literal["ours", "theirs"]
    key: str | None = Field(default=None, max_length=200)
    """Only this conflict; null: all of the figure."""


class DecidedShape(Shape):
    decided: int
    left: int


def sync_routes(servers: Servers) -> APIRouter:
    router = APIRouter(prefix="/sync", tags=["sync"])
    store, sync = servers.store, servers.sync

    for call in (
        Call("GET", "", sync.state, "Where keeping in step stands.", StateRequest, SyncState),
        Call("GET", "/form", sync.form, "The form's values; of the token only whether there is one.", right="sync"),
        Call("POST", "/test", sync.test, "Whether a server can be used; nothing is kept.", FormRequest, right="sync"),
        Call("PUT", "/form", sync.connect, "Keep the form, and connect.", FormRequest, SyncState, "sync"),
        Call("DELETE", "", sync.disconnect, "Forget the project there.", answers=SyncState, right="sync"),
        Call("POST", "/passes", sync.now, "A pass now.", PassRequest, SyncState, "sync", 202),
        Call("PUT", "/watch", sync.watch, "Pass after pass, or no further ones.", SwitchRequest, SyncState, "sync"),
        Call("PUT", "/send-new", sync.send_new, "Figures go there unasked.", SwitchRequest, SyncState, "sync"),
        Call("GET", "/agents", sync.agents, "Whose proposals there are."),
        Call("POST", "/preview", sync.preview, "How many figures a choice has.", ChoiceRequest),
        Call("POST", "/send", sync.send, "Put figures in the outbox as they stand.", ChoiceRequest, right="sync"),
        Call("POST", "/take-out", sync.take_out, "Leave figures out from now on.", ChoiceRequest, right="sync"),
    ):
        add_call(router, call)

    @router.get("/figures", response_model=Page[SyncedFigure])
    def figures(
        request: Request,
        status: Annotated[SyncStatus | None, Query(description="Only figures that stand there.")] = None,
        text: Annotated[str, Query(max_length=200)] = "",
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        """Where each mined or synced figure stands."""
        found = sync.figures({"status": status, "text": text, "offset": offset, "limit": limit})
        return page_answer(request, found["items"], found["total"], offset)

    @router.get("/figures/{figure_id:path}", response_model=OneFigure)
    def figure(figure_id: str) -> Response:
        """Where one figure stands."""
        return answered(sync.figure({"figure_id": figure_id}))

    @router.get("/outbox", response_model=Page[WaitingShape])
    def outbox(request: Request, limit: Limit = 50, offset: Offset = 0) -> Response:
        """What waits to be sent, oldest first."""
        return page_of(request, [asdict(one) for one in store.outbox.waiting()], limit, offset)

    @router.get("/conflicts", response_model=Page[ConflictShape])
    def conflicts(request: Request, limit: Limit = 50, offset: Offset = 0) -> Response:
        """What both sides changed, with both versions."""
        return page_of(request, [asdict(one) for one in store.syncs.conflicts()], limit, offset)

    @router.get("/conflicts/{figure_id:path}", response_model=ConflictDetail)
    def conflict(figure_id: str) -> Response:
        """The conflicts of a figure, with its other nodes."""
        return answered(sync.conflict({"figure_id": figure_id}))

    @router.post("/conflicts/{figure_id:path}", response_model=DecidedShape, dependencies=[needs("sync")])
    def decide(figure_id: str, decided: Decided) -> Response:
        """Decide on a figure's conflicts: which version stays. The next pass writes it there."""
        store.reviews.figure(figure_id)  # raises where there is none
        return answered(sync.resolve({"figure_id": figure_id, **decided.model_dump()}))

    return router
