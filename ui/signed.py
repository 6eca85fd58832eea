"""Images for Label Studio, by links that ``data.label_studio.images.SignedUrls`` made."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, PlainTextResponse

from curator.errors import StoreError
from data.label_studio.images import PURPOSE, SIGNED_PATH
from data.signing import Signer
from data.store import Store
from ui.images import TYPES

_SHA256 = re.compile(r"[0-9a-f]{64}")
_UNTIL = re.compile(r"[0-9]{1,12}")
_ANYWHERE = {
    # Label Studio draws the image on a canvas and reads it back, which browsers allow only with this. The link alone is
    # the right to see the image, no cookie is looked at: any origin will do.
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    # an image is shown, never run, whatever it holds
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "If-None-Match, Range",
    "Access-Control-Max-Age": "86400",
}


def signed_routes(store: Store, signer: Signer, now_s: Callable[[], float] = time.time) -> APIRouter:
    """``/signed/images/SHA256?until=...&signature=...``: the image, to anybody who has a link that is still valid."""
    router = APIRouter()

    @router.api_route(SIGNED_PATH + "{sha256}", methods=["GET", "HEAD"])
    def image(sha256: str, request: Request, until: str = "", signature: str = "") -> Response:
        if not (_SHA256.fullmatch(sha256) and _UNTIL.fullmatch(until)):
            return _refused(403, "this is no link that Curator made")
        if not signer.genuine((PURPOSE, sha256), int(until), signature):
            return _refused(403, "the signature of this link is not Curator's; sync again to make new ones")
        left_s = int(until) - now_s()
        if left_s <= 0:
            return _refused(403, "this link has expired; sync again to renew it")
        try:
            path = store.images.web(sha256)
        except StoreError:
            return _refused(404, "this project does not have the image any more")
        headers = {
            **_ANYWHERE,
            "ETag": f'"{sha256}"',
            # an address stands for these very bytes, but for no longer than the link is valid
            "Cache-Control": f"private, max-age={int(left_s)}, immutable",
        }
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return FileResponse(path, media_type=TYPES[path.suffix], headers=headers)

    @router.options(SIGNED_PATH + "{sha256}")
    def preflight(sha256: str) -> Response:
        return Response(status_code=204, headers={**_ANYWHERE, **_PREFLIGHT})

    return router


def _refused(status: int, reason: str) -> Response:
    return PlainTextResponse(reason, status, headers={**_ANYWHERE, "Cache-Control": "no-store"})
