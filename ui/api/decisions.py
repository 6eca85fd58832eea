"""What changes a figure, and leases."""

from __future__ import annotations

import re
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from starlette.responses import Response

from ui.api.answers import Revision, answered, needs
from ui.api.figure_shapes import Adoption, Commands, FigureShape, LeaseShape
from ui.api.figures import figure_answer
from ui.api.problem import ApiError, Problem
from ui.servers import Servers

_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
_EDIT_REFUSALS: dict[int | str, dict[str, Any]] = {
    412: {"model": Problem, "description": "The figure has changed since; read it again."},
    423: {"model": Problem, "description": "Somebody else edits it."},
    428: {"model": Problem, "description": "If-Match is missing."},
}


async def _client(
    curator_client: Annotated[
        str,
        Header(description="Names the program or window that holds leases, among those of one user: A-Z a-z 0-9 -."),
    ] = "api",
) -> str:
    if not _NAME.fullmatch(curator_client):
        raise ApiError(422, "invalid", f"Curator-Client {curator_client!r} must be 1 to 64 of A-Z a-z 0-9 and -")
    return curator_client


async def _key(
    idempotency_key: Annotated[
        str | None,
        Header(description="Made anew for each edit (such as a UUID): the same request sent twice decides once."),
    ] = None,
) -> str:
    if idempotency_key is None:
        return uuid.uuid4().hex
    key = idempotency_key.strip().strip('"')
    if not _NAME.fullmatch(key):
        raise ApiError(422, "invalid", f"Idempotency-Key {idempotency_key!r} must be 1 to 64 of A-Z a-z 0-9 and -")
    return key


Client = Annotated[str, Depends(_client)]
Key = Annotated[str, Depends(_key)]


def decision_routes(servers: Servers) -> APIRouter:
    router = APIRouter(tags=["decisions"])
    review = servers.review

    def edited(figure_id: str, revision: int, client: str, key: str, **what: Any) -> Response:
        asked = {"figure_id": figure_id, "revision": revision, "tab": client, "key": key, **what}
        return figure_answer(review.edit(asked)["figure"])

    @router.post("/decisions/{figure_id:path}", response_model=FigureShape, responses=_EDIT_REFUSALS)
    def decide(figure_id: str, edit: Commands, revision: Revision, client: Client, key: Key) -> Response:
        """Obey commands as one event, which is in the database when this answers; the figure afterwards."""
        return edited(figure_id, revision, client, key, commands=edit.raw_commands(), seconds=edit.seconds)

    @router.post("/undo/{figure_id:path}", response_model=FigureShape, responses=_EDIT_REFUSALS)
    def undo(figure_id: str, revision: Revision, client: Client, key: Key) -> Response:
        """Take the last decision back, where it is one's own."""
        return edited(figure_id, revision, client, key, action="undo")

    @router.post("/redo/{figure_id:path}", response_model=FigureShape, responses=_EDIT_REFUSALS)
    def redo(figure_id: str, revision: Revision, client: Client, key: Key) -> Response:
        """Make the decision that was undone last again."""
        return edited(figure_id, revision, client, key, action="redo")

    @router.post(
        "/adoptions/{figure_id:path}",
        response_model=FigureShape,
        responses=_EDIT_REFUSALS,
        dependencies=[needs("adopt")],
    )
    def adopt(figure_id: str, adoption: Adoption, revision: Revision, client: Client, key: Key) -> Response:
        """Replace open proposals by those of another mining, level by level."""
        return edited(figure_id, revision, client, key, action="adopt", **adoption.model_dump(mode="json"))

    @router.put(
        "/leases/{figure_id:path}",
        response_model=LeaseShape,
        responses={423: {"model": Problem, "description": "Somebody else holds it."}},
    )
    def lease(
        figure_id: str,
        client: Client,
        take_over: Annotated[bool, Query(description="Take it from whoever holds it.")] = False,
    ) -> Response:
        """Take or renew the lease of a figure for a minute, so that nobody else edits it. An edit takes it too."""
        held = review.lease({"figure_id": figure_id, "tab": client, "take_over": take_over})
        if not held["mine"]:
            whose = "you, in another program or window," if held["you"] else held["holder"]
            raise ApiError(423, "lease", f"{whose} is editing {figure_id!r}; wait, or take it over (take_over=true)")
        return answered(held)

    @router.delete("/leases/{figure_id:path}", status_code=204)
    def release(figure_id: str, client: Client) -> Response:
        """Give the lease back, where this client holds it."""
        review.release({"figure_id": figure_id, "tab": client})
        return Response(status_code=204)

    return router
