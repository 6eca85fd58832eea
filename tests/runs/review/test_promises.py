"""The experiment on the guarantee: what a draw measures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from curator.audit_sample import AuditFigure
from runs.review.promises import Size, draw, pool, table

pytestmark = pytest.mark.process


def figures(count: int, wrong_below: float) -> list[AuditFigure]:
    """Of four panels each; one of them is wrong in figures less sure than ``wrong_below``."""
    sure = np.random.default_rng(0).random(count)
    return [AuditFigure(f"f{n}", float(c), 4, int(c < wrong_below)) for n, c in enumerate(sure)]


def test_where_the_sure_ones_are_right_those_are_accepted_and_the_promise_is_kept() -> None:
    found = draw(figures(3000, wrong_below=0.5), 1000, 0.05, "accepted", seed=1)
    assert found.kept
    assert 0.5 < found.accepted < 0.9
    assert 0 < found.wrong <= 0.05


def test_where_too_few_were_reviewed_nothing_is_promised_and_nothing_accepted() -> None:
    assert draw(figures(3000, wrong_below=0.5), 10, 0.01, "accepted", seed=1).accepted == 0


def test_the_other_promise_counts_errors_among_all_figures() -> None:
    found = [draw(figures(2000, wrong_below=0.5), 400, 0.02, "all", seed) for seed in range(20)]
    assert np.mean([one.wrong for one in found]) == pytest.approx(0.02, abs=0.01)
    assert np.mean([one.accepted for one in found]) > 0.5


def test_the_pool_is_assessed_by_what_was_learned_elsewhere(tmp_path: Path) -> None:
    size = Size(figures=8, seeds=(72,), noises=2, reviewed=(5,), draws=2)
    found = pool(size, tmp_path)
    assert len(found) == len({figure.figure_id for figure in found}) == 16
    assert all(0 <= figure.wrong <= figure.panels and 0 <= figure.confidence <= 1 for figure in found)
    assert sum(figure.wrong for figure in found) > 0
    lines = table(found, size).splitlines()
    assert len(lines) == 2 + 2 * 4
    assert lines[2].startswith("| accepted | 1% | 5 | 0% | 0% | 0% | - | 100% |")
