"""A panel with an arrow in front of a scripted model: what it is asked about its markers and words, and answers."""

from __future__ import annotations

from typing import Any

from agents.lvlm.regions.mining import MinedRegions, mine_regions
from curator.figure import Hierarchy, Marker, MarkerKind, Panel, PanelKind, Region, Span
from curator.geometry import Box
from curator.settings import MiningSettings
from tests.agents.lvlm.looks import PROPOSED, Scripted, look_at, panel

CAPTION = "(A) Liver at day 9. White arrows indicate mitotic cells. Dark lumen on the left. (B) Sham."
OWN = Span(0, CAPTION.index(" (B)"))
CLAUSE = "White arrows indicate mitotic cells"
CLAUSE_SPAN = Span(CAPTION.index(CLAUSE), CAPTION.index(CLAUSE) + len(CLAUSE))
A = panel("p1", (0.0, 0.0, 500.0, 500.0), "A", (OWN,))
B = panel("p2", (500.0, 0.0, 1000.0, 500.0), "B", (Span(len(CAPTION) - 9, len(CAPTION)),), PanelKind.PLOT)
ARROW = Marker(
    "m7", "p9", MarkerKind.ARROW, (100.0, 100.0, 140.0, 110.0), PROPOSED, "white", (140.0, 105.0), CLAUSE_SPAN
)
WINDOW = Region("r3", "p9", (130.0, 75.0, 190.0, 135.0), PROPOSED, "cells", "Arrows: cells.", CLAUSE_SPAN, "m7")
NO_TEXT: dict[str, Any] = {"regions": []}


def thousandths(box: Box, frame: Box = A.box_xyxy) -> list[float]:
    """The box as the model writes it in the crop of the panel."""
    x0, y0, x1, y1 = frame
    spans = ((x0, x1), (y0, y1), (x0, x1), (y0, y1))
    return [round(1000 * (v - low) / (high - low)) for v, (low, high) in zip(box, spans, strict=True)]


def target(number: int | None, box: Box, **changed: Any) -> dict[str, Any]:
    said = {"label": "mitotic cell", "sentence": "A round cell in mitosis.", "clause": CLAUSE}
    return {"marker": number, "kind": "arrow", "color": "white", "target": thousandths(box)} | said | changed


def text(box: Box, clause: str = "Dark lumen", **changed: Any) -> dict[str, Any]:
    said = {"clause": clause, "box": thousandths(box), "label": "lumen", "sentence": "A dark lumen."}
    return said | changed


def mine(
    model: Scripted,
    markers: tuple[Marker, ...] = (ARROW,),
    regions: tuple[Region, ...] = (WINDOW,),
    panels: tuple[Panel, ...] = (A,),
    mining: MiningSettings | None = None,
) -> MinedRegions:
    candidates = Hierarchy(markers=markers, regions=regions)
    return mine_regions(look_at(model, CAPTION, candidates, mining=mining), panels)


CELL: Box = (145.0, 80.0, 195.0, 130.0)
