"""Figures without letters whose caption tells their panels by place: "Left, ...", "upper panel", "top right"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Final, TypeAlias

from agents.embedded.layout_ink import Axis, Ink, Rect
from agents.embedded.layout_split import gutters

_RANKS = (
    {"left": 0, "middle": 1, "center": 1, "centre": 1, "central": 1, "right": 2},
    {"top": 0, "upper": 0, "above": 0, "middle": 1, "center": 1, "centre": 1, "central": 1}
    | {"bottom": 2, "lower": 2, "below": 2},
)
"""Words for places along x (0) and y (1), in the order in which they lie."""
_Spot: TypeAlias = tuple[int | None, int | None]
"""Ranks along x and y; None where the words do not speak of that axis."""
_CENTRE: Final[_Spot] = (1, 1)
_CUTS = 10  # cuts of one axis that are tried (guess)
_SEVERED = 0.08  # share of the line that such a cut may sever: the caption vouches for the panels (guess)
_PLAIN = -1.8  # nats a cut below which the caption speaks of parts of one picture (guess)
_OTHER_WAY = 2.5  # nats by which cuts across the other axis must be better: captions written for another layout (guess)


def split_by_places(ink: Ink, rect: Rect, places: Sequence[str]) -> dict[str, Rect] | None:
    """The rectangle of each place; None where a word is no place or no cuts separate them."""
    spots = {place: _spot(place) for place in places}
    if len(spots) < 2 or (None, None) in spots.values():
        return None
    certain = [spot for spot in spots.values() if spot != _CENTRE]  # "middle" follows the other words' axis
    if all(y is None for _, y in certain) or all(x is None for x, _ in certain):
        return _in_line(ink, rect, spots, 0 if all(y is None for _, y in certain) else 1)
    if any(None in spot for spot in spots.values()):
        return None
    return _in_rows(ink, rect, spots)


def _spot(place: str) -> _Spot:
    words = place.lower().replace("-", " ").split()
    x, y = (next((ranks[word] for word in words if word in ranks), None) for ranks in _RANKS)
    return x, y


def _in_line(ink: Ink, rect: Rect, spots: dict[str, _Spot], axis: Axis) -> dict[str, Rect] | None:
    ordered = sorted(spots, key=lambda place: spots[place][axis] or 0)
    along, across = _cut(ink, rect, axis, len(spots)), _cut(ink, rect, 1 if axis == 0 else 0, len(spots))
    best = along if across is None or (along is not None and along[0] + _OTHER_WAY >= across[0]) else across
    return None if best is None else dict(zip(ordered, best[1], strict=True))


def _in_rows(ink: Ink, rect: Rect, spots: dict[str, _Spot]) -> dict[str, Rect] | None:
    rows = sorted({y for _, y in spots.values() if y is not None})
    found = _cut(ink, rect, 1, len(rows))
    out: dict[str, Rect] = {}
    for row, part in zip(rows, found[1] if found else (), strict=False):
        ordered = sorted((place for place in spots if spots[place][1] == row), key=lambda place: spots[place][0] or 0)
        cells = _cut(ink, part, 0, len(ordered))
        if cells is None:
            return None
        out.update(zip(ordered, cells[1], strict=True))
    return out or None


def _cut(ink: Ink, rect: Rect, axis: Axis, n: int) -> tuple[float, tuple[Rect, ...]] | None:
    """The best cut of a rectangle into ``n`` parts along one axis, and its score in nats."""
    if n == 1:
        return 0.0, (rect,)
    clean = gutters(ink, rect, 4 * _CUTS)
    forced = [g for g in gutters(ink, rect, 4 * _CUTS, _SEVERED) if not g.width]  # else it joins clean ones
    cuts = [g for g in (*clean, *forced) if g.axis == axis][:_CUTS]
    even = (rect.width if axis == 0 else rect.height) / n
    best: tuple[float, tuple[Rect, ...]] | None = None
    for chosen in combinations(sorted(cuts, key=lambda g: g.at), n - 1):
        parts: list[Rect] = []
        rest = rect
        for gutter in chosen:
            part, rest = rest.halves(axis, gutter.at)
            parts.append(part)
        trimmed = [ink.trim(part) for part in (*parts, rest)]
        kept = tuple(part for part in trimmed if part is not None)
        if len(kept) < n:
            continue
        # guess, as in split_into: a part e times larger or smaller than an even share costs half a nat
        sizes = sum(abs(math.log((part.width if axis == 0 else part.height) / even)) for part in kept)
        score = sum(gutter.score for gutter in chosen) - 0.5 * sizes
        if score > _PLAIN * (n - 1) and (best is None or score > best[0]):
            best = score, kept
    return best
