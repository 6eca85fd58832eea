"""Markers: which sign stands for which thing in a figure, where it is drawn, and the clause that explains it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from curator.figure import MarkerKind
from curator.geometry import Box, Point, coverage, intersection
from data.demo.fields import Rgb, Rng
from data.demo.picture import Thing
from data.demo.story import one_of, with_article
from data.demo.symbols import PALETTE, arrow, arrowhead, asterisk, circle, outline, text_wh, write

_KINDS = (
    (MarkerKind.ARROW, 0.42), (MarkerKind.ARROWHEAD, 0.24), (MarkerKind.ASTERISK, 0.16), (MarkerKind.CIRCLE, 0.05),
    (MarkerKind.BOX, 0.05), (MarkerKind.DASHED_BOX, 0.06), (MarkerKind.DASHED_LINE, 0.02),
)  # fmt: skip
"""Guess from reading captions: arrows first, then arrowheads and asterisks."""
_INITIAL = 0.12  # share of things marked by a letter where that is the custom: ultrastructure, histology; guess
_RIMS = (MarkerKind.CIRCLE, MarkerKind.BOX, MarkerKind.DASHED_BOX, MarkerKind.DASHED_LINE)
_WORDS = {
    MarkerKind.ARROW: ("arrow", "arrows"),
    MarkerKind.ARROWHEAD: ("arrowhead", "arrowheads"),
    MarkerKind.ASTERISK: ("asterisk", "asterisks"),
    MarkerKind.CIRCLE: ("circle", "circles"),
    MarkerKind.BOX: ("box", "boxes"),
    MarkerKind.DASHED_BOX: ("dashed box", "dashed boxes"),
    MarkerKind.DASHED_LINE: ("dashed line", "dashed lines"),
}


@dataclass(frozen=True, slots=True)
class Sign:
    """What one name is marked with, throughout a figure."""

    kind: MarkerKind
    color: str
    size: float
    """px: length of an arrow, height of an arrowhead or asterisk, thickness of a rim times 8."""
    coloured: bool
    """The caption names the colour."""
    notched: bool
    text: str = ""
    """What a letter sign prints."""


@dataclass(frozen=True, slots=True)
class DrawnMarker:
    """A sign on the figure, with what it points at."""

    sign: Sign
    box_xyxy: Box
    tip_xy: Point | None
    thing: Thing


class Legend:
    """Gives each name of a figure its sign: the same in all panels, no two alike."""

    def __init__(self, rng: Rng, letter_px: float, dark: bool, pale: bool, initials: bool) -> None:
        """``dark``: signs must be light; ``pale``: signs on bright pictures (tissue on white) must be dark.

        ``initials``: a thing may be marked by its initial, as in "M, mitochondria".
        """
        self._initials = initials
        self._rng, self._letter_px = rng, letter_px
        if dark:
            self._colors: tuple[str, ...] = ("white", "white", "white", "yellow", "red", "cyan")
        elif pale:
            self._colors = ("black", "black", "black", "red", "blue", "green")
        else:
            self._colors = ("black", "white", "yellow", "red", "black")
        self._signs: dict[str, Sign] = {}

    def sign(self, name: str) -> Sign:
        """The sign of a name; a new name gets one that is not taken."""
        if name not in self._signs:
            taken = {(sign.kind, sign.color) for sign in self._signs.values()}
            kinds = [kind for kind, _ in _KINDS]
            shares = [share for _, share in _KINDS]
            kind, color = MarkerKind.ARROW, self._colors[0]
            for _ in range(12):
                kind = kinds[int(self._rng.choice(len(kinds), p=shares))]
                color = one_of(self._rng, self._colors)
                if (kind, color) not in taken:
                    break
            size = self._letter_px * {MarkerKind.ARROW: 1.9, MarkerKind.ARROWHEAD: 0.95}.get(kind, 0.9)
            size *= float(self._rng.uniform(0.85, 1.3))
            named = any(k == kind for k, _ in taken) or self._rng.random() < 0.5
            initial = name[0].upper() if self._rng.random() < 0.5 else name[:2]
            if (
                self._initials
                and self._rng.random() < _INITIAL
                and all(initial != s.text for s in self._signs.values())
            ):
                self._signs[name] = Sign(MarkerKind.LETTER, color, self._letter_px * 0.85, False, False, initial)
                return self._signs[name]
            self._signs[name] = Sign(kind, color, max(size, 9.0), bool(named), bool(self._rng.random() < 0.5))
        return self._signs[name]


def draw_markers(
    rng: Rng, canvas: Rgb, frame_xyxy: Box, things: Sequence[Thing], legend: Legend, kept_free: Sequence[Box]
) -> list[DrawnMarker]:
    """Marks the things on the canvas, in place, inside the frame and off ``kept_free`` (letter, scale bar, insets).

    A thing for which no place is found stays unmarked.
    """
    drawn: list[DrawnMarker] = []
    for thing in things:
        sign = legend.sign(thing.name)
        busy = [*kept_free, *(marker.box_xyxy for marker in drawn)]
        placed = _draw(rng, canvas, frame_xyxy, thing, sign, busy)
        if placed:
            drawn.append(DrawnMarker(sign, placed[0], placed[1], thing))
    return drawn


def _draw(
    rng: Rng, canvas: Rgb, frame: Box, thing: Thing, sign: Sign, busy: Sequence[Box]
) -> tuple[Box, Point | None] | None:
    x0, y0, x1, y1 = thing.box_xyxy
    cx, cy, half = (x0 + x1) / 2, (y0 + y1) / 2, min(x1 - x0, y1 - y0) / 2
    color = PALETTE[sign.color]

    def free(box: Box) -> bool:
        return coverage(box, frame) > 0.999 and all(intersection(box, other) == 0 for other in busy)

    if sign.kind in (MarkerKind.ARROW, MarkerKind.ARROWHEAD):
        for _ in range(14):
            heading = float(rng.uniform(0, 2 * math.pi))
            back = half * rng.uniform(0.72, 0.92)
            tip = (cx - back * math.cos(heading), cy - back * math.sin(heading))
            end = (tip[0] - sign.size * math.cos(heading), tip[1] - sign.size * math.sin(heading))
            wide = sign.size * 0.3
            reach = (
                min(tip[0], end[0]) - wide, min(tip[1], end[1]) - wide, max(tip[0], end[0]) + wide,
                max(tip[1], end[1]) + wide,
            )  # fmt: skip
            if free(reach):
                if sign.kind == MarkerKind.ARROW:
                    return arrow(canvas, tip, heading, sign.size, color, max(2.0, sign.size * 0.11)), tip
                return arrowhead(canvas, tip, heading, sign.size, color, sign.notched), tip
        return None
    if sign.kind == MarkerKind.ASTERISK:
        reach = (cx - sign.size / 2, cy - sign.size / 2, cx + sign.size / 2, cy + sign.size / 2)
        return (asterisk(canvas, (cx, cy), sign.size, color), None) if free(reach) else None
    if sign.kind == MarkerKind.LETTER:
        wide, high = text_wh(sign.text, sign.size, "sans-bold")
        reach = (cx - wide / 2 - 1, cy - high / 2 - 1, cx + wide / 2 + 1, cy + high / 2 + 1)
        return (write(canvas, sign.text, (cx, cy), sign.size, color, "mm", "sans-bold"), None) if free(reach) else None
    thick = max(1, round(sign.size / 9))
    grow = max(0.0, sign.size * 1.1 - half)  # a rim about a small thing keeps its distance
    x0, y0, x1, y1 = x0 - grow, y0 - grow, x1 + grow, y1 + grow
    rim = (x0 - thick, y0 - thick, x1 + thick, y1 + thick)
    if not free(rim):
        return None
    if sign.kind in (MarkerKind.CIRCLE, MarkerKind.DASHED_LINE):
        dashed = sign.kind == MarkerKind.DASHED_LINE
        return circle(canvas, (cx, cy), ((x1 - x0) / 2, (y1 - y0) / 2), color, thick, dashed), None
    return outline(canvas, rim, color, thick, dashed=sign.kind == MarkerKind.DASHED_BOX), None


def clause(rng: Rng, marker: DrawnMarker, count: int, style: str) -> str:
    """Words that explain a sign drawn ``count`` times; ``style``: sentence, legend or inline.

    sentence: "White arrows indicate mitotic cells"; legend: "Arrows, mitotic cells"; inline: "mitotic cells (arrows)".
    """
    sign, many = marker.sign, count > 1
    if sign.kind == MarkerKind.LETTER:
        return f"{sign.text}{one_of(rng, (', ', ': ', ' = '))}{marker.thing.name}"
    word = _WORDS[sign.kind][many]
    if sign.coloured:
        color = one_of(rng, ("gray", "grey")) if sign.color == "grey" else sign.color
        word = f"{color} {word}"
    name = marker.thing.plural if many else marker.thing.name
    if style == "inline":
        return f"{name if many else with_article(name)} ({word})"
    if style == "legend":
        if sign.kind == MarkerKind.ASTERISK and not sign.coloured and rng.random() < 0.5:
            return f"*, {name}"
        return f"{word.capitalize()}{one_of(rng, (', ', ': ', ' = '))}{name}"
    what = name if many else with_article(name)
    verbs = ("outline", "surround") if sign.kind in _RIMS else (
        ("mark", "denote", "indicate") if sign.kind == MarkerKind.ASTERISK else ("indicate", "point to", "show", "mark")
    )  # fmt: skip
    verb = one_of(rng, verbs)
    if rng.random() < 0.25:
        by = f"{'are' if many else 'is'} indicated by {word if many else f'the {word}'}"
        return f"{what[0].upper()}{what[1:]} {by}"
    if many:
        return f"{word.capitalize()} {verb} {what}"
    start, *rest = verb.split()
    verb = " ".join([start + "s", *rest])
    subject = word.capitalize() if rng.random() < 0.6 else f"The {word}"
    return f"{subject} {verb} {what}"
