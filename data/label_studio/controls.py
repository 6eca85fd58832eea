"""The controls of our labelling configuration, by name, and the words they use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from curator.codec import Level
from curator.figure import MarkerKind, PanelKind

IMAGE: Final = "image"
CAPTION: Final = "caption"
RECTANGLE: Final = "rectanglelabels"
POLYGON: Final = "polygonlabels"
KEY_POINT: Final = "keypointlabels"


@dataclass(frozen=True, slots=True)
class Shape:
    """A control that draws nodes of one level."""

    level: Level
    type: Literal["rectanglelabels", "polygonlabels"]


PANEL: Final = "panel"
PANEL_OUTLINE: Final = "panel_outline"
MARKER: Final = "marker"
REGION: Final = "region"
REGION_OUTLINE: Final = "region_outline"

SHAPES: Final[dict[str, Shape]] = {
    PANEL: Shape("panel", RECTANGLE),
    PANEL_OUTLINE: Shape("panel", POLYGON),
    MARKER: Shape("marker", RECTANGLE),
    REGION: Shape("region", RECTANGLE),
    REGION_OUTLINE: Shape("region", POLYGON),
}
"""By control name; what a control draws is a node."""

TIP: Final = "tip"
LETTER_BOX: Final = "letter_box"
ATTACHED: Final[dict[str, Level]] = {TIP: "marker", LETTER_BOX: "panel"}
"""Controls that draw a part of a node of the level: an arrow's tip, a panel's printed letter."""
TIP_LABEL: Final = "tip"
LETTER_BOX_LABEL: Final = "printed letter"

KINDS: Final[dict[Level, tuple[str, ...]]] = {
    "panel": tuple(str(kind) for kind in PanelKind),
    "marker": tuple(str(kind) for kind in MarkerKind),
    "region": ("region",),
}
"""Labels of each level's shapes; no two levels share one, so that a label tells the level."""

LETTER: Final = "letter"
OWN_CAPTION: Final = "own_caption"
SUMMARY: Final = "summary"
DESCRIPTION: Final = "description"
CLAUSE: Final = "clause"
REGION_LABEL: Final = "region_label"
REGION_CAPTION: Final = "region_caption"
TEXTS: Final[dict[str, tuple[Level, ...]]] = {
    LETTER: ("panel",),
    OWN_CAPTION: ("panel",),
    SUMMARY: ("panel",),
    REGION_LABEL: ("region",),
    REGION_CAPTION: ("region",),
    CLAUSE: ("marker", "region"),
    DESCRIPTION: ("panel", "region"),
}
"""Texts of a node, and the levels that have them."""

PHOTOGRAPHIC: Final = "photographic"
COLOR: Final = "color"
CHOICES: Final[dict[str, tuple[Level, ...]]] = {PHOTOGRAPHIC: ("panel",), COLOR: ("marker",)}
"""Choices of a node, and the levels that have them."""
COLORS: Final = ("white", "black", "red", "yellow", "green", "blue", "cyan", "magenta", "orange", "grey")

FIGURE: Final = "figure"
REASON: Final = "reason"
FIGURE_CHOICES: Final = ("accepted", "skipped")
UNFINISHED: Final = "unfinished"
"""The third choice: what we write of an open figure always says so, since submitting without a choice accepts it."""

POINTS_AT: Final = "points at"
"""The relation from a marker to the region it answers for; a relation without any label means the same."""

CLICK: Final = "click"
"""Asks the ML backend what lies where a person clicks; what it draws is none of the figure's."""
