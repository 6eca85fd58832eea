from __future__ import annotations

import csv
import gzip
from collections import Counter

import numpy as np
import pytest

from bench.figure_numbers import PANELS, REGIONS, drawn
from bench.shared import SETS, SHARED, truth_of

needs_truth = pytest.mark.skipif(not SHARED.is_dir(), reason="the hand-made truth is not here")


@needs_truth
def test_panels_a_figure_are_those_of_the_published_layouts() -> None:
    with gzip.open(SHARED / "truth" / "nlm-layouts.csv.gz", "rt", newline="") as lines:
        figures = Counter(row[0] for row in csv.reader(lines) if row[5] == "panel")
    assert Counter(figures.values()) == PANELS


@needs_truth
def test_regions_a_panel_are_the_markers_of_the_hand_made_truth() -> None:
    found: Counter[int] = Counter()
    for truth in (truth for name in SETS for truth in truth_of(name)):
        markers = Counter(marker["panel"] for marker in truth["markers"])
        found.update(markers[panel["label"]] for panel in truth["panels"])
    assert found == REGIONS


def test_numbers_are_drawn_as_often_as_they_are_known_among_those_that_are_large_enough() -> None:
    numbers = drawn({0: 70, 1: 10, 5: 30}, 4000, np.random.default_rng(1), least=1)
    assert set(numbers.tolist()) == {1, 5}
    assert np.mean(numbers == 5) == pytest.approx(0.75, abs=0.03)
