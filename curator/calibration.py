"""Calibration: what an agent's confidence is worth, learned from what curators accepted.

Isotonic regression (Zadrozny and Elkan 2002) per level and agent: the share of right proposals as a rising function of
the confidence that the agent gave. A prior of pseudo-decisions on the diagonal keeps an agent's own word where persons
have decided little.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from curator.codec import Level, level_of
from curator.figure import Hierarchy, Node

PRIOR_POINTS = 21
"""Pseudo-decisions at 0, 0.05 ... 1, right as often as their confidence says. Each weighs as one decision: of 0.25 to 8
that is near the best with 20 and more decisions for agents that are far off, and costs one that is right all along 0.06
of mean error with 5 decisions (simulated)."""
FOLDS = 5  # the usual number; figures of one fold are measured with what the others taught
BINS = 10  # Guo et al. 2017 use 15 with 10,000 samples; a project has fewer


class Source(NamedTuple):
    """Whose confidence: calibrated apart, since each means another thing by it."""

    level: Level
    agent: str
    model: str | None


@dataclass(frozen=True, slots=True)
class Tally:
    """Decided proposals of one source with the same confidence."""

    confidence: float
    count: int
    right: int
    """How many of them were right."""
    fold: int = 0
    """0 to ``FOLDS`` - 1, the same for all proposals of a figure."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A rising map from raw confidence to the share of right ones; linear between its points, 0 to 1 on both axes."""

    raw: tuple[float, ...] = (0.0, 1.0)
    share: tuple[float, ...] = (0.0, 1.0)

    def __call__(self, confidence: float) -> float:
        import numpy as np

        return float(np.interp(confidence, self.raw, self.share))


def fit(tallies: Iterable[Tally]) -> Calibration:
    """The calibration that the decisions and the prior make together; without any decision the identity."""
    import numpy as np
    from scipy.optimize import isotonic_regression

    prior = np.linspace(0, 1, PRIOR_POINTS)
    decided = np.array([(tally.confidence, tally.count, tally.right) for tally in tallies]).reshape(-1, 3)
    raw, place = np.unique(np.concatenate([prior, decided[:, 0]]), return_inverse=True)
    count = np.bincount(place, np.concatenate([np.ones(PRIOR_POINTS), decided[:, 1]]))
    right = np.bincount(place, np.concatenate([prior, decided[:, 2]]))
    share = isotonic_regression(right / count, weights=count).x
    return Calibration(tuple(raw.tolist()), tuple(share.tolist()))


def calibrated(hierarchy: Hierarchy, calibrations: Mapping[Source, Calibration]) -> Hierarchy:
    """The hierarchy with each proposal's confidence as its source's calibration has it.

    The agent's own word is kept as ``raw_confidence``, and read from there where it was calibrated before. Nodes of a
    person, without confidence or of a source without calibration stay as they are.
    """

    def adjusted(node: Node) -> Node:
        provenance = node.provenance
        calibration = calibrations.get(source_of(node))
        raw = provenance.confidence if provenance.raw_confidence is None else provenance.raw_confidence
        if calibration is None or raw is None:
            return node
        return replace(node, provenance=replace(provenance, confidence=calibration(raw), raw_confidence=raw))

    return hierarchy.with_nodes(adjusted(node) for node in hierarchy.nodes())


def source_of(node: Node) -> Source:
    return Source(level_of(node), node.provenance.agent, node.provenance.model)


def cross_validated(tallies: Sequence[Tally]) -> list[Tally]:
    """The tallies with the confidence that the decisions of all other folds give them, as a new proposal's would be."""
    folds = {fold: fit(tally for tally in tallies if tally.fold != fold) for fold in {tally.fold for tally in tallies}}
    return [replace(tally, confidence=folds[tally.fold](tally.confidence)) for tally in tallies]


@dataclass(frozen=True, slots=True)
class Bin:
    """Decided proposals whose confidence lies in one tenth of 0 to 1."""

    expected: float
    """Their mean confidence."""
    count: int
    right: int

    @property
    def observed(self) -> float:
        return self.right / self.count


def reliability(tallies: Iterable[Tally]) -> list[Bin]:
    """Bins of equal width that hold any, lowest first; an exact tenth counts upwards, 1 to the last."""
    sums = [[0.0, 0, 0] for _ in range(BINS)]
    for tally in tallies:
        found = sums[min(int(tally.confidence * BINS + 1e-9), BINS - 1)]
        found[0] += tally.confidence * tally.count
        found[1] += tally.count
        found[2] += tally.right
    return [Bin(total / count, int(count), int(right)) for total, count, right in sums if count]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error (Naeini et al. 2015): the mean of |expected - observed| over proposals; 0 of none."""
    count = sum(found.count for found in bins)
    return sum(found.count * abs(found.expected - found.observed) for found in bins) / count if count else 0.0
