"""How large a model is, read off its name and open_clip's configuration files; nothing heavy is loaded for it."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.tiny import CONFIG, NAME

_WIDTHS = {"tiny": (192, 12), "small": (384, 12), "medium": (512, 12), "base": (768, 12), "large": (1024, 24)}
"""Width and layers of timm's vision transformers by the word in their names."""
_BERT = (768, 12, 30_522, 256)
"""Width, layers, vocabulary and context of BERT-base: BiomedCLIP's PubMedBERT, and most text towers of transformers."""


@dataclass(frozen=True, slots=True)
class TowerSize:
    """A transformer of so many layers over so many tokens."""

    tokens: int
    width: int
    layers: int
    parameters: int

    @property
    def flops(self) -> float:
        """Of one input, forward; a multiplication with its addition is two."""
        dense, attention = 24 * self.tokens * self.width**2, 4 * self.tokens**2 * self.width
        return float(self.layers * (dense + attention))


@dataclass(frozen=True, slots=True)
class ModelSize:
    image: TowerSize
    text: TowerSize
    is_exact: bool
    """Read off a configuration whose towers are plain transformers; else that of a ViT-B/16 beside a BERT."""

    @property
    def parameters(self) -> int:
        return self.image.parameters + self.text.parameters


def model_size(name: str, px: int) -> ModelSize:
    """The size of a model as ``TrainConfig.model`` names it, at pictures of ``px`` pixels a side."""
    config = _config(name) or {}
    dim = int(config.get("embed_dim", 512))
    image = _image(config.get("vision_cfg", {}), px, dim)
    text = _text(config.get("text_cfg", {}), dim)
    return ModelSize(
        image or _vit(px, 16, *_WIDTHS["base"], dim),
        text or _transformer(_BERT[3], _BERT[0], _BERT[1], _BERT[2] * _BERT[0] + _BERT[0] * dim),
        image is not None and text is not None,
    )


def _image(config: dict[str, Any], px: int, dim: int) -> TowerSize | None:
    if timm := str(config.get("timm_model_name", "")):
        word = next((word for word in _WIDTHS if f"vit_{word}_" in timm), None)
        patch = re.search(r"patch(\d+)", timm)
        return _vit(px, int(patch[1]), *_WIDTHS[word], dim) if word and patch else None
    match config:
        case {"layers": int(layers), "width": int(width), "patch_size": int(patch_px)}:
            return _vit(px, patch_px, width, layers, dim)
        case _:
            return None


def _text(config: dict[str, Any], dim: int) -> TowerSize | None:
    match config:
        case {"hf_model_name": str()}:
            return None
        case {"layers": int(layers), "width": int(width)}:
            context, vocabulary = int(config.get("context_length", 77)), int(config.get("vocab_size", 49_408))
            return _transformer(context, width, layers, (vocabulary + context + dim) * width)
        case _:
            return None


def _vit(px: int, patch_px: int, width: int, layers: int, dim: int) -> TowerSize:
    tokens = (px // patch_px) ** 2 + 1
    return _transformer(tokens, width, layers, (3 * patch_px**2 + tokens + dim) * width)


def _transformer(tokens: int, width: int, layers: int, besides: int) -> TowerSize:
    """``besides``: weights that are in no layer."""
    return TowerSize(tokens, width, layers, layers * (12 * width**2 + 13 * width) + besides)


def _config(name: str) -> dict[str, Any] | None:
    """The ``model_cfg`` that open_clip would find on this machine; None where it would have to ask the hub."""
    for path in _paths(name):
        try:
            found = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        config = found.get("model_cfg", found)
        return config if isinstance(config, dict) else None
    return None


def _paths(name: str) -> Iterator[Path]:
    schema, _, place = name.rpartition(":")
    if schema == "local-dir":
        yield Path(place) / "open_clip_config.json"
    elif not schema and re.fullmatch(r"[A-Za-z0-9._-]+", name):
        if name == NAME:
            yield CONFIG
        found = importlib.util.find_spec("open_clip")
        for folder in found.submodule_search_locations or () if found else ():
            yield Path(folder) / "model_configs" / f"{name}.json"
