"""The bank of drawn shapes that a small sign is compared with: arrows, arrowheads, asterisks, and what they are not.

Shapes are drawn as polygons and strokes in their own units, then put on a grid of ``GRID`` x ``GRID`` cells with their
centroid in its middle and their root mean square radius at ``RADIUS`` cells, so that size and place no longer matter
and two shapes can be compared cell by cell.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from curator.figure import MarkerKind

Mask: TypeAlias = NDArray[Any]
"""float32, (height, width), 0 to 1."""

GRID = 24  # cells; guess: finer grids tell JPEG noise apart, not shapes
RADIUS = 5.0  # cells; an arrow of 17 cells' length still fits
_CANVAS = 128  # px; shapes are drawn at this size and then put on the grid
_TURN_DEGREES = 10


@dataclass(frozen=True, slots=True)
class Bank:
    """Templates as unit vectors with zero mean, and what each of them is; signs first."""

    vectors: NDArray[np.float32]
    """Shape (n, GRID * GRID)."""
    kinds: tuple[MarkerKind, ...]
    """What the first templates are; all others are no markers (letters, bars, blobs)."""
    directions: tuple[float | None, ...]
    """Where their tips point, radians from +x towards +y (down); None for a shape without a tip."""


def on_grid(mask: Mask) -> Mask:
    """The shape in ``mask`` (height, width; 0 to 1) on the grid, flattened; all zero for an empty mask."""
    total = float(mask.sum())
    if total <= 0:
        return np.zeros(GRID * GRID, np.float32)
    ys, xs = np.arange(mask.shape[0]), np.arange(mask.shape[1])
    columns, rows = mask.sum(axis=0), mask.sum(axis=1)
    cx, cy = float(columns @ xs) / total, float(rows @ ys) / total
    spread = float(columns @ (xs - cx) ** 2 + rows @ (ys - cy) ** 2) / total
    scale = RADIUS / math.sqrt(max(spread, 0.25))
    if scale < 0.7:  # many pixels a cell: average them first, sampling would alias
        mask = cv2.GaussianBlur(mask, (0, 0), 0.45 / scale)
    middle = (GRID - 1) / 2
    transform = np.array([[scale, 0, middle - scale * cx], [0, scale, middle - scale * cy]])
    return np.asarray(cv2.warpAffine(mask, transform, (GRID, GRID), flags=cv2.INTER_LINEAR), np.float32).ravel()


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows with zero mean and length 1: their products are correlations, -1 to 1."""
    centred = vectors - vectors.mean(axis=1, keepdims=True)
    return np.asarray(centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6), np.float32)


@lru_cache(maxsize=1)
def bank() -> Bank:
    """All templates; drawn once a process (about 0.1 s)."""
    signs: list[Mask] = []
    others: list[Mask] = [on_grid(glyph) for glyph in _glyphs()]
    kinds: list[MarkerKind] = []
    directions: list[float | None] = []
    for kind, strokes, turn_degrees in _shapes():
        for degrees in range(0, turn_degrees, _TURN_DEGREES):
            template = on_grid(_drawn(strokes, math.radians(degrees)))
            if kind is None:
                others.append(template)
                continue
            signs.append(template)
            kinds.append(kind)
            directions.append(math.radians(degrees) if kind in (MarkerKind.ARROW, MarkerKind.ARROWHEAD) else None)
    return Bank(unit(np.stack(signs + others)), tuple(kinds), tuple(directions))


Polygon = tuple[tuple[float, float], ...]


