"""A stand-in for a trained model that anybody can check: it sees how green a picture is, and reads how green it is said
to be ("green 200"). Words without a number say black."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from curator.geometry import Box


class GreenModel:
    name = "green"
    dim = 2
    scale = 20.0
    fingerprint = "green-1"

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        numbers = (re.search(r"\d+", text) for text in texts)
        return self._features(float(found.group()) if found else 0.0 for found in numbers)

    def pictures(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        return self._features(float(np.asarray(image.convert("RGB"))[..., 1].mean()) for image in images)

    def figure(
        self, image: Image.Image, panels: Sequence[Box], regions: Sequence[tuple[int | None, Box]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        boxes = [*panels, *(box for _, box in regions)]
        found = self.pictures([image.crop(box) for box in boxes])
        return found[: len(panels)], found[len(panels) :]

    def _features(self, greens: Iterable[float]) -> NDArray[np.float32]:
        """On the unit circle, a quarter of it from black to 255."""
        angles = [green / 255 * math.pi / 2 for green in greens]
        return np.array([(math.cos(angle), math.sin(angle)) for angle in angles], np.float32).reshape(-1, 2)
