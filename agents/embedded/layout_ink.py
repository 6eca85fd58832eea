"""What is printed where: background, ink and straight cuts of a figure, on a reduced copy.

Every count below is a prefix sum, so that a cut through any rectangle costs one subtraction a pixel of its length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

Axis: TypeAlias = Literal[0, 1]
"""0: a vertical cut at some x; 1: a horizontal cut at some y."""

WORK_SIDE = 900
"""Longer side of the reduced copy. The median gap between neighbours is 0.8 % of the width (measured on 9,642
figures), so 7 px here; larger copies only cost time."""

_INK_STEP = 22  # grey levels off the background; JPEG noise around text mostly stays below (guess)
_PALE_STEP = (
    70  # grey levels off the background that a blurred gutter of 1 to 3 px may be (CT montages in web JPEGs show 50)
)
_GUTTER_RUN = 61  # px of the reduced copy that it runs at least (guess)
_EDGE_STEP = 20  # grey levels across three pixels that make an edge between touching images (guess)
_WHITE = 235  # paper: all channels above
_PAPER_SHARE = 0.04  # a figure on paper shows at least this share of it (guess; drawn gutters alone are about 5 %)
_RIM_SHARE = 0.3  # of the rim that has the background's colour (guess)
_SPECK = 4  # px of the reduced copy; smaller components are dust
_DIVIDER_SPAN = 0.93  # a line this long, of the image's side, is a frame or divider and not content (guess)
_BESIDE_DIVIDER = 0.5  # share of ink beside it above which it is part of a picture (guess)


class Rect(NamedTuple):
    """Half-open pixels of the reduced copy."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        return self.y1 - self.y0

    @property
    def area(self) -> int:
        return self.width * self.height

    def around(self, other: Rect) -> Rect:
        """The smallest rectangle around both."""
        return Rect(min(self.x0, other.x0), min(self.y0, other.y0), max(self.x1, other.x1), max(self.y1, other.y1))

    def within(self, other: Rect) -> Rect | None:
        """The shared part; None where there is none."""
        x0, y0 = max(self.x0, other.x0), max(self.y0, other.y0)
        x1, y1 = min(self.x1, other.x1), min(self.y1, other.y1)
        return Rect(x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None

    def halves(self, axis: Axis, at: int) -> tuple[Rect, Rect]:
        """Both sides of a cut before column (axis 0) or row (axis 1) ``at``."""
        if axis == 0:
            return self._replace(x1=at), self._replace(x0=at)
        return self._replace(y1=at), self._replace(y0=at)


_Sums: TypeAlias = tuple[NDArray[np.int32], NDArray[np.int32]]
"""Prefix sums of a mask along its columns, and along its rows."""


@dataclass(frozen=True, slots=True)
class Ink:
    """The reduced copy of a figure: where content is, and what a straight cut would sever."""

    scale: float
    """Pixels of the reduced copy per pixel of the original."""
    mask: NDArray[np.bool_]
    """[H, W]: differs from the background; dust and dividers removed."""
    on_paper: bool
    """The background is white. Else dark pictures run into it, and ink tells little of where they end."""
    components: NDArray[np.int32]
    """[N, 4] boxes xyxy of the connected components of ink."""
    _ink: _Sums
    _severed: _Sums
    _steps: _Sums

    @property
    def frame(self) -> Rect:
        height, width = self.mask.shape
        return Rect(0, 0, width, height)

    def profile(self, rect: Rect, axis: Axis, holes: tuple[Rect, ...] = ()) -> NDArray[np.int32]:
        """Ink pixels in each column (axis 0) or row (axis 1) of the rectangle, those in holes left out."""
        return _lines(self._ink, rect, axis, holes)

    def trim(self, rect: Rect, holes: tuple[Rect, ...] = ()) -> Rect | None:
        """The smallest rectangle around the ink inside; None where there is none."""
        columns = np.flatnonzero(self.profile(rect, 0, holes))
        if columns.size == 0:
            return None
        rows = np.flatnonzero(self.profile(rect, 1, holes))
        x, y = rect.x0, rect.y0
        return Rect(x + int(columns[0]), y + int(rows[0]), x + int(columns[-1]) + 1, y + int(rows[-1]) + 1)

    def severed(self, rect: Rect, axis: Axis, holes: tuple[Rect, ...] = ()) -> NDArray[np.float64]:
        """Pixels of ink that a cut before each column (axis 0) or row (axis 1) of the rectangle severs.

        A pixel counts where ink lies on both sides of the cut. Where the whole line is an abrupt edge, more than the
        lines around it, two images touch there and the cut is counted as cheaper, down to 0.
        """
        both = _lines(self._severed, rect, axis, holes).astype(np.float64)
        steps = _lines(self._steps, rect, axis, holes).astype(np.float64)
        around = uniform_filter1d(steps, 17, mode="nearest")
        gain = np.clip((steps - around) / np.maximum(both - around, 1.0), 0.0, 1.0)
        # guess: texture alone reaches 0.15; where 0.55 of a line are an edge, the dark rest is taken for one too;
        # a few pixels of text are no edge between images
        edge = np.clip((gain - 0.15) / 0.4, 0.0, 1.0) * np.clip((both - 20) / 40, 0.0, 1.0)
        cost: NDArray[np.float64] = both * (1.0 - edge)
        return cost


def find_ink(image_rgb: NDArray[np.uint8]) -> Ink:
    """Ink and cuts of an image [H, W, 3]."""
    height, width = image_rgb.shape[:2]
    scale = min(1.0, WORK_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(
        image_rgb if scale == 1.0 else cv2.resize(image_rgb, size, interpolation=cv2.INTER_AREA), np.uint8
    )
    background = background_rgb(small)
    if background is None:
        off = np.full(small.shape[:2], 255, np.int16)
    else:
        off = np.abs(small.astype(np.int16) - background.astype(np.int16)).max(axis=2)
    dusted, components = _without_dust((off > _INK_STEP) & ~_thin_gutters(off))
    mask = _without_dividers(dusted)
    return Ink(
        scale=size[0] / width,
        mask=mask,
        on_paper=background is not None and int(background.min()) >= _WHITE,
        components=components,
        _ink=(_prefix(mask, 0), _prefix(mask, 1)),
        _severed=(_prefix(_both(mask, 1), 0), _prefix(_both(mask, 0), 1)),
        _steps=(_prefix(_step(small, mask, 1), 0), _prefix(_step(small, mask, 0), 1)),
    )


def background_rgb(image_rgb: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """The colour [3] between the panels: paper white where there is enough of it, else the commonest on the rim.

    None where the rim has no common colour: pictures then fill the figure to its edges.
    """
    white = image_rgb.min(axis=2) >= _WHITE
    if white.mean() >= _PAPER_SHARE or _has_white_gutter(white):
        return np.full(3, 255, np.uint8)
    rim = np.concatenate((image_rgb[0], image_rgb[-1], image_rgb[:, 0], image_rgb[:, -1]))
    coarse = (rim >> 4).astype(np.int32)
    codes = (coarse[:, 0] << 8) | (coarse[:, 1] << 4) | coarse[:, 2]
    counts = np.bincount(codes)
    commonest = counts.argmax()
    if counts[commonest] < _RIM_SHARE * len(codes):
        return None
    colour: NDArray[np.uint8] = np.median(rim[codes == commonest], axis=0).astype(np.uint8)
    return colour


def _has_white_gutter(white: NDArray[np.bool_]) -> bool:
    """Some inner line is white all along (montages without a white margin may show nothing else of their paper)."""
    height, width = white.shape
    columns = white[:, width // 10 : width - width // 10].mean(axis=0)
    rows = white[height // 10 : height - height // 10].mean(axis=1)
    return bool(max(columns.max(initial=0.0), rows.max(initial=0.0)) > 0.98)


def _thin_gutters(off: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Straight lines of 1 to 3 px that are nearly paper: gutters which scaling or JPEG has greyed."""
    pale = (off <= _PALE_STEP).astype(np.uint8)
    found = np.zeros(off.shape, np.bool_)
    for along, across in (((1, _GUTTER_RUN), (4, 1)), ((_GUTTER_RUN, 1), (1, 4))):
        lines = cv2.morphologyEx(pale, cv2.MORPH_OPEN, np.ones(along[::-1], np.uint8))
        wide = cv2.morphologyEx(lines, cv2.MORPH_OPEN, np.ones(across[::-1], np.uint8))
        found |= (lines > 0) & (wide == 0)
    return found


def _without_dust(mask: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
    """The mask without tiny components, and the boxes [N, 4] xyxy of the others."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    keep = stats[:, cv2.CC_STAT_AREA] >= _SPECK
    keep[0] = False
    x0, y0, width, height = (stats[keep, k] for k in range(4))
    boxes = np.stack((x0, y0, x0 + width, y0 + height), axis=1).astype(np.int32)
    return np.asarray(keep[labels], dtype=np.bool_), boxes


def _without_dividers(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without thin straight lines that run through all of the image: frames and dividers are no panel's ink."""
    kept = mask.copy()
    for axis in (0, 1):
        extent = mask.shape[axis]
        counts = np.pad(mask.sum(axis=axis), 3)
        full = counts[3:-3] >= _DIVIDER_SPAN * extent
        edges = np.flatnonzero(np.diff(np.concatenate(([False], full, [False])).astype(np.int8)))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            beside = max(counts[start], counts[end + 5])  # 3 px before and after
            if end - start <= 3 and beside < _BESIDE_DIVIDER * extent:
                lines = slice(max(0, int(start) - 1), int(end) + 1)
                if axis == 0:
                    kept[:, lines] = False
                else:
                    kept[lines, :] = False
    return kept if kept.any() else mask


def _both(mask: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    """Ink on both sides of the line before each column (axis 1) or row (axis 0)."""
    out = np.zeros_like(mask)
    if axis == 1:
        out[:, 1:] = mask[:, 1:] & mask[:, :-1]
    else:
        out[1:] = mask[1:] & mask[:-1]
    return out


def _step(image_rgb: NDArray[np.uint8], mask: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    """Abrupt change of colour across the line before each column (axis 1) or row (axis 0), inside ink."""
    out = _both(mask, axis)
    image = image_rgb.astype(np.int16)
    if axis == 1:
        change = np.abs(image[:, 3:] - image[:, :-3]).max(axis=2) > _EDGE_STEP
        out[:, 2:-1] &= change
        out[:, :2] = False
        out[:, -1:] = False
    else:
        change = np.abs(image[3:] - image[:-3]).max(axis=2) > _EDGE_STEP
        out[2:-1] &= change
        out[:2] = False
        out[-1:] = False
    return out


def _lines(sums: _Sums, rect: Rect, axis: Axis, holes: tuple[Rect, ...]) -> NDArray[np.int32]:
    """Pixels of the summed mask on each column (axis 0) or row (axis 1) of the rectangle, those in holes left out."""
    if axis == 0:
        counts: NDArray[np.int32] = sums[0][rect.y1, rect.x0 : rect.x1] - sums[0][rect.y0, rect.x0 : rect.x1]
    else:
        counts = sums[1][rect.y0 : rect.y1, rect.x1] - sums[1][rect.y0 : rect.y1, rect.x0]
    for hole in holes:
        inside = hole.within(rect)
        if inside is not None:
            start = inside[axis] - rect[axis]
            counts[start : start + (inside.width if axis == 0 else inside.height)] -= _lines(sums, inside, axis, ())
    return counts


def _prefix(mask: NDArray[np.bool_], axis: int) -> NDArray[np.int32]:
    """Sums of all pixels before each index along the axis; one entry longer than the mask along it."""
    sums = np.cumsum(mask, axis=axis, dtype=np.int32)
    return np.pad(sums, ((1, 0), (0, 0)) if axis == 0 else ((0, 0), (1, 0)))
