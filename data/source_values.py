"""What every reader of inputs yields: articles with their figures, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from curator.figure import Article, Span


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read, and why; the rest of the batch goes on."""

    where: str
    """Article, figure, file or line."""
    reason: str


@dataclass(frozen=True, slots=True)
class FigureSource:
    """One image with its caption, as published; the image is on disk and not decoded yet."""

    figure_key: str
    """Id inside the article, the same each time the article is read."""
    image_name: str
    """Name as published: relative to the article's folder, with forward slashes."""
    image_path: Path
    """Readable until the next item is taken from the iterator (archives unpack into a temporary folder)."""
    label: str = ""
    caption: str = ""
    bold_spans: tuple[Span, ...] = ()
    mentions: tuple[str, ...] = ()
    """Sentences of the article that cite the figure."""
    license: str | None = None
    """The figure's own licence, else the article's."""
    doi: str | None = None
    """The figure's own DOI."""


@dataclass(frozen=True, slots=True)
class ArticleSource:
    article: Article
    figures: tuple[FigureSource, ...]
    problems: tuple[Problem, ...] = ()
    """Figures and files of the article that could not be read; ``figures`` holds the others."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an article is read from."""

    name: str
    """What to call an article that has no PMC id of its own."""
    source: str
    """The input as the user named it, with the path inside it."""


class FigureKeys:
    """Gives each figure of an article its own key: "fig1", and "fig1-2" for the next one that wants the same."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def give(self, wanted: str) -> str:
        key, number = wanted, 2
        while key in self._given:
            key, number = f"{wanted}-{number}", number + 1
        self._given.add(key)
        return key


def key_of_path(relative: Path) -> str:
    """A figure key from a path inside the article's folder: "content/1/fig.png" -> "content_1_fig"."""
    return "_".join(relative.with_suffix("").parts)


def listed(items: Iterable[str], limit: int = 5) -> str:
    """The first few items for a message: "'a', 'b' and 7 more"."""
    found = list(items)
    shown = ", ".join(repr(item) for item in found[:limit])
    return shown if len(found) <= limit else f"{shown} and {len(found) - limit} more"
