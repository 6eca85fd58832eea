"""What the review page may ask for, as validated values: everything from the browser is untrusted."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curator.codec import Level, faults_of
from curator.commands import MAX_FAULTS
from curator.errors import ReviewError
from curator.figure import FigureState, PanelKind
from data.store.events import MAX_SECONDS, Asked
from data.store.queue import Order, QueueFilter

FigureId = Annotated[str, Field(min_length=1, max_length=500)]
Tab = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
RowId = Annotated[int, Field(ge=0, le=2**63 - 1)]
"""A number of the database, which can hold none that is larger."""
MAX_PAGE = 200  # guess: more queue items in one answer are no longer read by a person


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FigureRequest(Request):
    """Read a figure."""

    figure_id: FigureId


class LeaseRequest(Request):
    """Take or renew the lease of a figure, and give back that of ``leaving``."""

    figure_id: FigureId
    tab: Tab
    take_over: bool = False
    leaving: FigureId | None = None


class ReleaseRequest(Request):
    """Give a lease back."""

    figure_id: FigureId
    tab: Tab


class EditRequest(Request):
    """Change a figure. ``key`` names the request, so that sending it twice changes the figure once."""

    figure_id: FigureId
    tab: Tab
    key: Tab
    revision: int = Field(ge=0)
    action: Literal["commands", "undo", "redo", "adopt"] = "commands"
    commands: list[dict[str, Any]] = Field(default_factory=list)
    mining_id: RowId = 0
    """Of the proposals to adopt."""
    levels: list[Level] = Field(default_factory=list, max_length=3)
    """Which of them."""
    seconds: float = 0.0

    @property
    def worked_s(self) -> float:
        """Seconds of work as the page counted them, within what can be."""
        return min(max(self.seconds, 0.0), MAX_SECONDS) if math.isfinite(self.seconds) else 0.0

    @property
    def asked(self) -> Asked:
        """What names the request: of one tab each key is another one's."""
        wanted = self.model_dump(mode="json", exclude={"seconds"})
        return Asked(f"{self.tab}/{self.key}", hashlib.sha256(json.dumps(wanted).encode()).hexdigest())


class FilterRequest(Request):
    """Which figures the queue lists; as ``data.store.queue.QueueFilter``."""

    states: list[FigureState] = Field(default_factory=list, max_length=len(FigureState))
    confidence_below: float | None = Field(default=None, ge=0, le=1)
    confidence_from: float | None = Field(default=None, ge=0, le=1)
    article_id: str | None = Field(default=None, max_length=500)
    kind: PanelKind | None = None
    problem: bool = False
    text: str = Field(default="", max_length=200)
    auto: bool | None = None
    assigned_to: str | None = Field(default=None, max_length=64)
    order: Order = "next"

    def to_filter(self) -> QueueFilter:
        return QueueFilter(**{**self.model_dump(), "states": tuple(self.states)})


class QueueRequest(Request):
    """A page of the queue: from an offset, around a figure, or before or after one."""

    filter: FilterRequest = FilterRequest()
    offset: RowId = 0
    around: FigureId | None = None
    after: FigureId | None = None
    before: FigureId | None = None
    limit: int = Field(default=60, ge=1, le=MAX_PAGE)


R = TypeVar("R", bound=Request)


def parse_request(kind: type[R], raw: Any) -> R:
    """A request from untrusted JSON values.

    Raises:
        ReviewError: names each field that is wrong.
    """
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        wrong = faults_of(error, MAX_FAULTS)
        raise ReviewError(f"the page asked for something that was not understood ({wrong}); reload the page") from error
