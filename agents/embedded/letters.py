"""Panel letters printed in a figure: where they stand and what they say.

Whole-figure OCR costs seconds and misses single letters: its detector looks for lines of text. Here letter-like shapes
are found first (``letters_glyphs``), only the likeliest are read (``ocr``), and the most consistent set of them is
chosen (``letters_sequence``), with the labels that the caption promises as prior.
"""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agents.embedded.letters_glyphs import Glyphs, find_glyphs
from agents.embedded.letters_sequence import Placed, Sighting, place_labels
from agents.embedded.ocr import Recognizer, recognizer
from curator.geometry import Box

_WORKING_SIDE_PX = 1600
"""Longest side at which shapes are searched; letters of 2,600 px figures are 37 px high, so nothing is lost."""
_SMALL_SIDE_PX = 800
"""Figures up to this size are doubled: their letters are 7-14 px high and melt into their neighbours."""
_FIRST_READ, _MORE_READ = 48, 64
"""Shapes read at once, and again where promised letters are missing (5 ms each)."""
_MAX_LABEL = 4
"""Characters in the longest label: "viii"."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One printed panel letter."""

    text: str
    """As printed, without brackets and stops."""
    box_xyxy: Box
    """Around letter and brackets, in pixels of the image that was read."""
    confidence: float
    """Probability that this is the panel letter ``text``, 0 to 1."""


class LetterReader:
    """Finds panel letters. Holds the OCR session of the process."""

    def __init__(self, ocr: Recognizer | None = None) -> None:
        self._ocr = ocr if ocr is not None else recognizer()

    def read(self, image_rgb: NDArray[np.uint8], expected: tuple[str, ...] = ()) -> list[Letter]:
        """The figure's panel letters in label order, at most one place for each label.

        Args:
            image_rgb: UInt8[H, W, 3].
            expected: labels that the caption promises, in any case, in order; empty where it promises none.
        """
        gray, scale = _working_image(image_rgb)
        shapes = find_glyphs(gray)
        logits = _shape_logits(shapes, gray.shape)
        order = sorted(range(len(shapes)), key=lambda i: -logits[i])
        promised = [label for label in expected if 0 < len(label) <= _MAX_LABEL and label.isalnum()]
        sightings = self._sightings(shapes, logits, order[:_FIRST_READ])
        placed = _consistent(sightings, promised)
        if len(order) > _FIRST_READ and len(placed) < len(promised):
            sightings += self._sightings(shapes, logits, order[_FIRST_READ : _FIRST_READ + _MORE_READ])
            placed = _consistent(sightings, promised)
        return [_letter(p, scale) for p in placed]

    def _sightings(self, shapes: list[Glyphs], logits: list[float], chosen: list[int]) -> list[Sighting]:
        readings = self._ocr.read([shapes[i].crop() for i in chosen])
        return [Sighting(shapes[i], reading, logits[i]) for i, reading in zip(chosen, readings, strict=True)]


def _consistent(sightings: Sequence[Sighting], promised: list[str]) -> list[Placed]:
    """The best set over the cases that the print may use."""
    if promised:
        written = [label.swapcase() for label in promised]
        tries = [promised, written] if written != promised else [promised]
        found = [place_labels(sightings, labels, promised=True) for labels in tries]
    else:
        alphabets = (string.ascii_uppercase, string.ascii_lowercase)
        found = [place_labels(sightings, list(letters), promised=False) for letters in alphabets]
    return max(found, key=lambda placed: sum(p.logit for p in placed))


def _letter(placed: Placed, scale: float) -> Letter:
    x0, y0, x1, y1 = placed.sighting.glyphs.box_xyxy
    box = (x0 / scale, y0 / scale, x1 / scale, y1 / scale)
    return Letter(placed.label, box, 1 / (1 + math.exp(-placed.logit)))


def _working_image(image_rgb: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    """Grey image at working size, and working pixels per image pixel."""
    gray = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY)
    side = max(gray.shape)
    if side <= _SMALL_SIDE_PX:
        scale = 2.0
    elif side <= _WORKING_SIDE_PX:
        return gray, 1.0
    else:
        scale = _WORKING_SIDE_PX / side
    resized = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    return np.asarray(resized, np.uint8), scale


def _shape_logits(shapes: list[Glyphs], shape_hw: tuple[int, ...]) -> list[float]:
    """Log-odds that a shape is a panel letter, before it is read.

    Weights: logistic regression on 185 letters among 14,732 shapes of 39 figures, rounded. Panel letters stand alone,
    are evenly printed on an even ground, and are larger than most of the figure's text.
    """
    if not shapes:
        return []
    typical = float(np.median([g.height_px for g in shapes]))
    height, width = shape_hw[:2]
    logits = []
    for g in shapes:
        x0, y0, x1, _ = g.box_xyxy
        value = -4.0
        value += 1.0 * math.log(max(0.2, g.gap_left)) + 0.9 * math.log(max(0.2, g.gap_right))
        value += 0.5 * (g.gap_left >= 9) + 0.2 * (g.gap_right >= 9)
        value += 5.0 * g.contrast / 255 - 2.5 * g.ink_spread / g.contrast - 7.0 * g.ground_spread / g.contrast
        value += 3.0 * math.log(g.height_px / typical) - 2.0 * abs(math.log(g.height_px / 20))
        value += -1.0 * (x1 - x0) / g.height_px + 1.5 * g.stroke - 1.0 * x0 / width - 0.5 * y0 / height
        logits.append(value)
    return logits
