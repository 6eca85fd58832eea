"""Routes that serve figures' images, and the pictures that models saw, to the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import FileResponse

from curator.errors import StoreError
from data.store import Store

_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KNOWN_FIGURES = 20_000  # guess: ids of a long session, 2 MB


def image_routes(store: Store) -> APIRouter:
    """``/image/ID`` (what a browser shows, in the frame of the boxes), ``/thumbnail/ID``, and ``/seen/SHA256`` (a
    picture as it was sent to a model).

    An id is only ever looked up in the database; of the address only 64 hex digits become part of a file name.
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
        return sent(sha256, path, request)

    def sent(sha256: str, path: Path, request: Request) -> Response:
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

    @router.api_route("/seen/{sha256}", methods=["GET", "HEAD"])
    def seen(sha256: str, request: Request) -> Response:
        if not _SHA256.fullmatch(sha256):
            raise HTTPException(404, f"{sha256!r} is not the hash of a picture; expected 64 hex digits")
        try:
            path = store.exchanges.picture(sha256)
        except StoreError as error:
            raise HTTPException(404, str(error)) from error
        return sent(sha256, path, request)

    return router
