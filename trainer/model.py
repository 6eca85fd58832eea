"""A CLIP that also gives features of regions: from the feature map of one encoding, or by encoding crops."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from curator.errors import ModelError
from trainer import tiny
from trainer.batch import Children
from trainer.config import TrainConfig
from trainer.freezing import add_lora, freeze
from trainer.regions import roi_cells
from trainer.roi_processor import RoiProcessor
from trainer.text_tower import encode_tokens
from trainer.towers import tower_of
from trainer.unwarned import unwarned

Tokenizer: TypeAlias = Callable[[list[str]], Tensor]
"""Texts -> int64 [n, context]."""
Preprocess: TypeAlias = Callable[[Any], Tensor]
"""PIL image -> float32 [3, px, px]: open_clip's own transform for evaluation."""

MAX_LOGIT_SCALE = 100.0
"""CLIP (arXiv 2103.00020, section 2.5): a higher one made training unstable."""
SIGLIP_SCALE, SIGLIP_BIAS = 10.0, -10.0
"""SigLIP (arXiv 2303.15343, section 3.2): nearly all pairs are negatives, so a start that says no to all is near."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Images after one pass through the image tower."""

    global_features: Tensor
    """float [b, d], unit length."""
    feature_map: Tensor
    """float [b, channels, h, w]."""
    image_wh: tuple[int, int]
    """Of the images as they entered: the frame of children's boxes."""


class RegionClip(nn.Module):
    """An open_clip model with region features; all features it gives are float32 and of unit length."""

    def __init__(
        self,
        clip: Any,
        dim: int,
        *,
        regions: Literal["roi", "crop"] = "roi",
        roi_processor: bool = False,
        config: dict[str, Any] | None = None,
    ) -> None:
        """
        Args:
            clip: an open_clip ``CLIP`` or ``CustomTextCLIP``.
            dim: d of its features.
            regions: where region features come from.
            roi_processor: whether they look at the whole image afterwards.
            config: open_clip's ``model_cfg`` that makes ``clip``, for publishing it.

        Raises:
            ModelError: the image tower gives no feature map.
            SettingsError: the features do not fit the ROI processor.
        """
        super().__init__()
        self.clip = clip
        self.dim = dim
        self.regions = regions
        self.clip_config = config or {}
        self.tower = tower_of(clip.visual)
        self.roi_processor = RoiProcessor(dim, self.tower.channels) if roi_processor else None

    def train(self, mode: bool = True) -> Self:
        """Training mode, save for parts none of whose weights train: no dropout there, no moving batch statistics."""
        super().train(mode)
        for module in self.modules():
            weights = list(module.parameters())
            if weights and not any(weight.requires_grad for weight in weights):
                module.eval()
        return self

    @property
    def logit_scale(self) -> Tensor:
        """Scalar: what cosines are multiplied by, 1 / temperature."""
        return self.clip.logit_scale.exp().squeeze()  # type: ignore[no-any-return]

    @property
    def logit_bias(self) -> Tensor | None:
        """Scalar that SigLIP adds to scaled cosines; None in a model without."""
        return None if self.clip.logit_bias is None else self.clip.logit_bias.squeeze()

    def limit_logit_scale(self) -> None:
        """Brings the logit scale back to CLIP's limit of 100, where a step went past it."""
        with torch.no_grad():
            self.clip.logit_scale.clamp_(max=math.log(MAX_LOGIT_SCALE))

    def encode_images(self, images: Tensor) -> Encoded:
        """Features and map of images, float [b, 3, px, px], normalised."""
        features, feature_map = self.tower.encode(images)
        return Encoded(_unit(features), feature_map, (images.shape[-1], images.shape[-2]))

    def encode_texts(self, tokens: Tensor) -> Tensor:
        """float [n, d] of int64 [n, context]; n may be 0."""
        if not len(tokens):
            return torch.zeros((0, self.dim), device=tokens.device)
        return _unit(encode_tokens(self.clip, tokens))

    def region_features(self, encoded: Encoded, children: Children) -> Tensor:
        """float [c, d]: of boxes or crops, as the model was made, looked over by its ROI processor where it has one."""
        return self.fuse(encoded, children.image, self.plain_region_features(encoded, children))

    def plain_region_features(self, encoded: Encoded, children: Children) -> Tensor:
        """float [c, d]: of boxes or crops, before the ROI processor.

        Raises:
            ValueError: crops are wanted and the children have none.
        """
        if self.regions == "roi":
            return self.roi_features(encoded, children.image, children.boxes_xyxy)
        return self.crop_features(children)

    def roi_features(self, encoded: Encoded, image: Tensor, boxes_xyxy: Tensor) -> Tensor:
        """float [c, d] of boxes [c, 4], in pixels of the images [c] (int64) as they entered, from the feature maps."""
        height, width = encoded.feature_map.shape[-2:]
        grid_wh = (width, height) if self.tower.attends else (1, 1)
        cells = roi_cells(encoded.feature_map, image, boxes_xyxy, encoded.image_wh, grid_wh)
        return _unit(self.tower.head(cells)) if len(cells) else cells.new_zeros((0, self.dim))

    def crop_features(self, children: Children) -> Tensor:
        """float [c, d]: each crop encoded as an image of its own.

        Raises:
            ValueError: the children have no crops.
        """
        if children.crops is None:
            raise ValueError("the batch holds no crops of its children, and region features of crops were asked for")
        if not len(children.crops):
            return children.crops.new_zeros((0, self.dim))
        return self.encode_images(children.crops).global_features

    def fuse(self, encoded: Encoded, image: Tensor, regions: Tensor) -> Tensor:
        """float [c, d]: region features after the ROI processor; as they are where the model has none."""
        if self.roi_processor is None or not len(regions):
            return regions
        fused: Tensor = self.roi_processor(regions, image, encoded.feature_map)
        return fused

    def cell_features(self, encoded: Encoded) -> Tensor:
        """float [b, h, w, d]: each cell of the feature map as a region of its own, for similarity maps of a phrase."""
        images, _, height, width = encoded.feature_map.shape
        cells = encoded.feature_map.permute(0, 2, 3, 1).flatten(0, 2)[:, :, None, None]
        if self.tower.attends:  # heads with learned places want a full grid; one cell everywhere is that cell
            cells = cells.expand(-1, -1, height, width)
        return _unit(self.tower.head(cells)).reshape(images, height, width, self.dim)


