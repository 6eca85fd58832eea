"""What wrong boxes cost a model, and what a curator's hours buy back: the argument for reviewing.

python -m runs.noise --size cpu
"""

from __future__ import annotations

from collections.abc import Sequence

from runs.corpora import State
from runs.sizes import Options, options
from runs.tables import LEVELS, difference_table, score_table
from runs.trials import Result, run_trials

WRONG = 0.4
"""Of panels and regions, before a curator has looked at any."""
ROWS: dict[str, State] = {
    "0 % wrong: all reviewed": {},
    "10 % wrong": {"wrong_boxes": 0.1},
    "20 % wrong": {"wrong_boxes": 0.2},
    "40 % wrong": {"wrong_boxes": WRONG},
    "40 %, half reviewed, trained on all": {"wrong_boxes": WRONG, "reviewed": 0.5},
    "40 %, half reviewed, on verified only": {"wrong_boxes": WRONG, "reviewed": 0.5, "verified_only": True},
}
"""What is wrong with the training corpus; the corpora for validation and scores are right."""


def experiment(chosen: Options) -> list[Result]:
    """``zoomin`` on each corpus with each seed."""
    size = chosen.size
    config = size.config("zoomin")
    trials = [trial for row, state in ROWS.items() for trial in size.trials(row, config, **state)]
    return run_trials(trials, chosen.folder, size.processes)


def main(arguments: Sequence[str] | None = None) -> None:
    results = experiment(options(__doc__ or "", arguments))
    print(score_table(results, LEVELS))
    print("\n" + difference_table(results, LEVELS, "40 % wrong"))


if __name__ == "__main__":
    main()
