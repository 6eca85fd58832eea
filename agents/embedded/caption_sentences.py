"""Where the sentences of a caption begin and end."""

from __future__ import annotations

import math
import re

from curator.figure import Span

# Words whose full stop does not end a sentence (common in the captions of the open-access subset).
_ABBREVIATIONS = frozenset(
    (
        *(
            "al",
            "approx",
            "ca",
            "cf",
            "conc",
            "dr",
            "eq",
            "etc",
            "exp",
            "fig",
            "figs",
            "i.e",
            "e.g",
            "max",
            "min",
            "mag",
        ),
        *("no", "nos", "pp", "prof", "ref", "refs", "resp", "sect", "sp", "spp", "st", "subsp", "suppl", "tab", "var"),
        *("vol", "vs", "versus"),
    )
)
_STOP = re.compile(r"[.?!]")
_WORD_BEFORE = re.compile(r"[^\s()\[\],;:]+$")
_LABELS_ALONE = re.compile(
    r"(?:panels? )?\W{0,3}\w{1,4}(?:\W{0,3}(?:(?:and|or|to) )?\b[A-Za-z\d]\b)*\W?", re.IGNORECASE
)
_LISTED_LABEL = re.compile(r"[;:]\s+(?:and\s+)?[A-Za-z]$")
_CLOSED_LABEL = re.compile(r"(?<![\w(])\w\)$")
_SMALL_OPENING = re.compile(r"\s+(?:[a-z](?![a-zA-Z\d'-])|[a-z][\w.]{0,5}, [a-z][^;,.]{3,60}; ?[\w.]{1,7}, )")
_NUMBERED = re.compile(r"\s*(\d{1,2})\.\s")
_NUMBER_LAST = re.compile(r"\s(\d{1,2})$")
_WORD_REACH = 24  # characters before a full stop that can matter; bounds the work per stop


def sentences(caption: str) -> tuple[Span, ...]:
    """The caption's sentences in order, without the space around them; together they hold every printed character.

    A sentence ends at a full stop, question or exclamation mark outside brackets, also where the space after it was
    lost ("... (A-D).A. A typical neuron"). Initials, numbers and common abbreviations do not end one. Work is linear
    in the length of the caption.
    """
    found: list[Span] = []
    start = 0
    depths = bracket_depths(caption)
    for match in _STOP.finditer(caption):
        stop, end = match.span()
        if stop < start or depths[stop] or not _ends_sentence(caption, start, stop, depths):
            continue
        opening = _NUMBERED.match(caption, start)
        item = _NUMBER_LAST.search(caption, max(start, stop - 4), stop)
        if opening and item and int(item[1]) == int(opening[1]) + 1:
            end = item.start(1)  # "1. Loop in place 2. After removal": the number belongs to what follows
        _append(found, caption, start, end)
        start = end
    _append(found, caption, start, len(caption))
    return tuple(found)


def cut(spans: tuple[Span, ...], at: list[int]) -> tuple[Span, ...]:
    """The spans, each divided where a position of ``at`` (ascending) lies inside it."""
    found = []
    positions = iter([*at, math.inf])
    position = next(positions)
    for start, end in spans:
        begin = start
        while position < end:
            if position > begin:
                found.append(Span(begin, int(position)))
                begin = int(position)
            position = next(positions)
        found.append(Span(begin, end))
    return tuple(found)


def clauses(caption: str, sentence: Span) -> list[Span]:
    """The sentence cut at its semicolons, those inside a bracket within the sentence apart."""
    start, end = sentence
    depth, cut = 0, start
    base = 1 if caption[start] in "([" else 0
    found = []
    for index in range(start, end):
        char = caption[index]
        if char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == ";" and depth <= base:
            found.append(Span(cut, index))
            cut = index + 1
    return [span for span in (*found, Span(cut, end)) if caption[span.start : span.end].strip()]


def bracket_depths(text: str) -> list[int]:
    """How many brackets are open at each character; a bracket that is never closed counts as closed at once."""
    depths = [0] * len(text)
    opened: list[int] = []
    for index, char in enumerate(text):
        if char in "([":
            opened.append(index)
        elif char in ")]" and opened:
            start = opened.pop()
            if not opened:
                depths[start : index + 1] = [1] * (index + 1 - start)
    if opened:  # an outermost bracket without its partner: trust the pairs inside it
        return _depths_of_pairs(text)
    return depths


def _depths_of_pairs(text: str) -> list[int]:
    depths = [0] * len(text)
    opened: list[int] = []
    reached = 0
    pairs: list[tuple[int, int]] = []
    for index, char in enumerate(text):
        if char in "([":
            opened.append(index)
        elif char in ")]" and opened:
            pairs.append((opened.pop(), index))
    for start, end in sorted(pairs):
        if end >= reached:
            depths[max(start, reached) : end + 1] = [1] * (end + 1 - max(start, reached))
            reached = end + 1
    return depths


def _append(found: list[Span], caption: str, start: int, end: int) -> None:
    while start < end and caption[start].isspace():
        start += 1
    while end > start and caption[end - 1].isspace():
        end -= 1
    if start < end:
        found.append(Span(start, end))


def _ends_sentence(caption: str, start: int, stop: int, depths: list[int]) -> bool:
    """Whether the mark at ``stop`` ends the sentence that began at ``start``."""
    after = caption[stop + 1 : stop + 4]
    following = after.lstrip()
    if not after:
        return True
    if following[:1] in ".?!" and following:
        return False
    if not following:
        return True
    before = _WORD_BEFORE.search(caption, max(start, stop - _WORD_REACH), stop)
    word = before.group() if before else ""
    lone = len(word) == 1 and word.isalpha()
    if not after[0].isspace():
        # A lost space: "... lesions.All images", "... mice.(A) Normal", "(A-D).A. A typical".
        closed = caption[stop - 1] in ")]" or (len(word) > 2 and word[-2:].islower())
        return closed and (following[0].isupper() or following[0] in "([")
    if caption[stop] != ".":
        return not following[0].islower()
    if stop - start < _WORD_REACH and _LABELS_ALONE.fullmatch(caption, start, stop):
        return False  # "A. Normal gland", "A, B. Mean speeds": labels, not a sentence
    if not depths[stop - 1] and _CLOSED_LABEL.search(caption, max(start, stop - 8), stop):
        return False  # "... shows A). Large metastasis"
    if lone and _LISTED_LABEL.search(caption, max(start, stop - _WORD_REACH), stop):
        return False  # "...: A. Haematoxylin; B. Eosin": labels of a list
    if lone and word.isupper() and following[0].islower():
        return False  # "P. verrucosa"
    if word.lower().strip(".") in _ABBREVIATIONS or (word.count(".") and following[0].islower()):
        return False
    if following[0].islower():
        # A lower-case label ("b. representative") or a list of abbreviations ("bo, basioccipital; bs, ...") may open a
        # sentence; any other lower-case word goes on with it.
        return _SMALL_OPENING.match(caption, stop + 1) is not None
    return True
