"""Routes that serve the reports of runs."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse

from curator.errors import TrainingError
from ui.training.runs import PAGE, REPORT, Runs


def report_routes(runs: Runs) -> APIRouter:
    """``/runs/NAME/report/``: the report's page, which holds all that it shows."""
    router = APIRouter()

    @router.get("/runs/{name}/report/")
    def report(name: str) -> FileResponse:
        try:
            page = runs.path(name) / REPORT / PAGE
        except TrainingError as error:
            raise HTTPException(404, str(error)) from error
        if not page.is_file():
            raise HTTPException(404, f"run {name!r} has no report yet; it is written when training is done")
        return FileResponse(page, media_type="text/html", headers={"Cache-Control": "no-cache"})

    return router
