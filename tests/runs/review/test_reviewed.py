"""The hard corpus after some hours of review: which boxes a model would be trained on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curator.geometry import iou
from curator.merge import SAME_IOU
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


def test_open_boxes_that_nobody_is_sure_of_can_be_left_out(tmp_path: Path) -> None:
    truth = {figure.id: [node.box_xyxy for node in truth.regions] for figure, truth, _ in hard_figures(14, 5)}

    def wrong(corpus: ReviewedCorpus) -> list[bool]:
        return [
            all(iou(tuple(region["box_xyxy"]), box) < SAME_IOU for box in truth[figure_id])
            for figure_id, record in records(corpus, tmp_path).items()
            if record["state"] == "proposed"
            for panel in record["panels"]
            for region in panel["regions"]
        ]

    every, sure = wrong(CORPUS), wrong(replace(CORPUS, sure=0.6))
    assert 0 < len(sure) < len(every)
    assert sum(sure) / len(sure) < 0.5 * sum(every) / len(every)


def test_a_wrong_region_lies_elsewhere_on_a_panel_with_the_words_that_a_curator_would_type(tmp_path: Path) -> None:
    drawn = {figure.id: truth for figure, truth, _ in hard_figures(14, 5)}
    found = records(CORPUS, tmp_path)
    strayed = 0
    for figure_id, record in found.items():
        words = {region.description for region in drawn[figure_id].regions}
        boxes = [region.box_xyxy for region in drawn[figure_id].regions]
        for region in (region for panel in record["panels"] for region in panel["regions"]):
            assert region["caption"] in words
            assert region["description"] == ""
            strayed += all(iou(tuple(region["box_xyxy"]), box) == 0 for box in boxes)
    assert strayed > 2
    again = records(replace(CORPUS, order=RANDOM), tmp_path)
    assert {key: record["panels"] for key, record in again.items()} == {
        key: record["panels"] for key, record in found.items()
    }


def test_the_whole_review_takes_hours_that_do_not_depend_on_the_order() -> None:
    assert CORPUS.hours() == pytest.approx(replace(CORPUS, order=RANDOM, effort=0.3).hours())
    assert 0.01 < CORPUS.hours() < 1
