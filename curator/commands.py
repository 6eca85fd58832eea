"""What a curator can ask of a figure, as validated commands (the page sends them as JSON)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from curator.codec import faults_of
from curator.errors import ReviewError

MAX_FAULTS = 5  # named in one message
MAX_COMMANDS = 500  # guess: more in one request is a broken client
MAX_TEXT = 20_000  # characters; the longest real caption met has 6,000
MAX_CORNERS = 500  # guess: an outline has at most 64 (agents/segment/masks.py)

BoxField = tuple[float, float, float, float]
SpanField = tuple[int, int]
PolygonField = Annotated[tuple[tuple[float, float], ...], Field(max_length=MAX_CORNERS)]


class _Command(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Add(_Command):
    """Draw a node. Without ``parent_id`` the smallest panel (or marker, for a region) that holds it is its parent."""

    op: Literal["add"]
    level: Literal["panel", "marker", "region"]
    box_xyxy: BoxField
    polygon_xy: PolygonField = ()
    parent_id: str | None = None
    fields: dict[str, Any] = Field(default_factory=dict)


class Move(_Command):
    """Shift a node and everything below it by (dx, dy) pixels."""

    op: Literal["move"]
    id: str
    dx: float
    dy: float


class Resize(_Command):
    """Give a node another box, and its outline: without one the old goes. What is below the node stays."""

    op: Literal["resize"]
    id: str
    box_xyxy: BoxField
    polygon_xy: PolygonField = ()


class Update(_Command):
    """Set fields of a node: label, kind, photographic, own_text, clause_text, color, tip_xy, caption, ..."""

    op: Literal["update"]
    id: str
    fields: dict[str, Any]


class Reparent(_Command):
    """Hang a marker under a panel, or a region under a panel or marker; what is below it follows."""

    op: Literal["reparent"]
    id: str
    parent_id: str | None


class Assign(_Command):
    """Give caption characters to a panel (its own spans), a marker or region (its clause), or the shared sentences."""

    op: Literal["assign"]
    id: str = Field(description='a node id, or "lead" or "tail"')
    span: SpanField
    mode: Literal["set", "add", "remove"] = "set"


class Judge(_Command):
    """Accept or reject one node; rejecting takes what is below with it."""

    op: Literal["judge"]
    id: str
    state: Literal["accepted", "rejected"]


class Remove(_Command):
    """Take a node away with all below it: a proposal is kept as rejected, a person's own box goes."""

    op: Literal["remove"]
    id: str


class AcceptAbove(_Command):
    """Accept every proposal of the figure whose confidence is at least ``confidence``."""

    op: Literal["accept_above"]
    confidence: float = Field(ge=0, le=1)


class JudgeFigure(_Command):
    """Accept the figure with all its open proposals, skip it with a reason, or open it again."""

    op: Literal["judge_figure"]
    state: Literal["accepted", "skipped", "proposed"]
    reason: str = Field(default="", max_length=500)


Command = Add | Move | Resize | Update | Reparent | Assign | Judge | Remove | AcceptAbove | JudgeFigure

_COMMANDS: TypeAdapter[list[Command]] = TypeAdapter(
    Annotated[list[Annotated[Command, Field(discriminator="op")]], Field(min_length=1, max_length=MAX_COMMANDS)]
)


def parse_commands(raw: Any) -> list[Command]:
    """Commands from untrusted JSON values.

    Raises:
        ReviewError: names each field that is wrong.
    """
    try:
        return _COMMANDS.validate_python(raw)
    except ValidationError as error:
        raise ReviewError(f"the edit was not understood and not saved: {faults_of(error, MAX_FAULTS)}") from error
