"""Figures, their hierarchies and the queue, as the API shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from curator.codec import Level
from curator.commands import MAX_COMMANDS, Command
from curator.figure import FigureState, Flag, Marker, Panel, Region, Shared
from data.store.events import MAX_SECONDS
from ui.api.shape import Shape, Wanted
from ui.editor.requests import RowId
from ui.learning.assessing import Word


@dataclass(frozen=True, slots=True)
class PanelNode(Panel):
    level: Literal["panel"] = "panel"


@dataclass(frozen=True, slots=True)
class MarkerNode(Marker):
    level: Literal["marker"] = "marker"


@dataclass(frozen=True, slots=True)
class RegionNode(Region):
    level: Literal["region"] = "region"


_NODES: tuple[Any, ...] = (PanelNode, MarkerNode, RegionNode)
for _node in _NODES:
    # pydantic takes a standard dataclass's settings only from this attribute
    _node.__pydantic_config__ = ConfigDict(extra="forbid")

AnyNode = Annotated[PanelNode | MarkerNode | RegionNode, Field(discriminator="level")]


class FigureShape(Shape):
    """A figure as it stands. Boxes: pixels of the image as /images gives it, [x0, y0, x1, y1], half-open. Spans:
    offsets into ``caption``, half-open."""

    id: str
    label: str
    caption: str
    image_wh: tuple[int, int]
    license: str | None
    doi: str | None
    mentions: list[str]
    """Sentences of the article that cite it."""
    article_id: str
    title: str
    journal: str
    state: FigureState
    reason: str
    """Why it was skipped."""
    revision: int
    """Goes up by one with each event; the ETag."""
    confidence: float | None
    """Probability that all is right; null before mining."""
    undoable: bool
    redoable: bool
    replaced_by: str | None
    """The newer version of this figure."""
    nodes: list[AnyNode]
    shared: Shared
    fits: dict[str, float]
    """How likely the model in use finds each node's text among others, by the node's id."""
    assessed: dict[str, Word]
    """How likely each open proposal is right by what curators decided so far, and why, by the node's id; empty before
    the figure is assessed."""
    flags: list[Flag]
    """What in the hierarchy looks wrong."""


class QueueItemShape(Shape):
    """A figure in a list."""

    id: str
    number: int
    """Order of ingest."""
    label: str
    article_id: str
    state: FigureState
    confidence: float | None
    flags: int
    panels: int
    markers: int
    regions: int
    lease_by: str | None
    """Who edits it now."""
    why: str
    """Why it stands where it stands in the order "next"; empty where nobody said."""
    auto: bool
    """Accepted without a person."""


class ArticleShape(Shape):
    id: str
    title: str
    journal: str
    doi: str | None
    pmcid: str | None
    license: str | None
    source: str
    """Where it was read from."""
    figures: int
    """Current ones."""


class Commands(Wanted):
    """A curator's edit: all of the commands become one event that can be undone, or none."""

    commands: list[Annotated[Command, Field(discriminator="op")]] = Field(min_length=1, max_length=MAX_COMMANDS)
    seconds: float = Field(default=0.0, ge=0, le=MAX_SECONDS)
    """How long a person worked at it; 0: not known."""

    def raw_commands(self) -> list[dict[str, Any]]:
        return [command.model_dump(mode="json") for command in self.commands]


class Adoption(Wanted):
    """Proposals of another mining in the place of the open ones."""

    mining_id: RowId
    levels: list[Level] = Field(min_length=1, max_length=3)
    seconds: float = Field(default=0.0, ge=0, le=MAX_SECONDS)


class LeaseShape(Shape):
    """Who may edit a figure now."""

    mine: bool
    """You hold it, as this ``Curator-Client``."""
    holder: str
    """Name of who holds it."""
    you: bool
    """It is you, perhaps in another program or tab."""
    revision: int
