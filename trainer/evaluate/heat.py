"""Where phrases point, as pictures: the panel, the similarity of each of its places with the phrase, the true boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from torch import Tensor

from curator.geometry import Box
from trainer.evaluate.answers import Answers
from trainer.evaluate.gallery import EACH, Kind, data_uri, shrunk
from trainer.evaluate.grounding import Phrase, grow, peak
from trainer.evaluation_items import evaluation_items
from trainer.records import Split

_HEAT_RGB = (225, 50, 20)
_BOX_COLOR = "#2d78e1"  # the first panel hue of the page
_DOT_PX = 4
_OPACITY = 0.75


@dataclass(frozen=True, slots=True)
class Pointed:
    """A phrase of the best or the worst grounded ones."""

    kind: Kind
    phrase: Phrase
    hit: bool
    iou: float

    def to_doc(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "id": self.phrase.region_id,
            "text": self.phrase.text,
            "hit": self.hit,
            "iou": round(self.iou, 6),
        }


def choose_pointed(answers: Answers) -> list[Pointed]:
    """The phrases whose maps fit their boxes best and worst; no phrase is both."""
    hits, ious = answers.grounding.points.tolist(), answers.grounding.ious.tolist()
    order = sorted(range(len(hits)), key=lambda row: (-hits[row], -ious[row], row))
    count = min(EACH, len(order) // 2)
    kinds: list[tuple[Kind, int]] = [("best", row) for row in order[:count]]
    kinds += [("worst", row) for row in reversed(order[len(order) - count :])]
    return [Pointed(kind, answers.phrases[row], hits[row], ious[row]) for kind, row in kinds]


def heat_pictures(export: Path, split: Split, pointed: Sequence[Pointed], px: int) -> dict[str, str]:
    """A JPEG as a data URI of each phrase, by the id of its region.

    Args:
        export: of the phrases.
        split: of the phrases.
        pointed: whose boxes lie in squares of ``px``.
        px: of those squares.
    """
    phrases = {one.phrase.region_id: one.phrase for one in pointed}
    panels = {name.rpartition("/")[0] for name in phrases}
    return {
        item.id: data_uri(_drawn(shrunk(item.image), phrases[item.id], px))
        for item in (evaluation_items(export, split, "R", panels) if panels else ())
        if item.id in phrases
    }


def _drawn(panel: Image.Image, phrase: Phrase, px: int) -> Image.Image:
    grown = grow(phrase.similarity, px)
    heat = Image.fromarray(_opacity(grown)).resize(panel.size, Image.Resampling.BILINEAR)
    drawn = Image.composite(Image.new("RGB", panel.size, _HEAT_RGB), panel, heat)
    across, down = panel.width / px, panel.height / px
    pen = ImageDraw.Draw(drawn)
    for x0, y0, x1, y1 in phrase.boxes_xyxy:
        box: Box = (x0 * across, y0 * down, x1 * across, y1 * down)
        pen.rectangle(box, outline=_BOX_COLOR, width=2)
    x, y = peak(grown)
    centre_x, centre_y = x * across, y * down
    dot = (centre_x - _DOT_PX, centre_y - _DOT_PX, centre_x + _DOT_PX, centre_y + _DOT_PX)
    pen.ellipse(dot, fill="white", outline="black")
    return drawn


def _opacity(grown: Tensor) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """From the map's lowest, clear, to its highest; squared, so that the highest stand out."""
    low, high = grown.min(), grown.max()
    share = (grown - low) / (high - low).clamp(min=1e-9)
    opacity: np.ndarray[Any, np.dtype[np.uint8]] = (share.square() * 255 * _OPACITY).byte().numpy()
    return opacity
