"""Ingest: what the readers yield goes into the project, article by article; a bad one is listed and the rest go on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from curator.errors import CuratorError
from curator.figure import Figure
from curator.geometry import Size
from data.images import DEFAULT_LIMITS, ImageLimits, encode_thumbnail, encode_web, load_image
from data.source_values import ArticleSource, FigureSource, Problem
from data.store import Store


@dataclass(slots=True)
class IngestReport:
    """Counts over a whole batch."""

    articles: int = 0
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)


def ingest(
    store: Store,
    sources: Iterable[ArticleSource | Problem],
    limits: ImageLimits = DEFAULT_LIMITS,
    progress: Callable[[str], None] = lambda name: None,
    report: IngestReport | None = None,
) -> IngestReport:
    """Saves each article with its images as it comes; ``progress`` gets its name, ``report`` goes on counting.

    An article is saved in one transaction after its images are on disk, so that a process killed at any moment leaves
    whole articles. Problems are listed in the project until the same article or file is read without them.
    """
    report = report or IngestReport()
    for source in sources:
        if isinstance(source, Problem):
            _note(store, report, source)
            progress(source.where)
            continue
        article = source.article
        for place in (article.id, article.source):
            store.problems.solve("ingest", place)
        figures: list[Figure] = []
        for figure in source.figures:
            try:
                figures.append(_figure(store, source, figure, limits))
            except (CuratorError, OSError) as error:
                _note(store, report, Problem(f"{article.id} {figure.figure_key}", str(error)))
        for problem in source.problems:
            _note(store, report, problem)
        saved = store.articles.save(article, figures)
        report.articles += 1
        report.added += len(saved.added)
        report.replaced += len(saved.replaced)
        report.unchanged += len(saved.unchanged)
        progress(article.id)
    return report


def _note(store: Store, report: IngestReport, problem: Problem) -> None:
    store.problems.add("ingest", problem.where, problem.reason)
    report.problems.append(problem)


def _figure(store: Store, source: ArticleSource, figure: FigureSource, limits: ImageLimits) -> Figure:
    sha256, image_wh = keep_image(store, figure.image_path, limits)
    return Figure(
        id=figure.figure_key,
        article_id=source.article.id,
        image_name=figure.image_name,
        image_sha256=sha256,
        image_wh=image_wh,
        label=figure.label,
        caption=figure.caption,
        bold_spans=figure.bold_spans,
        mentions=figure.mentions,
        license=figure.license,
        doi=figure.doi,
    )


def keep_image(store: Store, path: Path, limits: ImageLimits = DEFAULT_LIMITS) -> tuple[str, Size]:
    """Keeps an image file; its hash and size. One that the project has is not decoded again."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if store.images.has(sha256) and (known := store.articles.image_wh(sha256)) is not None:
        return sha256, known
    loaded = load_image(path, limits)
    original = path.read_bytes()
    web, suffix = encode_web(loaded.rgb, original, loaded.format)
    store.images.save(loaded.sha256, original, web, suffix, encode_thumbnail(loaded.rgb))
    return loaded.sha256, loaded.wh
