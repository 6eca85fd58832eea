"""Charts as SVG whose colours are the page's variables, so that they follow light and dark."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 360, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 10, 34
_ROW = 22
_LABEL = 150


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    points: Sequence[tuple[float, float]]
    color: str
    """A CSS colour."""
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Whisker:
    """One row of a dot chart: a value with its interval, and the same of the start model."""

    label: str
    value: float
    interval: tuple[float, float] | None
    start: float | None
    start_interval: tuple[float, float] | None
    chance: float | None


def line_chart(
    lines: Sequence[Line],
    *,
    x_label: str,
    title: str,
    log_x: bool = False,
    y_range: tuple[float, float] | None = None,
    percent: bool = False,
) -> str:
    """The lines over a grid; "" where none has a point."""
    points = [point for line in lines for point in line.points]
    if not points:
        return ""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    x_ticks = [tick for tick in (_log_ticks if log_x else _ticks)(min(xs), max(xs)) if min(xs) <= tick <= max(xs)]
    low, high = y_range or (min(ys), max(ys))
    y_ticks = _ticks(low, high)
    low, high = min(low, y_ticks[0]), max(high, y_ticks[-1])
    x_of = _mapping(min(xs), max(xs), _LEFT, WIDTH - _RIGHT, log=log_x)
    y_of = _mapping(low, high, HEIGHT - _BOTTOM, _TOP)
    parts = [_opened(WIDTH, HEIGHT, title)]
    for tick in y_ticks:
        parts.append(_line(_LEFT, y_of(tick), WIDTH - _RIGHT, y_of(tick), "grid"))
        parts.append(_text(_LEFT - 6, y_of(tick) + 4, f"{tick * 100:g}%" if percent else f"{tick:g}", "end"))
    parts += [_text(x_of(tick), HEIGHT - _BOTTOM + 14, f"{tick:g}", "middle") for tick in x_ticks]
    parts.append(_text((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 4, x_label, "middle"))
    for line in lines:
        path = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in line.points)
        dash = ' stroke-dasharray="4 3"' if line.dashed else ""
        name = f"<title>{escape(line.name)}</title>"
        parts.append(f'<polyline points="{path}" style="stroke:{line.color}"{dash}>{name}</polyline>')
    return "".join([*parts, "</svg>"])


def dot_chart(rows: Sequence[Whisker], *, title: str) -> str:
    """A dot with its interval a row, on a scale from 0 to the highest end; the start model hollow, chance a tick."""
    if not rows:
        return ""
    width, height = _LABEL + WIDTH, _ROW * len(rows) + 30
    ends = [end for row in rows for end in (*(row.interval or ()), *(row.start_interval or ()), row.value)]
    ticks = _ticks(0.0, max(0.02, *ends))
    x_of = _mapping(0.0, max(ticks[-1], *ends), _LABEL, width - _RIGHT)
    parts = [_opened(width, height, title)]
    for tick in ticks:
        parts.append(_line(x_of(tick), 4, x_of(tick), height - 20, "grid"))
        parts.append(_text(x_of(tick), height - 6, f"{tick * 100:g}%", "middle"))
    for index, row in enumerate(rows):
        y = 16 + _ROW * index
        parts.append(_text(_LABEL - 10, y + 4, row.label, "end"))
        if row.chance is not None:
            parts.append(_line(x_of(row.chance), y - 7, x_of(row.chance), y + 7, "chance"))
        for value, interval, kind, shift in (
            (row.start, row.start_interval, "start", 4),
            (row.value, row.interval, "model", -3),
        ):
            if value is None:
                continue
            if interval is not None:
                parts.append(_line(x_of(interval[0]), y + shift, x_of(interval[1]), y + shift, kind))
            parts.append(f'<circle class="{kind}" cx="{x_of(value):.1f}" cy="{y + shift}" r="3.5"/>')
    return "".join([*parts, "</svg>"])


def smoothed(points: Sequence[tuple[float, float]], most: int = 160) -> list[tuple[float, float]]:
    """At most so many points: means of equal runs of the points."""
    size = max(1, math.ceil(len(points) / most))
    runs = [points[first : first + size] for first in range(0, len(points), size)]
    return [(sum(x for x, _ in run) / len(run), sum(y for _, y in run) / len(run)) for run in runs]


def _mapping(low: float, high: float, first: float, last: float, *, log: bool = False) -> Callable[[float], float]:
    """From ``low`` to ``high`` onto ``first`` to ``last``, linear or by logarithm; no range: to the middle."""
    start, end = (math.log10(low), math.log10(high)) if log else (low, high)

    def place(value: float) -> float:
        share = ((math.log10(value) if log else value) - start) / (end - start) if end > start else 0.5
        return first + share * (last - first)

    return place


def _ticks(low: float, high: float) -> list[float]:
    """About five round numbers, the first not above the range and the last not below it."""
    span = high - low or abs(high) or 1.0
    raw = span / 4
    power = 10 ** math.floor(math.log10(raw))
    step = next(power * times for times in (1, 2, 2.5, 5, 10) if power * times >= raw)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(step * number, 10) for number in range(first, max(last, first + 1) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [times * 10.0**power for power in powers for times in (1, 2, 5)]


def _opened(width: float, height: float, title: str) -> str:
    return f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(title, quote=True)}">'


def _line(x0: float, y0: float, x1: float, y1: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
