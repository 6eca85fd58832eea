"""Every row of the ablation changes something, and leaves a configuration that can be trained."""

from __future__ import annotations

import pytest

from runs.ablation import ROWS, without_levels
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


def test_a_level_that_is_left_out_gives_its_steps_to_the_others() -> None:
    assert levels_of(without_levels("M")(ZOOMIN)) == ("P", "R")
    assert levels_of(without_levels("P", "R")(ZOOMIN)) == ("M",)
    assert sum(stage.share for stage in without_levels("M")(ZOOMIN).stages) == pytest.approx(1.0)
