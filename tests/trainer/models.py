"""Small open_clip models of each kind, and batches for them. Importing it makes open_clip know their names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import open_clip
import torch

from trainer.batch import Batch, Children
from trainer.config import Level, TrainConfig

open_clip.add_model_config(Path(__file__).with_name("model_configs"))

SMALL = "small-vit"
SIZES_PX = {
    "curator-tiny": 96,
    "small-vit": 32,  # class token
    "small-vit-mean": 32,
    "small-resnet": 64,
    "small-timm-vit": 64,  # class token, as BiomedCLIP's
    "small-timm-attention": 64,  # pools by attention, as SigLIP's
    "small-timm-convnext": 96,
    "small-timm-resnet": 96,
    "small-timm-mambaout": 96,  # channels last
}
CLASS_TOKEN = ("small-vit", "small-timm-vit")
CONTEXT = 16


def a_config(model: str = SMALL, **changes: Any) -> TrainConfig:
    values: dict[str, Any] = {
        "preset": "test",
        "stages": (),
        "model": model,
        "steps": 10,
        "batch": 4,
        "image_px": SIZES_PX.get(model, 32),
        "lr": 1e-3,
        "weight_decay": 0.0,
        "warmup_steps": 0,
    }
    return TrainConfig(**values | changes)


def a_batch(level: Level, *, image: Sequence[int] = (0, 1, 1, 3), images: int = 4, px: int = 32) -> Batch:
    """``images`` random images, with a child in each of ``image``; crops at every level, negatives of regions."""
    random = torch.Generator().manual_seed(7)
    count = len(image)
    corners = torch.rand((count, 2, 2), generator=random) * px
    boxes = torch.cat([corners.amin(1), corners.amax(1)], dim=1)
    children = Children(
        image=torch.tensor(image, dtype=torch.int64),
        boxes_xyxy=boxes,
        texts=some_tokens(count, random),
        crops=torch.randn((count, 3, px, px), generator=random),
        negatives=None if level == "M" else some_tokens(count * 5, random).reshape(count, 5, CONTEXT),
        has_negatives=None if level == "M" else torch.ones((count, 5), dtype=torch.bool),
    )
    return Batch(level, torch.randn((images, 3, px, px), generator=random), some_tokens(images, random), children)


def some_tokens(count: int, random: torch.Generator) -> torch.Tensor:
    """int64 [count, 16]: start, 3 to 9 words, end, padding, as CLIP's tokenizer gives them."""
    tokens = torch.zeros((count, CONTEXT), dtype=torch.int64)
    for row in tokens:
        words = int(torch.randint(3, 10, (1,), generator=random))
        row[0] = 49406
        row[1 : 1 + words] = torch.randint(1, 49000, (words,), generator=random)
        row[1 + words] = 49407
    return tokens
