"""What holds for any text that is split as a caption."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from types import FrameType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agents.embedded.captions import CaptionSplit, split_caption
from curator.figure import Span


def test_confidence_is_higher_for_plain_labels_than_for_doubtful_ones() -> None:
    plain = split_caption("(A) Heart of the fish. (B) Liver of the fish.")
    doubtful = split_caption("The heart is shown in A, B.")

    assert 0 <= doubtful.confidence < plain.confidence <= 1


_PIECES = st.sampled_from(
    (
        *("(A)", "(B)", "(a, b)", "A-C", "A.", "b:", "(C", "C)", "panel D", "(i)", "1.", "2,", "n = 3", "credit a:"),
        *("arrows", "(white arrow)", "dashed box", "*", "left", "Left:", "(right)", "Cells", "are shown in", "and"),
        *("; ", ". ", ", ", " ", "\u2013", "((", "]"),
    )
)
_CAPTIONS = st.one_of(
    st.text(max_size=300), st.lists(_PIECES, max_size=40).map(" ".join), st.lists(_PIECES, max_size=40).map("".join)
)


@given(_CAPTIONS, st.lists(st.tuples(st.integers(-5, 400), st.integers(-5, 400)), max_size=5))
def test_any_text_gives_spans_inside_it_that_share_no_character(caption: str, bold: list[tuple[int, int]]) -> None:
    split = split_caption(caption, tuple(Span(*pair) for pair in bold))

    shared = [split.lead_spans, split.tail_spans, *(panel.spans for panel in split.panels)]
    for spans in [*shared, tuple(pointer.span for pointer in split.pointers)]:
        assert all(0 <= start < end <= len(caption) for start, end in spans)
    for spans in shared:
        assert all(before.end <= after.start for before, after in pairwise(spans))
    lead, tail = _characters(split.lead_spans), _characters(split.tail_spans)
    assert not lead & tail
    assert not any(_characters(panel.spans) & (lead | tail) for panel in split.panels)
    assert len({panel.label for panel in split.panels}) == len(split.panels)


def _characters(spans: tuple[Span, ...]) -> set[int]:
    return {index for start, end in spans for index in range(start, end)}


@given(_CAPTIONS)
@example("0 <b:aND:a)")
@example("Low signal on T1WI (A) and T2WI (B)")
def test_no_word_of_a_caption_is_lost_but_those_that_join_labels(caption: str) -> None:
    split = split_caption(caption)

    kept = _characters(split.lead_spans) | _characters(split.tail_spans)
    kept = kept.union(*(_characters(panel.spans) for panel in split.panels))
    words = re.finditer(r"[^\W_]+", caption)
    lost = {word[0].casefold() for word in words if any(index not in kept for index in range(*word.span()))}
    assert lost <= {"and", "or", "but", "while", "whereas", "with", "versus", "vs"}


ADVERSARIES = {
    "open brackets": "(",
    "closed brackets": ")",
    "pairs": "([)]",
    "labels": "A. ",
    "bracketed labels": "(A) x. ",
    "listed labels": "cells (A), ",
    "ranges": "A-B ",
    "arrows": "arrow ",
    "arrows in brackets": "(arrow ",
    "adjectives": "white and dashed ",
    "clauses": "a; ",
    "spaces": " ",
    "glossary": "bo, basi; ",
    "abbreviations": "F: follicle, CA: cyst; ",
    "numbered parts": ". (B1, 2",
    "lost full stops": "(A) x (B) y ",
    "bare letters": "x a b ",
    "labelled clauses": "(A) x; (B) y; ",
}


@pytest.mark.parametrize("unit", ADVERSARIES.values(), ids=ADVERSARIES.keys())
def test_work_grows_no_faster_than_the_caption(unit: str) -> None:
    short = _lines_run(partial(split_caption, (unit * 1500)[:1500]))
    long = _lines_run(partial(split_caption, (unit * 3000)[:3000]))

    assert long < 2.5 * short + 500


def _lines_run(work: Callable[[], CaptionSplit]) -> int:
    """Lines of Python that the work ran: a measure that does not depend on the machine."""
    count = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(previous)
    return count
