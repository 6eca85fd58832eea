"""Curricula as plain data: the two papers', ours, and the baseline, each for the machine at hand.

A preset is a function of machine, steps and model. On a CPU, and for ``curator-tiny`` anywhere, it gives a size that
ends in minutes: small batches, and rates for a model that starts from random weights, since the papers' rates and
frozen parts presume one that was trained on millions of pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from curator.errors import TrainingError
from trainer.config import Stage, TrainConfig, Weights
from trainer.machine import Machine

TINY = "curator-tiny"
"""The default on a CPU."""
BIOMEDCLIP = "hf-hub:microsoft/BiomedCLIP-PubMedBERT_256-vit_base_patch16_224"
"""The default on a GPU: RegionMed-CLIP's towers. Panel2Patch starts from a larger one, a ViT-L/14."""
_TINY_LR = 3e-4
"""From random weights; measured on 200 drawn figures, 200 steps of zoomin: 2e-4 learns alike, 5e-4 worse; at 1e-3 all
features become one."""
_TINY_BATCH = 8
"""Measured there: 400 steps of 8 pictures learn more than 200 steps of 16 (figure R@1 68 against 52 %, region R@1 28
against 22 %)."""


@dataclass(frozen=True, slots=True)
class Preset:
    name: str
    title: str
    """What follows the name in the page and in the command's help."""
    make: Callable[[Machine, int, str], TrainConfig]
    """(machine, steps, model) -> TrainConfig"""


def panel2patch(machine: Machine, steps: int, model: str) -> TrainConfig:
    """Panel2Patch, stage III (arXiv 2512.02566): one level a step, M -> P -> R; plain sum of all losses.

    The paper's: text frozen, last 5 image blocks, lr 1e-5, weight decay 0.05, betas (0.9, 0.95), 1,000 warm-up steps,
    cosine, batch 40 a GPU. Regions are encoded as crops, their RoI features kept consistent with them (1 - cos; the
    paper does not give the form).
    """
    config = TrainConfig(
        preset="panel2patch",
        stages=(Stage("cycle", 1.0, ("M", "P", "R"), Weights(intra=1.0, inter=1.0, consistency=1.0)),),
        model=model,
        steps=steps,
        batch=40,
        image_px=224,
        lr=1e-5,
        weight_decay=0.05,
        warmup_steps=min(1000, steps // 10),  # paper: 1,000 of a run of some 20,000
        betas=(0.9, 0.95),
        clip_norm=1.0,  # guess: not reported
        freeze_text=True,
        unlocked_blocks=5,
        regions="crop",
    )
    return _sized(config, machine)


def regionmed(machine: Machine, steps: int, model: str) -> TrainConfig:
    """RegionMed-CLIP (arXiv 2508.05244): warm-up, global alignment, region refinement, joint fine-tuning.

    The paper's: 2 + 8 + 8 + 8 epochs at 1e-4, 2e-4, 2e-4, 3e-5; batch 16 (12 in the last stage, here 16 throughout);
    temperature 0.07, weight decay 0.02, clip 0.5, 224 px; ROI crops through the ROI processor. Its images are panels
    here: "global" is a panel and its caption.
    """
    alone = Weights(intra=1.0)
    refined = Weights(intra=0.0, roi=1.0, negatives=1.0)
    joint = Weights(intra=1.0, roi=1.0, negatives=1.0)
    config = TrainConfig(
        preset="regionmed",
        stages=(
            Stage("warm-up", 2 / 26, ("P",), alone, lr_factor=0.5),
            Stage("global", 8 / 26, ("P",), alone),
            Stage("roi", 8 / 26, ("R",), refined),
            Stage("joint", 8 / 26, ("P",), joint, lr_factor=0.15),
        ),
        model=model,
        steps=steps,
        batch=16,
        image_px=224,
        lr=2e-4,
        weight_decay=0.02,
        warmup_steps=0,  # the paper's warm-up is a stage
        betas=(0.9, 0.999),  # AdamW's own: not reported
        clip_norm=0.5,
        temperature=0.07,
        regions="crop",
        roi_processor=True,
    )
    return _sized(config, machine)


def zoomin(machine: Machine, steps: int, model: str) -> TrainConfig:
    """Ours: Panel2Patch's levels, each step teaching two of them from one encoding, by RegionMed-CLIP's RoI features.

    First figures with their panels, then also panels with their regions. Order and shares are measured, with one seed
    each; the weights are a plain sum. The second level is what teaches (docs/training.md); cross-level messages
    (``inter``), L_neg and negatives as wrong answers (``contrast``) gained nothing and are left out.
    """
    two_levels = Weights(intra=1.0, second=1.0)
    config = TrainConfig(
        preset="zoomin",
        stages=(
            Stage("far", 0.5, ("M",), two_levels),
            Stage("near", 0.5, ("M", "P", "M", "R"), two_levels),
        ),
        model=model,
        steps=steps,
        batch=40,
        image_px=224,
        lr=1e-5,
        weight_decay=0.05,
        warmup_steps=min(1000, steps // 10),
        betas=(0.9, 0.95),
        clip_norm=1.0,
        freeze_text=True,
        unlocked_blocks=5,
        regions="roi",
    )
    return _sized(config, machine)


def flat(machine: Machine, steps: int, model: str) -> TrainConfig:
    """The baseline: plain CLIP on figures and their whole captions; all else as ``zoomin``, so that they compare."""
    return replace(
        zoomin(machine, steps, model),
        preset="flat",
        stages=(Stage("flat", 1.0, ("M",), Weights(intra=1.0)),),
    )


PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            "zoomin",
            "ours, drawn from both papers: all levels, two at a time from one encoding, coarse first",
            zoomin,
        ),
        Preset("panel2patch", "that paper's: figure, panel and region in turn, regions as crops", panel2patch),
        Preset("regionmed", "RegionMed-CLIP's: warm-up, global, regions, joint", regionmed),
        Preset("flat", "the baseline: plain CLIP on whole figures", flat),
    )
}


def make_config(preset: str, machine: Machine, steps: int, model: str = "") -> TrainConfig:
    """The preset's configuration; without a model the one that suits the machine.

    Raises:
        TrainingError: there is no such preset, or ``steps`` is not positive.
    """
    if preset not in PRESETS:
        raise TrainingError(f"preset {preset!r} is unknown; expected one of {sorted(PRESETS)!r}")
    if steps < 1:
        raise TrainingError(f"steps is {steps!r}; expected at least 1")
    return PRESETS[preset].make(machine, steps, model or (BIOMEDCLIP if machine.device == "cuda" else TINY))


def _sized(config: TrainConfig, machine: Machine) -> TrainConfig:
    """The same curriculum in a size for the machine and the model."""
    sized = replace(
        config,
        evaluate_every=max(1, config.steps // 20),  # a curve of 20 points
        workers=max(0, min(8, machine.cores - 1)),
        grad_checkpointing=machine.device == "cuda" and machine.memory_gb < 24 and config.model != TINY,  # guess
    )
    if config.model == TINY:
        return replace(
            sized,
            image_px=96,
            batch=_TINY_BATCH,
            lr=_TINY_LR,
            warmup_steps=min(20, config.steps // 10),
            freeze_text=False,
            unlocked_blocks=0,
        )
    if machine.device == "cpu":
        return replace(sized, batch=min(8, config.batch))  # guess: a ViT-B/16 step then takes some 10 s on 2 cores
    return sized
