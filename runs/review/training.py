"""What a curator's hours make of a model: regions found, by order of review.

python -m runs.review.training --size cpu
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from runs.corpora import Corpus
from runs.review.reviewed import RANDOM, ReviewedCorpus
from runs.sizes import SCORE_SEED, TRAIN_SEED, Options, options
from runs.tables import LEVELS, difference_table, score_table
from runs.trials import Result, Trial, run_trials, with_seeds

ORDERS = ("default", RANDOM)
EFFORTS = (0.1, 0.25, 0.5)
"""Of the time that all reviews take together."""


def corpora(figures: int) -> dict[str, ReviewedCorpus]:
    """By row of the table: nothing reviewed, the orders at each effort, everything reviewed."""
    nothing = ReviewedCorpus(figures, TRAIN_SEED)
    hours = nothing.hours()
    rows = {"nothing reviewed": nothing}
    for effort in EFFORTS:
        for order in ORDERS:
            rows[f"{order}, {effort * hours:.1f} h"] = replace(nothing, order=order, effort=effort)
    rows[f"all reviewed, {hours:.1f} h"] = replace(nothing, order=RANDOM, effort=1.0)
    return rows


def experiment(chosen: Options) -> list[Result]:
    """``zoomin`` on each corpus with each seed: on all boxes that stand, whoever verified them."""
    size = chosen.size
    config = size.config("zoomin")
    scored = Corpus(size.scored_figures, SCORE_SEED)
    trials = [
        trial
        for row, corpus in corpora(size.figures).items()
        for trial in with_seeds(Trial(row, config, corpus, scored), range(size.seeds))
    ]
    return run_trials(trials, chosen.folder, size.processes)


def main(arguments: Sequence[str] | None = None) -> None:
    results = experiment(options(__doc__ or "", arguments))
    print(score_table(results, LEVELS))
    print("\n" + difference_table(results, LEVELS, "nothing reviewed"))


if __name__ == "__main__":
    main()
