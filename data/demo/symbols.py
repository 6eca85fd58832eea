"""Signs drawn onto a figure: text, arrows, arrowheads, asterisks, outlines, scale bars. Each returns its exact box."""

from __future__ import annotations

import importlib.util
import math
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from curator.geometry import Box, Point
from data.demo.fields import Rgb

Anchor: TypeAlias = Literal["lt", "mt", "rt", "lm", "mm", "rm", "lb", "mb", "rb"]
"""Which point of the ink's box is given: left/middle/right, top/middle/bottom."""
Face: TypeAlias = Literal["sans", "sans-bold", "serif", "serif-bold"]

PALETTE: dict[str, tuple[int, int, int]] = {
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "red": (230, 25, 30),
    "yellow": (255, 240, 40),
    "green": (40, 190, 60),
    "blue": (35, 80, 220),
    "cyan": (40, 220, 240),
    "magenta": (235, 40, 220),
    "orange": (245, 140, 25),
    "grey": (128, 128, 128),
}

_FILES: dict[Face, str] = {  # fonts inside the matplotlib wheel: the same pixels on every machine
    "sans": "DejaVuSans.ttf",
    "sans-bold": "DejaVuSans-Bold.ttf",
    "serif": "STIXGeneral.ttf",
    "serif-bold": "STIXGeneralBol.ttf",
}
_SQUEEZE = 0.88  # narrows DejaVu to about the proportions of Arial, which journals ask for
_FINE = 4  # shapes are drawn this much larger and averaged down, for smooth edges


@cache
def _font(face: Face, size: int) -> ImageFont.FreeTypeFont:
    spec = importlib.util.find_spec("matplotlib")  # finds the folder without importing it
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("matplotlib is not installed; its fonts are needed to draw demo figures")
    return ImageFont.truetype(str(Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / _FILES[face]), size)


@cache
def _text_mask(text: str, face: Face, cap_px: float, turned: bool) -> NDArray[Any]:
    """Ink of the text, (h, w) uint8, cropped to it; capital letters are ``cap_px`` high."""
    size = max(5, round(cap_px / (0.66 if face.startswith("serif") else 0.73)))  # cap height of the faces
    font = _font(face, size)
    left, top, right, bottom = font.getbbox(text)
    canvas = PilImage.new("L", (math.ceil(right - left) + 4, math.ceil(bottom - top) + 4), 0)
    ImageDraw.Draw(canvas).text((2 - left, 2 - top), text, font=font, fill=255)
    ink = np.asarray(canvas)
    if face.startswith("sans"):
        ink = cv2.resize(ink, (max(1, round(ink.shape[1] * _SQUEEZE)), ink.shape[0]), interpolation=cv2.INTER_AREA)
    if turned:
        ink = np.rot90(ink)
    rows, columns = np.nonzero(ink > 40)
    if not len(rows):
        return np.zeros((1, 1), np.uint8)
    return np.ascontiguousarray(ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1])


def text_wh(text: str, cap_px: float, face: Face = "sans") -> tuple[int, int]:
    """Width and height of the text's ink, px."""
    height, width = _text_mask(text, face, cap_px, False).shape
    return width, height


def _paste(canvas: Rgb, mask: NDArray[Any], x: int, y: int, color: tuple[int, int, int]) -> Box:
    """Blends the colour in by the mask, in place; returns the box of what lies on the canvas."""
    height, width = mask.shape
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(canvas.shape[1], x + width), min(canvas.shape[0], y + height)
    if x1 <= x0 or y1 <= y0:
        raise ValueError(f"a sign at {(x, y)!r} lies outside the canvas of {canvas.shape[1]} x {canvas.shape[0]} px")
    share = mask[y0 - y : y1 - y, x0 - x : x1 - x, None].astype(np.float32) / 255
    part = canvas[y0:y1, x0:x1]
    part[:] = (part * (1 - share) + np.array(color, np.float32) * share + 0.5).astype(np.uint8)
    rows, columns = np.nonzero(share[:, :, 0] > 0.15)
    if not len(rows):
        return (float(x0), float(y0), float(x1), float(y1))
    return (
        float(x0 + columns.min()),
        float(y0 + rows.min()),
        float(x0 + columns.max() + 1),
        float(y0 + rows.max() + 1),
    )


def write(
    canvas: Rgb,
    text: str,
    at: Point,
    cap_px: float,
    color: tuple[int, int, int] = (0, 0, 0),
    anchor: Anchor = "lt",
    face: Face = "sans",
    turned: bool = False,
) -> Box:
    """Writes one line (``turned``: bottom to top), in place; returns the box of its ink."""
    mask = _text_mask(text, face, round(cap_px * 2) / 2, turned)
    height, width = mask.shape
    x = at[0] - {"l": 0.0, "m": width / 2, "r": float(width)}[anchor[0]]
    y = at[1] - {"t": 0.0, "m": height / 2, "b": float(height)}[anchor[1]]
    return _paste(canvas, mask, round(x), round(y), color)


