"""Many figures changed at random on both sides end as a model says: nothing lost, nothing double."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from bench.stand_ins.label_studio import LabelStudioServer
from tests.data.label_studio.syncing import Pair, resized, shape

FIGURES = 12
ROUNDS = 3
CHANGED = 0.2  # of the figures, on each side, a round
WIDTHS = {"p1": (0.0, 50.0), "p2": (50.0, 50.0)}


@dataclass
class Expected:
    """Widths of a figure's two panels as each side has them, and as both last agreed on."""

    ours: dict[str, float] = field(default_factory=lambda: dict.fromkeys(WIDTHS, 50.0))
    theirs: dict[str, float] = field(default_factory=lambda: dict.fromkeys(WIDTHS, 50.0))
    agreed: dict[str, float] = field(default_factory=lambda: dict.fromkeys(WIDTHS, 50.0))

    def sync(self) -> None:
        for node_id, before in self.agreed.items():
            here, there = self.ours[node_id], self.theirs[node_id]
            if here != before and there != before and here != there:
                continue  # at odds: each keeps its own
            self.agreed[node_id] = self.ours[node_id] = self.theirs[node_id] = here if there == before else there

    def conflicts(self) -> set[str]:
        return {node_id for node_id, width in self.ours.items() if width != self.theirs[node_id]}


@pytest.mark.parametrize("seed", range(3))
def test_figures_changed_on_both_sides_end_as_the_model_says(tmp_path: Path, seed: int) -> None:
    dice = Random(seed)
    with LabelStudioServer() as there:
        pair = Pair(tmp_path, there, FIGURES)
        model = {figure_id: Expected() for figure_id in pair.ids}
        decisions = 0
        pair.sync()
        for _ in range(ROUNDS):
            for figure_id in dice.sample(pair.ids, round(FIGURES * CHANGED)):
                decisions += _change_here(pair, figure_id, model[figure_id], dice)
            # two of the same figures and others, so that all meetings happen
            for figure_id in dice.sample(pair.ids, round(FIGURES * CHANGED)) + dice.sample(pair.ids[:3], 2):
                _change_there(pair, figure_id, model[figure_id], dice)
            pair.sync()
            for expected in model.values():
                expected.sync()
        for figure_id, expected in model.items():
            _check(pair, figure_id, expected)
        assert len(there.tasks) == FIGURES
        assert all(len(task["annotations"]) <= 1 >= len(task["predictions"]) for task in there.tasks.values())
        by_us = [who for figure_id in pair.ids for _, who in pair.events(figure_id) if who == "anna"]
        assert len(by_us) == decisions


def _change_here(pair: Pair, figure_id: str, expected: Expected, dice: Random) -> int:
    node_id, width = dice.choice(list(WIDTHS)), float(dice.randrange(5, 45))
    if width == expected.ours[node_id]:
        return 0
    pair.decide(resized(node_id, WIDTHS[node_id][0] + width), figure_id=figure_id)
    expected.ours[node_id] = width
    return 1


def _change_there(pair: Pair, figure_id: str, expected: Expected, dice: Random) -> None:
    node_id, width = dice.choice(list(WIDTHS)), float(dice.randrange(5, 45))
    rows = pair.rows(figure_id)
    shape(rows, node_id)["value"]["width"] = width
    pair.submit(rows, figure_id)
    expected.theirs[node_id] = width


def _check(pair: Pair, figure_id: str, expected: Expected) -> None:
    for node_id, (left, _) in WIDTHS.items():
        box = pair.node(node_id, figure_id).box_xyxy
        assert box[2] - left == pytest.approx(expected.ours[node_id], abs=0.01)
        assert shape(pair.rows(figure_id), node_id)["value"]["width"] == pytest.approx(expected.theirs[node_id])
    kept = {conflict.key for conflict in pair.store.syncs.conflicts(figure_id)}
    assert kept == expected.conflicts()
