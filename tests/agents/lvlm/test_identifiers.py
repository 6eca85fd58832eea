"""Identifiers are read as printed, and none is invented."""

from __future__ import annotations

import pytest

from agents.lvlm.panels.identifiers import identifier_key, invented, read_identifier


@pytest.mark.parametrize(
    ("text", "known", "label"),
    [
        ("A", (), "A"),
        ("(b)", (), "b"),
        ("[C].", (), "C"),
        (" d) ", (), "d"),
        ("iv", (), "iv"),
        ("A1", (), "A1"),
        ("B-ii", (), "B-ii"),
        ("12", (), "12"),
        ("aa", (), "aa"),
        ("A'", (), "A'"),
        ("B\u2033", (), "B\u2033"),
        ("'C'", (), "C"),
        (None, ("A",), None),
        ("", (), None),
        ("null", (), None),
        ("N/A", (), None),
        ("GFP", ("A",), None),
        ("Control", (), None),
        ("left", ("left", "right"), "left"),
        ("WT", ("WT", "KO"), "WT"),
        ("?", (), None),
    ],
)
def test_a_label_is_what_is_printed_or_nothing(text: str | None, known: tuple[str, ...], label: str | None) -> None:
    assert read_identifier(text, known) == label


@pytest.mark.parametrize(
    ("labels", "known", "wrong"),
    [
        pytest.param("A B C", "A B C", "", id="promised"),
        pytest.param("a b", "A B", "", id="in another case"),
        pytest.param("A B C D", "A B C", "", id="the next one"),
        pytest.param("A B C D E", "A B C", "", id="the next two"),
        pytest.param("E", "A B C", "E", id="one too far"),
        pytest.param("A B C", "B C", "", id="the one before"),
        pytest.param("A B C", "A C", "", id="one between"),
        pytest.param("A Q Z", "A B", "Q Z", id="from nowhere"),
        pytest.param("A1 A2 Bii", "A B", "", id="parts of known ones"),
        pytest.param("A B", "A1 A2 B1", "", id="wholes of known parts"),
        pytest.param("A A' A'' B'", "A B", "", id="primes of known ones"),
        pytest.param("A Q'", "A B", "Q'", id="a prime of an unknown one"),
        pytest.param("X1", "A B", "X1", id="a part of an unknown one"),
        pytest.param("i ii iii", "i ii", "", id="roman"),
        pytest.param("1 2 3", "1 2", "", id="numbers"),
        pytest.param("7", "A B", "7", id="a number among letters"),
        pytest.param("A B C", "", "", id="nothing known, from the beginning"),
        pytest.param("D E", "", "D E", id="nothing known, from the middle"),
        pytest.param("aa bb", "y z", "", id="doubled letters after z"),
        pytest.param("", "A", "", id="none"),
        pytest.param("Q Q", "A", "Q", id="each wrong one is told once"),
    ],
)
def test_labels_need_something_that_speaks_for_them(labels: str, known: str, wrong: str) -> None:
    assert invented(labels.split(), known.split()) == wrong.split()


def test_primes_tell_labels_apart_and_case_and_brackets_do_not() -> None:
    assert identifier_key("(A)") == identifier_key("a") == "a"
    assert len({identifier_key(label) for label in ("A", "A'", "A''", "B'")}) == 4
    assert identifier_key("(A\u2019\u2019)") == identifier_key('a"') == "a''"
    assert identifier_key("'") == ""