def polygon(canvas: Rgb, corners: NDArray[Any], color: tuple[int, int, int]) -> Box:
    """Fills a polygon with smooth edges, in place; ``corners``: (n, 2) px. Returns the box of its ink."""
    x0, y0 = int(np.floor(corners[:, 0].min())) - 1, int(np.floor(corners[:, 1].min())) - 1
    x1, y1 = int(np.ceil(corners[:, 0].max())) + 1, int(np.ceil(corners[:, 1].max())) + 1
    big = np.zeros(((y1 - y0) * _FINE, (x1 - x0) * _FINE), np.uint8)
    cv2.fillPoly(big, [np.round((corners - [x0, y0]) * _FINE * 16).astype(np.int32)], 255, shift=4)
    mask = cv2.resize(big, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    return _paste(canvas, mask, x0, y0, color)


def _shape_along(tip: Point, heading: float, outline: list[tuple[float, float]]) -> NDArray[Any]:
    """Outline given as (behind the tip, sideways) turned so that it flies along ``heading`` (radians, y down)."""
    cosine, sine = math.cos(heading), math.sin(heading)
    return np.array([(tip[0] - b * cosine - s * sine, tip[1] - b * sine + s * cosine) for b, s in outline])


def arrow(canvas: Rgb, tip: Point, heading: float, length: float, color: tuple[int, int, int], thick: float) -> Box:
    """A shaft with a filled head at ``tip``; returns the box of its ink."""
    head, half = min(length * 0.45, thick * 3.6), thick * 1.65
    outline = [(0, 0), (head, half), (head * 0.86, thick / 2), (length, thick / 2)]
    outline += [(b, -s) for b, s in reversed(outline[1:])]
    return polygon(canvas, _shape_along(tip, heading, outline), color)


def arrowhead(canvas: Rgb, tip: Point, heading: float, size: float, color: tuple[int, int, int], notched: bool) -> Box:
    """A filled triangle that points at ``tip``; returns the box of its ink."""
    outline = [(0, 0), (size, size * 0.42), (size, -size * 0.42)]
    if notched:
        outline.insert(2, (size * 0.68, 0.0))
    return polygon(canvas, _shape_along(tip, heading, outline), color)


def asterisk(canvas: Rgb, centre: Point, size: float, color: tuple[int, int, int]) -> Box:
    """Six spokes about the centre; returns the box of its ink."""
    spokes, thick = [], size * 0.13
    for k in range(6):
        turn = math.pi * k / 3 + math.pi / 6
        for side in (-0.5, 0.0, 0.5):
            reach = size / 2 if side else size / 2 + thick * 0.3
            spokes.append(
                (
                    centre[0] + reach * math.cos(turn) - side * 2 * thick * math.sin(turn),
                    centre[1] + reach * math.sin(turn) + side * 2 * thick * math.cos(turn),
                )
            )
        inner = turn + math.pi / 6
        spokes.append((centre[0] + thick * 1.7 * math.cos(inner), centre[1] + thick * 1.7 * math.sin(inner)))
    return polygon(canvas, np.array(spokes), color)


def outline(canvas: Rgb, box_xyxy: Box, color: tuple[int, int, int], thick: int, dashed: bool = False) -> Box:
    """A rectangle's rim, whole or dashed; returns the box that it fills, rim included."""
    x0, y0, x1, y1 = (round(v) for v in box_xyxy)
    period = max(6, thick * 6) if dashed else max(x1 - x0, y1 - y0) + 1
    on = round(period * 0.6) if dashed else period
    for start in range(0, x1 - x0, period):
        end = min(start + on, x1 - x0)
        canvas[y0 : y0 + thick, x0 + start : x0 + end] = color
        canvas[y1 - thick : y1, x0 + start : x0 + end] = color
    for start in range(0, y1 - y0, period):
        end = min(start + on, y1 - y0)
        canvas[y0 + start : y0 + end, x0 : x0 + thick] = color
        canvas[y0 + start : y0 + end, x1 - thick : x1] = color
    return (float(x0), float(y0), float(x1), float(y1))


def circle(
    canvas: Rgb, centre: Point, radii: Point, color: tuple[int, int, int], thick: int, dashed: bool = False
) -> Box:
    """An ellipse's rim, whole or dashed; returns the box that it fills, rim included."""
    at, size = (round(centre[0] * 16), round(centre[1] * 16)), (round(radii[0] * 16), round(radii[1] * 16))
    parts = max(12, round(math.pi * sum(radii) / max(8, thick * 6))) if dashed else 1
    for k in range(parts):
        start = 360 * k / parts
        cv2.ellipse(canvas, at, size, 0, start, start + (200 / parts if dashed else 360), color, thick, cv2.LINE_AA, 4)
    rim = thick / 2
    return (
        max(0.0, centre[0] - radii[0] - rim),
        max(0.0, centre[1] - radii[1] - rim),
        min(float(canvas.shape[1]), centre[0] + radii[0] + rim),
        min(float(canvas.shape[0]), centre[1] + radii[1] + rim),
    )


def scale_bar(
    canvas: Rgb, box_xyxy: Box, length: float, text: str | None, color: tuple[int, int, int], cap_px: float, left: bool
) -> Box:
    """A bar in a lower corner of the box, its length above it where ``text`` is given; returns the bar's box."""
    x0, _, x1, y1 = box_xyxy
    thick, margin = max(2, round(cap_px * 0.28)), max(4.0, cap_px * 0.9)
    start = round(x0 + margin if left else x1 - margin - length)
    bottom = round(y1 - margin)
    canvas[bottom - thick : bottom, start : start + round(length)] = color
    if text:
        write(canvas, text, (start + length / 2, bottom - thick - cap_px * 0.45), cap_px, color, "mb")
    return (float(start), float(bottom - thick), float(start + round(length)), float(bottom))
