"""What Segment Anything models that run in torch share: the device, prompts and the mask in the figure's frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agents.segment.segmenter import Click
from curator.geometry import Box, Size

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Inlay:
    """Where a model's square input shows the image."""

    side: int
    """Of the input, in pixels."""
    wh: Size
    """Of the part from the top left corner that the image fills; what is beyond is padding."""

    def scale(self, image_wh: Size) -> tuple[float, float]:
        """Pixels of the input for a pixel of the image, across and down."""
        return self.wh[0] / image_wh[0], self.wh[1] / image_wh[1]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What was clicked and boxed, in pixels of the model's input."""

    points: torch.Tensor | None
    """Float [1, points, 2]."""
    labels: torch.Tensor | None
    """Int [1, points]: 1 inside, 0 outside."""
    boxes: torch.Tensor | None
    """Float [1, 4], xyxy."""

    @property
    def ambiguous(self) -> bool:
        """A single click may mean a thing, its part or what it is part of: the model then offers three masks."""
        return self.boxes is None and self.labels is not None and self.labels.shape[1] == 1


def usual_device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def to_prompt(clicks: Sequence[Click], box_xyxy: Box | None, scale: tuple[float, float], device: str) -> Prompt:
    """Clicks and a box of the figure's frame as a model takes them."""
    import torch

    across, down = scale
    points = [[click.xy[0] * across, click.xy[1] * down] for click in clicks]
    boxes = None
    if box_xyxy is not None:
        x0, y0, x1, y1 = box_xyxy
        boxes = torch.tensor([[x0 * across, y0 * down, x1 * across, y1 * down]], device=device)
    return Prompt(
        torch.tensor([points], device=device) if points else None,
        torch.tensor([[int(click.inside) for click in clicks]], device=device) if points else None,
        boxes,
    )


def best_mask(logits: torch.Tensor, scores: torch.Tensor, inlay: Inlay, image_wh: Size) -> NDArray[np.bool_]:
    """The mask [height, width] of the image that the model rates highest.

    Enlarged as Segment Anything does it: to the size of the input, without the padding, to the size of the image (at
    once where nothing is padded); above 0 is inside. ``logits`` is float [masks, height, width], ``scores`` [masks].
    """
    from torch.nn.functional import interpolate

    best = logits[int(scores.argmax())][None, None].float()
    if inlay.wh != (inlay.side, inlay.side):
        best = interpolate(best, (inlay.side, inlay.side), mode="bilinear", align_corners=False)
        best = best[..., : inlay.wh[1], : inlay.wh[0]]
    mask = interpolate(best, (image_wh[1], image_wh[0]), mode="bilinear", align_corners=False)[0, 0] > 0
    return np.asarray(mask.cpu().numpy(), np.bool_)
