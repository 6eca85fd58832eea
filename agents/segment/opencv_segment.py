"""Masks without weights: growing from clicks until an edge stops it, and GrabCut inside boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from agents.segment.segmenter import Click, Embedding
from curator.geometry import Box, Point

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORK_SIDE = 1024  # px: what is larger is made smaller first; growing stays below 100 ms
_TOLERANCES = (6, 10, 16, 24, 36, 50)  # grey levels a pixel may differ from the clicked one; guess: faint to strong
_LARGEST = 0.5  # of the image: what grows further has leaked into the background; guess
_CUT_SIDE = 256  # px: longer side of what GrabCut sees; measured: 40 to 80 ms, at 512 px four times as long
_CUT_ROOM = 0.25  # of the box on each side: GrabCut learns from there what the background is; guess
_CUT_ROUNDS = 3  # its authors' curves are flat from there


class OpenCvSegmenter:
    """A segmenter (see ``agents.segment.segmenter.Segmenter``) that knows colours and edges, and no things.

    From a click: of all regions grown with rising tolerance, the one whose rim lies on the strongest edge. From a box:
    GrabCut, with what lies outside as background. Clicks into a box count as its seeds.
    """

    name = "OpenCV: no SAM weights"
    key = "opencv-1"

    def embed(self, image_rgb: NDArray[np.uint8]) -> Embedding:
        height, width = image_rgb.shape[:2]
        scale = min(1.0, _WORK_SIDE / max(width, height))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = cv2.resize(image_rgb, size, interpolation=cv2.INTER_AREA) if scale < 1 else image_rgb
        # noise goes, edges stay: growth is stopped by edges, and must not be by noise
        return Embedding({"image": cv2.bilateralFilter(image, 5, 30, 3)}, (width, height))

    def mask(self, embedding: Embedding, clicks: Sequence[Click], box_xyxy: Box | None) -> NDArray[np.bool_]:
        image: NDArray[np.uint8] = embedding.arrays["image"].astype(np.uint8)
        width, height = embedding.image_wh
        scale = image.shape[1] / width, image.shape[0] / height
        places = [Click((click.xy[0] * scale[0], click.xy[1] * scale[1]), click.inside) for click in clicks]
        if box_xyxy is None:
            found = _grown(image, places)
        else:
            x0, y0, x1, y1 = box_xyxy
            found = _cut(image, (x0 * scale[0], y0 * scale[1], x1 * scale[0], y1 * scale[1]), places)
        if found.shape == (height, width):
            return found
        return cv2.resize(found.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST).astype(np.bool_)


def _grown(image: NDArray[np.uint8], clicks: Sequence[Click]) -> NDArray[np.bool_]:
    """The regions around the inner clicks, without those that hold an outer one."""
    edges = _edges(image)
    outside = [_pixel(click.xy, image) for click in clicks if not click.inside]
    grown = np.zeros(image.shape[:2], np.bool_)
    for click in clicks:
        if click.inside:
            grown |= _best_region(image, edges, _pixel(click.xy, image), outside)
    return grown


def _best_region(
    image: NDArray[np.uint8], edges: NDArray[np.float32], seed_xy: tuple[int, int], outside: list[tuple[int, int]]
) -> NDArray[np.bool_]:
    best, best_edge = np.zeros(image.shape[:2], np.bool_), 0.0
    for tolerance in _TOLERANCES:
        region = _closed(_flooded(image, seed_xy, tolerance))
        if region.mean() > _LARGEST or any(region[y, x] for x, y in outside):
            break
        rim = region & ~cv2.erode(region.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.bool_)
        edge = float(edges[rim].mean())
        if edge > best_edge:
            best, best_edge = region, edge
    return best


def _flooded(image: NDArray[np.uint8], seed_xy: tuple[int, int], tolerance: int) -> NDArray[np.bool_]:
    height, width = image.shape[:2]
    filled = np.zeros((height + 2, width + 2), np.uint8)
    limits = (tolerance,) * 3
    flags = 4 | cv2.FLOODFILL_FIXED_RANGE | cv2.FLOODFILL_MASK_ONLY | (1 << 8)
    cv2.floodFill(image, filled, seed_xy, 0, limits, limits, flags)
    return filled[1:-1, 1:-1].astype(np.bool_)


def _closed(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without the holes that specks of another colour leave."""
    contours, _ = cv2.findContours(region.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return cv2.drawContours(np.zeros(region.shape, np.uint8), contours, -1, 1, cv2.FILLED).astype(np.bool_)


def _edges(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Strength of the strongest colour's gradient."""
    dx, dy = (cv2.Sobel(image, cv2.CV_32F, *order, ksize=3) for order in ((1, 0), (0, 1)))
    strength: NDArray[np.float32] = np.sqrt(dx**2 + dy**2).max(axis=2)
    # the rim of a region lies beside the ridge, not always on it
    return cv2.dilate(strength, np.ones((3, 3), np.uint8)).astype(np.float32)


def _cut(image: NDArray[np.uint8], box_xyxy: Box, clicks: Sequence[Click]) -> NDArray[np.bool_]:
    """GrabCut on the box and some room around it."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = box_xyxy
    room_x, room_y = _CUT_ROOM * (x1 - x0) + 2, _CUT_ROOM * (y1 - y0) + 2
    left, top = max(0, int(x0 - room_x)), max(0, int(y0 - room_y))
    right, bottom = min(width, int(x1 + room_x) + 1), min(height, int(y1 + room_y) + 1)
    scale = min(1.0, _CUT_SIDE / max(right - left, bottom - top))
    size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
    part = cv2.resize(image[top:bottom, left:right], size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    labels = np.full(part.shape[:2], cv2.GC_BGD, np.uint8)
    inner = labels[
        round((y0 - top) * scale) : round((y1 - top) * scale), round((x0 - left) * scale) : round((x1 - left) * scale)
    ]
    inner[:] = cv2.GC_PR_FGD
    for click in clicks:
        x, y = _pixel(((click.xy[0] - left) * scale, (click.xy[1] - top) * scale), part)
        cv2.circle(labels, (x, y), 1, cv2.GC_FGD if click.inside else cv2.GC_BGD, cv2.FILLED)
    found = np.zeros((height, width), np.bool_)
    if not inner.size or not (labels == cv2.GC_BGD).any():
        found[round(y0) : round(y1), round(x0) : round(x1)] = True  # the box is the whole image: nothing to learn from
        return found
    cv2.setRNGSeed(0)  # the same answer each time
    cv2.grabCut(part, labels, (0, 0, 0, 0), np.zeros((1, 65)), np.zeros((1, 65)), _CUT_ROUNDS, cv2.GC_INIT_WITH_MASK)
    inside = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    larger = cv2.resize(inside, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST)
    found[top:bottom, left:right] = larger.astype(np.bool_)
    return found


def _pixel(xy: Point, image: NDArray[np.uint8]) -> tuple[int, int]:
    height, width = image.shape[:2]
    return min(max(int(xy[0]), 0), width - 1), min(max(int(xy[1]), 0), height - 1)
