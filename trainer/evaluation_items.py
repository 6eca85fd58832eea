"""Pairs of picture and text for evaluation: all of a split, in the order of the export, nothing drawn at random."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from curator.geometry import Box, clip, shift
from curator.wording import normalised
from trainer.config import Level
from trainer.contents import contents_of
from trainer.pairs import regions_of
from trainer.pictures import Decoded
from trainer.records import Split
from trainer.wording import figure_text, negative_texts, panel_text, region_texts


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationItem:
    id: str
    """"FIGURE", "FIGURE/p1" or "FIGURE/p1/r2"."""
    image_id: str
    """Of the picture: regions of a panel share one, and follow one another."""
    article_id: str
    image: Image.Image
    """RGB, as large as it is: the figure at level M, the panel at P and at R."""
    box_xyxy: Box | None
    """At level R the region, in pixels of ``image``; else None, for the whole image."""
    text: str
    """At level R the author's clause where there is one, else what was written of the region's crop."""
    negatives: tuple[str, ...]
    negated: str = ""
    """Where there are negatives, the sentence that they are made of: the description, with one attribute changed."""

    @property
    def crop(self) -> Image.Image:
        """The region by itself, whole pixels; at levels M and P the image."""
        if self.box_xyxy is None:
            return self.image
        x0, y0, x1, y1 = (round(value) for value in self.box_xyxy)
        return self.image.crop((x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)))


def evaluation_items(
    export: Path, split: Split, level: Level, only: Container[str] | None = None
) -> Iterator[EvaluationItem]:
    """Every pair of a level, one after another; at level R also the pairs of box and text.

    With ``only`` those of these ``image_id``s; the images of others are not even opened.

    Raises:
        InputError: no readable export is in the folder.
        ImageError: an image cannot be read.
    """
    contents = contents_of(export)
    for figure, number in contents.items(split, level).tolist():
        place, record = contents.place(figure), contents.record(figure)
        name = record.figure_id if level == "M" else f"{record.figure_id}/{record.panels[number].id}"
        if only is not None and name not in only:
            continue
        if level == "M":
            image = _image(contents.export.figure(place, record, px=None))
            yield EvaluationItem(name, name, record.article_id, image, None, figure_text(record), ())
            continue
        panel = record.panels[number]
        image = _image(contents.export.panel(place, record, panel, px=None))
        if level == "P":
            yield EvaluationItem(name, name, record.article_id, image, None, panel_text(panel), ())
            continue
        for region in regions_of(panel):
            x0, y0, x1, y1 = panel.window_xyxy
            box = clip(shift(region.box_xyxy, -x0, -y0), (0, 0, x1 - x0, y1 - y0))
            text, negatives = region_texts(region)[0], negative_texts(region)
            negated = (normalised(region.description) or text) if negatives else ""
            yield EvaluationItem(f"{name}/{region.id}", name, record.article_id, image, box, text, negatives, negated)


def _image(decoded: Decoded) -> Image.Image:
    return decoded.image.crop(decoded.window_xyxy)
