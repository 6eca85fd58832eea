"""Reads a figure's caption: what it says of all panels, of each panel, and of the markers drawn into them."""

from __future__ import annotations

from dataclasses import dataclass

from agents.embedded.caption_labels import choose_labels
from agents.embedded.caption_mentions import find_mentions
from agents.embedded.caption_pointers import Pointer
from agents.embedded.caption_sentences import sentences
from agents.embedded.caption_spans import assign
from curator.figure import Span

__all__ = ["CaptionSplit", "PanelCaption", "Pointer", "expected_labels", "split_caption"]


@dataclass(frozen=True, slots=True)
class PanelCaption:
    """What a caption says of one panel alone."""

    label: str
    """As written ("A", "b", "iv"); "left", "top" and so on where the caption has no letters."""
    spans: tuple[Span, ...]
    """In caption order; a span under "(A-C)" belongs to A, B and C."""


@dataclass(frozen=True, slots=True)
class CaptionSplit:
    lead_spans: tuple[Span, ...]
    panels: tuple[PanelCaption, ...]
    tail_spans: tuple[Span, ...]
    pointers: tuple[Pointer, ...]
    confidence: float
    """Probability that the labels are exactly those of the figure, 0 to 1."""


def split_caption(caption: str, bold_spans: tuple[Span, ...] = ()) -> CaptionSplit:
    """The caption's parts as spans into it; any text is accepted, and work is linear in its length."""
    parts = sentences(caption)
    labels = choose_labels(find_mentions(caption, parts, bold_spans))
    if labels is None:
        return CaptionSplit(parts, (), (), (), 0.5)
    lead, own, tail = assign(caption, parts, labels)
    panels = tuple(PanelCaption(labels.text(index), own[index]) for index in labels.order)
    return CaptionSplit(lead, panels, tail, (), labels.confidence)


def expected_labels(split: CaptionSplit) -> tuple[str, ...]:
    """The letters that the caption promises to be printed, in order; words such as "left" are no letters."""
    return tuple(panel.label for panel in split.panels if len(panel.label) < 4 or not panel.label.isalpha())
