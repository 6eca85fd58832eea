"""The assessor: how likely each open proposal is right, learned from what curators decided.

A logistic regression on the evidence (``curator.evidence``), with isotonic regression on top (Zadrozny and Elkan 2002)
fitted on what the others of five folds of figures say of each. Its prior is a logistic with weights set by hand; it
enters as an input and as pseudo-decisions, and fades as decisions come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from curator.calibration import FOLDS, PRIOR_POINTS, Calibration, Source, Tally, calibration_error, reliability
from curator.codec import Level, validated
from curator.confidence import figure_confidence
from curator.evidence import SIGNALS, Evidence, Lacking, evidence, lacking, numbers
from curator.figure import Figure, Hierarchy, flags
from curator.witnesses import disagreement

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LEVELS: Final[tuple[Level, ...]] = ("panel", "marker", "region")
_PRIOR_WEIGHTS: Final[Mapping[str, float]] = {
    "confidence": 1.0,
    "unseen": -1.0,
    "confirmed": 0.7,
    "loose": -1.0,
    "other_label": -1.0,
    "other_kind": -0.5,
    "unlabelled": -0.7,
    "unpromised": -1.0,
    "doubled": -1.2,
    "misplaced": -0.8,
    "overlapped": -1.5,
    "outside": -1.0,
    "homeless": -1.5,
    "wordless": -0.5,
    "unmarked": -0.2,
    "two_readings": -0.4,
    "missing": -0.5,
    "fit": 0.5,
}
"""Log-odds that each number of the evidence adds before there is any decision. Guess: signs are certain, sizes make one
fault weigh about as much as a confidence of 0.75 instead of 0.9. Samples add nothing: the confidence of the agent that
pooled them has them in it, and decisions tell whether they should weigh more."""
PRIOR_DECISIONS = 100.0
"""What the prior weighs against decisions. Measured with simulated curators, on other figures than the bench's: of 30
and 100 the better after 10 and 40 reviewed figures (log-loss 0.284 against 0.300 after 10), the same after 150."""
_PENALTY = 0.3
"""Inverse strength of the L2 penalty (scikit-learn's C). The best of 0.03, 0.1, 0.3 and 1 in the same measurement."""
_SURE = 0.005
"""The assessor is never surer than this of right or wrong: a fold without a wrong one is no proof. Guess."""
MAX_DECISIONS = 20_000
"""The newest so many are learned from: more add nothing that can be measured, only seconds."""
_MISSING_FIGURES = 3.0
"""Figures that the rates in ``Missing`` count for, before any was reviewed. Guess."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A proposal that a person decided on, with the evidence as it was before."""

    figure_id: str
    evidence: Evidence
    right: bool


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A figure that a person accepted: what it seemed to lack, and what had to be drawn."""

    figure_id: str
    lacking: Lacking
    panels_drawn: int
    others_drawn: int
    """Markers and regions."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Nodes that a person has to draw, to be expected of a figure: a rate for each thing that ``Lacking`` counts."""

    promised: float = 0.7
    panels: float = 0.02
    unmarked: float = 0.4
    markers: float = 0.02

    def of(self, found: Lacking) -> float:
        return (
            self.promised * found.promised
            + self.panels * found.panels
            + self.unmarked * found.unmarked
            + self.markers * found.markers
        )


@dataclass(frozen=True, slots=True)
class Assessed:
    """An assessor's word on one figure."""

    nodes: Mapping[str, float]
    """Confidence of each open proposal, 0 to 1, by its id."""
    confidence: float | None
    """Of the figure (``curator.confidence``)."""
    expected_errors: float
    """Wrong open proposals and missing nodes that a person would mend."""
    lacking: float
    """Of them, the missing nodes."""
    words: int
    """Of the caption, which a review reads."""
    disagreement: float
    """0 to 1 (``curator.witnesses.disagreement``)."""


@dataclass(frozen=True)
class Assessor:
    """Confidences from evidence; the same decisions make the same assessor. Plain numbers throughout."""

    sources: tuple[Source, ...] = ()
    """Agents with weights of their own; others have only those of all."""
    kinds: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    """Of the columns of ``_columns``; empty: the prior alone."""
    intercept: float = 0.0
    typical: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Means of the evidence of the decided proposals by level: what a reason is measured from."""
    calibration: Calibration = field(default_factory=Calibration)
    missing: Missing = Missing()
    decisions: int = 0
    """That it was fitted on."""
    figures: int = 0
    """Of so many."""
    of_decisions: int = 0
    """That there were when it was fitted: of many only the newest are learned from."""
    held_out: tuple[Tally, ...] = ()
    """The decisions it was fitted on, each by its fold and the confidence, to a percent, that the other folds give."""

    @classmethod
    def prior(cls) -> Assessor:
        """The one before any decision."""
        return cls()

    @classmethod
    def fit(cls, decided: Sequence[Decided], reviewed: Sequence[Reviewed] = ()) -> Assessor:
        """One fitted on the last ``MAX_DECISIONS`` decisions; the prior where there are none.

        ``reviewed``: figures that were closed, by which missing nodes are foretold.
        """
        newest = decided[-MAX_DECISIONS:]
        missing = _missing(reviewed)
        if not newest:
            return replace(cls.prior(), missing=missing)
        whole = _regression(newest)
        # what each fold's figures get from the others' decisions, as a new figure would
        folds = [crc32(one.figure_id.encode()) % FOLDS for one in newest]
        unseen: list[Tally] = []
        for fold in sorted(set(folds)):
            taught = _regression([one for one, other in zip(newest, folds, strict=True) if other != fold])
            held = [one for one, other in zip(newest, folds, strict=True) if other == fold]
            scores = taught.scores([one.evidence for one in held])
            unseen += [
                Tally(round(float(score), 3), 1, int(one.right), fold) for score, one in zip(scores, held, strict=True)
            ]
        return replace(
            whole,
            calibration=_isotonic(unseen),
            missing=missing,
            decisions=len(newest),
            figures=len({one.figure_id for one in newest}),
            held_out=_held_out(unseen),
        )

    @property
    def error(self) -> float:
        """Expected calibration error on the decisions that it had not seen (``curator.calibration``)."""
        return calibration_error(reliability(self.held_out))

    def __call__(self, found: Evidence) -> float:
        """Probability that the proposal is right, 0 to 1."""
        return float(self.confidences([found])[0])

    def confidences(self, found: Sequence[Evidence]) -> NDArray[np.float64]:
        """Probabilities that the proposals are right, shape (proposals,)."""
        import numpy as np

        scores = self.scores(found)
        if self.decisions:
            scores = np.interp(scores, self.calibration.raw, self.calibration.share)
        held: NDArray[np.float64] = np.clip(scores, _SURE, 1 - _SURE)
        return held

    def scores(self, found: Sequence[Evidence]) -> NDArray[np.float64]:
        """The same before the isotonic regression."""
        import numpy as np

        if not found:
            return np.zeros(0)
        odds = self.intercept + _columns(found, self.sources, self.kinds) @ self._weights
        scores: NDArray[np.float64] = 1 / (1 + np.exp(-odds))
        return scores

    def reasons(self, found: Evidence) -> list[tuple[str, float, float]]:
        """What moves the confidence away from the usual: (signal, its log-odds, its number - the usual), most first."""
        level = found.source.level
        usual = self.typical.get(level, (0.0,) * len(SIGNALS))
        blocks = self._weights[: (1 + len(_LEVELS)) * (1 + len(SIGNALS))].reshape(1 + len(_LEVELS), -1)
        of_prior, *own = (blocks[0] + blocks[1 + _LEVELS.index(level)]).tolist()
        moved = []
        for name, weight, number, mean in zip(SIGNALS, own, numbers(found), usual, strict=True):
            away = number - mean
            moved.append((name, (of_prior * _PRIOR_WEIGHTS.get(name, 0.0) + weight) * away, away))
        return sorted(moved, key=lambda item: -abs(item[1]))

    @cached_property
    def _weights(self) -> NDArray[np.float64]:
        import numpy as np

        if self.weights:
            return np.array(self.weights)
        return np.concatenate([[1.0], np.zeros((1 + len(_LEVELS)) * (len(SIGNALS) + 1) - 1)])


def assess(
    assessor: Assessor, figure: Figure, hierarchy: Hierarchy, others: Sequence[Hierarchy], fits: Mapping[str, float]
) -> Assessed:
    """What the assessor says of a figure as it stands; see ``curator.evidence.evidence`` for what it is told."""
    found = evidence(figure, hierarchy, others, fits)
    nodes = dict(zip(found, assessor.confidences(list(found.values())).tolist(), strict=True))
    missing = assessor.missing.of(lacking(figure, hierarchy))
    return Assessed(
        nodes,
        figure_confidence(overlaid(hierarchy, nodes), flags(hierarchy)),
        sum(1 - confidence for confidence in nodes.values()) + missing,
        missing,
        len(figure.caption.split()),
        disagreement(hierarchy, others),
    )


def overlaid(hierarchy: Hierarchy, confidences: Mapping[str, float]) -> Hierarchy:
    """The hierarchy with these confidences in place of the agents' own."""
    return hierarchy.with_nodes(
        replace(node, provenance=replace(node.provenance, confidence=confidences[node.id]))
        if node.id in confidences
        else node
        for node in hierarchy.nodes()
    )


def to_doc(assessor: Assessor) -> dict[str, Any]:
    """JSON-ready types."""
    return {**asdict(assessor), "signals": SIGNALS}


def from_doc(document: Mapping[str, Any]) -> Assessor | None:
    """The assessor of a document that ``to_doc`` made; None where its evidence is another version's.

    Raises:
        HierarchyError: a missing, unknown or ill-typed field.
    """
    known = dict(document)
    if tuple(known.pop("signals", ())) != SIGNALS:
        return None
    assessor: Assessor = validated(Assessor, known)
    return assessor


def _columns(found: Sequence[Evidence], sources: Sequence[Source], kinds: Sequence[str]) -> NDArray[np.float64]:
    """Shape (proposals, columns): prior and numbers of all, the same for each level alone, sources, kinds."""
    import numpy as np

    values = np.array([numbers(one) for one in found])
    prior = values @ np.array([_PRIOR_WEIGHTS.get(name, 0.0) for name in SIGNALS])
    shared = np.column_stack([prior, values])
    blocks = [shared]
    # a copy for each level learns how it differs from all (Daume 2007)
    blocks += [shared * np.array([[one.source.level == level] for one in found]) for level in _LEVELS]
    raw = values[:, SIGNALS.index("raw")]
    for source in sources:
        from_it = np.array([one.source == source for one in found], dtype=np.float64)
        blocks += [from_it[:, None], (from_it * raw)[:, None]]
    blocks += [np.array([[float(one.kind == kind)] for one in found]) for kind in kinds]
    return np.hstack(blocks)


def _regression(decided: Sequence[Decided]) -> Assessor:
    """The logistic regression alone."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    if not decided:
        return Assessor.prior()
    found = [one.evidence for one in decided]
    sources = tuple(sorted({one.source for one in found}, key=repr))
    kinds = tuple(sorted({one.kind for one in found if one.kind}))
    columns = _columns(found, sources, kinds)
    right = np.array([one.right for one in decided], dtype=np.float64)
    believed = Assessor.prior().scores(found)
    share = PRIOR_DECISIONS / len(decided)
    # each proposal stands there as right and as wrong, by what was decided and what the prior believes: both exist
    model = LogisticRegression(C=_PENALTY, max_iter=1000)
    model.fit(
        np.vstack([columns, columns]),
        np.repeat([1, 0], len(decided)),
        sample_weight=np.concatenate([right + share * believed, 1 - right + share * (1 - believed)]),
    )
    typical: dict[str, tuple[float, ...]] = {}
    for level in _LEVELS:
        of_level = [numbers(one) for one in found if one.source.level == level]
        if of_level:
            typical[level] = tuple(np.mean(of_level, axis=0).tolist())
    return Assessor(
        sources, kinds, tuple(model.coef_[0].tolist()), float(model.intercept_[0]), typical, decisions=len(decided)
    )


def _missing(reviewed: Sequence[Reviewed]) -> Missing:
    """Rates of what was drawn, the prior's own as if seen a few times."""

    prior = Missing()
    panels = _rates(
        [(one.lacking.promised, one.lacking.panels, one.panels_drawn) for one in reviewed],
        (prior.promised, prior.panels),
    )
    others = _rates(
        [(one.lacking.unmarked, one.lacking.markers, one.others_drawn) for one in reviewed],
        (prior.unmarked, prior.markers),
    )
    return Missing(*panels, *others)


def _rates(seen: Sequence[tuple[int, int, int]], before: tuple[float, float]) -> tuple[float, float]:
    """Least squares, never negative: of rows (first count, second count, drawn), what is drawn for one of each."""
    import numpy as np
    from scipy.optimize import nnls

    rows = np.array(seen, dtype=np.float64).reshape(-1, 3)
    pull = np.sqrt(_MISSING_FIGURES) * np.eye(2)
    found, _ = nnls(np.vstack([rows[:, :2], pull]), np.concatenate([rows[:, 2], pull @ np.array(before)]))
    return float(found[0]), float(found[1])


def _isotonic(tallies: Sequence[Tally]) -> Calibration:
    """As ``curator.calibration.fit``, but rising between the middles of its steps, so that no two scores get the same
    confidence unless they are the same (centred isotonic regression, Oron and Flournoy 2017)."""
    import numpy as np
    from scipy.optimize import isotonic_regression

    prior = np.linspace(0, 1, PRIOR_POINTS)
    scores = np.concatenate([prior, [tally.confidence for tally in tallies]])
    right = np.concatenate([prior, [tally.right / tally.count for tally in tallies]])
    weights = np.concatenate([np.ones(PRIOR_POINTS), [tally.count for tally in tallies]])
    raw, place = np.unique(scores, return_inverse=True)
    weight = np.bincount(place, weights)
    found = isotonic_regression(np.bincount(place, weights * right) / weight, weights=weight)
    starts = found.blocks[:-1]
    middles = np.add.reduceat(raw * weight, starts) / np.add.reduceat(weight, starts)
    return Calibration(tuple(middles.tolist()), tuple(found.x[starts].tolist()))


def _held_out(tallies: Sequence[Tally]) -> tuple[Tally, ...]:
    """The tallies as the decisions of all other folds calibrate them, to a percent; equal ones together."""
    sums: dict[tuple[int, int], list[int]] = {}
    for fold in {tally.fold for tally in tallies}:
        calibration = _isotonic([tally for tally in tallies if tally.fold != fold])
        for tally in tallies:
            if tally.fold == fold:
                place = sums.setdefault((fold, round(100 * calibration(tally.confidence))), [0, 0])
                place[0] += tally.count
                place[1] += tally.right
    return tuple(Tally(percent / 100, count, right, fold) for (fold, percent), (count, right) in sorted(sums.items()))
