"""What a model is shown: the figure or a part of it, at some scale, and the way back to the figure's frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

from curator.exchange import Picture
from curator.geometry import Box, Size, clip

if TYPE_CHECKING:
    from numpy.typing import NDArray

_JPEG_QUALITY = 90  # guess: printed letters stay sharp at a quarter of the bytes of PNG
_SKIPS_BELOW = 0.6  # scale; guess: linear interpolation sees two pixels of 1.7
_LEAST_SIDE_PX = 28  # Qwen2.5-VL refuses less (one merged patch)


@dataclass(frozen=True, slots=True)
class View:
    """A part of a figure as it is shown; ``rgb`` is uint8 [height, width, 3]."""

    rgb: NDArray[np.uint8]
    window_xyxy: Box
    """The part, in the figure's frame; whole pixels."""

    @property
    def wh(self) -> Size:
        return self.rgb.shape[1], self.rgb.shape[0]

    def to_figure(self, box_xyxy: Box) -> Box:
        """A box in pixels of this view, in the figure's frame."""
        x0, y0, x1, y1 = self.window_xyxy
        sx, sy = (x1 - x0) / self.wh[0], (y1 - y0) / self.wh[1]
        return x0 + box_xyxy[0] * sx, y0 + box_xyxy[1] * sy, x0 + box_xyxy[2] * sx, y0 + box_xyxy[3] * sy

    def from_figure(self, box_xyxy: Box) -> Box:
        """A box of the figure's frame in pixels of this view; may reach outside of it (see ``geometry.clip``)."""
        x0, y0, x1, y1 = self.window_xyxy
        sx, sy = self.wh[0] / (x1 - x0), self.wh[1] / (y1 - y0)
        return (box_xyxy[0] - x0) * sx, (box_xyxy[1] - y0) * sy, (box_xyxy[2] - x0) * sx, (box_xyxy[3] - y0) * sy

    def part_percent(self, figure_wh: Size) -> list[float]:
        """The window as percent of the figure's width and height, for the prompt's facts."""
        width, height = figure_wh
        shares = zip(self.window_xyxy, (width, height, width, height), strict=True)
        return [round(100 * value / size, 1) for value, size in shares]


def view_of(image_rgb: NDArray[np.uint8], window_xyxy: Box, max_side_px: int) -> View:
    """The part of an image, scaled down where its longer side exceeds ``max_side_px``, up where it is tiny."""
    height, width = image_rgb.shape[:2]
    x0, y0, x1, y1 = clip(window_xyxy, (0.0, 0.0, float(width), float(height)))
    left, top = int(x0), int(y0)
    right, bottom = max(left + 1, int(np.ceil(x1))), max(top + 1, int(np.ceil(y1)))
    part = image_rgb[top:bottom, left:right]
    scale = min(1.0, max_side_px / max(part.shape[:2]))
    wh = (
        max(_LEAST_SIDE_PX, round(part.shape[1] * scale)),
        max(_LEAST_SIDE_PX, round(part.shape[0] * scale)),
    )
    if wh != (part.shape[1], part.shape[0]):
        part = np.asarray(cv2.resize(part, wh, interpolation=_interpolation(wh[0] / part.shape[1])), np.uint8)
    return View(np.ascontiguousarray(part), (float(left), float(top), float(right), float(bottom)))


def _interpolation(scale: float) -> int:
    """Averaging where pixels would be skipped otherwise; it takes five times as long as linear interpolation (measured
    at a scale of 0.8), and there is no more than two pixels to average."""
    if scale > 1:
        return cv2.INTER_CUBIC
    return cv2.INTER_LINEAR if scale > _SKIPS_BELOW else cv2.INTER_AREA


def to_picture(rgb: NDArray[np.uint8], media_type: Literal["image/jpeg", "image/png"] = "image/jpeg") -> Picture:
    """The image (uint8 [height, width, 3]) as the file that is sent; equal pixels give equal bytes."""
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    if media_type == "image/jpeg":
        _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    else:
        _, data = cv2.imencode(".png", bgr)
    return Picture(data.tobytes(), media_type, (rgb.shape[1], rgb.shape[0]))
