"""What a trained model is worth on a corpus that none of its figures were trained on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import torch

from trainer.evaluate.answers import TASKS, Answers, Task, answer
from trainer.evaluate.retrieval import Pairs, retrieve
from trainer.evaluate.subject import Subject
from trainer.splits import SPLITS

Scores: TypeAlias = Mapping[str, float]
"""Percent by name: ``figure``, ``panel``, ``region`` (cut out), ``box`` (in its panel), each the mean of R@1 of both
directions; the directions by themselves (``box i2t``, ``box t2i``); the same of R@10 (``box r10``) and of the mean
reciprocal rank (``box mrr``), in which every place counts; ``negatives``, regions that prefer their own text to all
five negatives; ``pointing``, phrases whose similarity map is highest inside the box."""


def score(subject: Subject, export: Path) -> Scores:
    """Of all figures of the export, whatever split they fall to."""
    parts = [answer(subject, export, split) for split in SPLITS]
    scores: dict[str, float] = {}
    for task in TASKS:
        found = retrieve(_joined(parts, task))
        ways = {"i2t": found.image_to_text, "t2i": found.text_to_image}
        scores |= {f"{task} {way}": 100 * one.recall(1).value for way, one in ways.items()}
        scores[task] = sum(scores[f"{task} {way}"] for way in ways) / 2
        scores[f"{task} r10"] = 100 * sum(one.recall(10).value for one in ways.values()) / 2
        scores[f"{task} mrr"] = 100 * sum(one.reciprocal_rank for one in ways.values()) / 2
    hits = torch.cat([part.negatives.hits for part in parts])
    points = torch.cat([part.grounding.points for part in parts])
    return {
        **scores,
        "negatives": 100 * float(hits.float().mean()),
        "pointing": 100 * float(points.float().mean()),
    }


def _joined(parts: list[Answers], task: Task) -> Pairs:
    """The pairs of all splits as one pool; texts that splits share count once."""
    numbers: dict[str, int] = {}
    text_of: list[int] = []
    features: list[torch.Tensor] = []
    for part in parts:
        texts = part.texts[task]
        new = [row for row, text in enumerate(texts) if text not in numbers]
        features.append(part.pairs[task].texts[new])
        for row in new:
            numbers[texts[row]] = len(numbers)
        text_of += [numbers[texts[row]] for row in part.pairs[task].text_of.tolist()]
    return Pairs(
        torch.cat([part.pairs[task].images for part in parts]),
        torch.cat(features),
        torch.tensor(text_of, dtype=torch.int64),
        [article for part in parts for article in part.pairs[task].articles],
    )
