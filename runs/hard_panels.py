"""Panels of the hard corpus: a plain ground with several small things on it, some of them pointed at."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from curator.figure import Finding
from curator.geometry import Box, Point

PANEL_PX = 112
THINGS = 4
"""On each panel, each in another cell of a 3 x 3 grid and of another colour and shape."""
MARKED = 2
"""Of them, those that are regions; the others are distractors."""
RADIUS_PX = 9
LETTER_BOX_XYXY: Box = (2.0, 2.0, 13.0, 13.0)
_LETTER_PX = 14  # of the font; its capitals are as high as the box
_CELL_PX = PANEL_PX / 3
_TINTS = {
    "pink": (236, 200, 210),
    "grey": (205, 205, 205),
    "sand": (226, 212, 180),
    "mint": (196, 226, 206),
    "lilac": (212, 202, 236),
}
_PATTERNS = ("stripes", "bars", "grid", "rings", "dots", "waves")
COLORS = {
    "red": (215, 30, 35), "green": (20, 140, 50), "blue": (35, 60, 205), "yellow": (245, 215, 20),
    "orange": (245, 130, 20), "purple": (130, 30, 160), "black": (15, 15, 15), "white": (252, 252, 252),
}  # fmt: skip
_SHAPES = ("disc", "ring", "square", "triangle", "cross", "diamond")
_ROWS, _COLUMNS = ("upper", "middle", "lower"), ("left", "centre", "right")
_POSITIONS = tuple(f"{row} {column}" for row in _ROWS for column in _COLUMNS)


class Thing(NamedTuple):
    color: str
    shape: str
    position: str
    centre_xy: Point
    """In pixels of its panel, as are all others here."""

    @property
    def box_xyxy(self) -> Box:
        x, y = self.centre_xy
        return (x - RADIUS_PX, y - RADIUS_PX, x + RADIUS_PX, y + RADIUS_PX)

    @property
    def tip_xy(self) -> Point:
        """Where its arrowhead points: the side that faces the panel's middle."""
        x, y = self.centre_xy
        return (x, y + (RADIUS_PX + 1) * (1 if y < PANEL_PX / 2 else -1))

    @property
    def marker_box_xyxy(self) -> Box:
        x, y = self.tip_xy
        return (x - 4, y, x + 4, y + 8) if y > self.centre_xy[1] else (x - 4, y - 8, x + 4, y)


class DrawnPanel(NamedTuple):
    tint: str
    pattern: str
    things: tuple[Thing, ...]


def plan_panel(rng: np.random.Generator) -> DrawnPanel:
    colors = rng.choice(list(COLORS), THINGS, replace=False)
    shapes = rng.choice(_SHAPES, THINGS, replace=False)
    cells = rng.choice(len(_POSITIONS), THINGS, replace=False)
    slack = (_CELL_PX - 2 * RADIUS_PX) / 2
    return DrawnPanel(
        str(rng.choice(list(_TINTS))),
        str(rng.choice(_PATTERNS)),
        tuple(
            Thing(
                str(color),
                str(shape),
                _POSITIONS[cell],
                (
                    round((cell % 3 + 0.5) * _CELL_PX + rng.uniform(-slack, slack)),
                    round((cell // 3 + 0.5) * _CELL_PX + rng.uniform(-slack, slack)),
                ),
            )
            for color, shape, cell in zip(colors, shapes, cells, strict=True)
        ),
    )


def draw_panel(panel: DrawnPanel, letter: str, rng: np.random.Generator) -> Image.Image:
    """The panel with its letter at ``LETTER_BOX_XYXY``; a thing may cover part of it."""
    y, x = np.mgrid[:PANEL_PX, :PANEL_PX].astype(float)
    period, phase_x, phase_y = rng.uniform(9, 13), *rng.uniform(0, 12, 2)
    u, v = (x + phase_x) / period * 2 * np.pi, (y + phase_y) / period * 2 * np.pi
    height = {
        "stripes": np.sin(u + v),
        "bars": np.sin(u),
        "grid": np.maximum(np.sin(u), np.sin(v)),
        "rings": np.sin(np.hypot(u - 30, v - 30)),
        "dots": np.sin(u) * np.sin(v),
        "waves": np.sin(v + 2 * np.sin(u / 3)),
    }[panel.pattern]
    grain = rng.normal(0, 8, height.shape)
    rgb = np.array(_TINTS[panel.tint]) + (14 * height + grain)[..., None]
    picture = Image.fromarray(rgb.clip(0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    pen.text(LETTER_BOX_XYXY[:2], letter, fill=(0, 0, 0), font=ImageFont.load_default(_LETTER_PX), anchor="lt")
    for index, thing in enumerate(panel.things):
        _draw(pen, thing)
        if index < MARKED:
            (x0, y0, x1, y1), (tip_x, tip_y) = thing.marker_box_xyxy, thing.tip_xy
            far = y1 if tip_y == y0 else y0
            pen.polygon([(tip_x, tip_y), (x0, far), (x1, far)], fill=(60, 60, 60))
    return picture


def _draw(pen: ImageDraw.ImageDraw, thing: Thing) -> None:
    fill = COLORS[thing.color]
    x, y = thing.centre_xy
    r = RADIUS_PX - 1
    match thing.shape:
        case "disc":
            pen.ellipse((x - r, y - r, x + r, y + r), fill=fill)
        case "ring":
            pen.ellipse((x - r, y - r, x + r, y + r), outline=fill, width=4)
        case "square":
            pen.rectangle((x - r, y - r, x + r, y + r), fill=fill)
        case "triangle":
            pen.polygon([(x, y - r), (x + r, y + r), (x - r, y + r)], fill=fill)
        case "cross":
            pen.line((x - r, y - r, x + r, y + r), fill=fill, width=5)
            pen.line((x - r, y + r, x + r, y - r), fill=fill, width=5)
        case "diamond":
            pen.polygon([(x, y - r), (x + r, y), (x, y + r), (x - r, y)], fill=fill)


def description_of(thing: Thing) -> str:
    return f"{thing.color} {thing.shape} in the {thing.position}"


def finding_of(thing: Thing) -> Finding:
    """The attributes, and two negatives of another colour, two of another shape, one of another place."""

    def others(values: tuple[str, ...], value: str, n: int) -> list[str]:
        place = values.index(value)
        return [values[(place + step) % len(values)] for step in range(1, n + 1)]

    wrong = [
        *(thing._replace(color=color) for color in others(tuple(COLORS), thing.color, 2)),
        *(thing._replace(shape=shape) for shape in others(_SHAPES, thing.shape, 2)),
        *(thing._replace(position=position) for position in others(_POSITIONS, thing.position, 1)),
    ]
    return Finding(thing.color, thing.shape, thing.position, tuple(map(description_of, wrong)))
