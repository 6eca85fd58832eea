"""Captions without letters that tell their panels apart by place: "Left, ...", "CT (top) and MRI (bottom)"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agents.embedded.caption_labels import Labels
from agents.embedded.caption_mentions import Form, Mention, Place
from agents.embedded.caption_sentences import clauses
from curator.figure import Span

SIDES = (
    *("upper left", "upper right", "lower left", "lower right", "top left", "top right", "bottom left", "bottom right"),
    *("left", "right", "top", "bottom", "upper", "lower", "middle", "center", "centre", "above", "below"),
)
_SIDE = "|".join(side.replace(" ", "[ -]") for side in SIDES)
_NOUN = r"(?:[ -](?:hand[ -]side|panels?|images?|rows?|columns?|figures?|pictures?|photographs?))?"
_VERB = r"(?:[ -](?:panels?|images?|rows?|columns?|pictures?|photographs?))\s(?:shows?|is|are|depicts?|presents?)\b"
# At the start of a sentence or clause with a mark or verb after it, after a comma with a colon, or alone in brackets.
_LEADING = re.compile(rf"(?:(?:(?:on|in|at) )?the )?(?P<side>{_SIDE})(?:{_NOUN}\s?[:,)]|{_VERB})", re.IGNORECASE)
_LISTED = re.compile(rf"(?<=,\s)(?P<side>{_SIDE}){_NOUN}\s?:", re.IGNORECASE)
_BRACKETS = re.compile(rf"\((?P<side>{_SIDE}){_NOUN}\)", re.IGNORECASE)
_WEIGHT = 0.5  # guess: one such caption in two speaks of panels, the others of parts of one picture


def choose_sides(caption: str, sentences: tuple[Span, ...]) -> Labels | None:
    """The sides as labels, in the order of their first mention; None where fewer than two are told apart alike."""
    leading = [
        (Span(*match.span()), match["side"], Place.SENTENCE)
        for sentence in sentences
        for start, end in clauses(caption, sentence)
        for match in _openings(caption, start, end)
    ]
    found = leading if _several(leading) else []
    if not found:
        inline = [(Span(*m.span()), m["side"], Place.AFTER) for m in _BRACKETS.finditer(caption)]
        found = inline if _several(inline) else []
    if not found:
        return None
    names = tuple(dict.fromkeys(_name(side) for _, side, _ in found))
    mentions = tuple(
        Mention(span, {"sides": (names.index(_name(side)),)}, Form.BRACKETS, place, _WEIGHT, False, False)
        for span, side, place in found
    )
    return Labels("sides", names, tuple(range(len(names))), mentions, _WEIGHT)


def _openings(caption: str, start: int, end: int) -> Iterator[re.Match[str]]:
    first = _LEADING.match(caption, _first_word(caption, start, end), end)
    if first is not None:
        yield first
        yield from _LISTED.finditer(caption, first.end(), end)


def _first_word(caption: str, start: int, end: int) -> int:
    while start < end and not caption[start].isalnum():
        start += 1
    return start


def _several(found: list[tuple[Span, str, Place]]) -> bool:
    return len({_name(side) for _, side, _ in found}) > 1


def _name(side: str) -> str:
    return side.lower().replace("-", " ")
