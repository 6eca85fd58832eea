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

TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KNOWN_FIGURES = 20_000  # guess: ids of a long session, 2 MB


class Images:
    """Answers that hold a picture, each with the hash of its file as ETag.

    An id is only ever looked up in the database; of the address only 64 hex digits become part of a file name.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sha256_of = lru_cache(maxsize=_KNOWN_FIGURES)(self._looked_up)

    def image(self, figure_id: str, request: Request) -> Response:
        """What a browser shows, in the frame of the boxes; raises StoreError where it is missing, as all of these."""
        sha256 = self._sha256_of(figure_id)
        return _sent(sha256, self._store.images.web(sha256), request)

    def thumbnail(self, figure_id: str, request: Request) -> Response:
        sha256 = self._sha256_of(figure_id)
        return _sent(sha256, self._store.images.thumbnail(sha256), request)

    def seen(self, sha256: str, request: Request) -> Response:
        """A picture as it was sent to a model."""
        if not _SHA256.fullmatch(sha256):
            raise StoreError(f"{sha256!r} is not the hash of a picture; expected 64 hex digits")
        return _sent(sha256, self._store.exchanges.picture(sha256), request)

    def _looked_up(self, figure_id: str) -> str:
        return self._store.reviews.figure(figure_id).image_sha256


def _sent(sha256: str, path: Path, request: Request) -> Response:
    # a figure never changes: its image is its id's for ever, and the hash says so to a cache that asks
    headers = {"ETag": f'"{sha256}"', "Cache-Control": "private, max-age=31536000, immutable"}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, media_type=TYPES[path.suffix], headers=headers)


def image_routes(store: Store) -> APIRouter:
    """``/image/ID``, ``/thumbnail/ID``, and ``/seen/SHA256``; see ``Images``."""
    router = APIRouter()
    images = Images(store)

    def or_404(answer: Callable[[str, Request], Response], name: str, request: Request) -> Response:
        try:
            return answer(name, request)
        except StoreError as error:
            raise HTTPException(404, str(error)) from error

    @router.api_route("/image/{figure_id:path}", methods=["GET", "HEAD"])
    def image(figure_id: str, request: Request) -> Response:
        return or_404(images.image, figure_id, request)

    @router.api_route("/thumbnail/{figure_id:path}", methods=["GET", "HEAD"])
    def thumbnail(figure_id: str, request: Request) -> Response:
        return or_404(images.thumbnail, figure_id, request)

    @router.api_route("/seen/{sha256}", methods=["GET", "HEAD"])
    def seen(sha256: str, request: Request) -> Response:
        return or_404(images.seen, sha256, request)

    return router
