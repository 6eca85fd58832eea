"""Negative captions: one attribute changed, never true of the region."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.lvlm.regions.negatives import WANTED, Said, judge_negatives, missing_attributes
from agents.lvlm.regions.wording import may_mean_the_same
from curator.figure import Finding
from curator.wording import normalised, tokens

FINDING = Finding("small", "nodule", "left upper lobe")
DESCRIPTION = "A small, round nodule lies in the left upper lobe."


@pytest.mark.parametrize(
    "negative",
    [
        "A large, round nodule lies in the left upper lobe.",
        "An enlarged, round nodule lies in the left upper lobe.",
        "A small, round nodule lies in the right upper lobe.",
        "A small, round nodule lies in the right lower lobe.",
        "A small, round cyst lies in the left upper lobe.",
        "a SMALL round vessel lies in the left upper lobe",
        "A non-small, round nodule lies in the left upper lobe.",
    ],
)
def test_a_sentence_with_one_attribute_changed_is_a_negative(negative: str) -> None:
    judged = judge_negatives(DESCRIPTION, FINDING, [negative], ())
    assert judged.faults == ()
    assert judged.valid == (negative,)


@pytest.mark.parametrize(
    ("negative", "fault"),
    [
        ("", "it is empty"),
        ("a small round nodule lies in the left upper lobe", "it is the description itself"),
        (
            "A large, round nodule lies in the right upper lobe.",
            "its words differ from the description's by more than one of adjective, term and position",
        ),
        (
            "A large, round nodule was seen in the left upper lobe.",
            "its words differ from the description's by more than one of adjective, term and position",
        ),
        (
            "There is no pneumothorax.",
            "its words differ from the description's by more than one of adjective, term and position",
        ),
        (
            "A, round nodule lies in the left upper lobe.",
            "its words differ from the description's by more than one of adjective, term and position",
        ),
        ("A tiny, round nodule lies in the left upper lobe.", "'tiny' may be as true of the region as 'small'"),
        ("A very small, round nodule lies in the left upper lobe.", "'very small' may be as true of the region as "
         "'small'"),
        ("A small, round nodule lies in the upper lobe.", "'upper lobe' may be as true of the region as "
         "'left upper lobe'"),
        ("A small, round nodule lies in the upper left lobe.", "'upper left lobe' may be as true of the region as "
         "'left upper lobe'"),
        ("A small, round nodules lies in the left upper lobe.", "'nodules' may be as true of the region as 'nodule'"),
        ("A round, round nodule lies in the left upper lobe.", "'round' is said of the region in the description too"),
        ("A big calcified ring of bone around a round nodule lies in the left upper lobe.",
         "'big calcified ring of bone around a' says more than another adjective"),
        ("A calcified, round nodule lies in the left upper lobe.", "'calcified' is said in the caption's clause"),
        ("A spiculated, round nodule lies in the left upper lobe.", "'spiculated' is said in region 2"),
    ],
)  # fmt: skip
def test_what_is_no_negative_is_refused_with_its_reason(negative: str, fault: str) -> None:
    said = [
        Said("the caption's clause", "Arrows: calcified nodules"),
        Said("region 2", "A spiculated nodule touches the pleura."),
    ]
    judged = judge_negatives(DESCRIPTION, FINDING, [negative], said)
    assert judged.valid == ()
    assert judged.faults == (f"the negative {negative!r}: {fault}",)


def test_a_negative_counts_once() -> None:
    first, again = (
        "A large round nodule lies in the left upper lobe.",
        "a LARGE, round nodule lies in the left upper lobe",
    )
    judged = judge_negatives(DESCRIPTION, FINDING, [first, again], ())
    assert judged.valid == (first,)
    assert judged.faults == (f"the negative {again!r}: it is given twice",)


def test_no_more_than_five_are_kept() -> None:
    adjectives = ("large", "flat", "bilobed", "spiculated", "hollow", "fatty", "branching")
    judged = judge_negatives(DESCRIPTION, FINDING, [DESCRIPTION.replace("small", other) for other in adjectives], ())
    assert len(judged.valid) == WANTED
    assert judged.faults == ()


def test_an_attribute_named_twice_may_be_changed_in_both_places() -> None:
    finding = Finding("dark", "nucleus", "centre")
    description = "The dark nucleus in the centre is a nucleus in division."
    negative = description.replace("nucleus", "vacuole")
    assert judge_negatives(description, finding, [negative], ()).valid == (negative,)


def test_a_change_that_hits_two_attributes_is_refused() -> None:
    finding = Finding("left", "left kidney", "hilum")
    negative = "The right kidney is seen at the hilum."
    judged = judge_negatives("The left kidney is seen at the hilum.", finding, [negative], ())
    assert judged.faults == (f"the negative {negative!r}: changing the adjective changes another attribute too",)


@pytest.mark.parametrize(
    ("finding", "missing"),
    [
        (FINDING, ()),
        (Finding("Small", "NODULE", "left, upper lobe"), ()),
        (Finding("large", "nodule", "left lobe"), ("adjective", "position")),
        (Finding("", "nodule", "..."), ("adjective", "position")),
    ],
)
def test_attributes_stand_word_for_word_in_the_description(finding: Finding, missing: tuple[str, ...]) -> None:
    assert missing_attributes(DESCRIPTION, finding) == missing


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("hyperintense", "bright", True),
        ("oedematous", "edematous", True),
        ("tumour", "tumors", True),
        ("left lobe", "upper left lobe", True),
        ("lesion", "cyst", True),
        ("enhancing", "non-enhancing", False),
        ("hyperintense", "hypointense", False),
        ("well-defined", "ill-defined", False),
        ("right", "left", False),
    ],
)
def test_known_synonyms_and_vaguer_words_may_mean_the_same(first: str, second: str, same: bool) -> None:
    assert may_mean_the_same(tokens(first), tokens(second)) is same
    assert may_mean_the_same(tokens(second), tokens(first)) is same


WORDS = ("large", "flat", "bilobed", "fatty", "hollow", "cyst", "vein", "rib", "right lower lobe", "hilum", "apex")
texts = st.text(st.sampled_from("abc .,-'+8"), max_size=24)


@given(attribute=st.sampled_from(["small", "nodule", "left upper lobe"]), new=st.sampled_from(WORDS))
def test_any_one_attribute_may_be_changed_to_any_unlike_words(attribute: str, new: str) -> None:
    negative = DESCRIPTION.replace(attribute, new)
    assert judge_negatives(DESCRIPTION, FINDING, [negative], ()).valid == (negative,)


@given(
    changes=st.lists(
        st.tuples(st.sampled_from(["small", "nodule", "left upper lobe", "round", "lies"]), st.sampled_from(WORDS)),
        max_size=3,
    )
)
def test_a_kept_negative_differs_in_exactly_one_attribute(changes: list[tuple[str, str]]) -> None:
    negative = DESCRIPTION
    for old, new in changes:
        negative = negative.replace(old, new)
    judged = judge_negatives(DESCRIPTION, FINDING, [negative], ())
    names = (FINDING.adjective, FINDING.term, FINDING.position)
    lost = [name for name in names if normalised(name) not in normalised(negative)]
    if judged.valid:
        assert len(lost) == 1
        rest = normalised(DESCRIPTION).split(normalised(lost[0]))
        assert re.fullmatch(r"\S[\S ]*".join(map(re.escape, rest)), normalised(negative))
    else:
        assert len(judged.faults) == 1


@given(description=texts, adjective=texts, negatives=st.lists(texts, max_size=6))
def test_any_texts_are_judged_and_none_is_lost(description: str, adjective: str, negatives: list[str]) -> None:
    judged = judge_negatives(description, Finding(adjective, "b", "c"), negatives, ())
    assert len(judged.valid) == min(WANTED, len(negatives) - len(judged.faults))
    kept = [normalised(negative) for negative in judged.valid]
    assert len(set(kept)) == len(kept)
    assert normalised(description) not in kept
