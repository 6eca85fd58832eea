"""A model under evaluation: how it is loaded, and how it sees pictures and texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from curator.errors import ModelError
from trainer.best_checkpoint import best_checkpoint, is_run, take_first_weights
from trainer.config import TrainConfig
from trainer.machine import this_machine
from trainer.model import RegionClip, Tokenizer, load_clip_config, make_model
from trainer.pictures import Rgb
from trainer.presets import make_config
from trainer.unwarned import unwarned

ROI_PROCESSOR = "curator_roi_processor.safetensors"
"""Beside a published model whose regions look at the whole image; open_clip itself does not know it."""
CONFIG = "open_clip_config.json"
BATCH = 64
"""Pictures or texts encoded at a time; guess: a ViT-L/14 then takes 2 GB without gradients."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Everything it gives lies on the CPU, float32 and of unit length."""

    name: str
    model: RegionClip
    tokenizer: Tokenizer
    config: TrainConfig
    device: torch.device

    @property
    def px(self) -> int:
        return self.config.image_px

    def pixels(self, squares: Sequence[Rgb]) -> Tensor:
        """float32 [n, 3, px, px] on the model's device, normalised as its own transform does."""
        visual: Any = self.model.clip.visual
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (visual.image_mean, visual.image_std))
        stacked = torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2).float().div_(255)
        return stacked.sub_(mean).div_(std).to(self.device)

    @torch.inference_mode()
    def images(self, squares: Sequence[Rgb]) -> Tensor:
        """float [n, d] of pictures that are squares of ``px``."""
        features = [torch.zeros((0, self.model.dim))]
        for first in range(0, len(squares), BATCH):
            pixels = self.pixels(squares[first : first + BATCH])
            features.append(self.model.encode_images(pixels).global_features.float().cpu())
        return torch.cat(features)

    @torch.inference_mode()
    def texts(self, texts: Sequence[str]) -> Tensor:
        """float [n, d]."""
        features = [torch.zeros((0, self.model.dim))]
        for first in range(0, len(texts), BATCH):
            tokens = self.tokenizer(list(texts[first : first + BATCH]))
            features.append(self.model.encode_texts(tokens.to(self.device)).float().cpu())
        return torch.cat(features)


def load_subject(name: str, pretrained: str = "") -> Subject:
    """The model that a run found best, a published one, or any that open_clip knows.

    Args:
        name: folder of a run; folder with ``open_clip_config.json``; or as ``TrainConfig.model``.
        pretrained: open_clip's tag of weights, for built-in names.

    Raises:
        TrainingError: the run has no checkpoint.
        ModelError, SettingsError: the model cannot be made.
    """
    folder = Path(name.removeprefix("local-dir:"))
    if is_run(folder):
        return load_trained(folder)
    published = (folder / CONFIG).is_file()
    config = _config_of(f"local-dir:{folder}" if published else name, pretrained)
    subject = _subject(folder.name if published else name, config)
    if published and (folder / ROI_PROCESSOR).is_file():
        from safetensors.torch import load_model

        assert subject.model.roi_processor is not None
        load_model(subject.model.roi_processor, folder / ROI_PROCESSOR)
    return subject


def load_trained(run: Path) -> Subject:
    """A run's best weights, averaged where it kept an average.

    Raises:
        TrainingError: there is no checkpoint, or it is unreadable.
        ModelError, SettingsError: its model cannot be made here.
    """
    checkpoint = best_checkpoint(run)
    with unwarned():
        subject = _subject(run.resolve().name, checkpoint.config)
    subject.model.load_state_dict({**checkpoint.model, **checkpoint.average})
    return subject


def load_start(run: Path) -> Subject:
    """What a run started from: the same model before its first step.

    Raises:
        TrainingError, ModelError, SettingsError: as ``load_trained``.
    """
    config = best_checkpoint(run).config
    weights = f" ({config.pretrained})" if config.pretrained else ""
    if config.start_from:
        weights = f" (of run {Path(config.start_from).name})"
    with unwarned():
        subject = _subject(f"{config.model}{weights}, before training", config)
    take_first_weights(subject.model, config)
    return subject


def _subject(name: str, config: TrainConfig) -> Subject:
    model, _, tokenizer = make_model(config)
    device = torch.device(this_machine().device)
    return Subject(name, model.to(device).eval(), tokenizer, config, device)


def _config_of(name: str, pretrained: str) -> TrainConfig:
    """The configuration under which a model that no run of ours made is evaluated: regions from its feature map."""
    size = load_clip_config(name)["vision_cfg"].get("image_size", 224)
    if not isinstance(size, int):
        raise ModelError(f"{name!r} takes pictures of {size!r} px, expected squares; choose another model")
    folder = Path(name.removeprefix("local-dir:"))
    return replace(
        make_config("flat", this_machine(), 1, name),
        image_px=size,
        pretrained=pretrained,
        freeze_text=False,
        unlocked_blocks=0,
        regions="roi",
        roi_processor=name.startswith("local-dir:") and (folder / ROI_PROCESSOR).is_file(),
    )
