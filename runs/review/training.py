"""What a curator's hours make of a model: regions found, by order of review.

python -m runs.review.training --size cpu --seeds 5
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

from runs.corpora import Corpus
from runs.review.reviewed import RANDOM, ReviewedCorpus
from runs.sizes import SCORE_SEED, TRAIN_SEED, Options, Size, options
from runs.tables import by_row, differences, interval, score_table, shown
from runs.trials import Result, Trial, run_trials
from trainer.config import Stage, TrainConfig, Weights

DEFAULT = "default"
ORDERS = (DEFAULT, RANDOM)
EFFORTS = (0.2, 0.5)
"""Of the time that all reviews take together."""
BESIDE = {0.6: "sure ones", 0.0: "all open"}
"""Open proposals that are trained on beside what is verified, by the least confidence that the assessor has in them.
With 0.6 nine of ten regions are right, and seven of ten of all (measured on another seed)."""
COLUMNS = {"box": "region R@1", "box r10": "region R@10", "box mrr": "region MRR"}
_STEPS_SHARE = 0.5
"""Of the size's: all of them see regions, of ``zoomin``'s own a quarter does."""


def config(size: Size) -> TrainConfig:
    """``zoomin``'s steps at panels with their regions, and no others: whether a run has left the plateau on which those
    at whole figures begin differs between seeds by more than orders of review do."""
    steps = round(_STEPS_SHARE * size.steps)
    near = Stage("near", 1.0, ("R",), Weights(intra=1.0, second=1.0))
    return replace(replace(size, steps=steps).config("zoomin"), stages=(near,))


def corpora(figures: int, seed: int) -> dict[str, ReviewedCorpus]:
    """To train on, by row: the orders at each effort, and what they lie between."""
    rows: dict[str, ReviewedCorpus] = {}
    for sure in BESIDE:
        begun = ReviewedCorpus(figures, seed, sure=sure)
        rows[nothing(sure)] = begun
        for effort in EFFORTS:
            for order in ORDERS:
                rows[reviewed(order, effort, sure)] = replace(begun, order=order, effort=effort)
    return {**rows, "all reviewed": ReviewedCorpus(figures, seed, order=RANDOM, effort=1.0)}


def nothing(sure: float) -> str:
    """The row of what nobody has reviewed."""
    return f"nothing, {BESIDE[sure]}"


def reviewed(order: str, effort: float, sure: float) -> str:
    """The row of what one has reviewed in an order for a share of the time."""
    return f"{order}, {effort:.0%} of the time, {BESIDE[sure]}"


def trials(size: Size) -> list[Trial]:
    """Seed by seed. Each seed is another corpus with other errors and other first weights, the same in all its rows."""
    scored = Corpus(size.scored_figures, SCORE_SEED)
    return [
        Trial(name, replace(config(size), seed=seed), corpus, scored)
        for seed in range(size.seeds)
        for name, corpus in corpora(size.figures, TRAIN_SEED + seed).items()
    ]


def experiment(chosen: Options) -> list[Result]:
    return run_trials(trials(chosen.size), chosen.folder, chosen.size.processes)


def pairs() -> list[tuple[str, str, str]]:
    """What is compared: a title and two rows."""
    orders = [
        (
            f"{effort:.0%} of the time, {beside}: default less random",
            reviewed(DEFAULT, effort, sure),
            reviewed(RANDOM, effort, sure),
        )
        for sure, beside in BESIDE.items()
        for effort in EFFORTS
    ]
    sure, every = BESIDE
    ways = [("nothing reviewed", nothing(sure), nothing(every))] + [
        (f"{order}, {effort:.0%} of the time", reviewed(order, effort, sure), reviewed(order, effort, every))
        for effort in EFFORTS
        for order in ORDERS
    ]
    both = [
        (
            f"{effort:.0%} of the time: default, sure ones less random, all open",
            reviewed(DEFAULT, effort, sure),
            reviewed(RANDOM, effort, every),
        )
        for effort in EFFORTS
    ]
    return orders + [(f"{title}: sure ones less all open", one, other) for title, one, other in ways] + both


def paired_table(results: Sequence[Result]) -> str:
    """Differences of rows seed by seed; bold where the interval leaves out 0."""
    rows = by_row(results)
    lines = [f"| | {' | '.join(COLUMNS.values())} |", "| --- " * (len(COLUMNS) + 1) + "|"]
    for title, one, other in pairs():
        cells = [shown(*interval(differences(rows[one], rows[other], name)), signed=True) for name in COLUMNS]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = options(__doc__ or "", arguments)
    results = experiment(chosen)
    hours = fmean(ReviewedCorpus(chosen.size.figures, TRAIN_SEED + seed).hours() for seed in range(chosen.size.seeds))
    print(f"{chosen.size.seeds} seeds; all reviews take {hours:.1f} h\n")
    print(score_table(results, COLUMNS))
    print("\n" + paired_table(results))


if __name__ == "__main__":
    main()
