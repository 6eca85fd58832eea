"""Samples a second of the loader for a model that costs nothing, against decoding the same pictures and no more.

Plain decoding is what open_clip's transform begins with: Pillow's decoding in full, then a bicubic resize. The loader
besides reads and checks the record, cuts, follows the boxes, makes tokens and stacks a normalised batch; but it lets
JPEG decode no finer than it needs.
"""

from __future__ import annotations

import io
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, Literal

import open_clip
import torch
from PIL import Image

from curator.figure import Article, Figure, Hierarchy, Panel, PanelKind, Provenance, Region, Span
from curator.geometry import Box
from data.demo.corpus import FIGURES_AN_ARTICLE, draw_corpus
from data.export import export
from data.ingest import keep_image
from data.store import Store
from trainer.config import Level, TrainConfig
from trainer.contents import contents_of
from trainer.dataset import make_loader
from trainer.machine import Machine
from trainer.presets import make_config

FIGURES = 24
SEED = 31
BATCHES = 4
ROUNDS = 3
WORKERS = 2
MODEL = "ViT-B-16"  # 224 px, and CLIP's tokenizer
FORMATS: tuple[Literal["jsonl", "webdataset"], ...] = ("jsonl", "webdataset")
LEVELS: tuple[Level, ...] = ("M", "P", "R")


@dataclass(frozen=True, slots=True)
class Picture:
    """One that the loader decodes."""

    content: bytes
    window_xyxy: Box | None
    """The part that is meant; None: all of it."""


def run() -> None:
    torch.set_num_threads(1)  # one core each for what is compared
    tokenizer = open_clip.get_tokenizer(MODEL)
    config = replace(make_config("zoomin", Machine("cpu", 8.0, 2), 100, MODEL), batch=16)
    with tempfile.TemporaryDirectory() as scratch:
        store = _drawn_project(Path(scratch))
        for format_ in FORMATS:
            export(store, format_, Path(scratch) / format_, verified_only=False)
        print(f"{FIGURES} drawn figures, {config.image_px} px, batches of {config.batch}; medians of {ROUNDS} turns")
        print("\n| export, level | plain, ms of CPU | loader, ms of CPU | ratio | samples/s plain, one process |"
              f" loader, {WORKERS} workers |")  # fmt: skip
        print("|---|---|---|---|---|---|")
        for format_ in FORMATS:
            for level in LEVELS:
                print(_row(Path(scratch) / format_, config, level, tokenizer), flush=True)


def _row(folder: Path, config: TrainConfig, level: Level, tokenizer: Any) -> str:
    pictures = list(_pictures(folder, level))

    def plain() -> int:
        for picture in pictures:
            with Image.open(io.BytesIO(picture.content)) as image:
                size = (config.image_px, config.image_px)
                image.convert("RGB").resize(size, Image.Resampling.BICUBIC, picture.window_xyxy)
        return len(pictures)

    def batches(workers: int) -> Iterator[int]:
        with_workers = replace(config, workers=workers)
        return (len(batch.images) for batch in make_loader(folder, with_workers, "train", level, tokenizer, seed=SEED))

    here, beside = batches(0), batches(WORKERS)
    next(beside)  # its processes have started
    turns = [(_timed(plain), _timed(lambda: sum(islice(here, BATCHES)))) for _ in range(ROUNDS)]
    ahead = 2 * WORKERS  # batches that lie ready before the clock starts
    first = sum(islice(beside, ahead))
    beside_s = [_timed(lambda: sum(islice(beside, 2 * BATCHES))).wall for _ in range(ROUNDS)]
    assert first
    plain_ms, loader_ms = (1000 * median(turn[side].processor for turn in turns) for side in (0, 1))
    plain_s = median(turn[0].wall for turn in turns)
    return (
        f"| {folder.name}, {level} | {plain_ms:.1f} | {loader_ms:.1f} | {plain_ms / loader_ms:.2f} "
        f"| {1 / plain_s:.0f} | {1 / median(beside_s):.0f} |"
    )


@dataclass(frozen=True, slots=True)
class Seconds:
    """A sample's."""

    wall: float
    processor: float


def _timed(work: Callable[[], int]) -> Seconds:
    """Of work that tells how many samples it did."""
    wall, processor = time.perf_counter(), time.process_time()
    samples = work()
    return Seconds((time.perf_counter() - wall) / samples, (time.process_time() - processor) / samples)


def _pictures(folder: Path, level: Level) -> Iterator[Picture]:
    """Those that an epoch of the loader reads."""
    contents = contents_of(folder)
    files = contents.export.files
    for figure, panel in contents.items("train", level):
        place, record = contents.place(figure), contents.record(figure)
        if level == "M":
            yield Picture(files.figure_image(place, record), None)
        elif (crop := files.panel_image(place, record.panels[panel])) is not None:
            yield Picture(crop, None)
        else:
            yield Picture(files.figure_image(place, record), record.panels[panel].window_xyxy)


def _drawn_project(folder: Path) -> Store:
    """Figures of the demo corpus as their truth says."""
    draw_corpus(folder / "corpus", FIGURES, SEED)
    store = Store(folder / "project")
    truths = json.loads((folder / "corpus" / "truth.json").read_text(encoding="utf-8"))
    for first in range(0, FIGURES, FIGURES_AN_ARTICLE):
        of_article = truths[first : first + FIGURES_AN_ARTICLE]
        article = f"demo-{first}"
        figures = [_figure(store, article, folder / "corpus", truth) for truth in of_article]
        added = store.articles.save(Article(article, license="CC0-1.0"), figures).added
        for figure_id, truth in zip(added, of_article, strict=True):
            store.reviews.mined(figure_id, _hierarchy(truth), "drawn")
    return store


def _figure(store: Store, article: str, corpus: Path, truth: dict[str, Any]) -> Figure:
    sha256, image_wh = keep_image(store, corpus / truth["image"])
    return Figure(truth["figure_id"], article, truth["image"], sha256, image_wh, caption=truth["caption"])


def _hierarchy(truth: dict[str, Any]) -> Hierarchy:
    drawn = Provenance("drawn", "1", "2026-01-01T00:00:00+00:00", 1.0)
    panels = []
    for number, panel in enumerate(truth["panels"]):
        start = truth["caption"].find(panel["subcaption"] or "\0")
        own = (Span(start, start + len(panel["subcaption"])),) if start >= 0 else ()
        kind = PanelKind(panel["kind"])
        panels.append(Panel(f"p{number}", tuple(panel["box_xyxy"]), drawn, panel["label"], kind=kind, own_spans=own))
    regions = [
        Region(f"r{number}", f"p{region['panel_index']}", tuple(region["box_xyxy"]), drawn, caption=region["caption"])
        for number, region in enumerate(truth["regions"])
    ]
    return Hierarchy(tuple(panels), (), tuple(regions))
