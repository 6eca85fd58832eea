"""Which figures, panels and regions of an export make a pair of picture and text, and why others do not."""

from __future__ import annotations

from curator.geometry import coverage
from trainer.records import FigureRecord, PanelRecord, RegionRecord
from trainer.wording import figure_text, own_text, panel_text, region_texts

INSIDE = 0.5  # guess: of a region that lies less than half in its panel, the crop shows too little


def figure_fault(figure: FigureRecord) -> str | None:
    """Why the figure makes no pair of level M; None where it does."""
    return None if figure_text(figure) else "figures without caption"


def panel_fault(panel: PanelRecord) -> str | None:
    """Why the panel makes no pair of level P."""
    return None if panel_text(panel) else "panels without text"


def region_fault(region: RegionRecord, panel: PanelRecord) -> str | None:
    """Why the region makes no pair of level R."""
    if not region_texts(region):
        return "regions without text"
    return None if coverage(region.box_xyxy, panel.window_xyxy) >= INSIDE else "regions outside their panel"


def panels_of(figure: FigureRecord) -> list[PanelRecord]:
    """The panels that can be told apart from their siblings by a text of their own."""
    return [panel for panel in figure.panels if own_text(panel)]


def regions_of(panel: PanelRecord) -> list[RegionRecord]:
    """The regions that make a pair."""
    return [region for region in panel.regions if region_fault(region, panel) is None]
