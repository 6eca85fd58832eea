"""The shapes of models' replies, one for each prompt. Boxes are as the model counts them (``coordinates.Frame``)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from curator.figure import MarkerKind, PanelKind

MAX_ITEMS = 200  # guess: the densest figure met has 63 panels; more is a model that repeats itself
ReplyBox = Annotated[list[float], Field(min_length=4, max_length=4)]
Words = Annotated[str, Field(max_length=2000)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MarkedPanel(_Shape):
    """A panel named by the marks that lie on it (``prompts/panels_marks.md``)."""

    marks: list[int]
    """Numbers of the marks that together are the panel; empty where no mark lies on it, then ``box`` is given."""
    label: str | None
    kind: PanelKind
    description: Words
    box: ReplyBox | None = None
    """Given only where the marks' boxes are wrong or missing."""


class MarkedPanels(_Shape):
    panels: list[MarkedPanel] = Field(max_length=MAX_ITEMS)
    not_panels: list[int] = Field(default_factory=list)
    """Numbers of marks that are no panel or part of one."""


class BoxedPanel(_Shape):
    """A panel as the paper's own query answers it: panel id, bounding box, short description."""

    label: str | None
    box: ReplyBox
    kind: PanelKind
    description: Words


class BoxedPanels(_Shape):
    """``prompts/panels_letters.md``"""

    panels: list[BoxedPanel] = Field(max_length=MAX_ITEMS)


class CaptionUnit(_Shape):
    """Words of the caption, verbatim, that speak of one panel alone."""

    label: str
    text: Words


class CaptionUnits(_Shape):
    """``prompts/caption.md``"""

    shared: list[Words] = Field(max_length=MAX_ITEMS)
    """Sentences, verbatim, that are true of all panels."""
    units: list[CaptionUnit] = Field(max_length=MAX_ITEMS)


class MarkerTarget(_Shape):
    """What a marker points at (Panel2Patch stage II: marker id, target box, short label, one sentence)."""

    marker: int | None
    """Number of the marker in the prompt's facts; None for one that is seen but not numbered."""
    kind: MarkerKind
    color: str | None = None
    marker_box: ReplyBox | None = None
    """Of a marker without number."""
    target: ReplyBox
    label: Words
    sentence: Words
    clause: str | None = Field(default=None, max_length=2000)
    """The caption's words, verbatim, that explain the marker."""


class MarkerTargets(_Shape):
    """``prompts/regions_markers.md``"""

    targets: list[MarkerTarget] = Field(max_length=MAX_ITEMS)


class TextRegion(_Shape):
    """A part of the panel that words of the caption place, without any marker."""

    clause: Words
    """The caption's words, verbatim."""
    box: ReplyBox
    label: Words
    sentence: Words


class TextRegions(_Shape):
    """``prompts/regions_text.md``"""

    regions: list[TextRegion] = Field(max_length=MAX_ITEMS)


class RegionTexts(_Shape):
    region: int
    """Number of the region in the prompt's facts."""
    description: Words
    """What the crop shows: morphology, staining, fine structure."""
    adjective: Words
    term: Words
    position: Words
    negatives: list[Words] = Field(max_length=20)
    """The description with one attribute changed, five times."""


class PanelTexts(_Shape):
    """``prompts/texts.md``"""

    summary: Words
    """One sentence of 10 to 15 words."""
    regions: list[RegionTexts] = Field(max_length=MAX_ITEMS)
