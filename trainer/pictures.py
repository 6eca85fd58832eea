"""Pictures on their way into the model: decoded, then squashed to a square, with boxes that follow exactly.

Squashed, and neither letterboxed nor cropped at the centre: a figure may be three times as wide as high; cropping
would lose panels that its caption names, bars would waste up to two thirds of the model's cells, and every box stays a
box in both. It is open_clip's ``resize_mode="squash"``, with which SigLIP is trained, so a published model says how its
pictures are made. Pictures are never flipped: captions say left and right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from curator.geometry import Box, Size, clip, shift

Rgb: TypeAlias = NDArray[np.uint8]
"""[px, px, 3]"""

_MARGIN = 2
"""Decoded pixels for each of the model's, at least. Measured on drawn figures at 224 px: 0.15 of 255 off full decoding
on average (bilinear instead of bicubic: 1.2), 1.8 times as fast; at 1.5 it would be 0.24 and 2.1 times."""
_REDUCING_GAP = 3.0  # Pillow's own advice: close to the exact result, several times faster


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture, or a window of it, at the decoder's scale."""

    image: Image.Image
    window_xyxy: Box
    """Of the picture in its file: the part that is meant, and the frame of the boxes given below."""
    file_wh: Size

    def squashed(self, part_xyxy: Box, px: int) -> Rgb:
        """A part, in pixels of the window, as a square of ``px``."""
        x, y, _, _ = self.window_xyxy
        x0, y0, x1, y1 = (value / self.shrunk for value in shift(part_xyxy, x, y))
        inside = clip((x0, y0, x1, y1), (0.0, 0.0, *self.image.size))
        return squash(self.image, px, inside)

    @property
    def shrunk(self) -> int:
        """1, 2, 4 or 8: how many pixels of the file one decoded pixel stands for."""
        return round(self.file_wh[0] / self.image.size[0])


def squash(image: Image.Image, px: int, part_xyxy: Box | None = None) -> Rgb:
    """The image, or a part of it in its pixels, as a square of ``px``."""
    return np.asarray(image.resize((px, px), Image.Resampling.BICUBIC, part_xyxy, _REDUCING_GAP))


def decode(image: Image.Image, window_xyxy: Box | None, px: int | None, finest: float | None = None) -> Decoded:
    """The picture's window (None: all of it), decoded no larger than squashing to ``px`` needs (None: in full).

    ``finest`` is the shortest side of the smallest part that will be squashed, in pixels of the file (None: the
    window's). JPEG is decoded to a half, a quarter or an eighth at a fraction of the cost; others as they are.

    Raises:
        OSError: the file is broken.
    """
    file_wh = image.size
    window = window_xyxy or (0.0, 0.0, float(file_wh[0]), float(file_wh[1]))
    shortest = min(window[2] - window[0], window[3] - window[1]) if finest is None else finest
    shrink = max((by for by in (2, 4, 8) if px and by * _MARGIN * px <= shortest), default=1)
    if shrink > 1:
        image.draft("RGB", (file_wh[0] // shrink, file_wh[1] // shrink))
    image.load()
    return Decoded(image if image.mode == "RGB" else image.convert("RGB"), window, file_wh)  # convert would copy it


def moved(box_xyxy: Box, part_xyxy: Box, px: int) -> Box:
    """The box in pixels of the square to which ``part_xyxy`` was squashed; both are given in one frame."""
    x0, y0, x1, y1 = part_xyxy
    across, down = px / (x1 - x0), px / (y1 - y0)
    return (
        (box_xyxy[0] - x0) * across,
        (box_xyxy[1] - y0) * down,
        (box_xyxy[2] - x0) * across,
        (box_xyxy[3] - y0) * down,
    )
