"""Cuts between the letters of a figure: straight ones, and panels cut out of a corner; what each severs, in nats."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.embedded.layout_ink import Axis, Ink, Rect
from agents.embedded.layout_modes import Mode
from agents.embedded.layout_split import runs

WIDE_GAP = 0.7
"""Nats of the widest empty strip (guess); no cut scores more."""
_A_GAP = 3  # cuts through ink tried between two neighbouring letters, beside the clean ones
_CORNER = -1.5  # nats of a cut that is not straight through; 3 % of real figures need one (measured)


class Part(NamedTuple):
    """A rectangle less its holes, the letters inside, and how many panels without letter it holds."""

    rect: Rect
    holes: tuple[Rect, ...]
    ids: tuple[int, ...]
    unread: int


class Cut(NamedTuple):
    """A straight cut, or where ``corner`` is given the cutting of that rectangle out of a corner of the part."""

    score: float
    axis: Axis
    at: int
    before: tuple[int, ...]
    after: tuple[int, ...]
    corner: Rect | None = None


class Cuts:
    """The cuts of one figure for one mode."""

    def __init__(self, ink: Ink, anchors: tuple[Rect, ...], mode: Mode, letter_height: float) -> None:
        self.ink = ink
        self.anchors = anchors
        self.mode = mode
        self.letter = letter_height
        self.gap = 0.008 * max(ink.frame.width, ink.frame.height)  # the median gap (measured on 9,642 figures)

    def straight(self, part: Part, axis: Axis) -> Iterator[Cut]:
        """Cuts across one axis: every clean gap, and the few best through ink."""
        order = sorted(part.ids, key=lambda i: (self.anchors[i][axis] + self.anchors[i][axis + 2], i))
        severed = self.ink.severed(part.rect, axis, part.holes)
        empty = self.ink.profile(part.rect, axis, part.holes) == 0
        start, end = part.rect[axis], part.rect[axis + 2]
        length = part.rect.height if axis == 0 else part.rect.width
        outer = 0 if part.unread else 1  # only a panel without letter can lie outside all letters
        for n in range(outer, len(order) + 1 - outer):
            low = max((self.anchors[i][axis + 2] for i in order[:n]), default=start)
            high = min((self.anchors[i][axis] for i in order[n:]), default=end)
            low, high = max(low - start, 1), min(high - start, len(severed) - 1)
            if low > high:
                continue
            before, after = tuple(sorted(order[:n])), tuple(sorted(order[n:]))
            for score, at in self._between(severed, empty, low, high, length):
                yield Cut(score, axis, start + at, before, after)

    def corners(self, part: Part) -> Iterator[Cut]:
        """Panels with one letter that can be cut out of a corner where no straight cut runs through (pinwheels)."""
        if self.mode.x == "c":
            return
        boxes = np.array([self.anchors[i] for i in part.ids])
        rect = part.rect
        reach = round(2 * self.letter)
        columns = sorted({self.line(self.anchors[i], 0) for i in part.ids})
        rows = sorted({self.line(self.anchors[i], 1) for i in part.ids})
        done: set[Rect] = set()
        for x in columns:
            for y in rows:
                for left in (True, False):
                    for top in (True, False):
                        rough = Rect(
                            rect.x0 if left else x, rect.y0 if top else y, x if left else rect.x1, y if top else rect.y1
                        )
                        inside = (
                            (boxes[:, 0] < rough.x1)
                            & (boxes[:, 2] > rough.x0)
                            & (boxes[:, 1] < rough.y1)
                            & (boxes[:, 3] > rough.y0)
                        )
                        if inside.sum() != 1 or min(rough.width, rough.height) < 4 * self.letter:
                            continue
                        if any(hole.within(rough) for hole in part.holes):
                            continue
                        index = int(np.flatnonzero(inside)[0])
                        column, x_score = self._best_line(rough, 0, x, reach, left)
                        rough = rough._replace(x1=column) if left else rough._replace(x0=column)
                        row, y_score = self._best_line(rough, 1, y, reach, top)
                        corner = rough._replace(y1=row) if top else rough._replace(y0=row)
                        if corner in done:
                            continue
                        done.add(corner)
                        rest = tuple(i for k, i in enumerate(part.ids) if k != index)
                        yield Cut(x_score + y_score + _CORNER, 0, column, (part.ids[index],), rest, corner)

    def line(self, letter: Rect, axis: Axis) -> int:
        """Where a cut along the letter runs."""
        side = self.mode.x if axis == 0 else self.mode.y
        return letter[axis] if side in "lt" else letter[axis + 2]

    def _best_line(self, rect: Rect, axis: Axis, near: int, reach: int, ends: bool) -> tuple[int, float]:
        """The best cut within ``reach`` outside a letter's edge ``near``, and its score.

        ``ends``: whether the rectangle ends there, else it starts there.
        """
        outwards = -1 if (self.mode.x if axis == 0 else self.mode.y) in "lt" else 1
        low, high = sorted((near, near + outwards * reach))
        low, high = max(low, 1), min(high, self.ink.frame[axis + 2] - 1)
        if low > high:  # the letter touches the image's edge
            return near, -9.0
        wide = rect._replace(x0=low - 1, x1=high + 1) if axis == 0 else rect._replace(y0=low - 1, y1=high + 1)
        cost = self.ink.severed(wide, axis)[1:]
        empty = self.ink.profile(wide, axis)[1:] == 0
        length = rect.height if axis == 0 else rect.width
        best = max(self._between(cost, empty, 0, len(cost) - 1, length), key=lambda cut: cut[0], default=(-9.0, 0))
        return low + best[1], best[0]

    def _between(
        self, severed: NDArray[np.float64], empty: NDArray[np.bool_], low: int, high: int, length: int
    ) -> Iterator[tuple[float, int]]:
        """Score and place of the cuts from ``low`` to ``high``."""
        cost = severed[low : high + 1]
        clean = cost <= 0
        for first, last in runs(clean):
            width = int(empty[low + first : low + last].sum())
            yield self._gap_score(width), low + (first + last) // 2
        rest = np.where(clean, np.inf, cost)
        reach = max(2, round(self.letter / 2))
        for _ in range(_A_GAP):
            at = int(rest.argmin())
            if not math.isfinite(rest[at]):
                break
            yield self._severed_score(float(rest[at]), length), low + at
            rest[max(0, at - reach) : at + reach + 1] = np.inf

    def _gap_score(self, width: int) -> float:
        """Of an empty strip: gaps inside panels are narrower than those between them (guess: half a nat a factor e)."""
        return max(-1.3, min(WIDE_GAP, 0.5 * math.log((width + 0.5) / self.gap)))

    def _severed_score(self, pixels: float, length: int) -> float:
        """Of a cut through ink: two nats for each letter height of ink, and more when it is most of the line."""
        return self._gap_score(0) - min(4.0, 2.0 * pixels / self.letter) - 6.0 * pixels / max(1, length)