def make_model(config: TrainConfig) -> tuple[RegionClip, Preprocess, Tokenizer]:
    """The model that a run starts from, on the CPU in float32, with open_clip's transform and tokenizer for it.

    The same configuration gives the same random weights. A model made from scratch starts at ``config.temperature``;
    one with weights keeps its own, unless it becomes a SigLIP model here, which starts as SigLIP does.

    Raises:
        ModelError: an unknown name, a folder that is no model, weights that cannot be had, an image tower without map.
        SettingsError: more unlocked blocks than there are, LoRA without peft, features that the processor cannot split.
    """
    import open_clip

    tiny.register()
    architecture = clip_config(config)
    moved_text = {"text_cfg": architecture["text_cfg"]} if _folder_of_text_tower(config.model) else {}
    siglip = {"init_logit_scale": math.log(SIGLIP_SCALE), "init_logit_bias": SIGLIP_BIAS}
    becomes_siglip = config.loss == "siglip" and "init_logit_bias" not in load_clip_config(config.model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        try:
            # our own small model has no weights that could be missed
            with unwarned() if config.model == tiny.NAME else nullcontext():
                clip, _, preprocess = open_clip.create_model_and_transforms(
                    config.model,
                    pretrained=config.pretrained or None,
                    force_image_size=config.image_px,
                    force_patch_dropout=0.0,  # a map with missing cells is none
                    image_resize_mode="squash",  # as training makes its pictures, see trainer.pictures
                    **(siglip if becomes_siglip else {}),
                    **moved_text,
                )
            tokenizer = open_clip.get_tokenizer(config.model)
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelError(f"the model {config.model!r} cannot be made: {error}") from error
        model = RegionClip(
            clip,
            architecture["embed_dim"],
            regions=config.regions,
            roi_processor=config.roi_processor,
            config=architecture,
        )
        with torch.no_grad():
            if becomes_siglip:
                model.clip.logit_scale.fill_(siglip["init_logit_scale"])
                model.clip.logit_bias.fill_(siglip["init_logit_bias"])
            elif not has_weights(config) and config.loss == "infonce":
                model.clip.logit_scale.fill_(math.log(1 / config.temperature))
        freeze(model, config)
        if config.lora_rank:
            add_lora(model, config)
    if config.grad_checkpointing:
        model.clip.set_grad_checkpointing(True)
    return model, preprocess, tokenizer


def has_weights(config: TrainConfig) -> bool:
    """Whether the model starts from weights that were trained before."""
    return bool(config.pretrained) or config.model.startswith(("local-dir:", "hf-hub:"))


def clip_config(config: TrainConfig) -> dict[str, Any]:
    """open_clip's ``model_cfg`` of the run's model, as ``open_clip_config.json`` wants it: with its size and bias.

    A folder of a published model names its text tower by a path or a hub's name that may not exist here; where the
    folder holds that tower's own ``config.json``, it is named instead.

    Raises:
        ModelError: an unknown name, or a folder that is no model.
    """
    found = load_clip_config(config.model)
    found["vision_cfg"]["image_size"] = config.image_px
    if config.loss == "siglip" and "init_logit_bias" not in found:
        found |= {"init_logit_scale": math.log(SIGLIP_SCALE), "init_logit_bias": SIGLIP_BIAS}
    folder = _folder_of_text_tower(config.model)
    if folder is not None:
        found["text_cfg"] |= {"hf_model_name": str(folder), "hf_model_pretrained": False}
    return found


def load_clip_config(name: str) -> dict[str, Any]:
    """open_clip's ``model_cfg`` of a built-in name, a folder or the hub.

    Raises:
        ModelError: an unknown name, or a folder that is no model.
    """
    import open_clip

    tiny.register()
    try:
        found: dict[str, Any] | None = open_clip.get_model_config(name)
    except (OSError, RuntimeError, ValueError) as error:
        raise ModelError(f"the model {name!r} has no open_clip_config.json that can be read: {error}") from error
    if found is None or "vision_cfg" not in found:
        raise ModelError(
            f"{name!r} is no model that open_clip knows; give one of `open_clip.list_models()`, "
            f"{tiny.NAME!r}, 'local-dir:PATH' or 'hf-hub:ORG/REPO'"
        )
    return found


def _folder_of_text_tower(name: str) -> Path | None:
    """The folder that holds a model together with the ``config.json`` of its text tower from transformers."""
    schema, _, path = name.partition(":")
    return Path(path) if schema == "local-dir" and (Path(path) / "config.json").is_file() else None


def _unit(features: Tensor) -> Tensor:
    return functional.normalize(features.float(), dim=-1)
