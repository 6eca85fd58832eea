"""Circles and ellipses drawn onto a picture: thin rings of one colour, solid or dashed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agents.embedded.marker_colors import Image, color_name
from curator.geometry import Box

_LEVELS = {"white": 200, "black": 190}
_HUE_LEVEL = 60  # grey levels of a layer; what JPEG leaves of a coloured line of 2 px
_BINS = 36
_ROUND = 0.85  # guess: share of the directions from the middle in which a ring shows; a dashed one is joined before
_OFF = 0.15  # spread of the relative radius. Measured: drawn circles 0.05, by hand 0.14; rectangles 0.12, texture more
_HOLLOW = 0.45  # guess: share of its box that a ring fills at most
_ASPECT = 2.5  # longer to shorter axis; guess
_MOST_PIECES = 400  # of a layer, the largest first: more are texture


@dataclass(frozen=True, slots=True)
class Ring:
    """A circle or an ellipse; the box holds the line itself."""

    box_xyxy: Box
    color: str


def find_rings(image_rgb: Image, layers: Mapping[str, Image], line_px: int, least_px: int) -> list[Ring]:
    """Rings in an image or crop, in its frame, at least ``least_px`` across and at most 0.7 of its shorter side."""
    most_px = 0.7 * min(image_rgb.shape[:2])
    found: list[Ring] = []
    for name, values in layers.items():
        mask = (values >= _LEVELS.get(name, _HUE_LEVEL)).astype(np.uint8)
        joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((line_px | 1, line_px | 1), np.uint8))
        _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        wide, high, size = (stats[:, column] for column in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
        shorter, longer = np.minimum(wide, high), np.maximum(wide, high)
        keep = (shorter >= least_px) & (longer <= most_px) & (longer <= _ASPECT * shorter)
        keep &= size <= _HOLLOW * wide * high
        keep[0] = False
        pieces = np.nonzero(keep)[0]
        pieces = pieces[np.argsort(-longer[pieces], kind="stable")[:_MOST_PIECES]]
        for piece in pieces.tolist():
            x, y, w, h = (int(v) for v in stats[piece, :4])
            own = labels[y : y + h, x : x + w] == piece
            if _ring(own, line_px):
                drawn = own & mask[y : y + h, x : x + w].astype(bool)
                color = color_name(np.median(image_rgb[y : y + h, x : x + w][drawn], axis=0))
                found.append(Ring((float(x), float(y), float(x + w), float(y + h)), color))
    return found


def _ring(own: NDArray[np.bool_], line_px: int) -> bool:
    """The piece runs once around the ellipse that fits it best, near to it and in a thin line."""
    ys, xs = np.nonzero(own)
    (cx, cy), (width, height), degrees = cv2.fitEllipse(np.stack([xs, ys], axis=1).astype(np.float32))
    if not 0 < max(width, height) <= _ASPECT * min(width, height):
        return False
    turn = np.radians(degrees)
    across = ((xs - cx) * np.cos(turn) + (ys - cy) * np.sin(turn)) / width * 2
    down = ((ys - cy) * np.cos(turn) - (xs - cx) * np.sin(turn)) / height * 2
    radius = np.hypot(across, down)
    directions = np.floor((np.arctan2(down, across) / np.pi + 1) / 2 * _BINS).astype(int) % _BINS
    seen = np.count_nonzero(np.bincount(directions, minlength=_BINS)) / _BINS
    circumference = np.pi * (width + height) / 2
    return bool(seen >= _ROUND and radius.std() <= _OFF and len(xs) <= 1.5 * line_px * circumference)
