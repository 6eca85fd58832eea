"""Batches of noise in the numbers and lengths that published figures have: for measuring time, not for learning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from bench.figure_numbers import FIGURE_TOKENS, NEGATIVE_TOKENS, PANEL_TOKENS, PANELS, REGION_TOKENS, REGIONS, drawn
from trainer.batch import Batch, Children
from trainer.config import Level, TrainConfig
from trainer.samples import Recipe
from trainer.wording import NEGATIVES

_CONTEXT = 77
_START, _END = 49406, 49407  # CLIP's tokenizer; the end has the highest number, by which its text tower finds it


def noise_batch(config: TrainConfig, level: Level, seed: int) -> Batch:
    """As a run with this configuration gets it: crops and negatives where its losses want them.

    Every region has its five negatives, the most that a step can have. Boxes lie anywhere.
    """
    recipe = Recipe.of(config, level, augmented=False)
    random, rng = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    known, least = (PANELS, 1) if level == "M" else (REGIONS, int(level == "R"))
    counts = np.minimum(drawn(known, config.batch, rng, least=least), recipe.children)
    total = int(counts.sum())
    corners = torch.rand((total, 2, 2), generator=random) * recipe.px
    children = Children(
        torch.from_numpy(np.repeat(np.arange(config.batch), counts)),
        torch.cat([corners.amin(1), corners.amax(1)], dim=1),
        _texts(PANEL_TOKENS if level == "M" else REGION_TOKENS, total, rng),
        crops=_pixels(total, recipe.px, random) if recipe.crops else None,
        negatives=None,
        has_negatives=None,
    )
    if recipe.negatives:
        wrong = _texts(NEGATIVE_TOKENS, total * NEGATIVES, rng).reshape(total, NEGATIVES, _CONTEXT)
        children = replace(children, negatives=wrong, has_negatives=torch.ones((total, NEGATIVES), dtype=torch.bool))
    images = _pixels(config.batch, recipe.px, random)
    return Batch(level, images, _texts(FIGURE_TOKENS, config.batch, rng), children)


def _pixels(count: int, px: int, random: torch.Generator) -> Tensor:
    return torch.randn((count, 3, px, px), generator=random)


def _texts(known: Mapping[int, int], count: int, rng: np.random.Generator) -> Tensor:
    """int64 [count, 77]: start, words, end and padding, in lengths drawn from those known."""
    tokens = rng.integers(1, _START, (count, _CONTEXT))
    last = drawn(known, count, rng)[:, None] - 1
    places = np.arange(_CONTEXT)
    tokens[:, 0] = _START
    tokens[places == last] = _END
    tokens[places > last] = 0
    return torch.from_numpy(tokens)
