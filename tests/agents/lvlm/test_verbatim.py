"""Quotes in a caption: the same words, however they are set."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.lvlm.captions.verbatim import Quotable
from curator.figure import Span


@pytest.mark.parametrize(
    ("text", "quote", "places"),
    [
        ("white  arrows\nindicate", "white arrows indicate", [Span(0, 22)]),
        ("the cell\u2019s \u201cnucleus\u201d", 'cell\'s "nucleus"', [Span(4, 20)]),
        ("IL\u20116 (\u221220 \u00b0C)", "IL-6 (-20 °C)", [Span(0, 13)]),
        ("5 \u00b5m", "5 \u03bcm", [Span(0, 4)]),
        ("cafe\u0301 au lait", "caf\u00e9", [Span(0, 5)]),
        ("soft\u00adhyphen", "softhyphen", [Span(0, 11)]),
        ("white arrows; cells", "White arrows.", [Span(0, 12)]),
        ("A cell, a cell", "a cell", [Span(8, 14)]),
        ("cells and a cell", "cell", [Span(12, 16)]),
        ("cells", "cell", []),
        ("a cell", "the cell", []),
        ("a cell", "...", []),
        ("a cell", "", []),
    ],
)
def test_quotes_are_found_word_for_word_however_they_are_set(text: str, quote: str, places: list[Span]) -> None:
    assert list(Quotable(text).places(quote)) == places


words = st.text(st.sampled_from("ab A\u00e9\u00b5\u2019\u2013\ufb01\u00ad .,\n"), max_size=30)


@given(text=words, start=st.integers(0, 30), length=st.integers(1, 30))
def test_any_whole_words_of_a_text_are_found_where_they_stand(text: str, start: int, length: int) -> None:
    quote = text[start : start + length]
    end = start + len(quote)
    whole = not (start and text[start - 1 : start + 1].isalnum()) and not text[end - 1 : end + 1][1:].isalnum()
    found_at = Quotable(text).places(quote)
    if whole and any(char.isalnum() for char in quote) and "\u00ad" not in text:
        assert any(span.start <= start + len(quote) - len(quote.lstrip()) and span.end <= end for span in found_at)
    for span in found_at:
        assert 0 <= span.start < span.end <= len(text)
