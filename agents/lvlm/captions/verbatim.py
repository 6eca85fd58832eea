"""Finds a model's quotes in a caption: the caption's own words, however spaces, quotes and dashes are written."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from curator.figure import Span

_SINGLE_QUOTES = frozenset("\u2018\u2019\u201a\u201b\u2032\u02bc\u0060\u00b4")
_DOUBLE_QUOTES = frozenset("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb")
_DASHES = frozenset("\u2212\u2043\ufe63\uff0d")  # beside those that Unicode calls dashes
_END_MARKS = ".,;:"


class Quotable:
    """A text in which quotes are looked up."""

    def __init__(self, text: str) -> None:
        self._folded, self._at = _folded(text)
        self._lower = self._folded.lower()

    def places(self, quote: str) -> tuple[Span, ...]:
        """Every place of the text that says the quote word for word, in order; () where none does.

        White space, typographic quotes and dashes, and the several encodings of one character count as equal. Only
        where the quote is not found so, capitals count as small letters too, and then its closing punctuation is left
        out. A place never begins or ends inside a word.
        """
        wanted = _folded(quote)[0].strip()
        for sought in dict.fromkeys((wanted, wanted.rstrip(_END_MARKS))):
            found = tuple(self._find(self._folded, sought)) or tuple(self._find(self._lower, sought.lower()))
            if found:
                return found
        return ()

    def _find(self, text: str, sought: str) -> Iterator[Span]:
        if not any(char.isalnum() for char in sought):
            return
        start = text.find(sought)
        while start >= 0:
            end = start + len(sought)
            if not _inside_word(text, start) and not _inside_word(text, end):
                yield Span(self._at[start], self._at[end - 1] + 1)
            start = text.find(sought, start + 1)


@lru_cache(maxsize=64)  # the captions that are being worked on, so that each is folded once
def quotable(text: str) -> Quotable:
    return Quotable(text)


def _folded(text: str) -> tuple[str, list[int]]:
    """The text in plain characters, and for each of them where it stands in the text."""
    out: list[str] = []
    at: list[int] = []
    for index, char in enumerate(text):
        for plain in _plain(char):
            if plain == " " and out and out[-1] == " ":
                continue
            out.append(plain)
            at.append(index)
    return "".join(out), at


def _plain(char: str) -> str:
    if char in _SINGLE_QUOTES:
        return "'"
    if char in _DOUBLE_QUOTES:
        return '"'
    category = unicodedata.category(char)
    if category == "Pd" or char in _DASHES:
        return "-"
    if char.isspace():
        return " "
    return "" if category == "Cf" else unicodedata.normalize("NFKD", char)  # Cf: soft hyphens, zero-width marks


def _inside_word(text: str, index: int) -> bool:
    return 0 < index < len(text) and _of_word(text[index - 1]) and _of_word(text[index])


def _of_word(char: str) -> bool:
    return char.isalnum() or unicodedata.combining(char) != 0
