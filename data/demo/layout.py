"""How a figure's panels are arranged, sampled before anything is drawn.

Shares marked "measured" come from the boxes of 9,642 published figures that the National Library of Medicine annotated:
panels per figure, letter position and case, panels without letter, gaps. Everything else is marked as a guess.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from curator.geometry import Box, Size
from data.demo.fields import Rng


class Content(StrEnum):
    """What fills a panel."""

    CULTURE = "culture"
    CHANNELS = "channels"
    NEURONS = "neurons"
    TISSUE = "tissue"
    ELECTRON = "electron"
    CHEST = "chest"
    BRAIN = "brain"
    ULTRASOUND = "ultrasound"
    PLATE = "plate"
    BLOT = "blot"
    AGAROSE = "agarose"
    PLOT = "plot"
    DIAGRAM = "diagram"
    PLOTS = "plots"
    """Several plots under one letter."""
    QUANTIFIED = "quantified"
    """A blot and the plot of its bands."""
    MAGNIFIED = "magnified"
    """A section at two magnifications."""
    TABLE = "table"

    @property
    def photographic(self) -> bool:
        """Fills its box to the rim; the others stand on the paper with air around."""
        return self in _PHOTOGRAPHIC


_PHOTOGRAPHIC = frozenset(
    {
        Content.CULTURE, Content.CHANNELS, Content.NEURONS, Content.TISSUE, Content.ELECTRON, Content.CHEST,
        Content.BRAIN, Content.ULTRASOUND, Content.PLATE, Content.MAGNIFIED,
    }
)  # fmt: skip

PANELS: dict[int, float] = {1: 0.39, 2: 0.23, 3: 0.11, 4: 0.11, 5: 0.04, 6: 0.06}
"""Measured: share of figures with so many panels; the rest has 7 to 14 (evenly, which gives the measured mean 2.8)."""
WITHOUT_LETTERS: dict[int, float] = {1: 0.9, 2: 0.45, 3: 0.45, 4: 0.42, 6: 0.2}
"""Chosen so that 26 % of all panels (measured) carry no letter; larger and mixed figures have letters (guess)."""
_POSITIONS: dict[str, float] = {
    "top-left": 0.66, "bottom-left": 0.17, "bottom-centre": 0.06, "bottom-right": 0.05, "top-right": 0.025,
    "top-centre": 0.035,
}  # fmt: skip
"""Measured, where the letter stands in its panel; the last takes what the measured ones leave."""
UPPER_CASE = 0.78  # measured
TOUCHING = 0.2  # measured: neighbours without a gap
_CAN_TOUCH = 0.45  # share of figures of several panels whose panels may touch; measured on 2,000 samples of this module
_GAP_MEDIAN = (
    0.011  # share of the width, of gaps that are not 0; with the 20 % at 0 the median of all is 0.008 (measured)
)
_GAP_SPREAD = 0.9  # log-normal sigma; guess
_LETTER_PX = 20.0  # measured median height

_ASPECTS: dict[Content, tuple[float, float]] = {  # width / height; guesses from looking at figures
    Content.CULTURE: (1.0, 1.35), Content.CHANNELS: (2.4, 4.0), Content.NEURONS: (1.0, 1.4),
    Content.TISSUE: (1.15, 1.4), Content.ELECTRON: (1.0, 1.35), Content.CHEST: (1.15, 1.4),
    Content.BRAIN: (0.8, 1.0), Content.ULTRASOUND: (1.1, 1.4), Content.PLATE: (0.95, 1.1),
    Content.BLOT: (1.0, 1.7), Content.AGAROSE: (1.1, 1.6), Content.PLOT: (0.85, 1.35),
    Content.DIAGRAM: (1.3, 2.2), Content.TABLE: (1.9, 2.8),
    Content.PLOTS: (1.7, 2.7), Content.QUANTIFIED: (1.7, 2.4), Content.MAGNIFIED: (2.0, 2.5),
}  # fmt: skip

_THEMES: dict[str, tuple[float, dict[Content, float]]] = {
    # weight, contents of the panels; guesses: about half of the panels in open figures are photographic
    "cell biology": (0.30, {Content.CULTURE: 0.22, Content.CHANNELS: 0.16, Content.BLOT: 0.16, Content.QUANTIFIED: 0.06,
                            Content.PLOT: 0.26, Content.PLOTS: 0.06, Content.DIAGRAM: 0.08}),
    "light microscopy": (0.13, {Content.CULTURE: 0.6, Content.CHANNELS: 0.2, Content.NEURONS: 0.2}),
    "pathology": (0.19, {Content.TISSUE: 0.82, Content.MAGNIFIED: 0.18}),
    "radiology": (0.15, {Content.CHEST: 0.5, Content.BRAIN: 0.3, Content.ULTRASOUND: 0.2}),
    "ultrastructure": (0.05, {Content.ELECTRON: 1.0}),
    "molecular biology": (0.06, {Content.AGAROSE: 0.3, Content.PLATE: 0.25, Content.PLOT: 0.25, Content.DIAGRAM: 0.2}),
    "data": (0.12, {Content.PLOT: 0.78, Content.PLOTS: 0.15, Content.TABLE: 0.07}),
}  # fmt: skip
_SINGLE: dict[Content, float] = {  # a figure of one panel may be anything (guess)
    Content.PLOT: 0.28, Content.DIAGRAM: 0.16, Content.TISSUE: 0.14, Content.CULTURE: 0.08, Content.CHANNELS: 0.06,
    Content.CHEST: 0.07, Content.BRAIN: 0.04, Content.ULTRASOUND: 0.03, Content.ELECTRON: 0.04, Content.BLOT: 0.04,
    Content.AGAROSE: 0.02, Content.TABLE: 0.03, Content.NEURONS: 0.01,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slot:
    """One panel's place."""

    content: Content
    box_xyxy: Box
    """The whole place, letter included."""
    picture_xyxy: Box
    """Where the picture goes: smaller than the place where the letter stands outside the picture."""
    label: str | None


