"""The embedded agent against hand-made truth: accuracy per set, calibration, seconds and memory on one core."""

from __future__ import annotations

import json
import resource
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import cv2

from agents.embedded.agent import EmbeddedAgent
from agents.embedded.layout import label_key
from bench.shared import SETS, SHARED, present, score, stem, truth_of
from curator.figure import Figure, FigureState
from curator.geometry import iou
from curator.review import Review
from curator.settings import MiningSettings
from data.formats.record import to_record
from data.images import load_image
from data.sources import ArticleSource, SourceSettings, read_sources

_COLUMNS = (
    ("panel_f1@50", "F1@.5"),
    ("panel_f1@75", "F1@.75"),
    ("label_accuracy", "letter"),
    ("subcaption_rougeL", "caption"),
    ("marker_f1", "marker"),
    ("marker_clause_rougeL", "clause"),
)


def run() -> None:
    if not present():
        return
    cv2.setNumThreads(1)
    agent = EmbeddedAgent(MiningSettings())
    seconds: list[float] = []
    panels: list[tuple[float, bool]] = []
    markers: list[tuple[float, bool]] = []
    print("| set | figures | " + " | ".join(title for _, title in _COLUMNS) + " |")
    print("|---" * (len(_COLUMNS) + 2) + "|")
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name in SETS:
            files.append(Path(folder) / f"{name}.jsonl")
            records = list(_mined(name, agent, seconds))
            files[-1].write_text("".join(json.dumps(record) + "\n" for record in records))
            panels += _judged_panels(truth_of(name), records)
            markers += _judged_markers(truth_of(name), records)
            _print_row(name, score("figures", [SHARED / "truth" / f"{name}.json"], files[-1]))
        everything = Path(folder) / "all.jsonl"
        everything.write_text("".join(path.read_text() for path in files))
        _print_row("all", score("figures", [SHARED / "truth" / f"{name}.json" for name in SETS], everything))
    _print_calibration("panel", panels)
    _print_calibration("marker", markers)
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\nseconds a figure: median {median(seconds):.2f}, worst {max(seconds):.2f}; peak memory {peak_gb:.2f} GB")


def _mined(name: str, agent: EmbeddedAgent, seconds: list[float]) -> Iterator[dict[str, Any]]:
    wanted = {stem(truth["image"]) for truth in truth_of(name)}
    for source in read_sources(SHARED / "figures" / name, SourceSettings()):
        if not isinstance(source, ArticleSource):
            continue
        for found in source.figures:
            if stem(found.image_name) not in wanted:
                continue
            image = load_image(found.image_path)
            figure = Figure(
                found.figure_key,
                source.article.id,
                found.image_name,
                image.sha256,
                image.wh,
                found.label,
                found.caption,
                found.bold_spans,
            )
            started = time.perf_counter()
            hierarchy = agent.propose(figure, image.rgb)
            seconds.append(time.perf_counter() - started)
            yield to_record(Review(figure, hierarchy, FigureState.PROPOSED), None, verified_only=False)


def _judged_panels(truths: list[dict[str, Any]], records: list[dict[str, Any]]) -> Iterator[tuple[float, bool]]:
    """(confidence, whether a true panel of that label overlaps by half) of every proposed panel."""
    by_stem = {stem(truth["image"]): truth for truth in truths}
    for record in records:
        for panel in record["panels"]:
            yield (
                panel["confidence"],
                any(
                    iou(panel["box_xyxy"], true["box_xyxy"]) >= 0.5
                    and (not true["label"] or label_key(true["label"]) == label_key(panel["label"] or ""))
                    for true in by_stem[stem(record["image"])]["panels"]
                ),
            )


def _judged_markers(truths: list[dict[str, Any]], records: list[dict[str, Any]]) -> Iterator[tuple[float, bool]]:
    """(confidence, whether a true marker overlaps by 0.3) where the truth lists all markers of the figure."""
    by_stem = {stem(truth["image"]): truth for truth in truths}
    for record in records:
        truth = by_stem[stem(record["image"])]
        if truth.get("markers_capped"):
            continue
        for panel in record["panels"]:
            for marker in panel["markers"]:
                overlaps = (iou(marker["box_xyxy"], true["box_xyxy"]) >= 0.3 for true in truth["markers"])
                yield marker["confidence"], any(overlaps)


def _print_row(name: str, report: dict[str, Any]) -> None:
    values = ["-" if report[key] is None else f"{report[key]:.3f}" for key, _ in _COLUMNS]
    print(f"| {name} | {report['figures']} | " + " | ".join(values) + " |", flush=True)


def _print_calibration(level: str, judged: list[tuple[float, bool]]) -> None:
    print(f"\n| {level} confidence | proposals | mean confidence | right |\n|---|---|---|---|")
    edges = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 1.01)
    for low, high in pairwise(edges):
        found = [(confidence, right) for confidence, right in judged if low <= confidence < high]
        if found:
            mean = sum(confidence for confidence, _ in found) / len(found)
            right = sum(right for _, right in found) / len(found)
            print(f"| {low:.1f} to {min(high, 1):.1f} | {len(found)} | {mean:.2f} | {right:.2f} |")
