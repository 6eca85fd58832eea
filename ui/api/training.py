"""Training: what there is to train on, and runs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import FileResponse, Response

from curator.errors import StoreError
from ui.api.answers import Limit, Offset, answered, needs, page_of
from ui.api.shape import Page, Shape
from ui.servers import Servers
from ui.training.requests import PlanRequest, RunName
from ui.training.runs import PAGE, REPORT, State


class RunShape(Shape):
    """One run at one moment."""

    name: str
    state: State
    preset: str
    model: str
    steps: int
    step: int
    """Steps done."""
    started_at: str
    seconds: float
    seconds_left: float | None
    score: float | None
    """Of the best evaluation."""
    best_step: int
    message: str
    done: int
    """Of ``total`` figures or images, while it exports or evaluates."""
    total: int
    verified_only: bool
    in_use: bool
    """The project is searched with it."""
    use: dict[str, Any] | None
    """How far the project is indexed with it."""


class RunDetail(Shape):
    """One run in full."""

    run: RunShape
    loss: Any
    """Curves, from after ``after_step`` on."""
    retrieval: Any
    config: dict[str, Any] | None
    snapshot: dict[str, Any] | None
    """What it is trained on."""
    before: Any
    after: Any
    report: str | None
    log_tail: str


class TrainingShape(Shape):
    """What there is to train on and with."""

    installed: str | None
    """What is missing; null where everything is there."""
    machine: dict[str, Any]
    data: dict[str, Any]
    presets: list[dict[str, Any]]
    suggested: PlanRequest
    models: list[dict[str, str]]
    runs: list[RunShape]
    in_use: str | None


class PlanShape(Shape):
    """What a run would take and need."""

    request: PlanRequest
    seconds: float
    memory_gb: float
    basis: str
    batch: int
    image_px: int
    model: str
    parameters: int
    stages: list[dict[str, Any]]
    warnings: list[str]


def training_routes(servers: Servers) -> APIRouter:
    router = APIRouter(prefix="/training", tags=["training"])
    training = servers.training

    def known(name: str) -> str:
        if all(run.name != name for run in servers.runs.listed()):
            raise StoreError(f"there is no run {name!r} in this project; GET /training/runs lists them")
        return name

    @router.get("", response_model=TrainingShape)
    def overview() -> Response:
        """What there is to train on and with, and every run."""
        return answered(training.overview({}))

    @router.post("/plan", response_model=PlanShape)
    def plan(wanted: PlanRequest) -> Response:
        """What a run would take and need; nothing is started."""
        return answered(training.plan(wanted.model_dump()))

    @router.get("/runs", response_model=Page[RunShape])
    def runs(request: Request, limit: Limit = 50, offset: Offset = 0) -> Response:
        """Every run."""
        return page_of(request, training.overview({})["runs"], limit, offset)

    @router.post("/runs", status_code=201, response_model=RunShape, dependencies=[needs("train")])
    def start(wanted: PlanRequest, request: Request) -> Response:
        """Start a run in a process of its own."""
        run = training.start(wanted.model_dump())["run"]
        return answered(run, 201, {"Location": f"{request.scope['path']}/{run['name']}"})

    @router.get("/runs/{name}", response_model=RunDetail)
    def run(
        name: RunName, after_step: Annotated[int, Query(ge=-1, description="Curves only from after it.")] = -1
    ) -> Response:
        """One run in full."""
        return answered(training.run({"name": known(name), "after_step": after_step}))

    @router.delete("/runs/{name}", status_code=204, dependencies=[needs("train")])
    def remove(name: RunName) -> Response:
        """Remove a run that is over, with its checkpoints, data and report."""
        training.remove({"name": known(name)})
        return Response(status_code=204)

    @router.post("/runs/{name}/stop", response_model=RunShape, dependencies=[needs("train")])
    def stop(name: RunName) -> Response:
        """Stop a run; resume goes on from there."""
        return answered(training.stop({"name": known(name)})["run"])

    @router.post("/runs/{name}/resume", response_model=RunShape, dependencies=[needs("train")])
    def resume(name: RunName) -> Response:
        """Go on with a run that was stopped or killed."""
        return answered(training.resume({"name": known(name)})["run"])

    @router.post("/runs/{name}/use", response_model=RunShape, dependencies=[needs("train")])
    def use(name: RunName) -> Response:
        """Make it the project's model: index the project with it in a process of its own."""
        return answered(training.use({"name": known(name)})["run"])

    @router.get("/runs/{name}/report", response_class=Response)
    def report(name: RunName) -> Response:
        """The report's page (HTML), which holds all that it shows."""
        page = servers.runs.path(known(name)) / REPORT / PAGE
        if not page.is_file():
            raise StoreError(f"run {name!r} has no report yet; it is written when training is done")
        return FileResponse(page, media_type="text/html", headers={"Cache-Control": "no-cache"})

    return router
