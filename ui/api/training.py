"""Training: what there is to train on, and runs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import FileResponse, Response

from curator.errors import StoreError
from ui.api.answers import Limit, Offset, answered, needs, page_of
from ui.api.shape import Page
from ui.api.training_shapes import PlanShape, RunDetail, RunShape, TrainingShape
from ui.servers import Servers
from ui.training.requests import PlanRequest, RunName
from ui.training.runs import PAGE, REPORT


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