def _shapes() -> Iterator[tuple[MarkerKind | None, tuple[Polygon, ...], int]]:
    """Kind, polygons (pointing to +x, about 1 long) and the turn after which the shape repeats, in degrees."""
    for head in (0.15, 0.25, 0.4, 0.55, 0.7):
        for width in (0.7, 1.1, 1.5):
            for shaft in (0.22, 0.45):
                yield MarkerKind.ARROW, _arrow(head, head * width, head * width * shaft), 360
    for head in (0.3, 0.5):
        for thickness in (0.08, 0.15):
            yield MarkerKind.ARROW, _open_arrow(head, thickness), 360
    for width in (0.5, 0.8, 1.15):
        yield MarkerKind.ARROWHEAD, (((1, 0), (0, width / 2), (0, -width / 2)),), 360
        yield MarkerKind.ARROWHEAD, (((1, 0), (0, width / 2), (0.3, 0), (0, -width / 2)),), 360
    for thickness in (0.12, 0.2):
        yield (
            MarkerKind.ARROWHEAD,
            (_stroke((0, 0.5), (0.8, 0), thickness), _stroke((0, -0.5), (0.8, 0), thickness)),
            360,
        )
    for arms in (5, 6, 8):
        for thickness in (0.12, 0.2):
            yield MarkerKind.ASTERISK, _spokes(arms, thickness), 360 // arms
    yield MarkerKind.STAR, (_star(5, 0.42),), 72
    for aspect in (1.0, 1.4, 2.0, 3.0, 5.0):
        yield None, (_ellipse(aspect),), 180 if aspect > 1 else _TURN_DEGREES
        yield None, (((0, 0), (1, 0), (1, 1 / aspect), (0, 1 / aspect)),), 180
    for aspect in (9.0, 16.0):  # leader lines, which may taper
        yield None, (((0, 0), (1, 0), (1, 1 / aspect), (0, 1 / aspect)),), 180
        yield None, (((0, 0), (1, 0.3 / aspect), (1, 0.7 / aspect), (0, 1 / aspect)),), 360
    for bend in (60, 120):
        yield None, _arc(bend), 360
    for thickness in (0.12, 0.25):  # corners, crossings and forks of lines
        yield None, (_stroke((0, 0), (1, 0), thickness), _stroke((0, 0), (0, 1), thickness)), 360
        yield None, (_stroke((0, 0), (1, 0), thickness), _stroke((0.5, -0.5), (0.5, 0.5), thickness)), 90
        yield None, (_stroke((0, 0), (1, 0), thickness), _stroke((0.5, 0), (0.5, 0.6), thickness)), 360


def _arrow(head: float, width: float, shaft: float) -> tuple[Polygon, ...]:
    return (((1, 0), (1 - head, width / 2), (1 - head, -width / 2)), _stroke((0, 0), (1 - head / 2, 0), shaft))


def _open_arrow(head: float, thickness: float) -> tuple[Polygon, ...]:
    back = 1 - head * math.cos(math.radians(38))
    side = head * math.sin(math.radians(38))
    return (
        _stroke((0, 0), (1, 0), thickness),
        _stroke((1, 0), (back, side), thickness),
        _stroke((1, 0), (back, -side), thickness),
    )


def _spokes(arms: int, thickness: float) -> tuple[Polygon, ...]:
    ends = [(math.cos(2 * math.pi * i / arms), math.sin(2 * math.pi * i / arms)) for i in range(arms)]
    return tuple(_stroke((0, 0), end, thickness) for end in ends)


def _star(points: int, inner: float) -> Polygon:
    return tuple(
        (radius * math.cos(math.pi * i / points), radius * math.sin(math.pi * i / points))
        for i, radius in enumerate((1.0, inner) * points)
    )


def _ellipse(aspect: float) -> Polygon:
    return tuple((math.cos(2 * math.pi * i / 32), math.sin(2 * math.pi * i / 32) / aspect) for i in range(32))


def _arc(bend_degrees: int) -> tuple[Polygon, ...]:
    at = [math.radians(bend_degrees * (i / 6 - 0.5)) for i in range(7)]
    points = [(math.cos(a), math.sin(a)) for a in at]
    return tuple(_stroke(a, b, 0.15) for a, b in pairwise(points))


def _stroke(start: tuple[float, float], end: tuple[float, float], thickness: float) -> Polygon:
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    nx, ny = -(end[1] - start[1]) / length * thickness / 2, (end[0] - start[0]) / length * thickness / 2
    return (
        (start[0] + nx, start[1] + ny),
        (end[0] + nx, end[1] + ny),
        (end[0] - nx, end[1] - ny),
        (start[0] - nx, start[1] - ny),
    )


def _drawn(polygons: tuple[Polygon, ...], radians: float) -> Mask:
    cos, sin = math.cos(radians), math.sin(radians)
    turned = [np.array([(x * cos - y * sin, x * sin + y * cos) for x, y in polygon]) for polygon in polygons]
    everything = np.concatenate(turned)
    low, high = everything.min(axis=0), everything.max(axis=0)
    scale = (_CANVAS - 8) / float((high - low).max())
    canvas = np.zeros((_CANVAS, _CANVAS), np.uint8)
    for points in turned:
        cv2.fillPoly(canvas, [np.rint((points - low) * scale + 4).astype(np.int32)], 255)
    return canvas.astype(np.float32) / 255


def _glyphs() -> Iterator[Mask]:
    """Letters and digits, upright and read upward (axis labels), thin and bold."""
    font = ImageFont.load_default(size=64)
    for character in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=%&?/(<":
        picture = Picture.new("L", (_CANVAS, _CANVAS))
        ImageDraw.Draw(picture).text((20, 20), character, fill=255, font=font)
        mask = np.asarray(picture, np.float32) / 255
        for thick in (0, 7):
            heavy = cv2.dilate(mask, np.ones((thick, thick), np.uint8)) if thick else mask
            yield heavy
            yield np.ascontiguousarray(np.rot90(heavy))
