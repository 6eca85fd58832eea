"""Evaluation of a model beside its start, and what it leaves behind: ``report.json`` and ``index.html``."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from curator.errors import InputError
from trainer.best_checkpoint import is_run
from trainer.contents import contents_of
from trainer.evaluate.answers import Task, answer
from trainer.evaluate.classes import ClassFolder, find_classes
from trainer.evaluate.classification import DRAWS as CLASS_DRAWS
from trainer.evaluate.classification import FewShot, ZeroShot, class_features, few_shot, zero_shot
from trainer.evaluate.comparison import Evaluated, compare
from trainer.evaluate.gallery import choose, thumbnails
from trainer.evaluate.heat import choose_pointed, heat_pictures
from trainer.evaluate.intervals import DRAWS
from trainer.evaluate.page import render_page
from trainer.evaluate.subject import BATCH, Subject, load_start, load_subject
from trainer.metrics import read_metrics
from trainer.records import Split
from trainer.run_folder import RunFolder
from trainer.snapshot import describe

JSON, PAGE = "report.json", "index.html"
_FORMAT = 1
_WAYS = {"a2b_r1": "image to text", "b2a_r1": "text to image"}

Progress = Callable[[str, int], None]
"""(name of the model, images encoded since the last call)"""


@dataclass(frozen=True, slots=True)
class Report:
    document: dict[str, Any]
    """JSON-ready: ``model``, ``start``, ``data``, ``results`` (``comparison.compare``), ``curves``, ``examples``,
    ``pointed``."""
    pictures: dict[tuple[Task, str], str]
    """Data URIs of the examples' images."""
    heats: dict[str, str]
    """Data URIs of what phrases point at, by region."""

    def save(self, folder: Path) -> None:
        """Writes ``report.json`` and ``index.html``; those of an earlier report are replaced."""
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        (folder / JSON).write_text(text, encoding="utf-8")
        (folder / PAGE).write_text(render_page(self.document, self.pictures, self.heats), encoding="utf-8")


def evaluate(
    name: str,
    export: Path,
    *,
    split: Split = "test",
    against: str = "",
    pretrained: str = "",
    classes: Path | None = None,
    limit: int | None = None,
    progress: Progress = lambda model, images: None,
) -> Report:
    """Evaluates a run's best model, or any other, on a split of an export.

    Args:
        name: of the model, as ``load_subject``.
        export: a folder that ``curator export`` wrote.
        split: which part of it.
        against: the model to stand beside it, as ``load_subject``; "": what a run started from, else none.
        pretrained: open_clip's tag of weights, where ``name`` is a built-in one.
        classes: a folder of class folders (``find_classes``); None: no classification.
        limit: only so many figures, panels, and panels with regions.
        progress: told as images are encoded.

    Raises:
        InputError, ImageError: the export or the class folder cannot be read, or the split holds nothing.
        TrainingError, ModelError, SettingsError: a model cannot be loaded.
    """
    snapshot = describe(export)
    if not any(snapshot.pairs[split].values()):
        raise InputError(f"split {split!r} of {export} holds no pair; name another, or export more figures")
    folder = find_classes(classes) if classes else None
    run = Path(name) if is_run(Path(name)) else None
    subject = load_subject(name, pretrained)
    model = _evaluated(subject, export, split, folder, limit, progress)
    px = subject.px
    del subject  # of a large model two copies need not fit
    start = None
    if against or run:
        other = load_subject(against) if against else load_start(Path(name))
        start = _evaluated(other, export, split, folder, limit, progress)
    results = compare(model, start)
    if folder:
        results["classes"] |= {"names": list(folder.names), "draws": CLASS_DRAWS}
    examples, pointed = choose(model.answers, model.retrievals), choose_pointed(model.answers)
    document = {
        "format": _FORMAT,
        "model": model.name,
        "start": start.name if start else None,
        "data": {
            "export": export.resolve().name,
            "sha256": snapshot.sha256,
            "split": split,
            "limit": limit,
            "articles": snapshot.articles[split],
            "pairs": snapshot.pairs[split],
            "warnings": [*contents_of(export).warnings],
        },
        "draws": DRAWS,
        "results": results,
        "curves": _curves(RunFolder(run).metrics) if run else None,
        "examples": [example.to_doc() for example in examples],
        "pointed": [one.to_doc() for one in pointed],
    }
    heats = heat_pictures(export, split, pointed, px)
    return Report(document, thumbnails(export, split, examples), heats)


def load_report(folder: Path) -> dict[str, Any]:
    """The document of a report that was saved.

    Raises:
        InputError: there is none, or it is of another format.
    """
    path = folder / JSON
    try:
        document: dict[str, Any] = json.loads(path.read_bytes())
        found = document["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no report ({error}); write one with `curator evaluate`") from error
    if found != _FORMAT:
        raise InputError(f"{path} has format {found!r}, expected {_FORMAT}; write it again with `curator evaluate`")
    return document


def _evaluated(
    subject: Subject, export: Path, split: Split, folder: ClassFolder | None, limit: int | None, progress: Progress
) -> Evaluated:
    def told(images: int) -> None:
        progress(subject.name, images)

    zero, few = _classified(subject, folder, told) if folder else (None, ())
    return Evaluated.of(subject.name, answer(subject, export, split, limit, told), zero, few)


def _classified(
    subject: Subject, folder: ClassFolder, told: Callable[[int], None]
) -> tuple[ZeroShot, tuple[FewShot, ...]]:
    features = [torch.zeros((0, subject.model.dim))]
    squares: list[np.ndarray[Any, Any]] = []
    for square in folder.pictures(subject.px):
        squares.append(square)
        if len(squares) == BATCH:
            features.append(subject.images(squares))
            told(len(squares))
            squares = []
    images = torch.cat([*features, *([subject.images(squares)] if squares else [])])
    labels = torch.tensor(folder.labels)
    zero = zero_shot(images, labels, class_features([subject.texts(prompts) for prompts in folder.prompts]))
    return zero, tuple(few_shot(images, labels, torch.tensor(folder.is_held_out()), len(folder.names)))


def _curves(metrics: Path) -> dict[str, Any]:
    """Loss by level and step; R@1 on the validation split by level, direction and step."""
    loss: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    validation: defaultdict[str, defaultdict[str, list[tuple[int, float]]]] = defaultdict(lambda: defaultdict(list))
    for line in read_metrics(metrics):
        if line["kind"] == "step":
            loss[line["level"]].append((line["step"], line["loss"]))
        if line["kind"] == "evaluation":
            for level, found in line["levels"].items():
                for key, way in _WAYS.items():
                    validation[level][way].append((line["step"], found[key]))
    return {"loss": loss, "validation": validation}
