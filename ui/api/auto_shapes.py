"""Accepting without a person, as the API shows it."""

from __future__ import annotations

from typing import Any

from curator.guarantee import Promised
from ui.api.shape import Shape, free


class StatementShape(Shape):
    """Which share of panels is right, with an interval that covers it in ``level`` of all draws of the sample."""

    right: float
    low: float
    high: float
    level: float
    figures: int
    panels: int
    design_effect: float
    """How many times more panels it takes than if each had been drawn alone."""
    margin: float
    """Half the interval's width, to the wider side."""
    text: str
    """The same in words."""


class BatchShape(Shape):
    """Figures that were accepted together."""

    id: int
    at: str
    who: str
    error_rate: float
    threshold: float
    figures: int
    """That it accepted."""
    panels: int
    left: int
    """Of the figures, those that no person and no mining has touched since."""
    promise: dict[str, Any] = free(
        "the preview as it was shown then, kept word for word: an older version said other things"
    )
    undone_at: str | None


class MadeBatch(Shape):
    batch: BatchShape


class AutoShape(Shape):
    """What is accepted without a person, and how right that is as far as the audit sample tells."""

    figures: int
    panels: int
    batches: list[BatchShape]
    right: StatementShape | None
    """Null before two such figures were reviewed."""
    may: bool
    """Whether who asks may accept so."""


class PreviewShape(Shape):
    """What accepting at an error rate would do and promise."""

    promised: Promised
    error_rate: float
    delta: float | None
    """With which probability the promise may fail; null where it is one in expectation."""
    threshold: float | None
    """Figures of this confidence or more would be accepted; null: none can be."""
    sample_figures: int
    """Reviewed figures of the audit sample that it rests on."""
    accepted_figures: int
    """Of them, those from the threshold on."""
    accepted_panels: int
    accepted_wrong: int
    reason: str
    """Why there is no threshold."""
    more_reviews: int | None
    """About how many more figures of the sample would have to be reviewed; null where more would not help."""
    max_panels: int
    """Figures of more panels go to a person."""
    figures: int
    """That would be accepted."""
    panels: int
    open_figures: int
    """That could be."""
    assessor: int
    """Version of the assessor that it rests on."""
    text: str
    """The same in words."""
    right: StatementShape | None
