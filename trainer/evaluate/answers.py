"""What one model makes of a split: features of all its figures, panels and regions, and of their texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

import torch
from torch import Tensor

from trainer.config import Level
from trainer.evaluate.box_text import Boxes
from trainer.evaluate.grounding import Grounding, Phrase, ground
from trainer.evaluate.negatives import HardNegatives
from trainer.evaluate.retrieval import Pairs
from trainer.evaluate.seen import Seen, seen_of
from trainer.evaluate.subject import BATCH, Subject
from trainer.evaluate.text_book import TextBook
from trainer.records import Split

Task: TypeAlias = Literal["figure", "panel", "region", "box"]
"""Retrieval of whole figures, of panels, of regions that are cut out, and of boxes in panels: box-text retrieval."""
TASKS: tuple[Task, ...] = ("figure", "panel", "region", "box")
PANELS = 16
"""With all their regions at a time; guess: some hundred crops."""
_WHOLE: tuple[tuple[Task, Level], ...] = (("figure", "M"), ("panel", "P"))
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Answers:
    """Of one model."""

    pairs: dict[Task, Pairs]
    ids: dict[Task, list[str]]
    """``EvaluationItem.id`` of each image of the pairs."""
    texts: dict[Task, list[str]]
    """Each text of the pairs."""
    phrases: list[Phrase]
    grounding: Grounding
    """Row by row of the phrases."""
    negatives: HardNegatives


def answer(
    subject: Subject,
    export: Path,
    split: Split,
    limit: int | None = None,
    progress: Callable[[int], None] = lambda images: None,
) -> Answers:
    """All answers of a model to a split, or to its first ``limit`` figures, panels, and panels with regions.

    ``progress`` is told how many images were encoded, again and again.

    Raises:
        InputError, ImageError: the export or an image of it cannot be read.
    """
    book = TextBook(subject)
    collected: dict[Task, _Collected] = {task: _Collected(book) for task in TASKS}
    for task, level in _WHOLE:
        for seen in _batches(islice(seen_of(export, split, level, subject.px), limit), BATCH):
            some = [one for (one,) in seen]
            collected[task].add(some, subject.images([one.square for one in some]))
            progress(len(some))
    boxes = Boxes(subject, book)
    for panels in _batches(islice(seen_of(export, split, "R", subject.px), limit), PANELS):
        some = [one for panel in panels for one in panel]
        collected["region"].add(some, subject.images([one.crop for one in some]))
        collected["box"].add(some, boxes.features(panels))
        progress(len(panels) + len(some))
    return Answers(
        {task: found.pairs() for task, found in collected.items()},
        {task: found.ids for task, found in collected.items()},
        {task: found.texts for task, found in collected.items()},
        boxes.phrases,
        ground(boxes.phrases, subject.px),
        boxes.negatives(),
    )


def _batches(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


class _Collected:
    """Image features with their texts, batch after batch."""

    def __init__(self, book: TextBook) -> None:
        self._book = book
        self._images = [book.of([])]
        self._numbers: dict[str, int] = {}
        self._text_of: list[int] = []
        self._articles: list[str] = []
        self.ids: list[str] = []

    @property
    def texts(self) -> list[str]:
        return list(self._numbers)

    def add(self, seen: Sequence[Seen], features: Tensor) -> None:
        self._images.append(features)
        for one in seen:
            self._text_of.append(self._numbers.setdefault(one.text, len(self._numbers)))
            self._articles.append(one.article_id)
            self.ids.append(one.item_id)

    def pairs(self) -> Pairs:
        text_of = torch.tensor(self._text_of, dtype=torch.int64)
        return Pairs(torch.cat(self._images), self._book.of(self.texts), text_of, self._articles)
