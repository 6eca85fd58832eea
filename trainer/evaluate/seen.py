"""A split's pictures and texts as a model sees them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from curator.geometry import Box
from trainer.config import Level
from trainer.evaluation_items import evaluation_items
from trainer.pictures import Rgb, moved, squash
from trainer.records import Split


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """An item as a model sees it; the full picture, which may be 12 MB, is let go."""

    item_id: str
    article_id: str
    text: str
    negatives: tuple[str, ...]
    negated: str
    square: Rgb
    """The figure, the panel, or the panel around the region."""
    box_xyxy: Box
    """In pixels of the square."""
    crop: Rgb
    """The region by itself."""


def seen_of(export: Path, split: Split, level: Level, px: int) -> Iterator[list[Seen]]:
    """The items of a level, those of one picture together: one figure, one panel, all regions of a panel."""
    for _, items in groupby(evaluation_items(export, split, level), key=lambda item: item.image_id):
        seen: list[Seen] = []
        for item in items:
            whole = (0.0, 0.0, float(item.image.size[0]), float(item.image.size[1]))
            square = seen[0].square if seen else squash(item.image, px)
            box = item.box_xyxy or whole
            crop = squash(item.image, px, box) if item.box_xyxy else square
            texts = (item.text, item.negatives, item.negated)
            seen.append(Seen(item.id, item.article_id, *texts, square, moved(box, whole, px), crop))
        yield seen
