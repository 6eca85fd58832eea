"""Routes of the Search tab: crops of what was found, and pictures as queries."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from curator.errors import CuratorError, InputError, StoreError
from data.store import Store
from ui.crops import Crops
from ui.searching.pictures import LIMITS, QueryPictures, too_large


def search_routes(store: Store, pictures: QueryPictures) -> APIRouter:
    """``GET /crop/FIGURE_ID?node=ID`` (JPEG), ``POST /search/picture`` (raw bytes; answers ``{"picture": token}`` or
    ``{"error": why}``) and ``GET /search/picture/TOKEN`` (JPEG).

    Ids are only ever looked up, in the database or among the kept pictures: nothing of an address becomes a file name.
    """
    router = APIRouter()
    crops = Crops(store)

    @router.api_route("/crop/{figure_id:path}", methods=["GET", "HEAD"])
    def crop(figure_id: str, node: str, request: Request) -> Response:
        try:
            return crop_answer(crops, figure_id, node, request)
        except StoreError as error:
            raise HTTPException(404, str(error)) from error

    @router.post("/search/picture")
    async def keep(request: Request) -> Response:
        try:
            content = await picture_body(request)
            return JSONResponse({"picture": await run_in_threadpool(pictures.keep, content)})
        except CuratorError as error:
            return JSONResponse({"error": str(error)}, 400)

    @router.api_route("/search/picture/{token}", methods=["GET", "HEAD"])
    def kept(token: str) -> Response:
        try:
            content = pictures.picture(token)
        except InputError as error:
            raise HTTPException(404, str(error)) from error
        headers = {"Cache-Control": "private, max-age=31536000, immutable"}  # the token is the hash of the content
        return Response(content, media_type="image/jpeg", headers=headers)

    return router


def crop_answer(crops: Crops, figure_id: str, node: str, request: Request) -> Response:
    """A node as a JPEG with its ETag, or 304 where the asker has it.

    Raises:
        StoreError: there is no such node, or its figure's image is missing.
    """
    cut = crops.cut(figure_id, node)
    # a box may be moved at any time, so a browser asks each time; the answer is mostly that nothing has changed
    headers = {"ETag": f'"{cut.tag}"', "Cache-Control": "private, no-cache"}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(crops.jpeg(cut), media_type="image/jpeg", headers=headers)


async def picture_body(request: Request) -> bytes:
    """The request's bytes, which may come without a stated length and never end.

    Raises:
        ImageError: more than a picture may have.
    """
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LIMITS.max_bytes:
            raise too_large()
    return bytes(content)
