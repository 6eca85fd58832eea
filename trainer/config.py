"""What a training run does, as plain data: saved in every checkpoint, enough to repeat the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Level: TypeAlias = Literal["M", "P", "R"]
"""Figure (multi-panel), panel, region: the levels of Panel2Patch."""
LEVELS: Final[Mapping[str, str]] = {"M": "figures", "P": "panels", "R": "regions"}
"""What people call them."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What each loss counts; 0 leaves it out. Panel2Patch reports no weights: plain sum."""

    intra: float = 1.0
    """InfoNCE (or SigLIP) within the step's level."""
    inter: float = 0.0
    """Cross-level message passing: an image with the mean of its children, in each modality."""
    second: float = 0.0
    """InfoNCE (or SigLIP) of the second level that the step's encoding holds: at M the panels in the figures, at P the
    regions in the panels, at R the panels around the regions."""
    roi: float = 0.0
    """Region features against region texts (RegionMed-CLIP's L_roi): one way, regions to texts."""
    negatives: float = 0.0
    """RegionMed-CLIP's L_neg: regions away from their negative texts."""
    contrast: float = 0.0
    """Negatives as further wrong answers: each region picks its text among all texts and negatives of the batch."""
    consistency: float = 0.0
    """1 - cos of a region's RoI feature and its crop's."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a curriculum."""

    name: str
    share: float
    """Of all steps, 0 to 1."""
    cycle: tuple[Level, ...]
    """Levels of successive steps, over and over."""
    weights: Weights
    lr_factor: float = 1.0
    """On ``TrainConfig.lr``."""


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """All that a run depends on besides its data."""

    preset: str
    stages: tuple[Stage, ...]
    model: str
    """open_clip name, "local-dir:PATH", "hf-hub:ORG/REPO", or "curator-tiny"."""
    steps: int
    batch: int
    """Images a step and process: figures at level M, panels at P and R."""
    image_px: int
    lr: float
    weight_decay: float
    warmup_steps: int
    betas: tuple[float, float] = (0.9, 0.95)
    clip_norm: float = 0.5
    accumulate: int = 1
    """Micro-batches a step; raised by itself where memory runs out."""
    pretrained: str = ""
    """open_clip's tag of published weights; empty: as the model is made or loaded."""
    start_from: str = ""
    """Folder of another run, whose best weights are this one's first; empty: none."""
    freeze_text: bool = False
    unlocked_blocks: int = 0
    """Last image blocks that are trained; 0: all."""
    lora_rank: int = 0
    """0: no LoRA."""
    regions: Literal["roi", "crop"] = "roi"
    """Region features from the image's feature map, or by encoding each crop."""
    roi_processor: bool = False
    """RegionMed-CLIP's 8-head attention that fuses a region with the image."""
    loss: Literal["infonce", "siglip"] = "infonce"
    temperature: float = 0.07
    regions_an_image: int = 8
    """Children of an image in a step, drawn anew each time where it has more."""
    ema: float = 0.0
    """Decay of an average of the weights; 0: none."""
    grad_checkpointing: bool = False
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    workers: int = 2
    evaluate_every: int = 50
    """Steps."""
    patience: int = 0
    """Evaluations without a better one after which the run ends; 0: never."""
    seed: int = 0
