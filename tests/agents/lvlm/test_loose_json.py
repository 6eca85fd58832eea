"""JSON in whatever surrounds it: what is standard is read as the standard says, the rest by the stated rules."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.lvlm.asking.loose_json import (
    BARE_KEYS,
    COMMENTS,
    ESCAPES,
    INNER_QUOTES,
    LINE_BREAKS,
    PYTHON_WORDS,
    SINGLE_QUOTES,
    UNCLOSED,
    find_json,
)

STEADY = settings(deadline=None, derandomize=True)
scalars = st.none() | st.booleans() | st.integers(-9999, 9999) | st.text(max_size=12)
documents = st.dictionaries(st.text(max_size=6), st.lists(scalars | st.dictionaries(st.text(max_size=6), scalars)))
prose = st.text(alphabet="abc .,:;()'\"\n*", max_size=20)


@STEADY
@given(document=documents, before=prose, after=prose)
def test_a_document_is_found_in_prose_as_it_was_written(document: object, before: str, after: str) -> None:
    search = find_json(before + json.dumps(document) + after, closed=True)
    assert [found.value for found in search.found] == [document]
    assert search.found[0].repairs == ()
    assert not search.cut
    assert search.broken == ""


@STEADY
@given(document=documents)
def test_python_writes_it_so_that_it_can_be_read(document: dict[str, object]) -> None:
    text = repr(document)
    search = find_json(text, closed=True)
    if not search.broken and not any(sign in json.dumps(document) for sign in ("'", '\\"', "\\")):
        assert [found.value for found in search.found] == [document]


@pytest.mark.parametrize(
    ("text", "value", "rules"),
    [
        ("{'a': None, 'b': True}", {"a": None, "b": True}, (SINGLE_QUOTES, PYTHON_WORDS)),
        ("{'a': 'the cell's wall'}", {"a": "the cell's wall"}, (SINGLE_QUOTES, INNER_QUOTES)),
        ('{"a": "the "red" one"}', {"a": 'the "red" one'}, (INNER_QUOTES,)),
        ('{"a": "two\nlines"}', {"a": "two\nlines"}, (LINE_BREAKS,)),
        ('{"a": "5 \\mu m"}', {"a": "5 \\mu m"}, (ESCAPES,)),
        ('{a: "\\u00b5\\n\\"m\\""}', {"a": '\u00b5\n"m"'}, (BARE_KEYS,)),
        ('{"a": [1, 2.5, -3e2, .5] // four\n}', {"a": [1, 2.5, -300.0, 0.5]}, (COMMENTS,)),
        ('{"a": [{"b": 1}, {"b": 2}', {"a": [{"b": 1}, {"b": 2}]}, (UNCLOSED,)),
        ('{"a": [{"b": 1}],', {"a": [{"b": 1}]}, (UNCLOSED,)),
    ],
    ids=[
        "Python",
        "apostrophe",
        "quotes inside",
        "line break",
        "TeX",
        "bare key and escapes",
        "comment",
        "unclosed",
        "unclosed list",
    ],
)
def test_other_notations_are_read_by_a_stated_rule(text: str, value: object, rules: tuple[str, ...]) -> None:
    (found,) = find_json(text, closed=True).found
    assert found.value == value
    assert set(found.repairs) == set(rules)


@pytest.mark.parametrize(
    "text",
    ['{"a": [{"b": {"c": 1}', '{"a": [{"b": 1}, {', '{"a": 1', '{"a": [1, 2]', '{"a": "x"', '{"a', '[{"b": tru'],
)
def test_what_ends_within_an_item_is_cut(text: str) -> None:
    search = find_json(text, closed=True)
    assert search.cut
    assert search.found == ()


def test_nothing_is_closed_where_the_limit_cut_it() -> None:
    assert find_json('{"a": [{"b": 1}', closed=False).cut


def test_prose_in_brackets_is_passed_over_and_broken_json_is_said() -> None:
    search = find_json('As in {the figure} and [see below]: {"a": 1 2}, then {"b": 3}', closed=True)
    assert [found.value for found in search.found] == [{"b": 3}]
    assert search.broken.startswith("'2' stands where a comma or '}' is due (near 'see below]: ")


def test_deep_brackets_end_without_a_crash() -> None:
    assert find_json("[" * 100_000 + "]" * 100_000, closed=True).broken == "brackets are nested more than 20 deep"
