"""Search, and segmenting: clicks and boxes to outlines."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from curator.commands import Resize
from curator.figure import PanelKind, State
from data.store.findable import FindableLevel
from ui.api.answers import answered
from ui.api.shape import MAX_LIMIT, Shape, Wanted
from ui.editor.requests import FigureId
from ui.searching.routes import picture_body
from ui.searching.search import LIMIT
from ui.searching.server import DEEPEST
from ui.servers import Servers

_BoxField = tuple[float, float, float, float]
_MAX_CLICKS = 50


class SearchState(Shape):
    model: str | None
    nodes: int
    """That can be found."""
    stale: int
    """Figures to be indexed again."""
    loaded: bool
    why_not: str | None
    """Why no text can be searched for."""


class Find(Wanted):
    """One thing to look for: a text, a figure's node, or a picture that was kept."""

    text: str | None = Field(default=None, max_length=2000)
    figure_id: FigureId | None = None
    node_id: str | None = Field(default=None, max_length=100)
    picture: str | None = Field(default=None, max_length=200)
    """The token of POST /search/pictures."""
    level: FindableLevel | None = None
    kind: PanelKind | None = None
    verified: bool = False
    offset: int = Field(default=0, ge=0, le=DEEPEST)
    limit: int = Field(default=LIMIT, ge=1, le=MAX_LIMIT)


class HitShape(Shape):
    figure_id: str
    node_id: str
    level: FindableLevel
    score: float
    """Cosine, -1 to 1."""
    label: str
    panel: str | None
    kind: PanelKind | None
    text: str
    box_xyxy: _BoxField
    image_wh: tuple[int, int]
    state: State
    article_id: str
    stale: bool
    """Edited since it was indexed."""


class Sought(Shape):
    """What was looked for; what was left out of the request is left out here."""

    text: str | None = None
    figure_id: str | None = None
    node_id: str | None = None
    picture: str | None = None
    level: FindableLevel | None = None
    kind: PanelKind | None = None
    verified: bool = False
    offset: int = 0
    limit: int = LIMIT


class Found(Shape):
    hits: list[HitShape]
    total: int
    seconds: float
    query: Sought


class PictureToken(Shape):
    picture: str


class SegmenterShape(Shape):
    state: str
    name: str
    why: str


class Opened(Wanted):
    figure_id: FigureId
    next_id: FigureId | None = None
    """Which is opened next, to be prepared too."""


class Pointed(Wanted):
    """What is meant: clicks (x, y, inside?) or a box, in pixels of the image."""

    clicks: list[tuple[float, float, bool]] = Field(default_factory=list, max_length=_MAX_CLICKS)
    box_xyxy: _BoxField | None = None
    within_xyxy: _BoxField | None = None


class OutlineShape(Shape):
    state: Literal["done", "nothing", "working"]
    """``working``: the figure is being prepared; ask again."""
    box_xyxy: _BoxField | None = None
    polygon_xy: list[tuple[float, float]] | None = None
    seconds: float | None = None


class SnapWanted(Wanted):
    ids: list[str] = Field(default_factory=list, max_length=1000)
    level: Literal["panel", "region"] | None = None


class SnapShape(Shape):
    state: Literal["done", "working"]
    commands: list[Resize] = Field(default_factory=list)
    """To be sent to /decisions."""
    looked_at: int = 0


def search_api(servers: Servers) -> APIRouter:
    router = APIRouter(tags=["search"])
    search, segment = servers.search, servers.segment

    @router.get("/search", response_model=SearchState)
    def state() -> Response:
        """What can be searched, with which model; loads it meanwhile."""
        return answered(search.search_state({}))

    @router.post("/search", response_model=Found)
    def find(wanted: Find) -> Response:
        """Panels and regions by words, by likeness to a node, or by a picture; nearest first."""
        return answered(search.search_find(wanted.model_dump(mode="json")))

    @router.post(
        "/search/pictures",
        status_code=201,
        response_model=PictureToken,
        openapi_extra={"requestBody": {"content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}},
    )
    async def keep(request: Request) -> Response:
        """Keep a picture (its raw bytes) to search with, for as long as the server runs."""
        content = await picture_body(request)
        return answered({"picture": await run_in_threadpool(servers.pictures.keep, content)}, 201)

    @router.get("/search/pictures/{token}", response_class=Response)
    def kept(token: str) -> Response:
        """A picture that is kept, as JPEG."""
        return Response(servers.pictures.picture(token), media_type="image/jpeg")

    @router.get("/segmenter", response_model=SegmenterShape, tags=["segmenting"])
    def at_work() -> Response:
        """Which segmenter turns clicks into outlines."""
        return answered(segment.segment_status({}))

    @router.post("/segmenter", response_model=SegmenterShape, tags=["segmenting"])
    def prepare(wanted: Opened) -> Response:
        """Prepare a figure for clicks."""
        return answered(segment.segment_open(wanted.model_dump()))

    @router.post("/outlines/{figure_id:path}", response_model=OutlineShape, tags=["segmenting"])
    def outline(figure_id: str, wanted: Pointed) -> Response:
        """The outline of what clicks or a box mean; nothing is saved."""
        return answered(segment.segment({"figure_id": figure_id, **wanted.model_dump(mode="json")}))

    @router.post("/snaps/{figure_id:path}", response_model=SnapShape, tags=["segmenting"])
    def snap(figure_id: str, wanted: SnapWanted) -> Response:
        """Commands that draw boxes tight around what they mean; nothing is saved."""
        return answered(segment.snap({"figure_id": figure_id, **wanted.model_dump(mode="json")}))

    return router
