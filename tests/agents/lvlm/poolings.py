"""Candidates and answers of a figure to be pooled."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import settings

from agents.lvlm.panels.pooling import Pooled, Sighting, ViewAnswer
from agents.lvlm.panels.view_plan import PlannedView
from curator.figure import Panel, PanelKind, Provenance
from curator.geometry import Box

STEADY = settings(deadline=None, derandomize=True, max_examples=60)
WH = (1000, 800)
WHOLE = (0.0, 0.0, 1000.0, 800.0)
LEFT, RIGHT = (10.0, 10.0, 480.0, 780.0), (520.0, 10.0, 990.0, 780.0)
BOTH = (10.0, 10.0, 990.0, 780.0)


def candidate(number: int, box: Box, label: str | None = None, confidence: float = 0.9) -> Panel:
    letter = (box[0], box[1], box[0] + 20, box[1] + 20) if label else None
    provenance = Provenance("embedded", "1", "", confidence)
    return Panel(f"p{number}", box, provenance, label, letter, PanelKind.PLOT)


def seen(
    *marks: int,
    box: Box | None = None,
    label: str | None = None,
    kind: PanelKind = PanelKind.GEL,
    description: str = "",
) -> Sighting:
    return Sighting(marks, box, label, kind, description)


def answer(
    number: int,
    *sightings: Sighting,
    drawn: Sequence[int] = (0, 1),
    window: Box = WHOLE,
    scale: float = 1.0,
) -> ViewAnswer:
    """Number ``number`` of several answers, each to another size of picture."""
    return ViewAnswer(PlannedView(window, tuple(drawn), 900 + number), scale, sightings, f"x{number}")


def boxes(pooled: Pooled) -> list[Box]:
    return [panel.box_xyxy for panel in pooled.panels]


TWO = (candidate(1, LEFT, "A"), candidate(2, RIGHT, "B"))
CONFIRMED = (seen(0, label="A"), seen(1, label="B"))
