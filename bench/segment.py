"""Pointing at things: seconds to the first click's outline, to later ones, and how well outlines fit drawn targets."""

from __future__ import annotations

import json
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agents.segment.choose import Choice, choose_segmenter
from agents.segment.fetch import is_fetched, weights_folder
from agents.segment.segmenter import Click
from curator.geometry import Box, centre, contains_point, iou
from curator.settings import SegmentSettings
from data.demo.corpus import draw_corpus
from ui.segmenting import Segmenting, opencv_only

FIGURES = 24
SEED = 11
LOOSE = 0.15  # of a side: how far a box drawn around a target may miss each edge
WAIT_S = 60.0


def run() -> None:
    models = weights_folder(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        draw_corpus(Path(folder), FIGURES, SEED)
        truths = [truth for truth in json.loads((Path(folder) / "truth.json").read_text()) if truth["regions"]]
        if is_fetched(models):
            _measure(Path(folder), truths, lambda: choose_segmenter(SegmentSettings(), models))
        else:
            print("no SAM weights: `curator fetch-models` fetches them")
        _measure(Path(folder), truths, opencv_only)


def _measure(folder: Path, truths: list[dict[str, Any]], choose: Callable[[], Choice]) -> None:
    images = {truth["figure_id"]: (truth["figure_id"], folder / truth["image"]) for truth in truths}
    segmenting = Segmenting(images.__getitem__, folder / "embeddings", choose)
    segmenting.prepare()
    first: list[float] = []
    later: list[float] = []
    ious: dict[str, list[float]] = {"click": [], "box": []}
    rng = random.Random(SEED)
    for truth in truths:
        name = truth["figure_id"]
        segmenting.open(name)
        for index, region in enumerate(truth["regions"]):
            target: Box = tuple(region["box_xyxy"])
            started = time.perf_counter()
            found = segmenting.outline(name, [Click(centre(target))], None, _panel_at(truth, target), WAIT_S)
            (later if index else first).append(time.perf_counter() - started)
            ious["click"].append(iou(found.box_xyxy, target) if found else 0.0)
            found = segmenting.outline(name, [], _loose(target, truth["image_wh"], rng), None, WAIT_S)
            ious["box"].append(iou(found.box_xyxy, target) if found else 0.0)
    print(
        f"{segmenting.at_work().name}, {len(truths)} figures, {len(ious['click'])} targets: first click "
        f"p50 {_quantile(first[1:], 0.5):.2f} s, p95 {_quantile(first[1:], 0.95):.2f} s after the figure opens (the "
        f"first of all, with loading, {first[0]:.2f} s); later clicks p50 {1000 * _quantile(later, 0.5):.0f} ms, "
        f"p95 {1000 * _quantile(later, 0.95):.0f} ms; mean IoU with the target "
        + ", ".join(f"from a {how} {sum(values) / len(values):.2f}" for how, values in ious.items())
    )


def _panel_at(truth: dict[str, Any], target: Box) -> Box | None:
    boxes = [tuple(panel["box_xyxy"]) for panel in truth["panels"]]
    return next((box for box in boxes if contains_point(box, centre(target))), None)


def _loose(box: Box, image_wh: list[int], rng: random.Random) -> Box:
    reach_x, reach_y = LOOSE * (box[2] - box[0]), LOOSE * (box[3] - box[1])
    return (
        max(0.0, box[0] - rng.random() * reach_x),
        max(0.0, box[1] - rng.random() * reach_y),
        min(image_wh[0], box[2] + rng.random() * reach_x),
        min(image_wh[1], box[3] + rng.random() * reach_y),
    )


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]
