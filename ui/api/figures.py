"""Articles, figures and the queue."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from curator.codec import to_doc
from curator.errors import StoreError
from curator.figure import FigureState, PanelKind
from data.store.queue import Order
from ui.api.answers import Limit, Offset, answered, etag_of, page_answer, page_of
from ui.api.cursor import cursor_of, parse_cursor
from ui.api.figure_shapes import ArticleShape, FigureShape, QueueItemShape
from ui.api.shape import Document, Page
from ui.editor.requests import FilterRequest
from ui.servers import Servers

_MAX_TEXT = 200


def figure_routes(servers: Servers) -> APIRouter:
    router = APIRouter(tags=["figures"])
    store = servers.store

    @router.get("/articles", response_model=Page[ArticleShape])
    def articles(
        request: Request,
        limit: Limit = 50,
        offset: Offset = 0,
        text: Annotated[str, Query(max_length=_MAX_TEXT, description="Words of id or title.")] = "",
    ) -> Response:
        """Articles by id."""
        words = text.casefold().split()
        found = [
            _article_document(article, count)
            for article, count in store.articles.listed()
            if all(word in f"{article.id} {article.title}".casefold() for word in words)
        ]
        return page_of(request, found, limit, offset)

    @router.get("/articles/{article_id:path}", response_model=ArticleShape)
    def article(article_id: str) -> Response:
        """One article."""
        found = store.articles.article(article_id)
        if found is None:
            raise StoreError(f"there is no article {article_id!r} in this project; GET /articles lists them")
        wanted = {"filter": {"article_id": article_id}, "limit": 1}
        return answered(_article_document(found, servers.review.queue(wanted)["total"]))

    @router.get("/figures", response_model=Page[QueueItemShape])
    def figures(
        request: Request,
        state: Annotated[list[FigureState] | None, Query(description="Only these states; several times.")] = None,
        confidence_below: Annotated[float | None, Query(ge=0, le=1)] = None,
        confidence_from: Annotated[float | None, Query(ge=0, le=1)] = None,
        article_id: Annotated[str | None, Query(max_length=500)] = None,
        kind: Annotated[PanelKind | None, Query(description="With a panel of this kind.")] = None,
        problem: Annotated[bool, Query(description="Only with flags or a mining problem.")] = False,
        text: Annotated[str, Query(max_length=_MAX_TEXT, description="Words of caption or label.")] = "",
        auto: Annotated[bool | None, Query(description="Only, or none, of those accepted without a person.")] = None,
        assigned_to: Annotated[str | None, Query(max_length=64, description="What this curator was given.")] = None,
        order: Annotated[
            Order, Query(description="As ranked; least sure first; as ingested; most doubted first.")
        ] = "next",
        after: Annotated[
            str | None, Query(max_length=3000, description="Where the page before ended, as its ``next`` says.")
        ] = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        """The queue. ``next`` goes on after the last figure shown, wherever that stands by then: figures that leave the
        queue in the meantime make none be left out."""
        wanted = {
            "states": state or [],
            "confidence_below": confidence_below,
            "confidence_from": confidence_from,
            "article_id": article_id,
            "kind": kind,
            "problem": problem,
            "text": text,
            "auto": auto,
            "assigned_to": assigned_to,
            "order": order,
        }
        shown, start = None, offset
        if after is not None:
            shown, place = parse_cursor(after)
            start = store.queue.before(FilterRequest.model_validate(wanted).to_filter(), place)
        found = servers.review.queue({"filter": wanted, "offset": start, "limit": limit + 1})
        items, first = found["items"], found["offset"]
        if items and items[0]["id"] == shown:  # it has stayed where it was
            items, first = items[1:], first + 1
        items = items[:limit]
        cursor = {"after": cursor_of(items[-1]["id"], store.queue.place(items[-1]["id"]))} if items else {}
        return page_answer(request, items, found["total"], first, **cursor)

    @router.get("/figures/{figure_id:path}", response_model=FigureShape)
    def figure(figure_id: str) -> Response:
        """One figure with its hierarchy. ETag: its revision, which If-Match of an edit must name."""
        return figure_answer(servers.review.load({"figure_id": figure_id})["figure"])

    return router


def figure_answer(figure: Document) -> Response:
    """A figure with its ETag. That is what an edit is held to, and nothing for a cache: fits, assessed confidences and
    a newer version come without a new revision."""
    return answered(figure, headers={"ETag": etag_of(figure["revision"]), "Cache-Control": "no-store"})


def _article_document(article: Any, figures: int) -> dict[str, Any]:
    return {**to_doc(article), "figures": figures}
