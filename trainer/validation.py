"""Retrieval on the validation split while a run goes on: a curve to look at, and the score that chooses the best."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby, islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from trainer.config import Level, TrainConfig
from trainer.dataset import Channels, Collate, Tokenizer
from trainer.evaluation_items import EvaluationItem, evaluation_items
from trainer.model import RegionClip
from trainer.pictures import moved, squash
from trainer.retrieval import recall
from trainer.samples import Child, Recipe, Sample
from trainer.schedule import levels_of
from trainer.step import autocast

POOL = 512
"""Pairs of a level at most, the first of the split; guess: R@1 then moves in steps of 0.2 %, and evaluating 20 times
costs less than a large export's epoch."""
_KS = (1, 10)


@dataclass(frozen=True, slots=True)
class _Pairs:
    samples: list[Sample]
    """Pictures in the model's size; at level R panels with their regions."""
    texts: list[str]
    """Each once: panels share captions, regions share findings."""
    text_of: Tensor
    """int64 [n]: of each picture, at level R of each region."""


class Validation:
    """The same pairs at every evaluation, kept in memory as the model sees them."""

    def __init__(self, export: Path, config: TrainConfig, tokenizer: Tokenizer, mean: Channels, std: Channels) -> None:
        self._config, self._tokenizer, self._mean, self._std = config, tokenizer, mean, std
        found: dict[Level, _Pairs] = {level: _pairs(export, level, config) for level in ("M", "P", "R")}
        self._pairs = {level: pairs for level, pairs in found.items() if pairs.texts}

    @torch.no_grad()
    def of(self, model: RegionClip, device: torch.device) -> tuple[dict[Level, dict[str, float]], float | None]:
        """``recall`` of each level that has pairs, pictures (or regions) as ``a`` and texts as ``b``; and the score.

        The score is the mean of R@1 and R@10 of both directions, over the levels that the run trains on; None where the
        split has no pair of them.
        """
        model.eval()
        with autocast(self._config, device):
            levels = {level: self._recall(model, level, device) for level in self._pairs}
        model.train()
        of_levels = [
            float(np.mean([levels[level][f"{way}_r{k}"] for way in ("a2b", "b2a") for k in _KS]))
            for level in levels_of(self._config)
            if level in levels
        ]
        return levels, float(np.mean(of_levels)) if of_levels else None

    def _recall(self, model: RegionClip, level: Level, device: torch.device) -> dict[str, float]:
        pairs, batch = self._pairs[level], self._config.batch
        collate = Collate(
            replace(_recipe(self._config, level), negatives=False), self._tokenizer, self._mean, self._std
        )
        images = []
        for first in range(0, len(pairs.samples), batch):
            seen = collate(pairs.samples[first : first + batch]).to(device)
            encoded = model.encode_images(seen.images)
            images.append(model.region_features(encoded, seen.children) if level == "R" else encoded.global_features)
        texts = [
            model.encode_texts(self._tokenizer(pairs.texts[first : first + batch]).to(device))
            for first in range(0, len(pairs.texts), batch)
        ]
        return recall(torch.cat(images), torch.cat(texts), _KS, pairs.text_of)


def _recipe(config: TrainConfig, level: Level) -> Recipe:
    return replace(Recipe.of(config, level, augmented=False), crops=level == "R" and config.regions == "crop")


def _pairs(export: Path, level: Level, config: TrainConfig) -> _Pairs:
    items = islice(evaluation_items(export, "val", level), POOL)
    samples, texts = [], []
    for _, of_image in groupby(items, lambda item: item.image_id):
        together = list(of_image)
        samples.append(_sample(together, level, config))
        texts += [item.text for item in together]
    numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    return _Pairs(samples, list(numbers), torch.tensor([numbers[text] for text in texts], dtype=torch.int64))


def _sample(items: list[EvaluationItem], level: Level, config: TrainConfig) -> Sample:
    """The picture that the items share, squashed as in training, with their boxes where they have some."""
    image, px, recipe = items[0].image, config.image_px, _recipe(config, level)
    whole = (0.0, 0.0, float(image.width), float(image.height))
    children = tuple(
        Child(moved(item.box_xyxy, whole, px), item.text, (), squash(item.crop, px) if recipe.crops else None)
        for item in items
        if item.box_xyxy is not None
    )
    return Sample(squash(image, px), items[0].text, children)
