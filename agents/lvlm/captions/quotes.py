"""A model's units of a caption, as spans of it: quotes are placed, labels and quotes that it made up are refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agents.embedded.caption_groups import ALPHABETS, find_groups
from agents.embedded.caption_mentions import Mention, find_mentions
from agents.embedded.caption_sentences import sentences
from agents.embedded.captions import CaptionSplit, PanelCaption
from agents.embedded.layout import label_key
from agents.lvlm.asking.asker import Judged
from agents.lvlm.asking.replies import CaptionUnits
from agents.lvlm.captions.verbatim import quotable
from curator.figure import Figure, Span

_SHOWN = 80  # characters of a quote that a fault repeats
_NOUN = re.compile(r"^\W*(?:panels?|parts?|fig(?:ure)?s?)\b\.?", re.IGNORECASE)
_BEFORE_AFTER = 0.5  # characters: of two labels equally near, the one before the words is theirs


@dataclass(frozen=True, slots=True)
class Units:
    """What a caption says of all panels (``lead``, ``tail``) and of each."""

    lead_spans: tuple[Span, ...]
    panels: tuple[PanelCaption, ...]
    tail_spans: tuple[Span, ...]


class CaptionQuotes:
    """One figure's caption, in which a model's quotes are looked up."""

    def __init__(self, figure: Figure, split: CaptionSplit, printed: Iterable[str]) -> None:
        """``printed``: the labels of the panels that were found."""
        self._caption = figure.caption
        self._quotable = quotable(figure.caption)
        mentions = find_mentions(figure.caption, sentences(figure.caption), figure.bold_spans)
        self._mentions = _by_label(mention for mention in mentions if mention.speaks)
        self._all_mentions = _by_label(mentions)
        self._labels = {label_key(panel.label): panel.label for panel in split.panels}
        for label in (*printed, *self._mentions):
            self._labels.setdefault(label_key(label), label)

    def units(self, reply: CaptionUnits) -> Judged[Units]:
        """The reply's units at their places in the caption, in its order; faults for those that have none there.

        Shared sentences before the first panel's words are lead, the others tail.
        """
        faults: list[str] = []
        own: dict[str, list[Span]] = {}
        for unit in reply.units:
            for label in self._labels_of(unit.label):
                known = self._labels.get(label_key(label))
                places = self._quotable.places(unit.text)
                if known is None:
                    faults.append(f"no panel is called {label!r}; the caption and the figure have {self._known()}")
                elif not places:
                    faults.append(_not_verbatim(f"the text of unit {label!r}", unit.text))
                else:
                    own.setdefault(known, []).append(self._nearest(places, known))
        shared: list[Span] = []
        for text in reply.shared:
            places = self._quotable.places(text)
            if places:
                shared.append(places[0])
            else:
                faults.append(_not_verbatim("a shared sentence", text))
        first = min((span.start for spans in own.values() for span in spans), default=len(self._caption))
        panels = tuple(PanelCaption(label, self._joined(spans)) for label, spans in own.items())
        units = Units(
            self._joined(span for span in shared if span.start < first),
            tuple(sorted(panels, key=lambda panel: panel.spans)),
            self._joined(span for span in shared if span.start >= first),
        )
        return Judged(units, tuple(dict.fromkeys(faults)))

    def _labels_of(self, written: str) -> tuple[str, ...]:
        """The labels that a model wrote as one: "A-C" is A, B and C, "(A, D)" is A and D, "Panel A" is A."""
        text = _NOUN.sub("", written).strip()
        groups = list(find_groups(text))
        if len(groups) != 1 or any(char.isalnum() for char in text[: groups[0].start] + text[groups[0].end :]):
            return (text,)
        readings = [
            tuple(ALPHABETS[alphabet][position] for position in positions)
            for alphabet, positions in groups[0].readings().items()
        ]
        known = (labels for labels in readings if all(label_key(label) in self._labels for label in labels))
        return next(known, readings[0] if readings else (text,))

    def _nearest(self, places: Sequence[Span], label: str) -> Span:
        """Of several places with the same words, the one nearest to where the caption names the label."""
        likely = (
            found.get(name) for found in (self._mentions, self._all_mentions) for name in (label, label.swapcase())
        )
        mentions = next(filter(None, likely), [])
        return min(places, key=lambda place: min((_gap(place, mention) for mention in mentions), default=0.0))

    def _joined(self, spans: Iterable[Span]) -> tuple[Span, ...]:
        """The spans in order; those that overlap, or that only white space parts, are one."""
        out: list[Span] = []
        for span in sorted(spans):
            if out and not self._caption[out[-1].end : span.start].strip():
                out[-1] = Span(out[-1].start, max(span.end, out[-1].end))
            else:
                out.append(span)
        return tuple(out)

    def _known(self) -> str:
        return ", ".join(self._labels.values()) or "no labels"


def _by_label(mentions: Iterable[Mention]) -> dict[str, list[Span]]:
    """Where each label is mentioned, in whatever alphabet."""
    found: dict[str, list[Span]] = {}
    for mention in mentions:
        for alphabet, positions in mention.readings.items():
            for position in positions:
                found.setdefault(ALPHABETS[alphabet][position], []).append(mention.span)
    return found


def _gap(place: Span, mention: Span) -> float:
    """Characters between the two; 0 where they overlap."""
    if mention.end <= place.start:
        return place.start - mention.end
    return mention.start - place.end + _BEFORE_AFTER if mention.start >= place.end else 0.0


def _not_verbatim(what: str, text: str) -> str:
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    return (
        f"{what}, {shown!r}, does not stand in the caption; copy the caption's words exactly, without leaving any out"
    )
