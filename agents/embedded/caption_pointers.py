"""Clauses of a caption that explain a marker: "white arrows indicate ...", "... (arrowhead)", "boxed region"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from agents.embedded.caption_markers import MarkerWord, find_marker_words
from agents.embedded.caption_sentences import clauses
from curator.figure import MarkerKind, Span


@dataclass(frozen=True, slots=True)
class Pointer:
    """A clause and what it says of its marker."""

    span: Span
    """The clause, verbatim."""
    kind: MarkerKind
    color: str | None
    """A plain colour word of ``curator.figure.Marker``; None where the caption names none."""
    labels: tuple[str, ...]
    """The panels it speaks of; () stands for all."""
    target: str
    """What the marker points at, in a few words of the caption ("mitotic figures"); "" where they are not clear."""
    plural: bool


_VERB = (
    r"indicat\w*|point\w*(?:\s+(?:to|at|towards?|out))?|show\w*|mark\w*|denot\w*|represent\w*|highlight\w*|depict\w*|label\w*|"
    r"identif\w*|delineat\w*|outlin\w*|demonstrat\w*|designat\w*|enclos\w*|surround\w*|refer\w*\s+to|correspond\w*\s+to|are|is"
)
_POINTS_AT = re.compile(
    rf"\s*(?:\([^()]{{0,20}}\)\s*)?(?:(?:in|on) [^,;]{{1,24}} )?(?:\w+ly\s+)?(?:{_VERB})\s+", re.IGNORECASE
)
_DEFINED = re.compile(r"\s*[:=,]\s*(?=\w)")
_SHOWN_BY = re.compile(
    r"\s*,?\s*\b(?:(?:is|are|was|were|can be|being)\s+)?(?:shown here|\w*(?:indicat|mark|denot|point|"
    r"show|highlight|label|represent|designat|outlin|delineat|identif|surround|enclos|circl)\w*)\s*(?:\w+\s+)?"
    r"(?:by|with|using|as|in|$)",
    re.IGNORECASE,
)
_VERBS = (
    r"is|are|was|were|can be|may be|has|have|had|show\w*|demonstrat\w*|reveal\w*|indicat\w*|see[ns]?|note[ds]?|"
    r"contain\w*|display\w*|confirm\w*|depict\w*|stains|express\w*|undergo\w*|located|devoid"
)
_STOP = re.compile(
    r"[,;:.()\[\]=]|\b(?:which|that|where|who|in|on|at|by|with|from|to|as|for|while|whereas|after|before|within|between|"
    rf"near|using|but|and (?:the )?\w* ?arrow\w*|{_VERBS})\b",
    re.IGNORECASE,
)
_STOP_BACK = re.compile(
    rf"[,;:.()\[\]=]|\b(?:which|that|where|who|by|with|as|for|while|whereas|after|before|using|but|{_VERBS})\b",
    re.IGNORECASE,
)
_ARTICLE = re.compile(
    r"^(?:and|or|in|on|at|to|of|the|an?|its|their|this|these|some|several|both|also|examples? of|presence of)\s+",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^\W*(?:panel )?\(?[A-Za-z]{1,2}(?:\W{1,3}[A-Za-z])*[).:,]\s*")
_BRACKET_LAST = re.compile(r"(?:\s*\([^()]{0,30}\))+\s*$")  # "T2WI (B) (arrows)"
_REACH = 200  # characters around a marker word in which its bracket and target are sought; bounds the work
_WORDS = 8  # of a region's label; longer phrases are cut. Guess
_INLINE = 3  # words: a bracket this short names the marker of the words before it
_DEFINITION = re.compile(
    r",\s(?=(?:\w+ ){0,2}(?:arrow ?heads?|arrows?|asterisks?|stars?|boxe?s?|circles?)\s?[=:])", re.IGNORECASE
)


def find_pointers(
    caption: str, sentences: tuple[Span, ...], panels_at: Callable[[Span, int], tuple[str, ...]]
) -> tuple[Pointer, ...]:
    """The caption's pointers in order.

    ``panels_at`` tells the panels spoken of by a clause (its span, and where in it the marker word stands).
    """
    found: dict[tuple[Span, MarkerKind, str | None, tuple[str, ...]], Pointer] = {}
    for sentence in sentences:
        for clause in _pieces(caption, sentence):
            for word in find_marker_words(caption, clause):
                span = _scope(caption, clause, word)
                panels = panels_at(span, word.span.start)
                key = (span, word.kind, word.color, panels)
                if key not in found:
                    found[key] = Pointer(*key, _target(caption, span, word), word.plural)
    return tuple(found.values())


def _pieces(caption: str, sentence: Span) -> list[Span]:
    """The sentence's clauses, and those of "Arrow = nucleus, star = lumen" one by one."""
    found = []
    for clause in clauses(caption, sentence):
        start = clause.start
        for match in _DEFINITION.finditer(caption, clause.start, clause.end):
            found.append(Span(start, match.start()))
            start = match.end()
        found.append(Span(start, clause.end))
    return [piece for span in found if (piece := _trimmed(caption, span)).start < piece.end]


