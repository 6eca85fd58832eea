"""Drawn images whose things are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from curator.geometry import Box

CELLS: tuple[Box, ...] = ((40, 50, 90, 110), (150, 40, 230, 100), (120, 150, 170, 190))


def cells(scale: float = 1.0) -> NDArray[np.uint8]:
    """Dark ellipses in ``CELLS`` on stained, noisy ground, 280 x 220 px times ``scale``."""
    picture = Image.new("RGB", (round(280 * scale), round(220 * scale)), (228, 190, 214))
    pen = ImageDraw.Draw(picture)
    for x0, y0, x1, y1 in CELLS:
        # Pillow draws the last pixel too
        pen.ellipse((x0 * scale, y0 * scale, x1 * scale - 1, y1 * scale - 1), fill=(90, 50, 140))
    noise = np.random.default_rng(0).normal(0, 4, (picture.height, picture.width, 3))
    return np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8)


def ellipse(box: Box, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The mask [height, width] of the ellipse in a box."""
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    cx, cy, rx, ry = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
    mask: NDArray[np.bool_] = ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1
    return mask


def mask_iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float((a & b).sum() / (a | b).sum())
