"""Which weights of a model train: the text tower or not, the last image blocks, or LoRA's alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from torch import nn

from curator.errors import SettingsError
from trainer.config import TrainConfig
from trainer.towers import Tower

_ATTENTION = frozenset({"attn", "attention", "self_attn"})
"""What timm, BERT and others call the module that holds the projections."""


class Freezable(Protocol):
    """What is frozen, as far as this needs to know it: ``trainer.model.RegionClip``."""

    clip: Any
    """open_clip's model."""
    tower: Tower

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """All weights train, or none."""


def freeze(model: Freezable, config: TrainConfig) -> None:
    """Sets ``requires_grad`` of every weight as the configuration says; the temperature and ROI processor always train.

    Frozen text means the whole tower with its projection. Unlocked blocks are the last n of the image tower together
    with what follows them (norm, pooling, projection); what stands before them is frozen.

    Raises:
        SettingsError: more unlocked blocks than the image tower has.
    """
    model.requires_grad_(True)
    if config.freeze_text:
        for weight in text_weights(model.clip):
            weight.requires_grad_(False)
    if config.unlocked_blocks:
        model.clip.visual.requires_grad_(False)
        for part in [*_last_blocks(model, config.unlocked_blocks), *model.tower.tail]:
            part.requires_grad_(True)


def add_lora(model: Freezable, config: TrainConfig) -> None:
    """Puts low-rank updates (LoRA, arXiv 2106.09685) beside the attention projections and freezes all that was there.

    In the last ``unlocked_blocks`` image blocks, in all where that is 0, and in the text tower unless it is frozen.
    Their scale is 1 (alpha = rank; guess). They start as zero, so that the model is the same before the first step. The
    temperature and the ROI processor go on training. Inside torch's MultiheadAttention peft adds the update to the
    frozen weights in each pass and takes it off again, which moves them by float rounding (1e-8 a pass).

    Raises:
        SettingsError: peft is not installed, or the towers have no attention.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise SettingsError(
            f"lora_rank is {config.lora_rank} and the package 'peft' is not installed; "
            "run `pip install peft` or set lora_rank to 0"
        ) from error
    blocks: Sequence[nn.Module] = model.tower.blocks
    if config.unlocked_blocks:
        blocks = _last_blocks(model, config.unlocked_blocks)
    towers = [*blocks] if config.freeze_text else [*blocks, *_text_modules(model.clip)]
    names = list(_attention_names(model.clip, towers))
    if not names:
        raise SettingsError(
            f"lora_rank is {config.lora_rank} and the model {config.model!r} has no attention to put LoRA beside; "
            "set lora_rank to 0"
        )
    exactly = "|".join(re.escape(name) for name in names)  # peft takes a list for endings: text's are image's too
    lora = LoraConfig(r=config.lora_rank, lora_alpha=config.lora_rank, target_modules=exactly)
    inject_adapter_in_model(lora, model.clip)
    for scalar in (model.clip.logit_scale, model.clip.logit_bias):
        if scalar is not None:
            scalar.requires_grad_(True)


def merge_lora(model: Freezable) -> None:
    """Adds LoRA's updates to the weights they stand beside and takes LoRA away: a plain open_clip model remains."""
    from peft.tuners.lora import LoraLayer
    from peft.tuners.lora.layer import MultiheadAttention

    layers = {name: module for name, module in model.clip.named_modules() if isinstance(module, LoraLayer)}
    for name, layer in layers.items():
        parent_name, _, attribute = name.rpartition(".")
        if isinstance(layer, MultiheadAttention):  # it holds its parts outside torch's register, peft puts them back
            merged: nn.Module = layer.unload_and_optionally_merge_module(
                merge=True, safe_merge=False, adapter_names=None
            )
        elif any(name.startswith(f"{other}.") for other in layers):
            continue  # a part of such an attention, gone with it
        else:
            layer.merge()
            merged = layer.get_base_layer()
        setattr(model.clip.get_submodule(parent_name), attribute, merged)


def text_weights(clip: Any) -> Iterator[nn.Parameter]:
    """All of an open_clip model's text tower: what is neither image tower nor temperature."""
    for name, weight in clip.named_parameters():
        if not name.startswith("visual.") and name not in ("logit_scale", "logit_bias"):
            yield weight


def _text_modules(clip: Any) -> list[nn.Module]:
    return [module for name, module in clip.named_children() if name != "visual"]


def _last_blocks(model: Freezable, count: int) -> list[nn.Module]:
    blocks = list(model.tower.blocks)
    if not 0 < count <= len(blocks):
        raise SettingsError(
            f"unlocked_blocks is {count} and the image tower has {len(blocks)} blocks; "
            f"give 1 to {len(blocks)}, or 0 to train all of it"
        )
    return blocks[-count:]


def _attention_names(clip: Any, towers: Sequence[nn.Module]) -> Iterator[str]:
    """Names, inside ``clip``, of the attention projections in the towers: torch's MultiheadAttention as a whole (peft's
    way), else the linear layers below a module called attention."""
    inside = {id(module) for tower in towers for module in tower.modules()}
    whole: list[str] = []
    for name, module in clip.named_modules():
        if id(module) not in inside:
            continue
        if isinstance(module, nn.MultiheadAttention):
            whole.append(f"{name}.")
            yield name
        elif (
            isinstance(module, nn.Linear)
            and _ATTENTION & set(name.split("."))
            and not any(name.startswith(prefix) for prefix in whole)
        ):
            yield name
