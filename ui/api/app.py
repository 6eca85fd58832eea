"""The application behind /api/v1."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI

from ui.api.accounts import account_api
from ui.api.agents import agent_routes
from ui.api.decisions import decision_routes
from ui.api.exports import export_routes
from ui.api.figures import figure_routes
from ui.api.images import image_api
from ui.api.ingests import ingest_routes
from ui.api.panels import panel_routes
from ui.api.problem import Problem, add_problem_answers
from ui.api.project import project_routes
from ui.api.search import search_api
from ui.api.sync import sync_routes
from ui.api.training import training_routes
from ui.problem import MEDIA_TYPE
from ui.servers import Servers

PREFIX: Final = "/api/v1"
_ABOUT = """Everything that Curator's page can do, for programs.

**Who asks.** Without users the API answers this machine alone. With users send `Authorization: Bearer TOKEN`; the
account page and `curator users token` make tokens. Each acts as its user, with the lesser role of both.

**Edits** name the figure's ETag in `If-Match`: 428 without, 412 where the figure has changed since, 423 where somebody
else holds its lease. An `Idempotency-Key` makes it safe to send an edit again when its answer was lost, also after a
restart.

**Lists** come in pages of `limit` rows, with `total`, and `next` (also as a `Link` header) until the last.

**Errors** are `application/problem+json` (RFC 9457): `detail` says what happened and what mends it, `kind` is for
programs.

An article's, figure's or node's id may hold slashes, colons and spaces: percent-encode it as one part of the path.
"""


def api_app(servers: Servers) -> FastAPI:
    """The API over a project, to be mounted under ``PREFIX`` behind ``ui.accounts.gate`` and ``ui.service.guard``."""
    app = FastAPI(
        title="Curator",
        version="1",
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        servers=[{"url": PREFIX}],
        root_path_in_servers=False,
        responses={
            "4XX": {"model": Problem, "description": "Refused.", "content": {MEDIA_TYPE: {}}},
        },
        separate_input_output_schemas=False,
    )
    add_problem_answers(app)
    for routes in (
        project_routes,
        figure_routes,
        decision_routes,
        image_api,
        agent_routes,
        search_api,
        training_routes,
        export_routes,
        ingest_routes,
        sync_routes,
        panel_routes,
        account_api,
    ):
        app.include_router(routes(servers))
    return app
