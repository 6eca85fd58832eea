"""Random fields that textures are made of: grain, scattered points, cell territories, and what a camera adds.

All images are float32 arrays of shape (height, width); ``wh`` is (width, height) in pixels.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from curator.geometry import Size

Image: TypeAlias = NDArray[np.float32]
"""(height, width), usually 0 to 1."""
Rgb: TypeAlias = NDArray[np.uint8]
"""(height, width, 3), 0 to 255."""
Points: TypeAlias = NDArray[np.float32]
"""(n, 2): x, y in pixels."""
Floats: TypeAlias = NDArray[np.floating[Any]]
"""Any float array, where the precision does not matter."""
Rng: TypeAlias = np.random.Generator


def grain(rng: Rng, wh: Size, cell_px: float) -> Image:
    """Smooth noise of mean 0 and standard deviation 1 whose blobs are about ``cell_px`` wide."""
    width, height = wh
    if cell_px <= 1:
        return rng.standard_normal((height, width), dtype=np.float32)
    grid = rng.standard_normal((math.ceil(height / cell_px) + 2, math.ceil(width / cell_px) + 2), dtype=np.float32)
    noise = cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    spread = float(noise.std())
    return (noise - noise.mean()) / spread if spread > 0 else noise


def fractal(rng: Rng, wh: Size, coarse_px: float, octaves: int = 4, fall: float = 0.55) -> Image:
    """Grain summed over ``octaves`` halving sizes, each ``fall`` as strong as the last; mean 0, deviation 1."""
    total = np.zeros((wh[1], wh[0]), np.float32)
    weight, power = 1.0, 0.0
    for octave in range(octaves):
        total += weight * grain(rng, wh, coarse_px / 2**octave)
        power += weight**2
        weight *= fall
    return total / math.sqrt(power)


def scatter(rng: Rng, wh: Size, spacing_px: float, jitter: float = 0.38) -> Points:
    """Points about ``spacing_px`` apart, no two on top of each other: a hexagonal grid, shaken; at least one."""
    width, height = wh
    rows = np.arange(-0.5, height / (spacing_px * 0.87) + 1)
    columns = np.arange(-0.5, width / spacing_px + 1)
    x, y = np.meshgrid(columns, rows)
    x = x + 0.5 * (np.arange(len(rows)) % 2)[:, None]
    points = np.stack([x * spacing_px, y * spacing_px * 0.87], axis=-1).reshape(-1, 2)
    points += rng.uniform(-jitter, jitter, points.shape) * spacing_px + rng.uniform(0, 0.5, 2) * spacing_px
    inside = (points[:, 0] > 0) & (points[:, 0] < width - 1) & (points[:, 1] > 0) & (points[:, 1] < height - 1)
    if not inside.any():  # an area smaller than a cell can miss the whole grid
        return np.array([[width / 2, height / 2]], np.float32)
    return points[inside].astype(np.float32)


def warp(rng: Rng, image: NDArray[Any], shift_px: float, coarse_px: float) -> NDArray[Any]:
    """The image with its pixels pushed about by up to ~2 ``shift_px``; straight edges become wavy. Keeps the dtype."""
    height, width = image.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    dx = grain(rng, (width, height), coarse_px) * shift_px
    dy = grain(rng, (width, height), coarse_px) * shift_px
    flat = cv2.INTER_LINEAR if image.dtype == np.float32 else cv2.INTER_NEAREST
    return cv2.remap(image, x + dx, y + dy, flat, borderMode=cv2.BORDER_REFLECT)


class Territories:
    """Which point of ``centres`` each pixel belongs to: cells of a tissue or a culture.

    ``owner``: (h, w) int, index into ``centres``. ``to_centre`` and ``to_edge``: px from the pixel to its own centre
    and to the border with its neighbour.
    """

    def __init__(self, rng: Rng, wh: Size, centres: Points, wobble_px: float) -> None:
        width, height = wh
        self.centres = centres
        seeds = np.full((height, width), 255, np.uint8)
        column = np.clip(centres[:, 0].astype(int), 0, width - 1)
        row = np.clip(centres[:, 1].astype(int), 0, height - 1)
        seeds[row, column] = 0
        _, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
        index_of = np.zeros(int(labels.max()) + 1, np.int16)
        index_of[labels[row, column]] = np.arange(len(centres))
        owner = index_of[labels]
        self.owner = warp(rng, owner, wobble_px, wobble_px * 6).astype(np.intp) if wobble_px else owner.astype(np.intp)
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        far = np.hypot(x - centres[self.owner, 0], y - centres[self.owner, 1])
        self.to_centre: Image = np.asarray(far, np.float32)
        edge = np.ones((height, width), np.uint8)
        edge[:, 1:] &= (self.owner[:, 1:] == self.owner[:, :-1]).astype(np.uint8)
        edge[1:, :] &= (self.owner[1:, :] == self.owner[:-1, :]).astype(np.uint8)
        self.to_edge: Image = cv2.distanceTransform(edge, cv2.DIST_L2, 3).astype(np.float32)


def blob(
    rng: Rng, centre: tuple[float, float], radii: tuple[float, float], angle: float, rough: float, corners: int = 28
) -> NDArray[np.float32]:
    """A closed outline, (corners, 2): an ellipse whose radius wanders by about the share ``rough``."""
    around = np.arange(corners) * (2 * np.pi / corners)
    radius = np.ones(corners)
    if rough:
        for wave, size, phase in zip((2, 3, 4, 5), rng.normal(0, rough, 4), rng.uniform(0, 6.3, 4), strict=True):
            radius += 1.6 / wave * size * np.cos(wave * around + phase)
    x, y = np.cos(around) * radii[0] * radius, np.sin(around) * radii[1] * radius
    cosine, sine = math.cos(angle), math.sin(angle)
    outline = np.stack([centre[0] + x * cosine - y * sine, centre[1] + x * sine + y * cosine], axis=1)
    return outline.astype(np.float32)


def fill(image: Image, outline: Floats, value: float) -> None:
    """Paints the inside of the outline onto the image, in place, on a sixteenth of a pixel."""
    cv2.fillPoly(image, [np.round(outline * 16).astype(np.int32)], value, shift=4)


def blur(image: Floats, sigma_px: float) -> Image:
    soft = np.asarray(image, np.float32)
    return cv2.GaussianBlur(soft, (0, 0), sigma_px).astype(np.float32) if sigma_px > 0.05 else soft


def expose(rng: Rng, light: Floats, photons: float, read_noise: float, sigma_px: float) -> Image:
    """What a camera makes of light 0 to 1: blur of the optics, shot noise at ``photons`` a full pixel, read noise."""
    seen = blur(light, sigma_px)
    noise = rng.standard_normal(seen.shape, dtype=np.float32)
    spread = np.sqrt(np.maximum(seen, 0) / photons + read_noise**2)
    return np.asarray(np.clip(seen + noise * spread, 0, 1), np.float32)


def smoothstep(value: Floats, low: float, high: float) -> Image:
    """0 below ``low``, 1 above ``high``, smooth between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def to_rgb(grey: Floats) -> Rgb:
    """Grey 0 to 1 as three equal channels."""
    return np.repeat((np.clip(grey, 0, 1) * 255 + 0.5).astype(np.uint8)[:, :, None], 3, axis=2)
