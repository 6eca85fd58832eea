"""Published figures mined with a model by the command: all of them, and what a model's errors cost on those with truth.

The noisy oracle stands for the model. Of figures without hand-made truth it confirms every mark.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.shared import SETS, SHARED, present, score, stem, truth_of
from bench.stand_ins.oracle import FRAME, ErrorRates, NoisyOracle
from bench.stand_ins.server import ModelServer
from curator.figure import FigureState
from curator.review import Review
from data.formats.record import to_record
from data.store import Store
from data.store.minings import Mining

RATES = (0.0, 0.2, 0.4)
SYSTEMATIC = 0.5


def run() -> None:
    if not present():
        return
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        _curator(project, "ingest", str(SHARED / "figures"))
        started = time.perf_counter()
        _curator(project, "mine", "--json")
        print(f"embedded: {time.perf_counter() - started:.0f} s")
        store = Store(project)
        truths = list(_truths(store))
        print(f"{len(store.reviews.mined_ids())} figures, {len(truths)} of them with truth and a caption of their own")
        print("\n| agent | panel F1@.5 | F1@.75 | letter | sub-caption | marker F1 | clause |")
        print("|---|---|---|---|---|---|---|")
        print(_row(store, "embedded", truths, "embedded", None), flush=True)
        for rate in RATES:
            oracle = NoisyOracle(truths, ErrorRates.evenly(rate), systematic=SYSTEMATIC)
            model = f"oracle-{rate}"
            with ModelServer(oracle.respond, models=[model]) as server:
                at = ("--base-url", server.base_url, "--model", model, "--coordinates", FRAME)
                started = time.perf_counter()
                outcome = json.loads(_curator(project, "mine", "--agent", "openai", *at, "--json"))
                seconds, requests = time.perf_counter() - started, server.requests
            print(_row(store, f"oracle, {rate:.0%} wrong", truths, "openai", model), flush=True)
            spent = f"{outcome['mined']} mined, {outcome['failed']} failed, {requests} requests, {seconds:.0f} s"
            print(f"|  {spent} |||||||", flush=True)


def _curator(project: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "ui", "--project", str(project), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _truths(store: Store) -> Iterator[dict[str, Any]]:
    """The hand-made truth as the oracle reads it, under the captions of the project; unclear ones are left out."""
    # several articles call a figure "fig1"; the size tells them apart
    known = {(stem(truth["image"]), tuple(truth["image_wh"])): truth for name in SETS for truth in truth_of(name)}
    figures = [store.reviews.figure(figure_id) for figure_id in store.reviews.mined_ids()]
    captions = [figure.caption for figure in figures]
    for figure in figures:
        truth = known.get((stem(figure.image_name), figure.image_wh))
        if truth is None or not figure.caption.strip() or captions.count(figure.caption) > 1:
            continue
        index = {panel["label"]: i for i, panel in enumerate(truth["panels"])}
        yield {
            **truth,
            "figure_id": figure.id,
            "caption": figure.caption,
            "image_wh": list(figure.image_wh),
            "panels": [{"kind": "other", **panel} for panel in truth["panels"]],
            "markers": [{**marker, "panel_index": index.get(marker["panel"])} for marker in truth["markers"]],
            "regions": [],
        }


def _row(store: Store, name: str, truths: Sequence[dict[str, Any]], agent: str, model: str | None) -> str:
    records = []
    for truth in truths:
        minings = store.minings.of_figure(truth["figure_id"])
        # a figure for which the model gave nothing usable keeps the proposals that it has
        mining = next((m for m in minings if (m.agent, m.model) == (agent, model)), minings[-1])
        records.append(_record(store, mining))
    with tempfile.TemporaryDirectory() as folder:
        expected, found = Path(folder) / "truth.json", Path(folder) / "found.jsonl"
        expected.write_text(json.dumps(list(truths)), encoding="utf-8")
        found.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        report = score("figures", [expected], found)
    keys = ("panel_f1@50", "panel_f1@75", "label_accuracy", "subcaption_rougeL", "marker_f1", "marker_clause_rougeL")
    return f"| {name} | " + " | ".join("-" if report[key] is None else f"{report[key]:.3f}" for key in keys) + " |"


def _record(store: Store, mining: Mining) -> dict[str, Any]:
    figure = store.reviews.figure(mining.figure_id)
    return to_record(Review(figure, mining.hierarchy, FigureState.PROPOSED), None, verified_only=False)
