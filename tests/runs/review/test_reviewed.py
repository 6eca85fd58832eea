"""The hard corpus after some hours of review: which boxes a model would be trained on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runs.hard_corpus import hard_figures
from runs.review.reviewed import RANDOM, ReviewedCorpus

pytestmark = pytest.mark.process

CORPUS = ReviewedCorpus(14, 5)


def records(corpus: ReviewedCorpus, below: Path) -> dict[str, dict[str, Any]]:
    lines = (corpus.drawn(below) / "hierarchy.jsonl").read_text().splitlines()
    return {record["figure_id"]: record for record in map(json.loads, lines)}


def test_hours_make_boxes_right_and_leave_other_splits_alone(tmp_path: Path) -> None:
    nothing = records(CORPUS, tmp_path)
    some = records(replace(CORPUS, effort=0.5), tmp_path)
    everything = records(replace(CORPUS, order=RANDOM, effort=1.0), tmp_path)
    assert set(nothing) == set(some) == set(everything) == {figure.id for figure, _, _ in hard_figures(14, 5)}
    accepted = [sum(r["state"] == "accepted" for r in found.values()) for found in (nothing, some, everything)]
    assert accepted[0] < accepted[1] < accepted[2] == 14
    for figure_id, record in nothing.items():
        if record["split"] != "train":
            assert record == some[figure_id] == everything[figure_id]
            assert record["state"] == "accepted"
    right = {figure.id: truth for figure, truth, _ in hard_figures(14, 5)}
    for figure_id, record in everything.items():
        found = sorted(tuple(r["box_xyxy"]) for panel in record["panels"] for r in panel["regions"])
        assert len(found) == len(right[figure_id].regions)


def test_what_nobody_verified_can_be_left_out(tmp_path: Path) -> None:
    half = replace(CORPUS, order=RANDOM, effort=0.5, verified_only=True)
    found = records(half, tmp_path)
    assert 0 < len(found) < 14
    assert {record["state"] for record in found.values()} == {"accepted"}
    assert half.drawn(tmp_path) == tmp_path / "reviewed14-seed5-random-0.5-verified"


def test_the_whole_review_takes_hours_that_do_not_depend_on_the_order() -> None:
    assert CORPUS.hours() == pytest.approx(replace(CORPUS, order=RANDOM, effort=0.3).hours())
    assert 0.01 < CORPUS.hours() < 1
