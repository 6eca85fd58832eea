"""The colours that markers are drawn in: one grey layer for each, bright where the colour is."""

from __future__ import annotations

import colorsys
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[Any]
"""uint8, (height, width, 3) RGB or (height, width) grey; OpenCV's stubs promise no dtype."""

PAGE = 252
"""Grey level of blank paper. Measured: the blank parts of bright-field micrographs stay below (245 to 250)."""
NEAR_PAGE = 244
"""Blank paper around letters, where JPEG leaves a halo. Guess."""

LAYERS = ("white", "black", "red", "yellow", "green", "cyan", "blue", "magenta")
"""Names of the layers; every drawn colour is bright in at least one (orange in yellow, purple in magenta and blue)."""

_NEAR: dict[str, frozenset[str]] = {
    "orange": frozenset({"red", "yellow"}),
    "magenta": frozenset({"purple", "pink", "red"}),
    "purple": frozenset({"magenta", "pink", "blue"}),
    "pink": frozenset({"magenta", "purple", "red"}),
    "cyan": frozenset({"blue", "green"}),
    "blue": frozenset({"cyan", "purple"}),
    "gray": frozenset({"white", "black"}),
    "grey": frozenset({"white", "black", "gray"}),
}
"""Colours that authors and eyes call by each other's name."""


def color_layers(image_rgb: Image) -> dict[str, Image]:
    """All layers of an image by name."""
    return {name: layer(image_rgb, name) for name in LAYERS}


def layer(image_rgb: Image, name: str) -> Image:
    """How much of a colour each pixel has, 0 to 255, same height and width as the image.

    White is the least channel, black the distance of the greatest channel from 255; a hue is what its channels have
    more than the others, so that white and grey are 0 in it.
    """
    red, green, blue = cv2.split(image_rgb)
    match name:
        case "white":
            result = cv2.min(cv2.min(red, green), blue)
        case "black":
            result = cv2.bitwise_not(cv2.max(cv2.max(red, green), blue))
        case "red":
            result = cv2.subtract(red, cv2.max(green, blue))
        case "green":
            result = cv2.subtract(green, cv2.max(red, blue))
        case "blue":
            result = cv2.subtract(blue, cv2.max(red, green))
        case "yellow":
            result = cv2.subtract(cv2.min(red, green), blue)
        case "magenta":
            result = cv2.subtract(cv2.min(red, blue), green)
        case "cyan":
            result = cv2.subtract(cv2.min(green, blue), red)
        case _:
            raise KeyError(name)
    return np.asarray(result, dtype=np.uint8)


def color_name(rgb: NDArray[np.floating] | NDArray[np.uint8]) -> str:
    """The English name of an RGB colour (three values, 0 to 255), one of the words that captions use."""
    red, green, blue = (float(v) / 255 for v in rgb)
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    chroma = saturation * value
    if chroma < 0.22:  # guess: antialiased white and black lines keep a little of the colour below them
        return "white" if value > 0.55 else "black" if value < 0.4 else "gray"
    degrees = hue * 360
    for upper, name in ((18, "red"), (46, "orange"), (70, "yellow"), (165, "green"), (200, "cyan"), (258, "blue")):
        if degrees < upper:
            return name
    if degrees < 295:
        return "purple"
    return "magenta" if degrees < 338 else "red"


def colors_agree(promised: str | None, seen: str | None) -> bool:
    """A marker of colour ``seen`` may be what a caption calls ``promised``; an unknown colour agrees with all."""
    if promised is None or seen is None or promised == seen:
        return True
    return seen in _NEAR.get(promised, ()) or promised in _NEAR.get(seen, ())
