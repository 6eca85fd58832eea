"""One sample of training: a figure or panel with its text, and children with boxes and texts, drawn at random."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from curator.geometry import Box, clip, coverage, shift
from trainer.config import Level, TrainConfig
from trainer.contents import Contents
from trainer.pairs import panels_of, regions_of
from trainer.pictures import Rgb, moved
from trainer.records import PanelRecord, RegionRecord
from trainer.wording import figure_text, negative_texts, own_text, panel_text, region_texts

_PART_AREA = (0.9, 1.0)  # share of the picture that a step sees; open_clip's own default in training
_STRETCH = 0.1  # guess: log of how much more one side may lose than the other; light, since shapes mean something
_TRIES = 10  # guess: then the whole picture is taken
_KEPT = 0.5  # guess: of a child that is cut off by more than half, the text need not hold any more


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the losses of a run want of a level's samples."""

    level: Level
    px: int
    children: int
    """At most so many; 0: none are wanted."""
    crops: bool
    negatives: bool
    augmented: bool

    @classmethod
    def of(cls, config: TrainConfig, level: Level, augmented: bool) -> Recipe:
        """Children, crops and negatives only where a stage with this level has a loss that uses them.

        See ``trainer.losses.level_loss``: regions alone have negatives and a crop to be consistent with.
        """
        weights = [stage.weights for stage in config.stages if level in stage.cycle]
        regions = level != "M"
        consistent = regions and any(each.consistency for each in weights)
        negatives = regions and any(each.negatives or each.contrast for each in weights)
        compared = level == "R" or any(each.inter or each.second or each.roi for each in weights)
        children = compared or consistent or negatives
        return cls(
            level,
            config.image_px,
            children=config.regions_an_image if children else 0,
            crops=children and (config.regions == "crop" or consistent),
            negatives=negatives,
            augmented=augmented,
        )


@dataclass(frozen=True, slots=True)
class Child:
    box_xyxy: Box
    """In pixels of the sample's picture."""
    text: str
    negatives: tuple[str, ...]
    crop: Rgb | None


@dataclass(frozen=True, slots=True)
class Sample:
    rgb: Rgb
    text: str
    children: tuple[Child, ...]
    """In the order of the record."""


def make_sample(contents: Contents, recipe: Recipe, figure: int, panel: int, rng: np.random.Generator) -> Sample:
    """The sample of one of ``Contents.items``; the same generator gives the same sample.

    A part of the picture is taken that leaves at least one of its children at least half visible, where it has any;
    a child's crop is what is visible of it. A region says one of its two texts (Panel2Patch, stage II).

    Raises:
        ImageError: the image cannot be read; a run stops and names it, since a pair left out in silence would be
            missing from the numbers too.
    """
    place, record = contents.place(figure), contents.record(figure)
    nodes: Sequence[PanelRecord | RegionRecord]
    if recipe.level == "M":
        nodes, text, (x0, y0, x1, y1) = panels_of(record), figure_text(record), (0, 0, *record.image_wh)
    else:
        holder = record.panels[panel]
        nodes, text, (x0, y0, x1, y1) = regions_of(holder), panel_text(holder), holder.window_xyxy
    whole: Box = (0.0, 0.0, float(x1 - x0), float(y1 - y0))
    boxes = [clip(shift(node.box_xyxy, -x0, -y0), whole) for node in nodes]
    part = _part(whole, boxes, rng) if recipe.augmented else whole
    visible = [index for index, box in enumerate(boxes) if coverage(box, part) >= _KEPT]
    chosen = sorted(rng.choice(visible, min(recipe.children, len(visible)), replace=False)) if visible else []
    parts = [clip(boxes[index], part) for index in chosen]
    finest = min(_shortest(one) for one in ([part, *parts] if recipe.crops else [part]))
    if recipe.level == "M":
        picture = contents.export.figure(place, record, recipe.px, finest)
    else:
        picture = contents.export.panel(place, record, holder, recipe.px, finest)
    children = tuple(
        Child(
            moved(box, part, recipe.px),
            _text(nodes[index], rng),
            _negatives(nodes[index]) if recipe.negatives else (),
            picture.squashed(box, recipe.px) if recipe.crops else None,
        )
        for index, box in zip(chosen, parts, strict=True)
    )
    return Sample(picture.squashed(part, recipe.px), text, children)


def _part(whole: Box, boxes: Sequence[Box], rng: np.random.Generator) -> Box:
    """A part of the picture in which at least one child is still to be seen, where there is any."""
    _, _, width, height = whole
    for _ in range(_TRIES):
        area, ratio = rng.uniform(*_PART_AREA), math.exp(rng.uniform(-_STRETCH, _STRETCH))
        across, down = min(1.0, math.sqrt(area * ratio)), min(1.0, math.sqrt(area / ratio))
        left, top = rng.uniform(0, 1 - across) * width, rng.uniform(0, 1 - down) * height
        part = (left, top, left + across * width, top + down * height)
        if not boxes or any(coverage(box, part) >= _KEPT for box in boxes):
            return part
    return whole


def _shortest(box: Box) -> float:
    return min(box[2] - box[0], box[3] - box[1])


def _text(node: PanelRecord | RegionRecord, rng: np.random.Generator) -> str:
    if isinstance(node, PanelRecord):
        return own_text(node)
    texts = region_texts(node)
    return texts[rng.integers(len(texts))]


def _negatives(node: PanelRecord | RegionRecord) -> tuple[str, ...]:
    return negative_texts(node) if isinstance(node, RegionRecord) else ()
