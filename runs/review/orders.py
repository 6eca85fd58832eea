"""What an order of review is worth: errors mended over a curator's time, in default order and others.

python -m runs.review.orders --size cpu
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TypeAlias

import numpy as np

from bench.shared import present
from bench.stand_ins.curators import SimulatedCurator
from curator.figure import Hierarchy
from data.store import Store
from runs.review.corpora import Truths
from runs.review.mined import MinedCorpus
from runs.review.project import fill
from runs.review.published import PublishedCorpus
from runs.review.sessions import Curve, by_ingest, curve_of, looped
from runs.tables import interval

SEEDS = (51, 52, 53, 54, 55)
"""Of the corpora that are reported on. Strategies and stand-ins were tuned on 71 and 72."""
MINED_SEEDS = (81, 82, 83, 84, 85)
"""The same, of those that the embedded agent mined. Its detector of markers was tuned on 32, 71 and 201."""
EFFORTS = (0.1, 0.2, 0.5)
GOAL_AT = 0.2
_LOTS = 200  # random orders, of which the mean is taken
LOOPED = {
    "default": "default",
    "least sure, by the assessor": "least_confident",
}
"""Orders that learn from what was decided so far; by their name in the table."""

Fill: TypeAlias = Callable[[Store, int], dict[str, Hierarchy]]
"""Makes the project of a seed; the truth of each figure by its id."""


@dataclass(frozen=True, slots=True)
class Size:
    figures: int
    mined_figures: int
    """Of the corpus that the embedded agent mined."""
    seeds: tuple[int, ...]
    mined_seeds: tuple[int, ...]
    every: int
    """Figures between two fits of the assessor. Beside the page it learns more often: every 20 decisions, then 10 %."""
    mined_every: int
    """The same, of the corpus that the embedded agent mined."""


SIZES = {
    "cpu": Size(300, 120, SEEDS, MINED_SEEDS, every=25, mined_every=10),
    "tiny": Size(12, 8, (71, 72), (71, 72), every=5, mined_every=3),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One seed: the curve of each order, random ones as the mean of many."""

    curves: Mapping[str, Sequence[Curve]]
    nodes: int
    """That are true."""

    def mended(self, order: str, effort: float) -> float:
        return fmean(curve.mended_at(effort) for curve in self.curves[order])

    def an_hour(self, order: str, effort: float) -> float:
        """Errors mended in each hour of so much effort."""
        curve = self.curves[order][0]
        hours = effort * float(curve.seconds.sum()) / 3600
        return float(curve.mended.sum()) * self.mended(order, effort) / hours

    def area(self, order: str) -> float:
        return fmean(curve.area() for curve in self.curves[order])

    def wrong_left(self, order: str, effort: float) -> float:
        """Errors that are left, over true nodes."""
        errors = int(self.curves[order][0].mended.sum())
        return errors * (1 - self.mended(order, effort)) / self.nodes


