"""Colours of marks, chosen by what lies beneath them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Color: TypeAlias = tuple[int, int, int]

CONTRAST = 4.5
"""The least contrast of text to its ground (WCAG 2.2, 1.4.3, level AA)."""
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)
_PALETTE: tuple[Color, ...] = (
    (178, 0, 32),  # red
    (11, 92, 173),  # blue
    (0, 107, 60),  # green
    (122, 31, 162),  # purple
    (255, 214, 0),  # yellow
    (0, 229, 255),  # cyan
    (255, 158, 219),  # pink
    (124, 255, 107),  # lime
    _BLACK,
    _WHITE,
)
"""Four dark and four light colours that have CONTRAST to white and to black; of the last two, one has it to any."""


def luminance(rgb: ArrayLike) -> NDArray[np.float64]:
    """Relative luminance (WCAG 2.2) of colours [..., 3] of 0 to 255, 0 to 1."""
    share = np.asarray(rgb, np.float64) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]))


@cache
def _own_luminance(color: Color) -> float:
    return float(luminance(color))


def contrast(color: Color, others: ArrayLike) -> NDArray[np.float64]:
    """Contrast ratio (WCAG 2.2) of a colour to each of others [..., 3], 1 to 21."""
    return _contrast(color, luminance(others))


def _contrast(color: Color, beneath: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same to luminances."""
    own = _own_luminance(color)
    return np.asarray((np.maximum(own, beneath) + 0.05) / (np.minimum(own, beneath) + 0.05))


def ink_on(ground: Color) -> Color:
    """Black or white, whichever stands out more; at least CONTRAST on any colour."""
    return max((_BLACK, _WHITE), key=lambda ink: float(_contrast(ink, luminance(ground))))


def color_for(beneath: NDArray[np.uint8], used: Sequence[Color], first: Color | None = None) -> Color:
    """A colour that stands out from the median of the pixels beneath ([n, 3]) by CONTRAST.

    ``first`` where it does; else the colour of the palette least ``used`` so far, then the one farthest in hue and
    brightness from what lies beneath; black and white only where no other colour will do.
    """
    if not len(beneath):
        return first or _BLACK
    typical = luminance(np.median(beneath, axis=0))
    if first is not None and _contrast(first, typical) >= CONTRAST:
        return first
    fit = [color for color in _PALETTE if _contrast(color, typical) >= CONTRAST]
    mean = beneath.mean(axis=0)

    def rank(color: Color) -> tuple[bool, int, float]:
        return (
            color in (_BLACK, _WHITE),
            used.count(color),
            -float(np.abs(color - mean).sum()),
        )

    return min(fit, key=rank)
