"""Which texts stand for a figure, a panel or a region, normalised as RegionMed-CLIP does; empty where there is none."""

from __future__ import annotations

from curator.wording import normalised
from trainer.records import FigureRecord, PanelRecord, RegionRecord

NEGATIVES = 5  # paper: RegionMed-CLIP trains with five a region


def figure_text(figure: FigureRecord) -> str:
    """The whole caption."""
    return normalised(figure.caption)


def panel_text(panel: PanelRecord) -> str:
    """A panel by itself: its full caption, else what a model wrote of it."""
    return _first(panel.caption, panel.summary, panel.description)


def own_text(panel: PanelRecord) -> str:
    """A panel among the others of its figure: only what the caption says of it, else what a model wrote of it.

    Not the shared sentences: they would be the same for all its siblings.
    """
    return _first(panel.own_caption, panel.description, panel.summary)


def region_texts(region: RegionRecord) -> tuple[str, ...]:
    """At most two: the author's clause, and what was written of the crop (Panel2Patch, stage II)."""
    texts = (normalised(region.clause), _first(region.description, region.caption, region.label))
    return tuple(dict.fromkeys(text for text in texts if text))


def negative_texts(region: RegionRecord) -> tuple[str, ...]:
    """At most five."""
    given = region.finding.negatives if region.finding else ()
    return tuple(text for negative in given if (text := normalised(negative)))[:NEGATIVES]


def _first(*texts: str) -> str:
    return next((plain for text in texts if (plain := normalised(text))), "")
