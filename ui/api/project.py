"""Who asks, the project as a whole, and what could not be read."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from curator.codec import to_doc
from curator.figure import FigureState
from curator.user import Right, Role
from data.store.problems import Stage
from ui.accounts.identity import current_user
from ui.api.answers import Limit, Offset, answered, page_of
from ui.api.dashboard_shapes import DashboardShape
from ui.api.shape import Page, Shape
from ui.servers import Servers
from ui.tabs.dashboard import dashboard_document


class Me(Shape):
    """Who asks, and what they may do."""

    name: str
    role: Role
    rights: list[Right]
    accounts: bool
    """Whether the project has users."""


class ProjectShape(Shape):
    name: str
    articles: int
    figures: dict[FigureState, int]
    """Current ones by state."""
    problems: int


class ProblemShape(Shape):
    """Something that could not be read or mined."""

    stage: Stage
    place: str
    """The article, file or figure."""
    reason: str
    at: str
    figure_id: str | None


def project_routes(servers: Servers) -> APIRouter:
    router = APIRouter(tags=["project"])
    store = servers.store

    @router.get("/me", response_model=Me)
    def me() -> Response:
        """Who asks, and what they may do."""
        user = current_user()
        return answered(
            {"name": user.name, "role": user.role, "rights": list(user.rights), "accounts": store.users.any()}
        )

    @router.get("/project", response_model=ProjectShape)
    def project() -> Response:
        """The project in numbers."""
        return answered(
            {
                "name": store.project.resolve().name,
                "articles": len(store.articles.listed()),
                "figures": {str(state): count for state, count in store.queue.states().items()},
                "problems": len(store.problems.listed()),
            }
        )

    @router.get("/problems", response_model=Page[ProblemShape])
    def problems(request: Request, limit: Limit = 50, offset: Offset = 0) -> Response:
        """What could not be read or mined, with its reason, until it could."""
        return page_of(request, [to_doc(problem) for problem in store.problems.listed()], limit, offset)

    @router.get("/dashboard", response_model=DashboardShape)
    def dashboard() -> Response:
        """What the project's curators have done."""
        return answered(dashboard_document(store, datetime.now(UTC).date()))

    return router
