"""Photographs that touch one another in a regular grid, without gutters or letters."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from agents.embedded.layout_ink import Ink, Rect

_MOST = 8  # photographs in a row or column (guess)
_OFF = 0.012  # of the side that a seam may lie off its regular place (guess)
_ALONG, _AROUND = 9, 41  # pixels of the reduced copy: noise is averaged along a seam, the usual change around it
_SHARPER = 2.0  # times the usual change that a seam's is (guess)
_SEAMS, _SEAM = 0.28, 0.6  # share of the line that is sharp, where two or more seams are regular, and of a lone one:
# in 48 single micrographs, scans and photographs two or more reach 0.24, one reaches 0.45 (measured)
_AHEAD = 0.25  # by which all seams together exceed the line that nine in ten stay below (guess)
_FILLED = 0.97  # of the frame that is picture: seams run from edge to edge (guess)
_FLAT = 0.5  # share of neighbours of one grey level; photographs stay below 0.45, plots and gels exceed 0.6 (measured)


class _Seam(NamedTuple):
    at: int
    sharp: float
    ahead: float
    """By how much it is sharper than nine in ten other lines."""


def split_grid(image_rgb: NDArray[np.uint8], ink: Ink) -> tuple[Rect, ...]:
    """The cells in reading order; only the whole frame where there is no regular grid of seams."""
    frame = ink.frame
    small = np.asarray(cv2.resize(image_rgb, (frame.width, frame.height), interpolation=cv2.INTER_AREA), np.uint8)
    if frame.width < 2 or frame.height < 2 or _flat(small) > _FLAT:
        return (frame,)
    whole = ink.trim(frame)
    if whole is None or whole.area < _FILLED * frame.area:
        return (frame,)
    columns = _regular(_sharpness(small))
    rows = _regular(_sharpness(np.ascontiguousarray(small.transpose(1, 0, 2))))
    seams = columns + rows
    if sum(seam.ahead for seam in seams) < _AHEAD or (len(seams) == 1 and seams[0].sharp < _SEAM):
        return (frame,)
    xs = [0, *(seam.at for seam in columns), frame.width]
    ys = [0, *(seam.at for seam in rows), frame.height]
    return tuple(Rect(x0, y0, x1, y1) for y0, y1 in pairwise(ys) for x0, x1 in pairwise(xs))


def _flat(image_rgb: NDArray[np.uint8]) -> float:
    gray = image_rgb.astype(np.int16).mean(axis=2)
    return float((np.abs(np.diff(gray, axis=1)) < 0.5).mean())


def _sharpness(image_rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """For each column the share of its pixels across which colour changes far more than around them."""
    smooth = cv2.blur(image_rgb, (1, _ALONG)).astype(np.float32)
    change = np.zeros(smooth.shape[:2], np.float32)
    change[:, 2:-2] = np.abs(smooth[:, 4:] - smooth[:, :-4]).max(axis=2)
    usual = cv2.blur(change, (_AROUND, 1))
    return np.asarray((change > _SHARPER * usual + 1).mean(axis=0), np.float64)


def _regular(sharpness: NDArray[np.float64]) -> tuple[_Seam, ...]:
    """The seams that divide the side into the most equal parts."""
    size = len(sharpness)
    slack = max(2, round(_OFF * size))
    usual = float(np.quantile(sharpness, 0.9))
    for n in range(_MOST, 1, -1):
        if size < 8 * slack * n:
            continue
        seams: list[_Seam] = []
        for k in range(1, n):
            low = round(k * size / n) - slack
            near = sharpness[low : low + 2 * slack + 1]
            sharp = float(near.max())
            seams.append(_Seam(low + int(near.argmax()), sharp, sharp - usual))
        if min(seam.sharp for seam in seams) >= _SEAMS:
            return tuple(seams)
    return ()
