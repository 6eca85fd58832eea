"""Which evaluation counts as the best."""

from __future__ import annotations

from dataclasses import replace

from trainer.checkpoint import Progress
from trainer.state import with_score


def after(*scores: float | None, first_step: int = 1) -> Progress:
    """The progress after evaluations of these scores, one a step."""
    progress = Progress(accumulate=1, step=first_step - 1)
    for score in scores:
        progress = with_score(replace(progress, step=progress.step + 1), score)
    return progress


def test_the_best_is_the_highest_and_of_equal_ones_the_first() -> None:
    progress = after(0.2, 0.5, 0.5, 0.1)
    assert (progress.best_step, progress.best_score, progress.worse_since) == (2, 0.5, 2)
    assert progress.evaluated_step == 4


def test_the_start_model_is_never_the_best() -> None:
    progress = after(0.9, 0.1, first_step=0)
    assert (progress.best_step, progress.best_score) == (1, 0.1)


def test_a_first_score_of_zero_is_the_best_so_far() -> None:
    assert (after(0.0).best_step, after(0.0).worse_since) == (1, 0)


def test_without_anything_to_evaluate_on_the_newest_counts_as_best() -> None:
    assert (after(None, None, None).best_step, after(None, None, None).worse_since) == (3, 0)
