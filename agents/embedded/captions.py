"""Reads a figure's caption: what it says of all panels, of each panel, and of the markers drawn into them."""

from __future__ import annotations

from dataclasses import dataclass

from agents.embedded.caption_labels import choose_labels
from agents.embedded.caption_mentions import Form, find_mentions
from agents.embedded.caption_pointers import Pointer, find_pointers
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
        return CaptionSplit(parts, (), (), find_pointers(caption, parts, lambda span, at: ()), 0.5)
    lead, own, tail = assign(caption, parts, labels)
    panels = tuple(PanelCaption(labels.text(index), own[index]) for index in labels.order)

    def panels_at(span: Span, at: int) -> tuple[str, ...]:
        """Those that the clause names, else those whose own text it stands in."""
        inside = [m for m in labels.mentions if span.start <= m.span.start < span.end]
        # "(A, arrow)": the bracket that the marker word shares with a label decides.
        inside = [
            m for m in inside if m.form is Form.IN_BRACKETS and _share_bracket(caption, m.span.start, at)
        ] or inside
        named = {index for m in inside for index in labels.indices(m)}
        pointed = {index for m in inside if m.form in (Form.BARE, Form.IN_BRACKETS) for index in labels.indices(m)}
        holding = {index for index in labels.order if any(start <= at < end for start, end in own[index])}
        chosen = named & holding or pointed or holding or named
        return tuple(labels.text(index) for index in labels.order if index in chosen)

    return CaptionSplit(lead, panels, tail, find_pointers(caption, parts, panels_at), labels.confidence)


def _share_bracket(caption: str, first: int, second: int) -> bool:
    between = caption[min(first, second) : max(first, second)]
    return ")" not in between and "(" not in between[1:]


def expected_labels(split: CaptionSplit) -> tuple[str, ...]:
    """The letters that the caption promises to be printed, in order; words such as "left" are no letters."""
    return tuple(panel.label for panel in split.panels if len(panel.label) < 4 or not panel.label.isalpha())
