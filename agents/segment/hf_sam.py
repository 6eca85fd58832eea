"""Segment Anything 1 and 2 from a folder of weights that the transformers library saved."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.segment.fingerprint import fingerprint_of
from agents.segment.segmenter import Click, Embedding
from agents.segment.torch_decoding import Inlay, best_mask, to_prompt, usual_device
from curator.errors import ModelError
from curator.geometry import Box, Size

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CODE = "hf-sam-1"  # count up when embeddings of the same weights change
_FAMILIES = {"sam": "Sam", "sam2": "Sam2", "sam2_video": "Sam2"}  # the published Sam2 folders name the video model
_WEIGHTS = ("*.safetensors", "*.bin", "*.json")


class HfSam:
    """A segmenter (see ``agents.segment.segmenter.Segmenter``) over a folder of Sam or Sam2 weights.

    Runs on CUDA where there is one.
    """

    def __init__(self, folder: Path) -> None:
        """
        Raises:
            ModelError: the folder holds no Sam or Sam2 model, or its weights cannot be read.
            ImportError: torch or transformers is not installed.
        """
        kind = _kind_of(folder)
        library: Any = importlib.import_module("transformers")  # types too little of itself for a checker
        importlib.import_module("torchvision")  # the processors need it and would only say so when first used
        self._device = usual_device()
        try:
            model = getattr(library, f"{kind}Model").from_pretrained(folder, local_files_only=True)
            self._processor = getattr(library, f"{kind}Processor").from_pretrained(folder, local_files_only=True)
        except Exception as error:  # readers of weights raise errors of many libraries; kept as the cause
            raise ModelError(
                f"the {kind} weights in {folder} cannot be loaded: {type(error).__name__}: {error}; download them again"
            ) from error
        self._model = model.to(self._device).eval()
        self._kind = kind
        size = self._processor.image_processor.size
        self._side = int(size["longest_edge"] if kind == "Sam" else size["height"])
        self.name = f"{kind.upper()} ({folder.name})"
        self.key = f"{_CODE}-{fingerprint_of([path for kind in _WEIGHTS for path in folder.glob(kind)])}"

    def embed(self, image_rgb: NDArray[np.uint8]) -> Embedding:
        import torch

        pixels = self._processor(images=image_rgb, input_data_format="channels_last", return_tensors="pt")
        with torch.inference_mode():
            features = self._model.get_image_embeddings(pixels["pixel_values"].to(self._device))
        levels = features if isinstance(features, list) else [features]  # Sam2: fine ones first
        arrays = {f"level_{place}": level.cpu().numpy().astype(np.float16) for place, level in enumerate(levels)}
        return Embedding(arrays, (image_rgb.shape[1], image_rgb.shape[0]))

    def mask(self, embedding: Embedding, clicks: Sequence[Click], box_xyxy: Box | None) -> NDArray[np.bool_]:
        import torch

        levels = [
            torch.as_tensor(embedding.arrays[f"level_{place}"], device=self._device).float()
            for place in range(len(embedding.arrays))
        ]
        inlay = self._inlay(embedding.image_wh)
        prompt = to_prompt(clicks, box_xyxy, inlay.scale(embedding.image_wh), self._device)
        with torch.inference_mode():
            # one image, and in it one thing that all clicks and the box are about
            answer = self._model(
                image_embeddings=levels[0] if self._kind == "Sam" else levels,
                input_points=None if prompt.points is None else prompt.points[None],
                input_labels=None if prompt.labels is None else prompt.labels[None],
                input_boxes=None if prompt.boxes is None else prompt.boxes[None],
                multimask_output=prompt.ambiguous,
            )
            return best_mask(answer.pred_masks[0, 0], answer.iou_scores[0, 0], inlay, embedding.image_wh)

    def _inlay(self, image_wh: Size) -> Inlay:
        """Sam keeps the image's aspect and pads it, Sam2 stretches it to a square."""
        if self._kind == "Sam2":
            return Inlay(self._side, (self._side, self._side))
        scale = self._side / max(image_wh)
        return Inlay(self._side, (int(image_wh[0] * scale + 0.5), int(image_wh[1] * scale + 0.5)))


def _kind_of(folder: Path) -> str:
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{folder} is no folder of weights: its config.json cannot be read ({error}); expected what 'hf download' "
            "or save_pretrained wrote"
        ) from error
    kind = config.get("model_type") if isinstance(config, dict) else None
    if kind not in _FAMILIES:
        raise ModelError(f"{folder} holds a model of type {kind!r}; expected one of {', '.join(map(repr, _FAMILIES))}")
    return _FAMILIES[kind]
