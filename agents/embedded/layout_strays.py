"""Ink that a straight cut left on the wrong side: it goes to the panel that it stands next to.

A title above one panel may reach past the lowest line of the panel above; no straight cut separates the two.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from agents.embedded.layout_ink import Ink, Rect

_APART = 2.0  # letter heights between a stray and the rest of its panel, at least (guess)
_BESIDE = 0.8  # letter heights between a stray and the panel it belongs to, at most (guess)
_SMALL = 0.1  # share of its panel's area that a stray may span (guess)


def with_strays_moved(
    ink: Ink, leaves: Sequence[Rect], anchors: Sequence[Rect | None], letter_height: float
) -> list[Rect]:
    """The leaves without the ink that stands apart from them and beside a neighbour, which gets it.

    Args:
        ink: the figure.
        leaves: rectangles of the panels.
        anchors: each panel's letter, which never moves; None where it has none.
        letter_height: pixels of the reduced copy.
    """
    out = list(leaves)
    for index, leaf in enumerate(leaves):
        clumps = _clumps(ink, leaf, _APART * letter_height)
        if len(clumps) < 2:
            continue
        main = max(clumps, key=lambda clump: clump.width * clump.height)
        kept = [main]
        for clump in clumps:
            if clump is main:
                continue
            letter = anchors[index]
            home = None
            if (letter is None or not letter.within(clump)) and clump.area < _SMALL * leaf.area:
                home = _neighbour(ink, clump, leaves, index, _BESIDE * letter_height)
            if home is None:
                kept.append(clump)
            else:
                out[home] = out[home].around(clump)
        own = out[index] if len(kept) == len(clumps) else kept[0]
        for clump in kept[1:]:
            own = own.around(clump)
        letter = anchors[index]
        out[index] = own if letter is None else own.around(letter)
    return out


def _clumps(ink: Ink, leaf: Rect, apart: float) -> list[Rect]:
    """Boxes of the leaf's ink, joined where it lies nearer than ``apart``."""
    mask = ink.mask[leaf.y0 : leaf.y1, leaf.x0 : leaf.x1].astype(np.uint8)
    side = max(3, round(apart))
    joined = cv2.dilate(mask, np.ones((side, side), np.uint8))
    n, labels = cv2.connectedComponents(joined, connectivity=8)
    boxes: list[Rect] = []
    labels[mask == 0] = 0
    ys, xs = np.nonzero(labels)
    which = labels[ys, xs]
    for label in range(1, n):
        x, y = xs[which == label], ys[which == label]
        if x.size:
            box = Rect(int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1)
            boxes.append(Rect(leaf.x0 + box.x0, leaf.y0 + box.y0, leaf.x0 + box.x1, leaf.y0 + box.y1))
    return boxes


def _neighbour(ink: Ink, clump: Rect, leaves: Sequence[Rect], own: int, reach: float) -> int | None:
    """The other leaf with the most ink within ``reach`` of the clump."""
    margin = max(2, round(reach))
    around = Rect(clump.x0 - margin, clump.y0 - margin, clump.x1 + margin, clump.y1 + margin)
    best: tuple[int, int] | None = None
    for index, leaf in enumerate(leaves):
        near = None if index == own else leaf.within(around)
        if near is not None:
            amount = int(ink.profile(near, 0).sum())
            if amount and (best is None or amount > best[0]):
                best = amount, index
    return None if best is None else best[1]
