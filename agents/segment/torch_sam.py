"""Segment Anything from a checkpoint of the segment-anything package."""

from __future__ import annotations

import importlib
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.segment.fingerprint import fingerprint_of
from agents.segment.segmenter import Click, Embedding
from agents.segment.torch_decoding import Inlay, best_mask, to_prompt, usual_device
from curator.errors import ModelError
from curator.geometry import Box, Size

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

_CODE = "torch-sam-1"  # count up when embeddings of the same weights change
_TYPES = {768: "vit_b", 1024: "vit_l", 1280: "vit_h"}  # by the width of the encoder
_INPUT = 1024  # px: side of what the encoder sees


class TorchSam:
    """A segmenter (see ``agents.segment.segmenter.Segmenter``) over a published or fine-tuned checkpoint.

    Its size is told by the shapes of its weights. Runs on CUDA where there is one. On two CPU cores vit_b takes 31 s
    to embed a figure and 0.1 s for a mask.
    """

    def __init__(self, checkpoint: Path, sam_type: str = "") -> None:
        """
        Args:
            sam_type: vit_b, vit_l or vit_h where the weights have to be of that size.

        Raises:
            ModelError: the file is no such checkpoint, or of another size than ``sam_type``.
            ImportError: torch or segment-anything is not installed.
        """
        weights = _read(checkpoint)
        size = _size_of(weights, checkpoint)
        found = _TYPES.get(size["encoder_embed_dim"], f"width {size['encoder_embed_dim']}")
        if sam_type and sam_type != found:
            raise ModelError(
                f"{checkpoint} is {found}, but segment.sam_type is {sam_type!r}; leave sam_type empty or set the "
                "checkpoint of that size"
            )
        library: Any = importlib.import_module("segment_anything.build_sam")
        self._device = usual_device()
        self._model = library._build_sam(**size)  # the public builders know only the three published sizes
        try:
            self._model.load_state_dict(weights)
        except RuntimeError as error:
            said = " ".join(str(error).split())  # names every weight, one a line
            raise ModelError(f"{checkpoint} does not fit the model that its shapes tell: {said}") from error
        self._model.to(self._device).eval()
        self._transform = importlib.import_module("segment_anything.utils.transforms").ResizeLongestSide(_INPUT)
        self.name = f"SAM {found} ({checkpoint.name})"
        self.key = f"{_CODE}-{fingerprint_of([checkpoint])}"

    def embed(self, image_rgb: NDArray[np.uint8]) -> Embedding:
        import torch

        resized = self._transform.apply_image(image_rgb)
        with torch.inference_mode():
            pixels = torch.as_tensor(resized, device=self._device).permute(2, 0, 1)[None]
            features = self._model.image_encoder(self._model.preprocess(pixels))
        # half precision: 2 MB on disk instead of 4
        arrays = {"features": features.cpu().numpy().astype(np.float16)}
        return Embedding(arrays, (image_rgb.shape[1], image_rgb.shape[0]))

    def mask(self, embedding: Embedding, clicks: Sequence[Click], box_xyxy: Box | None) -> NDArray[np.bool_]:
        import torch

        inlay = self._inlay(embedding.image_wh)
        prompt = to_prompt(clicks, box_xyxy, inlay.scale(embedding.image_wh), self._device)
        points = None if prompt.points is None else (prompt.points, prompt.labels)
        with torch.inference_mode():
            sparse, dense = self._model.prompt_encoder(points=points, boxes=prompt.boxes, masks=None)
            logits, scores = self._model.mask_decoder(
                image_embeddings=torch.as_tensor(embedding.arrays["features"], device=self._device).float(),
                image_pe=self._model.prompt_encoder.get_dense_pe(),
                sparse_prompt_embeddings=sparse,
                dense_prompt_embeddings=dense,
                multimask_output=prompt.ambiguous,
            )
            return best_mask(logits[0], scores[0], inlay, embedding.image_wh)

    def _inlay(self, image_wh: Size) -> Inlay:
        height, width = self._transform.get_preprocess_shape(image_wh[1], image_wh[0], _INPUT)
        return Inlay(_INPUT, (width, height))


def _read(checkpoint: Path) -> Mapping[str, torch.Tensor]:
    import torch

    try:
        weights = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, ValueError) as error:
        raise ModelError(
            f"{checkpoint} cannot be read as weights: {str(error).splitlines()[0] if str(error) else error!r}; "
            "download it again"
        ) from error
    if not isinstance(weights, Mapping) or not all(isinstance(value, torch.Tensor) for value in weights.values()):
        raise ModelError(f"{checkpoint} holds no plain weights of segment-anything; expected its state_dict")
    return weights


def _size_of(weights: Mapping[str, torch.Tensor], checkpoint: Path) -> dict[str, Any]:
    """Arguments of the builder, read from the shapes of the image encoder's weights."""
    try:
        width = weights["image_encoder.patch_embed.proj.weight"].shape[0]
        spans = {  # of a block's relative positions: twice the side that it attends to, less one
            int(name.split(".")[2]): tensor.shape
            for name, tensor in weights.items()
            if name.startswith("image_encoder.blocks.") and name.endswith(".attn.rel_pos_h")
        }
        widest = max(span for span, _ in spans.values())
        return {
            "encoder_embed_dim": width,
            "encoder_depth": len(spans),
            "encoder_num_heads": width // spans[0][1],
            "encoder_global_attn_indexes": [block for block, (span, _) in sorted(spans.items()) if span == widest],
        }
    except (KeyError, ValueError, IndexError) as error:
        raise ModelError(
            f"{checkpoint} holds weights, but not of Segment Anything's image encoder ({error}); expected a checkpoint "
            "such as sam_vit_b_01ec64.pth"
        ) from error
