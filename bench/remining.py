"""What mining again makes of doubted figures: rounds of `curator remine` on drawn figures, with a model that errs.

A noisy oracle stands for the model (``bench.stand_ins.oracle``), the truth is that of the drawn figures. Nobody reviews
anything: the assessor goes by its prior.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from bench.stand_ins.differences import errors
from bench.stand_ins.oracle import FRAME, ErrorRates, NoisyOracle
from bench.stand_ins.server import ModelServer
from bench.stand_ins.truths import hierarchy_of
from curator.figure import Hierarchy
from data.demo.corpus import draw_corpus
from data.store import Store

FIGURES = 40
SEED = 4713
WRONG = 0.2
"""Share of panels that the oracle answers wrongly; half of that in every view alike."""
MODEL = "oracle"


def run() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, project = Path(name) / "drawn", Path(name) / "project"
        draw_corpus(folder, FIGURES, SEED)
        _curator(project, {}, "ingest", str(folder), "--json")
        _curator(project, {}, "mine", "--json")
        store = Store(project)
        entries = {entry["figure_id"]: entry for entry in json.loads((folder / "truth.json").read_text("utf-8"))}
        truths = {figure_id: hierarchy_of(entries[_key(figure_id)]) for figure_id in store.reviews.mined_ids()}
        oracle = NoisyOracle(list(entries.values()), ErrorRates.evenly(WRONG), SEED, 0.5)
        print(f"{FIGURES} drawn figures; the model errs on {WRONG:.0%} of panels; errors: nodes missing, wrong, extra")
        print("\n| round | ways | figures | with levels replaced | of them better / worse | errors before | after |")
        print("|---|---|---|---|---|---|---|")
        with ModelServer(oracle.respond, models=[MODEL]) as server:
            settings = {
                "CURATOR_MODEL_BASE_URL": server.base_url,
                "CURATOR_MODEL_MODEL": MODEL,
                "CURATOR_MODEL_COORDINATES": str(FRAME),
            }
            while True:
                _curator(project, {}, "assess", "--json")
                before = _errors(store, truths)
                (done,) = json.loads(_curator(project, settings, "remine", "--figures", "0", "--below", "1", "--json"))
                if not done["figures"]:
                    break
                _print_round(store, done["id"], before, _errors(store, truths))


def _print_round(store: Store, round_id: int, before: Mapping[str, int], after: Mapping[str, int]) -> None:
    changes = store.remining.changes(round_id)
    ways = ", ".join(f"{way} {count}" for way, count in Counter(change.way for change in changes).items())
    replaced = [change.figure_id for change in changes if change.adopted]
    better, worse = (
        sum(sign * (before[figure_id] - after[figure_id]) > 0 for figure_id in replaced) for sign in (1, -1)
    )
    print(
        f"| {round_id} | {ways} | {len(changes)} | {len(replaced)} | {better} / {worse} | "
        f"{sum(before.values())} | {sum(after.values())} |",
        flush=True,
    )


def _errors(store: Store, truths: Mapping[str, Hierarchy]) -> dict[str, int]:
    return {
        figure_id: errors(truth, store.reviews.load(figure_id, 0.0).review.hierarchy)
        for figure_id, truth in truths.items()
    }


def _key(figure_id: str) -> str:
    """The drawn figure's own id."""
    return figure_id.rpartition(":")[2]


def _curator(project: Path, environment: Mapping[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "ui", "--project", str(project), *arguments]
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
    ).stdout
