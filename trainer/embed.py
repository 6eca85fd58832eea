"""Features of figures' parts, of pictures and of texts by any model of ours or open_clip's, for search."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from curator.geometry import Box, area, clip, shift
from curator.wording import normalised
from trainer.batch import Children
from trainer.evaluate.subject import Subject, load_subject
from trainer.pictures import moved, squash

Features: TypeAlias = NDArray[np.float32]
"""[n, d], rows of unit length."""

_SCHEMAS = ("local-dir:", "hf-hub:")
_PICTURES = 16
"""Panels with all their regions at a time, as in evaluation (``trainer.evaluate.answers``): some hundred crops."""


@dataclass(frozen=True, slots=True)
class _Inside:
    """A region in one of the pictures that are encoded."""

    number: int
    """Among the figure's regions."""
    picture: int
    box_xyxy: Box
    """In pixels of the picture, clipped to it."""


class Embedder:
    """A model in evaluation. Pictures go the way that ``trainer.evaluate`` sends them: squashed whole pixels."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    @classmethod
    def load(cls, model: str) -> Self:
        """The model of a run's folder, a published folder, or of open_clip: ``NAME``, or ``NAME:TAG`` with weights.

        Raises:
            TrainingError: the run has no checkpoint that can be read.
            ModelError, SettingsError: the model cannot be made.
        """
        if model.startswith(_SCHEMAS) or Path(model).exists():
            return cls(load_subject(model))
        name, _, tag = model.partition(":")
        return cls(load_subject(name, tag))

    @property
    def name(self) -> str:
        return self._subject.name

    @property
    def dim(self) -> int:
        """d of all features."""
        return self._subject.model.dim

    @property
    def scale(self) -> float:
        """What cosines are multiplied by before a softmax: the model's own 1 / temperature."""
        return float(self._subject.model.logit_scale.item())

    @cached_property
    def fingerprint(self) -> str:
        """Hex hash of all weights: equal where two models give the same features."""
        digest = hashlib.sha256(str(self._subject.px).encode())
        for name, weight in sorted(self._subject.model.state_dict().items()):
            digest.update(name.encode())
            digest.update(weight.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
        return digest.hexdigest()

    def texts(self, texts: Sequence[str]) -> Features:
        """Of texts as anyone writes them; normalised here as training texts are (``trainer.wording``)."""
        return self._subject.texts([normalised(text) for text in texts]).numpy()

    def pictures(self, images: Sequence[Image.Image]) -> Features:
        """Of whole pictures."""
        return self._subject.images([squash(image.convert("RGB"), self._subject.px) for image in images]).numpy()

    @torch.inference_mode()
    def figure(
        self, image: Image.Image, panels: Sequence[Box], regions: Sequence[tuple[int | None, Box]]
    ) -> tuple[Features, Features]:
        """Of a figure's panels [n, d] and regions [m, d], as the model was trained to see regions: in their panel, by
        its feature map or as crops.

        Args:
            image: RGB, as large as it is.
            panels: in pixels of the image.
            regions: the index of the panel around each, and its box in pixels of the image. Where there is none, or
                the box lies outside of it, the whole figure takes its place.
        """
        whole: Box = (0.0, 0.0, float(image.width), float(image.height))
        windows = [*(_window(box) for box in panels), whole]
        inside = [_inside(number, panel, box, windows) for number, (panel, box) in enumerate(regions)]
        if all(one.picture < len(panels) for one in inside):
            windows.pop()
        of_panels = np.zeros((len(windows), self.dim), np.float32)
        of_regions = np.zeros((len(regions), self.dim), np.float32)
        for first in range(0, len(windows), _PICTURES):
            pictures = [image.crop(window) for window in windows[first : first + _PICTURES]]
            some = [replace(one, picture=one.picture - first) for one in inside]
            some = [one for one in some if 0 <= one.picture < len(pictures)]
            of_panels[first : first + _PICTURES], found = self._seen(pictures, some)
            of_regions[[one.number for one in some]] = found
        return of_panels[: len(panels)], of_regions

    def _seen(self, pictures: Sequence[Image.Image], regions: Sequence[_Inside]) -> tuple[Features, Features]:
        subject, px = self._subject, self._subject.px
        model = subject.model
        encoded = model.encode_images(subject.pixels([squash(picture, px) for picture in pictures]))
        boxes = [moved(one.box_xyxy, (0.0, 0.0, *pictures[one.picture].size), px) for one in regions]
        features: Features = encoded.global_features.float().cpu().numpy()
        if not regions:
            return features, np.zeros((0, self.dim), np.float32)
        crops = (
            [squash(pictures[one.picture], px, one.box_xyxy) for one in regions] if model.regions == "crop" else None
        )
        children = Children(
            torch.tensor([one.picture for one in regions], device=subject.device),
            torch.tensor(boxes, device=subject.device),
            torch.zeros((len(regions), 0), dtype=torch.int64),
            None if crops is None else subject.pixels(crops),
            None,
            None,
        )
        return features, model.region_features(encoded, children).float().cpu().numpy()


def _window(box_xyxy: Box) -> Box:
    """The whole pixels that evaluation and training cut out (``PanelRecord.window_xyxy``)."""
    x0, y0, x1, y1 = (round(value) for value in box_xyxy)
    return (x0, y0, max(x1, x0 + 1), max(y1, y0 + 1))


def _inside(number: int, panel: int | None, box_xyxy: Box, windows: Sequence[Box]) -> _Inside:
    """The region in its panel's window, or in the last one, which is the whole figure."""
    if panel is not None:
        x0, y0, x1, y1 = windows[panel]
        box = clip(shift(box_xyxy, -x0, -y0), (0.0, 0.0, x1 - x0, y1 - y0))
        if area(box) > 0:
            return _Inside(number, panel, box)
    return _Inside(number, len(windows) - 1, clip(box_xyxy, windows[-1]))