def _trimmed(caption: str, span: Span) -> Span:
    start, end = span
    while start < end and (caption[start].isspace() or caption[start] in ",;"):
        start += 1
    while end > start and caption[end - 1].isspace():
        end -= 1
    return Span(start, end)


def _scope(caption: str, clause: Span, word: MarkerWord) -> Span:
    """The clause, or the bracket in it that says it all: "(enlarged from the region with a dashed border in A)"."""
    opening = _opening(caption, clause, word)
    if opening is None:
        return clause
    closing = caption.find(")", word.span.end, min(clause.end, word.span.end + _REACH))
    inner = Span(opening + 1, closing if closing >= 0 else word.span.end)
    return _trimmed(caption, inner) if len(caption[inner.start : inner.end].split()) > 2 * _INLINE else clause


def _opening(caption: str, span: Span, word: MarkerWord) -> int | None:
    """Where in the span the bracket opens that holds the marker word; None outside brackets."""
    first = max(span.start, word.span.start - _REACH)
    opening = caption.rfind("(", first, word.span.start)
    return opening if opening >= 0 and caption.find(")", opening, word.span.start) < 0 else None


def _target(caption: str, span: Span, word: MarkerWord) -> str:
    opening = _opening(caption, span, word)
    if opening is not None:
        return _phrase_before(caption[max(span.start, opening - _REACH) : opening])
    after = caption[word.span.end : min(span.end, word.span.end + _REACH)]
    points = _POINTS_AT.match(after) or _DEFINED.match(after)
    if points:
        return _phrase_after(after[points.end() :])
    past = caption[word.span.start : word.span.end].lower().endswith("ed")
    before = _LABEL.sub("", caption[max(span.start, word.span.start - _REACH) : word.span.start])
    shown = _SHOWN_BY.search(before + "by")  # "circled" is verb and marker in one: the "by" stands for itself
    if shown:
        return _phrase_after(before[: shown.start()])
    if past and re.match(r"\s+(?:in|by|with)\b|\W*$", after):
        return _phrase_before(before)  # "a region circled in yellow", but not "boxed region"
    return ""


def _phrase_before(text: str) -> str:
    """The last words of the text, back to a verb, "with" or mark: "CT shows a cyst in the kidney" -> from "cyst" on."""
    tail = _BRACKET_LAST.sub("", text)
    stops = list(_STOP_BACK.finditer(tail.rstrip(" ,")))
    for last in (-1, -2, -3):  # "the fused cartilage can be seen (arrow)": nothing after the last verb, so before it
        start = stops[last].end() if len(stops) >= -last else 0
        phrase = _clean(" ".join(tail[start : stops[last + 1].start() if last < -1 else len(tail)].split()[-_WORDS:]))
        if phrase or not start:
            return phrase
    return ""


def _phrase_after(text: str) -> str:
    stop = _STOP.search(text)
    return _clean(" ".join(text[: stop.start() if stop else len(text)].split()[:_WORDS]))


def _clean(phrase: str) -> str:
    phrase = phrase.strip(" ,.;:-\u2013")
    shorter = _ARTICLE.sub("", phrase)
    while shorter != phrase:
        phrase, shorter = shorter, _ARTICLE.sub("", shorter)
    return phrase
