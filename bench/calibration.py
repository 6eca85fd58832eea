"""How well confidences are calibrated on decisions that nothing was fitted on: agents' own, isotonic, the assessor's.

Simulated curators review drawn figures whose proposals err; the evidence of each decision is read off the event log.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.stand_ins.curators import SimulatedCurator
from curator.assessor import Assessor, Decided
from curator.calibration import Calibration, Source, Tally, calibration_error, fit, reliability
from curator.evidence import numbers
from data.store import Store
from runs.review.corpora import Truths
from runs.review.project import fill
from runs.tables import interval

SEEDS = (51, 52, 53, 54, 55)
FIGURES = 300
LEARNED = (10, 40, 150)
"""Figures that were reviewed first; the rest after the last of these are held out."""
DRAWN = Path("var/review")

Confidences = NDArray[np.float64]
Way = Callable[[Sequence[Decided], Sequence[Decided]], Confidences]
"""Confidences of the second decisions' proposals, learned from the first."""


class Scores(NamedTuple):
    error: float
    """Expected calibration error, ten bins."""
    log_loss: float
    auc: float
    """Area under the ROC curve."""


def run() -> None:
    found: dict[tuple[str, int], list[Scores]] = defaultdict(list)
    held_out = 0
    for seed in SEEDS:
        figures = decided_by_figure(seed)
        tested = [one for figure in figures[max(LEARNED) :] for one in figure]
        held_out += len(tested)
        for count in LEARNED:
            learned = [one for figure in figures[:count] for one in figure]
            for name, way in WAYS.items():
                found[name, count].append(scores(way(learned, tested), [one.right for one in tested]))
    print(f"{len(SEEDS)} corpora of {FIGURES} figures, {held_out:,} held-out decisions; means and 95 % intervals\n")
    print("| confidence | reviewed figures | calibration error | log-loss | AUC |")
    print("|---|---|---|---|---|")
    for (name, count), of_seeds in found.items():
        learns = name not in ("agent's own", "assessor before any decision")
        if learns or count == LEARNED[0]:
            cells = [f"{mean:.3f} ± {half:.3f}" for mean, half in map(interval, zip(*of_seeds, strict=True))]
            print(f"| {name} | {count if learns else '-'} | {' | '.join(cells)} |")


def decided_by_figure(seed: int) -> list[tuple[Decided, ...]]:
    """Every figure's decisions, in the order in which a curator made them."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.connections.db.conn.execute("pragma synchronous = off")
        known = fill(store, Truths(FIGURES, seed), DRAWN, noise_seed=seed)
        curator = SimulatedCurator(known)
        figure_ids = list(known)
        np.random.default_rng(seed).shuffle(figure_ids)
        for figure_id in figure_ids:
            stored = store.reviews.load(figure_id, 0.0)
            work = curator.review(stored)
            store.reviews.decide(figure_id, stored.revision, work.commands, "ann", 0.0, work.seconds)
        by_figure = defaultdict(list)
        for one in store.decisions.learned().decided:
            by_figure[one.figure_id].append(one)
        store.close()
    return [tuple(by_figure[figure_id]) for figure_id in figure_ids]


def scores(confidences: Confidences, right: Sequence[bool]) -> Scores:
    from sklearn.metrics import log_loss, roc_auc_score

    tallies = [Tally(float(sure), 1, int(is_right)) for sure, is_right in zip(confidences, right, strict=True)]
    error = calibration_error(reliability(tallies))
    return Scores(error, float(log_loss(right, confidences)), float(roc_auc_score(right, confidences)))


def _own(_: Sequence[Decided], tested: Sequence[Decided]) -> Confidences:
    shares: Confidences = 1 / (1 + np.exp(-np.array([one.evidence.confidence for one in tested])))
    return shares


def _isotonic(learned: Sequence[Decided], tested: Sequence[Decided]) -> Confidences:
    tallies: dict[Source, list[Tally]] = defaultdict(list)
    for sure, one in zip(_own((), learned), learned, strict=True):
        tallies[one.evidence.source].append(Tally(float(sure), 1, int(one.right)))
    calibrations = {source: fit(of_source) for source, of_source in tallies.items()}

    def calibrated() -> Iterator[float]:
        for sure, one in zip(_own((), tested), tested, strict=True):
            yield calibrations.get(one.evidence.source, Calibration())(float(sure))

    return np.clip(list(calibrated()), 0.005, 0.995)


def _prior(_: Sequence[Decided], tested: Sequence[Decided]) -> Confidences:
    return Assessor.prior().confidences([one.evidence for one in tested])


def _assessor(learned: Sequence[Decided], tested: Sequence[Decided]) -> Confidences:
    return Assessor.fit(learned).confidences([one.evidence for one in tested])


def _boosting(learned: Sequence[Decided], tested: Sequence[Decided]) -> Confidences:
    """What the assessor might have been: trees on the same evidence, without prior and isotonic regression."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    right = [one.right for one in learned]
    if len(set(right)) < 2:
        return np.full(len(tested), 0.5)
    model = HistGradientBoostingClassifier(max_iter=60, max_depth=3, min_samples_leaf=10, random_state=0)
    model.fit(_table(learned), right)
    shares: Confidences = np.clip(model.predict_proba(_table(tested))[:, 1], 0.005, 0.995)
    return shares


def _table(decided: Sequence[Decided]) -> NDArray[np.float64]:
    levels = ("panel", "marker", "region")
    return np.array([(levels.index(one.evidence.source.level), *numbers(one.evidence)) for one in decided])


WAYS: dict[str, Way] = {
    "agent's own": _own,
    "isotonic": _isotonic,
    "assessor before any decision": _prior,
    "assessor": _assessor,
    "boosted trees": _boosting,
}
