"""Reads a figure's caption: what it says of all panels, of each panel, and of the markers drawn into them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from agents.embedded.caption_labels import Labels, choose_labels
from agents.embedded.caption_mentions import Form, find_mentions
from agents.embedded.caption_pointers import Pointer, find_pointers
from agents.embedded.caption_sentences import sentences
from agents.embedded.caption_sides import SIDES, choose_sides
from agents.embedded.caption_spans import assign
from curator.figure import Span

__all__ = ["CaptionSplit", "PanelCaption", "Pointer", "expected_labels", "split_caption"]


_NO_LABELS_CONFIDENCE = 0.6  # guess: captions without letters belong to figures with and without letters
_BRACKET_REACH = 60  # characters; longer brackets hold sentences of their own. Guess


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
    """The caption's parts as spans into it; any text is accepted, and the work is near linear in its length.

    Where the caption promises no panels, all its sentences are lead. ``bold_spans`` (characters set bold) help where
    labels have no brackets.
    """
    parts = sentences(caption)
    labels = choose_labels(find_mentions(caption, parts, bold_spans)) or choose_sides(caption, parts)
    if labels is None:
        pointers = find_pointers(caption, parts, lambda span, at: ())
        return CaptionSplit(parts, (), (), pointers, _NO_LABELS_CONFIDENCE)
    lead, own, tail = assign(caption, parts, labels)
    panels = tuple(PanelCaption(labels.symbols[index], own[index]) for index in labels.order)
    return CaptionSplit(
        lead, panels, tail, find_pointers(caption, parts, _Finder(caption, labels, own)), labels.confidence
    )


class _Finder:
    """Tells the panels that a clause speaks of."""

    def __init__(self, caption: str, labels: Labels, own: dict[int, tuple[Span, ...]]) -> None:
        self._caption = caption
        self._labels = labels
        self._own = own
        self._spoken = tuple(mention for mention in labels.mentions if mention.speaks)
        self._starts = [mention.span.start for mention in self._spoken]
        self._own_starts = {index: [span.start for span in spans] for index, spans in own.items()}

    def __call__(self, clause: Span, at: int) -> tuple[str, ...]:
        """Those that the clause names, else those whose own text holds the character ``at``."""
        first, last = bisect_left(self._starts, clause.start), bisect_left(self._starts, clause.end)
        inside = self._spoken[first:last]
        # "(A, arrow)": the bracket that the marker word shares with a label decides.
        inside = (
            tuple(m for m in inside if m.form is Form.IN_BRACKETS and self._share_bracket(m.span.start, at)) or inside
        )
        named = set(self._labels.union(inside))
        pointed = set(self._labels.union(m for m in inside if m.form in (Form.BARE, Form.IN_BRACKETS)))
        holding = {index for index in self._labels.order if self._holds(index, at)}
        chosen = named & holding or pointed or holding or named
        return tuple(self._labels.symbols[index] for index in self._labels.order if index in chosen)

    def _holds(self, index: int, at: int) -> bool:
        place = bisect_right(self._own_starts[index], at) - 1
        return place >= 0 and at < self._own[index][place].end

    def _share_bracket(self, first: int, second: int) -> bool:
        between = self._caption[min(first, second) : max(first, second)]
        return len(between) < _BRACKET_REACH and ")" not in between and "(" not in between[1:]


def expected_labels(split: CaptionSplit) -> tuple[str, ...]:
    """The letters that the caption promises to be printed, in order; words such as "left" are no letters."""
    return tuple(panel.label for panel in split.panels if panel.label not in SIDES)
