"""Images: figures as a browser shows them, thumbnails, crops of nodes, and what models saw."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from ui.crops import Crops
from ui.images import Images
from ui.searching.routes import crop_answer
from ui.servers import Servers

_TAGGED: dict[int | str, dict[str, Any]] = {304: {"description": "It is as If-None-Match says."}}


def _picture(*types: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {name: {} for name in types}, "description": "The picture, with an ETag."}, **_TAGGED}


def image_api(servers: Servers) -> APIRouter:
    router = APIRouter(tags=["images"])
    images, crops = Images(servers.store), Crops(servers.store)

    @router.get(
        "/images/{figure_id:path}", response_class=Response, responses=_picture("image/png", "image/jpeg", "image/webp")
    )
    def image(figure_id: str, request: Request) -> Response:
        """The figure's image, in the frame of its boxes."""
        return images.image(figure_id, request)

    @router.get("/thumbnails/{figure_id:path}", response_class=Response, responses=_picture("image/webp"))
    def thumbnail(figure_id: str, request: Request) -> Response:
        """A small form of the figure's image."""
        return images.thumbnail(figure_id, request)

    @router.get("/crops/{figure_id:path}", response_class=Response, responses=_picture("image/jpeg"))
    def crop(
        figure_id: str,
        request: Request,
        node: Annotated[str, Query(max_length=100, description="Id of a panel, marker or region.")],
    ) -> Response:
        """A node as a small picture; a region with what is around it."""
        return crop_answer(crops, figure_id, node, request)

    @router.get("/seen/{sha256}", response_class=Response, responses=_picture("image/png", "image/jpeg"))
    def seen(sha256: str, request: Request) -> Response:
        """A picture as it was sent to a model; exchanges name its hash."""
        return images.seen(sha256, request)

    return router
