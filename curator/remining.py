"""Mining again what the agents are not sure of: which way is tried next, and which of its proposals replace the old."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass
from typing import Final

from curator.agreement import LEVELS, present
from curator.codec import Level, level_of
from curator.figure import Hierarchy, State, flags

BETTER_BY: Final = 0.5
"""How many right proposals more, less the wrong ones, the new ones of a level must promise. Guess: half a proposal, so
that the rounding of confidences changes nothing."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of mining a figure again."""

    name: str
    title: str
    agent: str
    """Whom ``ui.mining.mine.mine_figures`` asks; "" for the model that the settings name."""
    harder: bool = False
    """Whether the model is shown more views and examples, and told what is doubted."""


WAYS: Final[tuple[Way, ...]] = (
    Way("scales", "embedded agent at several scales", "embedded-scales"),
    Way("model", "the model", ""),
    Way("harder", "the model with more views and examples, told what is doubted", "", harder=True),
    Way("consensus", "consensus of all minings", "consensus"),
)
"""From what costs little to what costs much, and at last what they say together."""


def next_way(tried: Collection[str], with_model: bool, minings: int) -> Way | None:
    """The next way for a figure of which some were ``tried``; None where none is left.

    ``with_model``: whether the settings name one. ``minings``: of how many agents there are minings of the figure.
    """
    for way in WAYS:
        if way.name in tried or (way.agent == "" and not with_model) or (way.name == "consensus" and minings < 2):
            continue
        return way
    return None


def worth(hierarchy: Hierarchy, confidences: Mapping[str, float]) -> dict[Level, float]:
    """By level: how many proposals are right, less how many are wrong or missing, as far as confidences tell.

    A wrong proposal costs the curator about what a right one saves. What persons decided counts as right; a node that
    ``confidences`` (by its id) says nothing of counts for nothing.
    """
    found = dict.fromkeys(LEVELS, 0.0)
    for node in present(hierarchy):
        confidence = 1.0 if node.state.verified else confidences.get(node.id, 0.5)
        found[level_of(node)] += 2 * confidence - 1
    found["panel"] -= sum(flag.code == "missing_label" for flag in flags(hierarchy))
    return found


def better_levels(
    before: Mapping[Level, float], after: Mapping[Level, float], decided: Set[Level] = frozenset()
) -> frozenset[Level]:
    """The levels of which the new proposals are worth more; see ``worth``.

    Markers and regions hang in panels: where the new panels are worth clearly less, nothing below them is taken. That
    says nothing where a person has ``decided`` on panels: those count in full, and stay.
    """
    if "panel" not in decided and after["panel"] < before["panel"] - BETTER_BY:
        return frozenset()
    return frozenset(level for level in LEVELS if after[level] > before[level] + BETTER_BY)


def decided_levels(hierarchy: Hierarchy) -> frozenset[Level]:
    """Levels with a node that a person decided."""
    return frozenset(level_of(node) for node in hierarchy.nodes() if node.state != State.PROPOSED)
