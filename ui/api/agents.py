"""Agents, what they proposed, mining jobs, exchanges with models, and which model there is."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from curator.errors import ReviewError, StoreError
from curator.figure import Flag, Shared
from ui.api.answers import Limit, Offset, answered, needs, page_of
from ui.api.figure_shapes import AnyNode
from ui.api.shape import Document, Empty, Page, Shape, Wanted, free
from ui.editor.agents_server import CONSENSUS, EMBEDDED, MAX_FIGURES, MODEL
from ui.editor.requests import FigureId, RowId
from ui.mining.jobs import JobState
from ui.servers import Servers


class AgentShape(Shape):
    id: str
    """embedded, model or consensus."""
    title: str
    detail: str
    ready: bool


class MiningHead(Shape):
    """What one agent proposed for a figure at one time."""

    id: int
    agent: str
    model: str | None
    at: str
    seconds: float
    cost: float
    confidence: float | None
    panels: int
    markers: int
    regions: int


class MiningShape(MiningHead):
    """With its nodes, as those of a figure."""

    figure_id: str
    nodes: list[AnyNode]
    shared: Shared
    flags: list[Flag]


class MineWanted(Wanted):
    """Which agent is to propose for which figures, aside from the open work."""

    figure_ids: list[FigureId] = Field(min_length=1, max_length=MAX_FIGURES)
    agent: str = Field(pattern=f"^({EMBEDDED}|{MODEL}|{CONSENSUS})$")


class JobShape(Shape):
    """Where a mining job stands; it is forgotten when the server ends."""

    id: int
    agent: str
    state: JobState
    total: int
    done: list[str]
    """Figures that have a new mining."""
    failed: list[tuple[str, str]]
    """Figure and reason."""
    waiting: int
    cost: float
    reason: str
    """Why the job failed as a whole."""


class ExchangeHead(Shape):
    """One question to a model and its reply, without their texts."""

    key: str
    stage: str
    prompt: str
    provider: str
    model: str
    finish: str
    tokens_in: int
    tokens_out: int
    seconds: float
    cost: float
    fault: str
    """Why the reply could not be used; empty where it could."""
    repairs: list[str]
    at: str


class MessageShape(Shape):
    role: str
    text: str
    pictures: list[str]
    """Their hashes: /seen/SHA256."""


class ExchangeShape(ExchangeHead):
    """Word for word."""

    messages: list[MessageShape]
    text: str
    parsed: Any = free("what was read from the reply, of the shape that its prompt asks for; null where it has another")
    settings: dict[str, Any] = free("the provider's own sampling parameters, as they were sent")
    prompt_sha256: str


class ModelFields(Wanted):
    """Values of the model's form. Without ``api_key`` the one that is kept holds."""

    fields: dict[str, str | int | float] = Field(max_length=40)
    api_key: str | None = Field(default=None, max_length=2000)


class ModelShape(Shape):
    """Which vision-language model is asked. The key never comes out."""

    fields: dict[str, str | int | float]
    """As the settings of [model] of the same names."""
    has_key: bool
    variables: dict[str, str]
    """Fields that the environment sets, which cannot be changed here, and the variable that does."""
    file: str
    providers: list[str]
    frames: list[str]
    """Ways in which models count boxes."""


class ConnectionShape(Shape):
    """What a model and its server can do."""

    ok: bool
    fault: str
    models: list[str]
    latency_s: float | None
    sees_pictures: bool | None
    takes_schema: bool | None


def agent_routes(servers: Servers) -> APIRouter:
    router = APIRouter(tags=["agents"])
    agents = servers.agents

    @router.get("/agents", response_model=list[AgentShape])
    def listed() -> Response:
        """Agents that can mine."""
        return answered(agents.agents(None)["agents"])

    @router.get("/minings", response_model=Page[MiningHead])
    def minings(
        request: Request,
        figure_id: Annotated[str, Query(min_length=1, max_length=500)],
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        """What agents proposed for a figure, newest first."""
        servers.store.reviews.figure(figure_id)  # raises where there is none
        return page_of(request, agents.agents({"figure_id": figure_id})["minings"], limit, offset)

    @router.get("/minings/{mining_id}", response_model=MiningShape)
    def mining(mining_id: RowId) -> Response:
        """One of them, with its nodes."""
        return answered(agents.mining({"mining_id": mining_id})["mining"])

    @router.get("/mining-jobs", response_model=Page[JobShape])
    def jobs(request: Request, limit: Limit = 50, offset: Offset = 0) -> Response:
        """Mining jobs, oldest first."""
        return page_of(request, agents.jobs(None)["jobs"], limit, offset)

    @router.post(
        "/mining-jobs", status_code=202, response_model=JobShape, dependencies=[needs("mine")], name="start_mining"
    )
    def mine(wanted: MineWanted, request: Request) -> Response:
        """Let an agent propose for figures; Location is where to ask how far it is."""
        job = agents.mine(wanted.model_dump())["job"]
        return answered(job, 202, {"Location": f"{request.scope['path']}/{job['id']}"})

    @router.get("/mining-jobs/{job_id}", response_model=JobShape)
    def job(job_id: int) -> Response:
        """How far a job is."""
        found = next((one for one in agents.jobs(None)["jobs"] if one["id"] == job_id), None)
        if found is None:
            raise StoreError(f"there is no mining job {job_id!r}; it may have ended with the server that ran it")
        return answered(found)

    @router.delete("/mining-jobs/{job_id}", response_model=JobShape, dependencies=[needs("mine")])
    def stop(job_id: int) -> Response:
        """Stop a job; figures under way are finished first."""
        return answered(agents.stop({"job_id": job_id})["job"])

    @router.get("/exchanges", response_model=Page[ExchangeHead])
    def exchanges(
        request: Request,
        figure_id: Annotated[str, Query(min_length=1, max_length=500)],
        node_id: Annotated[str | None, Query(max_length=40, description="Only those that made this node.")] = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        """Questions to models about a figure, in the order in which they were asked."""
        servers.store.reviews.figure(figure_id)
        found = agents.trace({"figure_id": figure_id, "node_id": node_id})["exchanges"]
        return page_of(request, found, limit, offset)

    @router.get("/exchanges/{key}", response_model=ExchangeShape)
    def exchange(key: str) -> Response:
        """One exchange word for word."""
        try:
            found: Document = agents.exchange({"key": key})["exchange"]
        except ReviewError as error:
            raise StoreError(f"there is no exchange {key!r}; GET /exchanges?figure_id=... lists them") from error
        return answered(found)

    @router.get("/model", response_model=ModelShape, dependencies=[needs("model")])
    def model() -> Response:
        """Which model is asked."""
        return answered(agents.model(None))

    @router.put("/model", response_model=Empty, dependencies=[needs("model")])
    def save_model(wanted: ModelFields) -> Response:
        """Say which model is asked from now on."""
        return answered(agents.save_model(wanted.model_dump()))

    @router.post("/model/test", response_model=ConnectionShape, dependencies=[needs("model")])
    def test_model(wanted: ModelFields) -> Response:
        """Ask a model a word, a picture and a reply by a schema; nothing is kept."""
        return answered(agents.test_model(wanted.model_dump())["connection"])

    return router
