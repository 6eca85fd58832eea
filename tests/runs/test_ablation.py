"""Every row of the ablation changes something, and leaves a configuration that can be trained."""

from __future__ import annotations

import pytest

from runs.ablation import ROWS, without_level
from runs.sizes import SIZES
from trainer.schedule import levels_of, phase_at, stage_ends

ZOOMIN = SIZES["cpu"].config("zoomin")


@pytest.mark.parametrize("row", [row for row in ROWS if row != "zoomin"])
def test_a_row_differs_from_zoomin_in_its_stages_and_has_as_many_steps(row: str) -> None:
    changed = ROWS[row](ZOOMIN)
    assert changed.stages != ZOOMIN.stages
    assert stage_ends(changed)[-1] == ZOOMIN.steps
    assert all(phase_at(changed, step).level in levels_of(changed) for step in range(ZOOMIN.steps))


def test_no_two_rows_are_the_same_training() -> None:
    changed = [ROWS[row](ZOOMIN) for row in ROWS]
    assert all(one != other for index, one in enumerate(changed) for other in changed[:index])


@pytest.mark.parametrize("level", ["M", "P"])
def test_without_a_level_no_step_is_of_it(level: str) -> None:
    assert level not in levels_of(without_level(level)(ZOOMIN))  # type: ignore[arg-type]
