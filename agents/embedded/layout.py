"""Panels of a figure from its pixels, its printed letters and the letters that its caption promises."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.embedded.layout_ink import Ink, Rect, find_ink
from agents.embedded.layout_partition import best_partition
from agents.embedded.layout_split import split_into
from curator.geometry import Box, clip

if TYPE_CHECKING:
    from agents.embedded.letters import Letter


@dataclass(frozen=True, slots=True)
class PanelProposal:
    """A panel: pixels of the original image."""

    label: str | None
    label_box_xyxy: Box | None
    box_xyxy: Box
    confidence: float
    """Probability that the box is right at IoU 0.5 and bears the right label."""


def propose_panels(
    image_rgb: NDArray[np.uint8], letters: Sequence[Letter], expected: tuple[str, ...]
) -> list[PanelProposal]:
    """Panels in reading order of their labels; at least one for an image with content.

    Args:
        image_rgb: [H, W, 3].
        letters: printed letters as read, boxes in pixels of the image; may hold false ones and lack true ones.
        expected: labels that the caption promises, in its order; may be empty or wrong.
    """
    height, width = image_rgb.shape[:2]
    ink = find_ink(image_rgb)
    whole = ink.trim(ink.frame)
    if whole is None:
        return [PanelProposal(None, None, (0.0, 0.0, float(width), float(height)), 0.2)]
    anchors = chosen_letters(letters, expected)
    if len(anchors) < 2:
        return _without_letters(ink, whole, anchors, expected, (width, height))
    boxes = [_reduced(letter.box_xyxy, ink) for letter in anchors]
    _, found = best_partition(ink, boxes)
    return [
        PanelProposal(letter.text, letter.box_xyxy, _original(leaf, ink, (width, height)), _confidence(fit))
        for letter, leaf, fit in zip(anchors, found.leaves, found.fits, strict=True)
    ]


def chosen_letters(letters: Sequence[Letter], expected: tuple[str, ...]) -> list[Letter]:
    """The letters to build on, one for each label, in the caption's order; all where the caption promises none."""
    best: dict[str, Letter] = {}
    for letter in letters:
        key = label_key(letter.text)
        if key and (key not in best or letter.confidence > best[key].confidence):
            best[key] = letter
    order = [label_key(label) for label in expected]
    wanted = [best[key] for key in dict.fromkeys(order) if key in best]
    if wanted or expected:
        return wanted
    return [best[key] for key in sorted(best)]


def label_key(label: str) -> str:
    """What is left of a label without case, brackets and dots."""
    return re.sub(r"[^0-9a-z]", "", label.casefold())


def _without_letters(
    ink: Ink, whole: Rect, anchors: list[Letter], expected: tuple[str, ...], image_wh: tuple[int, int]
) -> list[PanelProposal]:
    parts: tuple[Rect, ...] = (whole,)
    labels: tuple[str | None, ...] = (expected[0] if len(expected) == 1 else None,)
    if len(expected) > 1:
        split = split_into(ink, whole, len(expected))
        if split is not None and len(split.parts) == len(expected):
            parts, labels = split.parts, expected
    return [
        PanelProposal(label, None, _original(part, ink, image_wh), 0.5)
        for label, part in zip(labels, parts, strict=True)
    ]


def _confidence(fit: float) -> float:
    return 1.0 / (1.0 + math.exp(-(3.0 + 0.5 * fit)))


def _reduced(box_xyxy: Box, ink: Ink) -> Rect:
    frame = ink.frame
    x0 = min(max(0, math.floor(box_xyxy[0] * ink.scale)), frame.x1 - 1)
    y0 = min(max(0, math.floor(box_xyxy[1] * ink.scale)), frame.y1 - 1)
    x1 = min(max(x0 + 1, math.ceil(box_xyxy[2] * ink.scale)), frame.x1)
    y1 = min(max(y0 + 1, math.ceil(box_xyxy[3] * ink.scale)), frame.y1)
    return Rect(x0, y0, x1, y1)


def _original(rect: Rect, ink: Ink, image_wh: tuple[int, int]) -> Box:
    x0, y0, x1, y1 = (value / ink.scale for value in rect)
    return clip((x0, y0, x1, y1), (0.0, 0.0, float(image_wh[0]), float(image_wh[1])))
