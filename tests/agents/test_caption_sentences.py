"""Where sentences and clauses of captions end."""

from __future__ import annotations

import pytest

from agents.embedded.caption_sentences import bracket_depths, clauses, cut, sentences
from curator.figure import Span


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("One cell. Two cells.", ["One cell.", "Two cells."]),
        ("The cells (A-D).A. A neuron.", ["The cells (A-D).", "A. A neuron."]),
        ("Eggs of P. verrucosa in Fig. 3 at 0.5 mm. Adults.", ["Eggs of P. verrucosa in Fig. 3 at 0.5 mm.", "Adults."]),
        ("A, B. Mean speeds. C. Changes.", ["A, B. Mean speeds.", "C. Changes."]),
        ("It shows A). Large cyst.", ["It shows A). Large cyst."]),
        ("A graph (left. Then right). Next.", ["A graph (left. Then right).", "Next."]),
        ("An open bracket (never closed. Next.", ["An open bracket (never closed.", "Next."]),
        ("1. Loop 2. Cut 3. Removal", ["1. Loop", "2. Cut", "3. Removal"]),
        ("A skull. bo, occipital; fr, frontal; pt, wing.", ["A skull.", "bo, occipital; fr, frontal; pt, wing."]),
        ("Really? Yes! Good", ["Really?", "Yes!", "Good"]),
        (" \n ", []),
    ],
    ids=[
        "plain", "lost space", "abbreviations and numbers", "labels", "closed label", "inside brackets",
        "unclosed bracket", "numbered", "glossary", "other marks", "only space",
    ],
)  # fmt: skip
def test_sentences(caption: str, expected: list[str]) -> None:
    assert [caption[start:end] for start, end in sentences(caption)] == expected


def test_clauses_are_cut_at_semicolons_outside_brackets() -> None:
    caption = "one (a; b); two; three"

    assert [caption[start:end].strip() for start, end in clauses(caption, Span(0, len(caption)))] == [
        "one (a; b)",
        "two",
        "three",
    ]


def test_a_sentence_in_brackets_is_cut_inside_them() -> None:
    caption = "(credit a: Doe; credit b: Roe)"

    assert [caption[start:end].strip() for start, end in clauses(caption, Span(0, len(caption)))] == [
        "(credit a: Doe",
        "credit b: Roe)",
    ]


def test_depths_ignore_brackets_without_a_partner() -> None:
    assert bracket_depths("a) (b) (c") == [0, 0, 0, 1, 1, 1, 0, 0, 0]


def test_cut_divides_spans_at_positions_inside_them() -> None:
    assert cut((Span(0, 10), Span(12, 20)), [0, 4, 11, 15]) == (Span(0, 4), Span(4, 10), Span(12, 15), Span(15, 20))
