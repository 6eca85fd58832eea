"""The best and the worst retrievals: what was asked, what was found, as small pictures."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from PIL import Image, ImageDraw
from torch import Tensor

from curator.geometry import Box
from trainer.config import Level
from trainer.evaluate.answers import Answers, Task
from trainer.evaluate.retrieval import Direction, Retrieval, nearest
from trainer.evaluation_items import evaluation_items
from trainer.records import Split

Kind: TypeAlias = Literal["best", "worst"]

_LEVELS: dict[Task, Level] = {"figure": "M", "panel": "P", "box": "R"}
EACH = 3
"""Best and worst examples a task and direction."""
FOUND = 4
_SIDE_PX = 176
_QUALITY = 80
_BOX_COLOR = "#e1690f"


@dataclass(frozen=True, slots=True)
class Found:
    """Something that was retrieved."""

    id: str
    """Of the image; "" where texts were looked for."""
    text: str
    """"" where images were looked for."""
    right: bool


@dataclass(frozen=True, slots=True)
class Example:
    task: Task
    direction: Literal["image_to_text", "text_to_image"]
    kind: Kind
    query_id: str
    """Of the image; where a text is the query, of the first image that it belongs to."""
    query_text: str
    """Of an image, what should have been found."""
    rank: int
    """From 1: of the first right one."""
    found: tuple[Found, ...]
    """Nearest first."""

    def to_doc(self) -> dict[str, Any]:
        return asdict(self)


def choose(answers: Answers, retrievals: dict[Task, Retrieval]) -> list[Example]:
    """The examples of all tasks that have any: those with the best and the worst rank; of equal ones those that are
    surest of what is nearest, each query once."""
    return [
        example
        for task in _LEVELS
        if len(answers.ids[task]) > 1
        for example in (
            *_image_to_text(task, answers, retrievals[task]),
            *_text_to_image(task, answers, retrievals[task]),
        )
    ]


def thumbnails(export: Path, split: Split, examples: Sequence[Example]) -> dict[tuple[Task, str], str]:
    """A JPEG as a data URI of each image of the examples; regions are drawn as boxes into their panels."""
    pictures: dict[tuple[Task, str], str] = {}
    for task, level in _LEVELS.items():
        asked = [example for example in examples if example.task == task]
        ids = {name for example in asked for name in (example.query_id, *(found.id for found in example.found)) if name}
        images = {name.rpartition("/")[0] for name in ids} if level == "R" else ids
        for item in evaluation_items(export, split, level, images) if ids else ():
            if item.id in ids:
                pictures[task, item.id] = _thumbnail(item.image, item.box_xyxy)
    return pictures


def _image_to_text(task: Task, answers: Answers, retrieval: Retrieval) -> list[Example]:
    pairs, ids, texts = answers.pairs[task], answers.ids[task], answers.texts[task]
    text_of = pairs.text_of.tolist()
    return [
        Example(
            task,
            "image_to_text",
            kind,
            ids[row],
            texts[text_of[row]],
            rank,
            tuple(Found("", texts[text], text == text_of[row]) for text in found),
        )
        for kind, row, rank, found in _extremes(retrieval.image_to_text, pairs.images, pairs.texts)
    ]


def _text_to_image(task: Task, answers: Answers, retrieval: Retrieval) -> list[Example]:
    pairs, ids, texts = answers.pairs[task], answers.ids[task], answers.texts[task]
    text_of = pairs.text_of.tolist()
    return [
        Example(
            task,
            "text_to_image",
            kind,
            ids[text_of.index(row)],
            texts[row],
            rank,
            tuple(Found(ids[image], "", text_of[image] == row) for image in found),
        )
        for kind, row, rank, found in _extremes(retrieval.text_to_image, pairs.texts, pairs.images)
    ]


def _extremes(direction: Direction, queries: Tensor, pool: Tensor) -> Iterator[tuple[Kind, int, int, list[int]]]:
    """Kind, row, rank from 1, and the nearest rows of the pool, of queries with the best and the worst ranks."""
    sureness = nearest(queries, pool, 1)[0].squeeze(1).tolist()
    ranks = direction.ranks.tolist()
    best = sorted(range(len(ranks)), key=lambda row: (ranks[row], -sureness[row]))[: min(EACH, len(ranks) // 2)]
    others = sorted(set(range(len(ranks))) - set(best), key=lambda row: (-ranks[row], -sureness[row]))
    chosen: list[tuple[Kind, int]] = [
        *(("best", row) for row in best),
        *(("worst", row) for row in others[: len(best)]),
    ]
    rows = [row for _, row in chosen]
    for (kind, row), found in zip(chosen, nearest(queries[rows], pool, FOUND)[1].tolist(), strict=True):
        yield kind, row, ranks[row] + 1, found


def _thumbnail(image: Image.Image, box_xyxy: Box | None) -> str:
    small = shrunk(image)
    if box_xyxy is not None:
        scale = small.width / image.width
        ImageDraw.Draw(small).rectangle([value * scale for value in box_xyxy], outline=_BOX_COLOR, width=2)
    return data_uri(small)


def shrunk(image: Image.Image) -> Image.Image:
    """A copy that is no larger than the report shows it."""
    scale = min(1.0, _SIDE_PX / max(image.size))
    return image.convert("RGB").resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))


def data_uri(image: Image.Image) -> str:
    """The image as a JPEG inside a URI."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
