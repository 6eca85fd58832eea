"""Reviews a demo project in a curator's place: ``curator loop --reviewer bench.stand_ins.demo_curator:review``."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

from bench.stand_ins.curators import SimulatedCurator
from bench.stand_ins.truths import hierarchy_of
from curator.errors import StoreError
from curator.figure import Hierarchy
from data.store import Store
from ui.looping.loop import TO_REVIEW

WHO = "simulated"


def review(store: Store, count: int) -> None:
    """Reviews the next figures of the queue by the truth that ``curator demo`` left in the project's folder.

    Raises:
        StoreError: the project has figures that are not of its demo corpora.
    """
    curator = SimulatedCurator(demo_truth(store.project))
    for item in store.queue.page(replace(TO_REVIEW, order="next"), 0, count, time.time()):
        stored = store.reviews.load(item.figure_id, time.time())
        if item.figure_id not in curator.truth:
            raise StoreError(
                f"nobody knows the truth of {item.figure_id!r}; only demo figures can be reviewed this way"
            )
        work = curator.review(stored)
        store.reviews.decide(item.figure_id, stored.revision, work.commands, WHO, time.time(), work.seconds)
        store.reviews.release(item.figure_id, WHO)


def demo_truth(project: Path) -> dict[str, Hierarchy]:
    """The true hierarchies of the demo corpora in a project's folder, by the figures' ids."""
    known: dict[str, Hierarchy] = {}
    for path in sorted(project.glob("demo-*/truth.json")):
        lines = (path.parent / "captions.jsonl").read_text(encoding="utf-8").splitlines()
        articles = {figure["figure_id"]: figure["article"] for figure in map(json.loads, lines)}
        for truth in json.loads(path.read_text(encoding="utf-8")):
            key = truth["figure_id"]
            known[f"{articles[key]}:{key}"] = hierarchy_of(truth)
    return known
