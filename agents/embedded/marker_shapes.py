"""Small filled signs of one colour: arrows, arrowheads, asterisks and stars.

Each layer of colour is cut at a few levels; every connected piece of plausible size is compared with the bank of drawn
shapes (``marker_templates``). The piece is the sign whose template it resembles most, if no letter, bar or blob
resembles it more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agents.embedded.marker_colors import PAGE, Image, color_name
from agents.embedded.marker_templates import bank, on_grid, unit
from curator.figure import MarkerKind
from curator.geometry import Box, Point

_LEVELS: dict[str, tuple[int, ...]] = {"white": (238, 205, 170), "black": (228, 195, 160)}
_HUE_LEVELS = (150, 95, 60)
"""Grey levels of a layer, from pure colour to what JPEG leaves of a line of 2 px. Measured on published figures."""
_MOST_PIECES = 1500  # of one layer and level, the largest first: more are texture
_LEAST_AREA = 10  # px
_MOST_FILLED = 0.9  # of its box; bars and squares
_NEXT = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Sign:
    """A piece that resembles a sign; measures are what decides (see ``markers``)."""

    kind: MarkerKind
    box_xyxy: Box
    color: str
    tip_xy: Point | None
    likeness: float
    """Correlation with the best template of a sign, -1 to 1."""
    margin: float
    """That minus the correlation with the best template of anything else."""
    contrast: float
    """Grey levels of the layer between the piece and what surrounds it, over 255."""
    page: float
    """Share of what surrounds the piece that is blank page, 0 to 1."""
    text: float
    """Share of its neighbours in a line that resemble letters, 0 or 1."""


def find_signs(image_rgb: Image, layers: Mapping[str, Image], least_px: int, most_px: int, levels: int) -> list[Sign]:
    """Candidates in an image or crop, in its frame, longest side ``least_px`` to ``most_px``.

    ``layers`` are all colour layers of the same image; ``levels`` (1 to 3) is how far below pure colour a piece may be.
    """
    found: list[Sign] = []
    for name, values in layers.items():
        for level in _LEVELS.get(name, _HUE_LEVELS)[:levels]:
            found.extend(_signs(image_rgb, layers["white"], values, level, least_px, most_px))
    return found


def _signs(image_rgb: Image, white: Image, values: Image, level: int, least_px: int, most_px: int) -> list[Sign]:
    mask = (values >= level).astype(np.uint8)
    if np.count_nonzero(mask) < _LEAST_AREA:
        return []
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    longest = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    keep = (longest >= least_px) & (longest <= most_px) & (stats[:, cv2.CC_STAT_AREA] >= _LEAST_AREA)
    box_area = stats[:, cv2.CC_STAT_WIDTH] * stats[:, cv2.CC_STAT_HEIGHT]
    keep &= stats[:, cv2.CC_STAT_AREA] <= _MOST_FILLED * box_area
    keep[0] = False
    pieces = np.nonzero(keep)[0]
    if len(pieces) > _MOST_PIECES:
        pieces = pieces[np.argsort(-stats[pieces, cv2.CC_STAT_AREA], kind="stable")[:_MOST_PIECES]]
    grids: list[NDArray[np.float32]] = []
    rows: list[tuple[int, Box, float, float]] = []
    for piece in pieces.tolist():
        x, y, w, h = (int(v) for v in stats[piece, :4])
        x0, y0 = max(0, x - 3), max(0, y - 3)
        window = (slice(y0, y + h + 3), slice(x0, x + w + 3))
        own = labels[window] == piece
        part = values[window].astype(np.float32)
        inside = part[own]
        near = cv2.dilate(own.view(np.uint8), _NEXT)
        ring_mask = cv2.dilate(near, _NEXT) > near
        ring = part[ring_mask]
        if not len(ring):
            continue
        page = float((white[window][ring_mask] >= PAGE).mean())
        high, low = float(inside[inside >= inside.mean()].mean()), float(ring.mean())
        if high - low < 35:
            continue
        soft = np.clip((part - low) / (high - low), 0, 1) * near
        grids.append(on_grid(soft))
        box = (float(x), float(y), float(x + w), float(y + h))
        rows.append((piece, box, (high - low) / 255, page))
    if not grids:
        return []
    templates = bank()
    likeness = unit(np.stack(grids)) @ templates.vectors.T
    of_signs, of_others = likeness[:, : len(templates.kinds)], likeness[:, len(templates.kinds) :]
    best = of_signs.argmax(axis=1)
    best_sign, best_other = of_signs.max(axis=1), of_others.max(axis=1)
    letters = [row[1] for row, sign, other in zip(rows, best_sign, best_other, strict=True) if other > sign]
    signs = []
    for i, (piece, box, contrast, page) in enumerate(rows):
        kind = templates.kinds[best[i]]
        if best_sign[i] < 0.6 or best_sign[i] < best_other[i] - 0.05:
            continue
        x0, y0, x1, y1 = (int(v) for v in box)
        own = labels[y0:y1, x0:x1] == piece
        direction = templates.directions[best[i]]
        tip = None if direction is None else _tip(own, direction, (x0, y0))
        color = color_name(np.median(image_rgb[y0:y1, x0:x1][own], axis=0))
        text = float(any(_in_line(box, other) for other in letters))
        signs.append(
            Sign(
                kind,
                box,
                color,
                tip,
                float(best_sign[i]),
                float(best_sign[i] - best_other[i]),
                contrast,
                page,
                text,
            )
        )
    return signs


def _tip(own: NDArray[np.bool_], direction: float, offset: tuple[int, int]) -> Point:
    """The piece's farthest point in the direction: the mean of the outermost pixel's width."""
    ys, xs = np.nonzero(own)
    along = xs * math.cos(direction) + ys * math.sin(direction)
    far = along >= along.max() - 0.75
    return float(xs[far].mean()) + 0.5 + offset[0], float(ys[far].mean()) + 0.5 + offset[1]


def _in_line(box: Box, other: Box) -> bool:
    """The other piece is of similar height, on the same line and within a letter's distance."""
    height, other_height = box[3] - box[1], other[3] - other[1]
    if not 0.5 * height <= other_height <= 2 * height:
        return False
    overlap = min(box[3], other[3]) - max(box[1], other[1])
    gap = max(box[0], other[0]) - min(box[2], other[2])
    return overlap > 0.5 * min(height, other_height) and gap + 2 >= 0 and gap <= 0.8 * max(height, other_height)
