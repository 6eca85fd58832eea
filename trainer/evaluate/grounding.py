"""Grounding: where in a panel a phrase points, by its similarity with each cell of the panel's feature map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from curator.geometry import Box, area, iou

THRESHOLD = 0.5
"""Of the map's range, from lowest to highest: what lies above counts as pointed at. Guess; not tuned to any model."""


@dataclass(frozen=True, slots=True)
class Grounding:
    """Outcomes of n phrases."""

    points: Tensor
    """bool [n]: the map's highest point lies in a box of the phrase. The pointing game (Zhang et al., arXiv 1608.00507)
    without its tolerance of 15 pixels."""
    ious: Tensor
    """float [n]: of the box around what is pointed at, with the best of the phrase's boxes."""
    articles: Sequence[str]
    chance: float
    """Pointing at random: mean share of the panel that the phrase's boxes cover."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text and where in its panel it is true, in pixels of the square that entered the model."""

    similarity: Tensor
    """float [h, w]: with each cell of the panel's feature map."""
    boxes_xyxy: tuple[Box, ...]
    article: str
    region_id: str = ""
    """``EvaluationItem.id`` of the first region that it is true of."""
    text: str = ""


def similarity_map(cells: Tensor, phrase: Tensor) -> Tensor:
    """float [h, w]: cosines of a panel's cells [h, w, d] with a phrase [d], all of unit length."""
    return cells.float() @ phrase.float()


def ground(phrases: Iterable[Phrase], px: int) -> Grounding:
    """Where the phrases' maps point, in squares of ``px``."""
    points, ious, articles, covered = [], [], [], []
    for phrase in phrases:
        grown = grow(phrase.similarity, px)
        x, y = peak(grown)
        points.append(any(_holds(box, x, y) for box in phrase.boxes_xyxy))
        pointed = pointed_box(grown)
        ious.append(max(iou(pointed, box) for box in phrase.boxes_xyxy))
        articles.append(phrase.article)
        covered.append(min(1.0, sum(area(box) for box in phrase.boxes_xyxy) / px**2))
    chance = sum(covered) / len(covered) if covered else 0.0
    return Grounding(torch.tensor(points, dtype=torch.bool), torch.tensor(ious), articles, chance)


def grow(similarity: Tensor, px: int) -> Tensor:
    """The map [h, w] at the size of its square [px, px], by bilinear interpolation between the cells' centres."""
    grown = functional.interpolate(similarity.float()[None, None], size=(px, px), mode="bilinear", align_corners=False)
    return grown[0, 0]


def peak(grown: Tensor) -> tuple[float, float]:
    """Centre (x, y) of the map's highest pixels; the mean of them where several are equally high."""
    rows, columns = (grown == grown.max()).nonzero(as_tuple=True)
    return float(columns.float().mean()) + 0.5, float(rows.float().mean()) + 0.5


def pointed_box(grown: Tensor) -> Box:
    """The box around the connected part above ``THRESHOLD`` that holds the highest pixel (the first, of several)."""
    low, high = grown.min(), grown.max()
    above = (grown >= low + THRESHOLD * (high - low)).cpu().numpy()
    labels, _ = ndimage.label(above)
    row, column = np.unravel_index(int(grown.argmax()), above.shape)
    rows, columns = np.nonzero(labels == labels[row, column])
    return (float(columns.min()), float(rows.min()), float(columns.max()) + 1, float(rows.max()) + 1)


def _holds(box: Box, x: float, y: float) -> bool:
    return box[0] <= x < box[2] and box[1] <= y < box[3]
