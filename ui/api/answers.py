"""How the API answers: JSON as the page's servers make it, with ETags and links."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Header, Query, Request
from starlette.responses import JSONResponse, Response

from curator.user import Right
from ui.accounts.identity import permit
from ui.api.problem import ApiError
from ui.api.shape import MAX_LIMIT, Document

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows of one page.")]
Offset = Annotated[int, Query(ge=0, le=10_000_000, description="How many rows to leave out before the page.")]


def answered(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The document as it is: the models beside each route describe it, and the tests hold it to them."""
    return JSONResponse(document, status, dict(headers or {}))


def page_answer(request: Request, items: Sequence[Document], total: int, offset: int, **cursor: str) -> Response:
    """One page of a list; ``cursor``: parameters that lead to the next one instead of an offset."""
    there_is_more = bool(items) and offset + len(items) < total
    following = cursor or {"offset": str(offset + len(items))}
    next_url = _url_with(request, following) if there_is_more else None
    headers = {"Link": f'<{next_url}>; rel="next"'} if next_url else {}
    return answered({"items": list(items), "total": total, "offset": offset, "next": next_url}, headers=headers)


def page_of(request: Request, rows: Sequence[Document], limit: int, offset: int) -> Response:
    """One page of a list that is at hand."""
    return page_answer(request, rows[offset : offset + limit], len(rows), offset)


def _url_with(request: Request, following: Mapping[str, str]) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in ("offset", "after")]
    return f"{request.scope['path']}?{urlencode([*kept, *following.items()])}"


def etag_of(revision: int) -> str:
    return f'"{revision}"'


# coroutines, though they wait for nothing: of functions the framework sends each to a thread of its own
async def if_match(
    if_match: Annotated[
        str | None, Header(description='The ETag of the figure that the edit was made on, such as "3". 428 without.')
    ] = None,
) -> int:
    """The revision that an edit was made on."""
    if if_match is None:
        raise ApiError(
            428, "precondition", "an edit needs If-Match with the figure's ETag, so that nobody's work is overwritten"
        )
    tag = if_match.strip()
    number = tag[1:-1]
    if not (tag.startswith('"') and tag.endswith('"') and number.isascii() and number.isdigit() and len(number) < 16):
        raise ApiError(422, "invalid", f'If-Match {if_match!r} is no ETag of a figure; expected one such as "3"')
    return int(number)


Revision = Annotated[int, Depends(if_match)]


def needs(right: Right) -> Any:
    """A route's dependency: passes whoever has the right."""

    async def check() -> None:
        permit(right)

    return Depends(check)


def json_line(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode() + b"\n"
