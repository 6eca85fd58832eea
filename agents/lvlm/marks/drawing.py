"""Numbered marks drawn on a picture, so that a model can name what they enclose (Set-of-Mark, microsoft/SoM)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np

from agents.lvlm.marks.colors import Color, color_for, contrast, ink_on
from agents.lvlm.marks.places import Places
from curator.geometry import Box, area, clip

if TYPE_CHECKING:
    from numpy.typing import NDArray

Rgb: TypeAlias = "NDArray[np.uint8]"

_LINE = 1 / 700  # width of an outline per longer side of the picture; guess: 2 px at 1568 px
_BADGE = 0.1  # height of a badge per shorter side of its box; guess
_LEAST_BADGE_PX = 18  # digits of 11 px, still read in a model's patches of 28 px; guess
_MOST_BADGE = 0.026  # height of a badge per longer side of the picture; guess: a number needs no more
_INSIDE = 2.5  # badge heights that a box must measure both ways to hold its number; guess
_DIGITS = 0.62  # height of the digits per height of the badge
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_CASED_BELOW = 3.0  # contrast under which an outline gets a second line; WCAG's least for graphics
_SAMPLES = 600  # pixels looked at beneath an outline


def draw_marks(rgb: Rgb, boxes_xyxy: Sequence[Box], numbers: Sequence[int], keep_clear_xyxy: Sequence[Box] = ()) -> Rgb:
    """The picture with a thin outline and a number for each box; the picture given is left as it is.

    A number lies deep inside its box, where no smaller box, other number or part to be kept clear lies and the picture
    is plainest; beside its box, with a line to it, where the box is too small. Outlines run around their boxes, not
    over them. Colours are chosen by what lies beneath: a number has a contrast of 4.5:1 (WCAG) to its badge, and the
    badge to what is typical beneath it.

    Args:
        rgb: uint8 [height, width, 3].
        boxes_xyxy: in pixels of the picture; what lies outside of it is not drawn.
        numbers: one for each box.
        keep_clear_xyxy: printed letters and the like: no line crosses them, and no number covers them where there is
            any room beside them.
    """
    frame = (0.0, 0.0, float(rgb.shape[1]), float(rgb.shape[0]))
    inside = [(clip(box, frame), number) for box, number in zip(boxes_xyxy, numbers, strict=True)]
    marks = sorted(((box, number) for box, number in inside if area(box) > 0), key=lambda mark: (area(mark[0]), mark))
    clear = [box for box in (clip(box, frame) for box in keep_clear_xyxy) if area(box) > 0]
    out = rgb.copy()
    longer = max(rgb.shape[:2])
    line = max(1, round(longer * _LINE))
    colors: list[Color] = []
    for box, _ in marks:
        colors.append(color_for(_beneath_outline(rgb, box, line), colors))
    for (box, _), color in reversed(list(zip(marks, colors, strict=True))):
        _draw_outline(out, rgb, box, color, line)
    for box in clear:
        x0, y0, x1, y1 = _pixels(box)
        out[y0:y1, x0:x1] = rgb[y0:y1, x0:x1]
    places = Places(rgb, [box for box, _ in marks], clear)
    for index, ((box, number), color) in enumerate(zip(marks, colors, strict=True)):
        shorter = min(box[2] - box[0], box[3] - box[1])
        height = round(min(max(_BADGE * shorter, _LEAST_BADGE_PX), max(_MOST_BADGE * longer, _LEAST_BADGE_PX)))
        width = _badge_width(str(number), height)
        deep = places.inside(index, (width, height)) if shorter >= _INSIDE * height else None
        badge = deep or places.beside(index, (width, height))
        if deep is None:
            _draw_leader(out, box, badge, color, line)
        _draw_badge(out, rgb, badge, str(number), color)
    return out


def _pixels(box_xyxy: Box) -> tuple[int, int, int, int]:
    x0, y0, x1, y1 = box_xyxy
    return int(np.floor(x0)), int(np.floor(y0)), int(np.ceil(x1)), int(np.ceil(y1))


def _beneath_outline(rgb: Rgb, box_xyxy: Box, line: int) -> Rgb:
    """Pixels [n, 3] beneath the outline."""
    height, width = rgb.shape[:2]
    x0, y0, x1, y1 = _pixels(box_xyxy)
    left, top = max(0, x0 - line), max(0, y0 - line)
    right, bottom = min(width, x1 + line), min(height, y1 + line)
    sides = (
        rgb[top : top + line, left:right],
        rgb[bottom - line : bottom, left:right],
        rgb[top:bottom, left : left + line],
        rgb[top:bottom, right - line : right],
    )
    pixels = np.concatenate([side.reshape(-1, 3) for side in sides])
    return pixels[:: max(1, len(pixels) // _SAMPLES)]


def _draw_outline(out: Rgb, rgb: Rgb, box_xyxy: Box, color: Color, line: int) -> None:
    """Around the box, inside the picture; with a second line inside of it where the first would be lost in places."""
    height, width = out.shape[:2]
    x0, y0, x1, y1 = _pixels(box_xyxy)
    beneath = _beneath_outline(rgb, box_xyxy, line)
    cased = float(np.percentile(contrast(color, beneath), 10)) < _CASED_BELOW
    frames = [(line, color)]
    if cased:
        frames = [(2 * line, ink_on(color)), (line, color)]
    for reach, shade in frames:
        left, top = max(0, x0 - reach), max(0, y0 - reach)
        right, bottom = min(width, x1 + reach), min(height, y1 + reach)
        for part in (
            out[top : top + line, left:right],
            out[bottom - line : bottom, left:right],
            out[top:bottom, left : left + line],
            out[top:bottom, right - line : right],
        ):
            part[:] = shade


def _badge_width(text: str, height: int) -> int:
    scale, thick = _type_size(height)
    return max(height, round(cv2.getTextSize(text, _FONT, scale, thick)[0][0] + 0.5 * height))


def _type_size(height: int) -> tuple[float, int]:
    thick = max(1, round(height / 13))  # guess: open digits at 18 px
    return cv2.getFontScaleFromHeight(_FONT, max(6, round(_DIGITS * height)), thick), thick


def _draw_leader(out: Rgb, box_xyxy: Box, badge_xyxy: Box, color: Color, line: int) -> None:
    """From the edge of the badge to the nearest point of the box."""
    x, y = (badge_xyxy[0] + badge_xyxy[2]) / 2, (badge_xyxy[1] + badge_xyxy[3]) / 2
    near = (round(min(max(x, box_xyxy[0]), box_xyxy[2])), round(min(max(y, box_xyxy[1]), box_xyxy[3])))
    start = (round(x), round(y))
    cv2.line(out, start, near, ink_on(color), line + 2, cv2.LINE_AA)
    cv2.line(out, start, near, color, line, cv2.LINE_AA)


def _draw_badge(out: Rgb, rgb: Rgb, badge_xyxy: Box, text: str, color: Color) -> None:
    x0, y0, x1, y1 = _pixels(badge_xyxy)
    beneath = rgb[max(0, y0 - 2) : y1 + 2, max(0, x0 - 2) : x1 + 2].reshape(-1, 3)
    ground = color_for(beneath, (), first=color)
    ink = ink_on(ground)
    cv2.rectangle(out, (x0, y0), (x1 - 1, y1 - 1), ground, -1)
    cv2.rectangle(out, (x0, y0), (x1 - 1, y1 - 1), ink, 1)
    scale, thick = _type_size(y1 - y0)
    (wide, high), _ = cv2.getTextSize(text, _FONT, scale, thick)
    at = (round((x0 + x1 - wide) / 2), round((y0 + y1 + high) / 2) - 1)
    cv2.putText(out, text, at, _FONT, scale, ink, thick, cv2.LINE_AA)
