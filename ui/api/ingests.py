"""Ingest: articles into the project."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from curator.codec import to_doc
from ui.accounts.identity import current_user
from ui.api.answers import Limit, Offset, answered, needs, page_of
from ui.api.shape import Page, Shape, Wanted
from ui.ingest_jobs import IngestState
from ui.servers import Servers

_MAX_SOURCES = 1000


class IngestWanted(Wanted):
    """What `curator ingest` takes."""

    sources: list[Annotated[str, Field(min_length=1, max_length=4000)]] = Field(
        min_length=1, max_length=_MAX_SOURCES, description="PMC ids, and paths of the server's own files."
    )
    caption: str | None = Field(default=None, max_length=20_000)
    """Where a source is a single image."""


class IngestShape(Shape):
    """Where an ingest job stands. What it read stays when the server ends; what was not done goes on when the server is
    started again, as another job."""

    id: int
    state: IngestState
    sources: list[str]
    articles: int
    added: int
    """Figures."""
    replaced: int
    """Figures that have a new version."""
    unchanged: int
    problems: list[tuple[str, str]]
    """Place and reason."""
    reason: str
    """Why the job failed as a whole."""


def ingest_routes(servers: Servers) -> APIRouter:
    """Only for admins: a path may name any file that the server can read."""
    router = APIRouter(prefix="/ingests", tags=["ingest"], dependencies=[needs("ingest")])
    ingests = servers.ingests

    @router.get("", response_model=Page[IngestShape])
    def listed(request: Request, limit: Limit = 50, offset: Offset = 0) -> Response:
        """Ingest jobs, oldest first."""
        return page_of(request, [to_doc(job) for job in ingests.listed()], limit, offset)

    @router.post("", status_code=202, response_model=IngestShape)
    def start(wanted: IngestWanted, request: Request) -> Response:
        """Read articles into the project; Location is where to ask how far it is."""
        job = ingests.start(wanted.sources, wanted.caption)
        servers.store.audit.add(current_user().name, "ingest", wanted.sources[0], {"sources": len(wanted.sources)})
        return answered(to_doc(job), 202, {"Location": f"{request.scope['path']}/{job.id}"})

    @router.get("/{job_id}", response_model=IngestShape)
    def job(job_id: int) -> Response:
        """How far a job is."""
        return answered(to_doc(ingests.job(job_id)))

    @router.delete("/{job_id}", response_model=IngestShape)
    def stop(job_id: int) -> Response:
        """Stop a job after the article that is being read."""
        return answered(to_doc(ingests.stop(job_id)))

    return router
