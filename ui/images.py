"""Routes that serve figures' images to the page."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import FileResponse

from curator.errors import StoreError
from data.store import Store

_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}
_KNOWN_FIGURES = 20_000  # guess: ids of a long session, 2 MB


def image_routes(store: Store) -> APIRouter:
    """``/image/ID`` (what a browser shows, in the frame of the boxes) and ``/thumbnail/ID``.

    An id is only ever looked up in the database; no part of the address becomes part of a file name.
    """
    router = APIRouter()

    @lru_cache(maxsize=_KNOWN_FIGURES)
    def sha256_of(figure_id: str) -> str:
        return store.reviews.figure(figure_id).image_sha256

    def served(figure_id: str, request: Request, form: Callable[[str], Path]) -> Response:
        try:
            sha256 = sha256_of(figure_id)
            path = form(sha256)
        except StoreError as error:
            raise HTTPException(404, str(error)) from error
        # a figure never changes: its image is its id's for ever, and the hash says so to a cache that asks
        headers = {"ETag": f'"{sha256}"', "Cache-Control": "private, max-age=31536000, immutable"}
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return FileResponse(path, media_type=_TYPES[path.suffix], headers=headers)

    @router.api_route("/image/{figure_id:path}", methods=["GET", "HEAD"])
    def image(figure_id: str, request: Request) -> Response:
        return served(figure_id, request, store.images.web)

    @router.api_route("/thumbnail/{figure_id:path}", methods=["GET", "HEAD"])
    def thumbnail(figure_id: str, request: Request) -> Response:
        return served(figure_id, request, store.images.thumbnail)

    return router
