"""Negative captions (RegionMed-CLIP): a region's description with one attribute changed, and never true of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, get_args

from agents.lvlm.regions.wording import holds, may_mean_the_same, places, says
from curator.figure import Finding
from curator.wording import tokens

WANTED = 5  # paper: RegionMed-CLIP trains with five a region
_WIDER = 2  # words by which a changed attribute may be longer; guess: more would say a second thing

Attribute: TypeAlias = Literal["adjective", "term", "position"]
Tokens: TypeAlias = tuple[str, ...]


class Said(NamedTuple):
    """A text that may be true of the region, and where it stands."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class JudgedNegatives:
    valid: tuple[str, ...]
    """At most five, in the order given."""
    faults: tuple[str, ...]
    """Why each of the others cannot be used, in words fit to be shown to a model."""


def missing_attributes(description: str, finding: Finding) -> tuple[Attribute, ...]:
    """The attributes whose words the description does not hold, one after the other."""
    words = tokens(description)
    return tuple(name for name, wanted in _attributes(finding) if not holds(words, wanted))


def judge_negatives(
    description: str, finding: Finding, negatives: Sequence[str], said: Sequence[Said]
) -> JudgedNegatives:
    """Which of the sentences are negatives of the description.

    Letter case and punctuation do not count, nor "a" before "an". A negative has the description's words but for
    exactly one attribute, whose new words are no synonym of the old ones, neither more nor less exact than they, and
    stand nowhere in the description or in ``said`` (the caption's clause, what is said of like regions). It is given
    once.
    """
    valid: list[str] = []
    faults: list[str] = []
    met: set[Tokens] = set()
    for negative in negatives:
        words = _without_an(tokens(negative))
        fault = "it is given twice" if words in met else _fault(_without_an(tokens(description)), finding, words, said)
        met.add(words)
        if fault:
            faults.append(f"the negative {negative!r}: {fault}")
        else:
            valid.append(negative.strip())
    return JudgedNegatives(tuple(valid[:WANTED]), tuple(faults))


def _fault(description: Tokens, finding: Finding, negative: Tokens, said: Sequence[Said]) -> str:
    """Why these are not the words of a negative; "" where they are."""
    if not negative:
        return "it is empty"
    if negative == description:
        return "it is the description itself"
    changes = [change for change in _changes(description, finding, negative) if change.new]
    if not changes:
        return "its words differ from the description's by more than one of adjective, term and position"
    kept = [change for change in changes if _keeps_others(finding, change.attribute, negative)]
    if not kept:
        return f"changing the {changes[0].attribute} changes another attribute too"
    change = kept[0]
    new = " ".join(change.new)
    if len(change.new) > len(change.old) + _WIDER:
        return f"{new!r} says more than another {change.attribute}"
    if may_mean_the_same(change.old, change.new):
        return f"{new!r} may be as true of the region as {' '.join(change.old)!r}"
    if says(description, change.new):
        return f"{new!r} is said of the region in the description too"
    return next((f"{new!r} is said in {where}" for where, text in said if says(tokens(text), change.new)), "")


class _Change(NamedTuple):
    attribute: Attribute
    old: Tokens
    new: Tokens


def _changes(description: Tokens, finding: Finding, negative: Tokens) -> Iterator[_Change]:
    """Every way to make the negative by giving other words to one attribute, wherever the description names it."""
    for name, old in _attributes(finding):
        found = places(description, old)
        together = [tuple(found)] if len(found) > 1 else []
        for starts in (*((start,) for start in found), *together):
            new = _replacement(description, old, starts, negative)
            if new is not None:
                yield _Change(name, old, new)


def _replacement(description: Tokens, old: Tokens, starts: tuple[int, ...], negative: Tokens) -> Tokens | None:
    """The words that stand in the negative where the description has ``old`` at ``starts``; None where the other words
    differ."""
    grown, rest = divmod(len(negative) - len(description), len(starts))
    length = len(old) + grown
    if rest or length < 0:
        return None
    first = starts[0]
    new = negative[first : first + length]
    made: list[str] = []
    last = 0
    for start in starts:
        made += [*description[last:start], *new]
        last = start + len(old)
    made += description[last:]
    return new if tuple(made) == negative else None


def _keeps_others(finding: Finding, changed: Attribute, negative: Tokens) -> bool:
    return all(holds(negative, wanted) for name, wanted in _attributes(finding) if name != changed)


def _attributes(finding: Finding) -> list[tuple[Attribute, Tokens]]:
    return [(name, _without_an(tokens(getattr(finding, name)))) for name in get_args(Attribute)]


def _without_an(words: Tokens) -> Tokens:
    """With "a" for "an", which follows the next word's sound and says nothing."""
    return tuple("a" if word == "an" else word for word in words)