def session(seed: int, make: Fill, every: int) -> Outcome:
    """Every order on the same figures with the same errors."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        known = make(store, seed)
        first, sure = by_ingest(store, SimulatedCurator(known), known)
        store.close()
    rng = np.random.default_rng(seed)
    rates = first.mended / first.seconds
    curves: dict[str, Sequence[Curve]] = {
        "random": [first.in_order(rng.permutation(len(known))) for _ in range(_LOTS)],
        "first in, first out": [first],
        "least sure, by the agent": [first.in_order(np.argsort(sure, kind="stable"))],
    }
    for name, strategy in LOOPED.items():
        with tempfile.TemporaryDirectory() as folder:
            store = Store(Path(folder))
            known = make(store, seed)
            curves[name] = [curve_of(looped(store, SimulatedCurator(known), strategy, every))]
            store.close()
    curves["who knows the errors"] = [first.in_order(np.argsort(-rates, kind="stable"))]
    return Outcome(curves, sum(len(list(truth.nodes())) for truth in known.values()))


def table(outcomes: Sequence[Outcome]) -> str:
    """A line an order, mean and interval over the seeds: the share of errors mended after shares of the time; errors
    mended in each hour of the first ``GOAL_AT``, times those of random orders; the area under the curve; and the share
    of nodes that is wrong after ``GOAL_AT``."""
    titles = [f"mended at {effort:.0%}" for effort in EFFORTS]
    titles += ["errors an hour", "times random", "area", "nodes wrong"]
    lines = [_line("order", *titles), _line(*["---"] * (len(titles) + 1))]
    for order in outcomes[0].curves:
        cells = [_percent([one.mended(order, effort) for one in outcomes]) for effort in EFFORTS]
        times = [one.mended(order, GOAL_AT) / one.mended("random", GOAL_AT) for one in outcomes]
        cells.append(_shown([one.an_hour(order, GOAL_AT) for one in outcomes], digits=0))
        cells.append(_shown(times))
        cells.append(_shown([one.area(order) for one in outcomes]))
        cells.append(_percent([one.wrong_left(order, GOAL_AT) for one in outcomes]))
        lines.append(_line(order, *cells))
    return "\n".join(lines)


def verdict(outcomes: Sequence[Outcome]) -> str:
    """Whether the default order mends twice as many errors an hour as a random one, and how much could be had."""
    times = [one.mended("default", GOAL_AT) / one.mended("random", GOAL_AT) for one in outcomes]
    bound = [one.mended("who knows the errors", GOAL_AT) / one.mended("random", GOAL_AT) for one in outcomes]
    (mean, half), (most, _) = interval(times), interval(bound)
    return (
        f"In the first {GOAL_AT:.0%} of the time the default order mends {mean:.2f} ± {half:.2f} times as many errors "
        f"as a random one; whoever knew the errors beforehand would mend {most:.2f} times as many."
    )


def summary(outcomes: Sequence[Outcome]) -> str:
    """What there was to review."""
    curves = [one.curves["first in, first out"][0] for one in outcomes]
    figures = len(curves[0].seconds)
    errors = fmean(float(curve.mended.sum()) for curve in curves)
    clean = fmean(float((curve.mended == 0).mean()) for curve in curves)
    worst = fmean(
        float(np.sort(curve.mended)[-(figures // 5 or 1) :].sum() / max(curve.mended.sum(), 1)) for curve in curves
    )
    hours = fmean(float(curve.seconds.sum()) for curve in curves) / 3600
    nodes = fmean(one.nodes for one in outcomes)
    return (
        f"{len(outcomes)} seeds of {figures} figures: {nodes:.0f} nodes, {errors:.0f} errors, {clean:.0%} of the "
        f"figures without any, {worst:.0%} of them in the worst fifth; {hours:.1f} h to review all"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=sorted(SIZES), default="cpu")
    parser.add_argument("--seeds", type=int, nargs="+", help="default by size")
    parser.add_argument("--results", type=Path, default=Path("var/review"), help="folder; corpora are kept")
    parser.add_argument("--corpus", choices=["drawn", "mined", "published"], help="default all that are there")
    given = parser.parse_args(arguments)
    size: Size = SIZES[given.size]

    def made(store: Store, seed: int) -> dict[str, Hierarchy]:
        return fill(store, Truths(size.figures, seed), given.results, noise_seed=seed)

    def mined(store: Store, seed: int) -> dict[str, Hierarchy]:
        return MinedCorpus(size.mined_figures, seed).fill(store, given.results)

    def published(store: Store, seed: int) -> dict[str, Hierarchy]:
        return PublishedCorpus(seed).fill(store, given.results)

    corpora = {
        "drawn": ("Proposals with errors", made, size.seeds, size.every),
        "mined": ("Mined by the embedded agent", mined, size.mined_seeds, size.mined_every),
    }
    if present():
        corpora["published"] = ("Published figures", published, size.mined_seeds, size.mined_every // 2)
    chosen = [name for name in corpora if given.corpus in (None, name)]
    for title, make, seeds, every in map(corpora.__getitem__, chosen):
        outcomes = []
        for seed in given.seeds or seeds:
            outcomes.append(session(seed, make, every))
            print(f"{title}: seed {seed}", file=sys.stderr, flush=True)
        print(f"\n### {title}\n\n{summary(outcomes)}\n\n{table(outcomes)}\n\n{verdict(outcomes)}", flush=True)


def _percent(values: Sequence[float]) -> str:
    mean, half = interval(values)
    return f"{100 * mean:.1f} ± {100 * half:.1f} %"


def _shown(values: Sequence[float], digits: int = 2) -> str:
    mean, half = interval(values)
    return f"{mean:.{digits}f} ± {half:.{digits}f}"


def _line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