@dataclass(frozen=True, slots=True)
class Layout:
    """One figure's arrangement."""

    image_wh: Size
    theme: str
    slots: tuple[Slot, ...]
    gap_px: int
    """Between neighbours; 0 where they touch."""
    letter_px: float
    """Height of a capital letter."""
    position: str
    """Where the letters stand, such as "top-left"."""
    inside: bool
    """Letters lie on the pictures (photographic panels only)."""
    paper: tuple[int, int, int]
    """Colour behind the panels."""


def pick(rng: Rng, weights: dict[str, float]) -> str:
    names = list(weights)
    shares = [weights[name] for name in names]
    total = sum(shares)
    return names[int(rng.choice(len(names), p=[share / total for share in shares]))]


def sample_layout(rng: Rng) -> Layout:
    """One figure: how many panels of what, where, under which letters."""
    n = _count(rng)
    theme, contents = _contents(rng, n)
    mixed = n > 2 and len(set(contents)) > 1
    lettered = mixed or rng.random() >= WITHOUT_LETTERS.get(n, 0.0)
    upper = rng.random() < UPPER_CASE
    alphabet = string.ascii_uppercase if upper else string.ascii_lowercase
    labels = [alphabet[k] if lettered else None for k in range(n)]
    width = int(rng.integers(700, 1601))
    letter_px = float(min(40, max(11, _LETTER_PX * (width / 1050) ** 0.6 * rng.lognormal(0, 0.22))))
    position = pick(rng, _POSITIONS)
    photos = all(content.photographic for content in contents)
    inside = photos and lettered and rng.random() < 0.75
    touching = photos and (inside or not lettered) and rng.random() < TOUCHING / _CAN_TOUCH
    gap = 0 if touching else max(1, round(width * _GAP_MEDIAN * float(rng.lognormal(0, _GAP_SPREAD))))
    gap = min(gap, width // 18)
    margin = 0 if photos and rng.random() < 0.6 else round(width * rng.uniform(0.003, 0.02))
    strip = 0 if inside or not lettered else round(letter_px * 1.45)
    aspects = [_aspect(rng, content) for content in contents]
    for attempt in range(_TRIES):
        row = float(rng.uniform(1.9 if n > 3 else 1.4, 4.2 + 0.2 * attempt))
        boxes, height = _arrange(rng, aspects, width, gap, margin, strip, row)
        if _fits(boxes, (width, height), strip):
            break
    slots = [
        Slot(content, box, _picture_box(box, strip, position, photos), label)
        for content, box, label in zip(contents, boxes, labels, strict=True)
    ]
    paper = (255, 255, 255)
    if photos and gap and (inside or not lettered) and rng.random() < 0.2:
        paper = (0, 0, 0) if rng.random() < 0.7 else (236, 236, 238)
    return Layout((width, height), theme, tuple(slots), gap, letter_px, position, bool(inside), paper)


def _count(rng: Rng) -> int:
    draw = float(rng.random())
    for n, share in PANELS.items():
        draw -= share
        if draw < 0:
            return n
    return int(rng.integers(7, 15))


def _contents(rng: Rng, n: int) -> tuple[str, list[Content]]:
    if n == 1:
        content = Content(pick(rng, {str(key): share for key, share in _SINGLE.items()}))
        return "single", [content]
    theme = pick(rng, {name: weight for name, (weight, _) in _THEMES.items()})
    mix = {str(key): share for key, share in _THEMES[theme][1].items()}
    if theme in ("cell biology", "molecular biology", "data"):
        contents = [Content(pick(rng, mix)) for _ in range(n)]
        if Content.DIAGRAM in contents:  # a scheme comes first, and once
            contents = [content for content in contents if content != Content.DIAGRAM]
            contents = [Content.DIAGRAM] + contents + [Content.PLOT] * (n - 1 - len(contents))
        return theme, contents
    first = Content(pick(rng, mix))  # plates of images show one kind throughout
    if theme == "radiology" and n >= 3 and rng.random() < 0.35:
        return theme, [first] * (n - 1) + [Content.TISSUE]
    return theme, [first] * n


_TRIES = 40  # of arrangements; one in three is too tall or has a sliver of a panel


_LEAST_PX = 110  # shorter side of a panel; guess


def _fits(boxes: Sequence[Box], image_wh: Size, strip: int) -> bool:
    """The figure would go on a page, and every panel can be read."""
    width, height = image_wh
    least = min(min(x1 - x0, y1 - y0 - strip) for x0, y0, x1, y1 in boxes)
    low = 0.3 if len(boxes) > 1 else 0.24
    return (
        low * width <= height <= 1.55 * width and least >= max(_LEAST_PX, 0.13 * width) and width * height <= 2_600_000
    )


def _aspect(rng: Rng, content: Content) -> float:
    low, high = _ASPECTS[content]
    return float(rng.uniform(low, high))


def _arrange(
    rng: Rng, aspects: Sequence[float], width: int, gap: int, margin: int, strip: int, target: float
) -> tuple[list[Box], int]:
    """Rows about ``target`` times as wide as high that fill the width, as lines of text are justified.

    Now and then two panels are stacked in a row. Returns the boxes in reading order (strips for outside letters
    included) and the figure's height.
    """
    equal = len(set(aspects)) > 1 and max(aspects) / min(aspects) < 1.6 and rng.random() < 0.55
    sizes = [sum(aspects) / len(aspects)] * len(aspects) if equal else list(aspects)
    rows: list[list[list[float]]] = [[]]  # row -> column -> panels from top to bottom
    k = 0
    while k < len(sizes):
        reached = sum(_column_aspect(column) for column in rows[-1])
        if rows[-1] and reached >= target * 0.8:
            rows.append([])
        column = [sizes[k]]
        if rows[-1] and k + 1 < len(sizes) and not equal and rng.random() < 0.2:
            column.append(sizes[k + 1])
        rows[-1].append(column)
        k += len(column)
    if equal and len(rows) > 1 and len(rows[-1]) == 1 and len(rows[0]) > 2:  # no orphan below a grid
        rows[-1].insert(0, rows[-2].pop())
    boxes: list[Box] = []
    y = float(margin)
    typical = max(target, 1.9)
    for row in rows:
        free = width - 2 * margin - gap * (len(row) - 1)
        aspects_of = [_column_aspect(column) for column in row]
        full = sum(aspects_of)
        tall = free / max(full, typical * 0.75 if len(rows) > 1 else 1.0 if len(sizes) == 1 else 1.2)
        x = float(margin)
        for column, aspect in zip(row, aspects_of, strict=True):
            wide = min(round(tall * aspect), round(width - margin - x))
            if column is row[-1] and full >= typical * 0.75:
                wide = round(width - margin - x)
            inner = tall + strip - (gap + strip) * (len(column) - 1) if len(column) > 1 else tall
            top = y
            parts = [1 / panel for panel in column]
            for part in parts:
                high = (inner - strip if len(column) > 1 else inner) * part / sum(parts) + strip
                bottom = round(top + high)
                boxes.append((x, float(round(top)), x + wide, float(bottom)))
                top = bottom + gap
            x += wide + gap
        y = max(box[3] for box in boxes) + gap
    return boxes, round(y - gap + margin)


def _column_aspect(column: Sequence[float]) -> float:
    return 1 / sum(1 / panel for panel in column)


def _picture_box(box: Box, strip: int, position: str, photos: bool) -> Box:
    """The place less the strip that an outside letter needs, above or below."""
    x0, y0, x1, y1 = box
    if not strip:
        return box
    if position.startswith("bottom"):
        return (x0, y0, x1, y1 - strip)
    return (x0, y0 + strip, x1, y1)
