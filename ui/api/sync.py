"""Label Studio: connecting, where each figure stands, what waits to be sent, conflicts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from data.store.syncs import SyncStatus
from ui.api.answers import Limit, Offset, answered, needs, page_answer, page_of
from ui.api.calls import Call, add_call
from ui.api.shape import Page, Wanted
from ui.api.sync_shapes import (
    ChosenShape,
    ConflictDetail,
    ConflictShape,
    DecidedAgainShape,
    DecidedShape,
    OneFigure,
    PickedSyncState,
    ProposersShape,
    SyncedFigure,
    SyncForm,
    SyncState,
    TestedShape,
    WaitingShape,
)
from ui.servers import Servers
from ui.syncing.server import ChoiceRequest, FormRequest, PassRequest, StateRequest, SwitchRequest


class Decided(Wanted):
    keep: Literal["ours", "theirs"]
    key: str | None = Field(default=None, max_length=200)
    """Only this conflict; null: all of the figure."""


class DecidedAgain(Wanted):
    keep: Literal["ours", "theirs"]


def sync_routes(servers: Servers) -> APIRouter:
    router = APIRouter(prefix="/sync", tags=["sync"])
    store, sync = servers.store, servers.sync

    for call in (
        Call("GET", "", sync.state, "Where keeping in step stands.", StateRequest, SyncState),
        Call(
            "GET",
            "/form",
            sync.form,
            "The form's values; of the token only whether there is one.",
            answers=SyncForm,
            right="sync",
        ),
        Call(
            "POST",
            "/test",
            sync.test,
            "Whether a server can be used; nothing is kept.",
            FormRequest,
            TestedShape,
            "sync",
        ),
        Call("PUT", "/form", sync.connect, "Keep the form, and connect.", FormRequest, SyncState, "sync"),
        Call("DELETE", "", sync.disconnect, "Forget the project there.", answers=SyncState, right="sync"),
        Call("POST", "/passes", sync.now, "A pass now.", PassRequest, SyncState, "sync", 202),
        Call("PUT", "/watch", sync.watch, "Pass after pass, or no further ones.", SwitchRequest, SyncState, "sync"),
        Call("PUT", "/send-new", sync.send_new, "Figures go there unasked.", SwitchRequest, SyncState, "sync"),
        Call("GET", "/agents", sync.agents, "Whose proposals there are.", answers=ProposersShape),
        Call("POST", "/preview", sync.preview, "How many figures a choice has.", ChoiceRequest, ChosenShape),
        Call(
            "POST",
            "/send",
            sync.send,
            "Put figures in the outbox as they stand.",
            ChoiceRequest,
            PickedSyncState,
            "sync",
        ),
        Call(
            "POST", "/take-out", sync.take_out, "Leave figures out from now on.", ChoiceRequest, PickedSyncState, "sync"
        ),
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
    def conflict(figure_id: str, offset: Offset = 0) -> Response:
        """The conflicts of a figure, some at a time, with what was decided before and its other nodes."""
        return answered(sync.conflict({"figure_id": figure_id, "offset": offset}))

    @router.post("/conflicts/{figure_id:path}", response_model=DecidedShape, dependencies=[needs("sync")])
    def decide(figure_id: str, decided: Decided) -> Response:
        """Decide on a figure's conflicts: which version stays. The next pass writes it there."""
        store.reviews.figure(figure_id)  # raises where there is none
        return answered(sync.resolve({"figure_id": figure_id, **decided.model_dump()}))

    @router.post("/decisions/{decision_id}", response_model=DecidedAgainShape, dependencies=[needs("sync")])
    def decide_again(decision_id: Annotated[int, Path(ge=1, le=2**62)], wanted: DecidedAgain) -> Response:
        """Decide once more on a conflict that was decided."""
        return answered(sync.decide_again({"id": decision_id, "keep": wanted.keep}))

    return router
