"""A JATS file and the images around it, as one article.

Publishers name images in every way: without suffix, as ``.tif`` while a ``.jpg`` is shipped, or the file itself has
no suffix. So a name is matched by its stem, and the file's content decides whether it is an image.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from pathlib import Path
from urllib.parse import unquote, urlsplit

from curator.errors import ArticleError
from curator.figure import Article
from data.images import sniff_format
from data.jats import MAX_XML_BYTES, JatsArticle, JatsFigure, JatsGraphic, parse_jats
from data.source_values import ArticleSource, FigureKeys, FigureSource, Place, Problem, listed

# Suffixes that name a way to store a picture, not a part of its name ("pone.0001908.g001" ends in no such).
_PICTURE_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".gif", ".tif", ".tiff", ".bmp", ".webp", ".eps", ".pdf", ".svg", ".jp2", ".ppt", ".pptx")
)


class ImageIndex:
    """All files under an article's folder, found by stem."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._by_stem: dict[str, list[Path]] = defaultdict(list)
        for parent, _, names in os.walk(folder):
            for name in names:
                self._by_stem[_stem(name)].append(Path(parent, name))

    def find(self, hrefs: tuple[str, ...]) -> Path:
        """The image file for one of several names of the same image.

        The file of exactly that name wins, then the one nearest to the article, then the largest (thumbnails and
        small versions are shipped beside the originals).

        Raises:
            ArticleError: no such file, or none whose content is an image.
        """
        names = [unquote(urlsplit(href).path).rsplit("/", 1)[-1] for href in hrefs]
        found = [path for name in names for path in self._by_stem.get(_stem(name), ())]
        images = [path for path in found if is_image(path)]
        if images:
            return min(
                images,
                key=lambda path: (path.name not in names, len(path.parts), -path.stat().st_size, path.name),
            )
        if found:
            raise ArticleError(
                f"{listed(path.name for path in found)} is no JPEG, PNG, GIF, TIFF, WebP or BMP; "
                "convert it to PNG under the same name"
            )
        raise ArticleError(
            f"its image {listed(names)} is not in the folder (any suffix would do); put the file beside the XML"
        )


def is_image(path: Path) -> bool:
    """The file's first bytes are those of an image that can be read."""
    with path.open("rb") as file:
        return sniff_format(file.read(16)) is not None


def read_jats(xml_path: Path, images: ImageIndex, place: Place, license_code: str | None = None) -> ArticleSource:
    """The article of one JATS file; ``license_code`` stands in where the XML states no licence.

    Raises:
        ArticleError: the XML cannot be used at all. A figure that cannot be used becomes a Problem.
    """
    size = xml_path.stat().st_size
    if size > MAX_XML_BYTES:
        raise ArticleError(f"{xml_path.name}: {size:,} bytes of XML, expected at most {MAX_XML_BYTES:,}")
    jats = parse_jats(xml_path.read_bytes(), xml_path.name)
    article = _article(jats, place, license_code)
    figures: list[FigureSource] = []
    problems: list[Problem] = []
    keys = FigureKeys()
    for figure in jats.figures:
        if not figure.graphics:
            problems.append(Problem(_where(article, figure), "names no image (<graphic>): a video, a table or a box"))
        for graphic in figure.graphics:
            # The key is given even where the file is missing: the other images keep theirs when it comes.
            key = keys.give(figure.id)
            try:
                figures.append(_figure(figure, graphic, key, images, article))
            except (ArticleError, OSError) as error:
                kind = "supplement: " if graphic.supplement else ""
                problems.append(Problem(_where(article, figure), kind + str(error)))
    if not jats.figures:
        problems.append(Problem(article.id, "the article has no figures"))
    return ArticleSource(article, tuple(figures), tuple(problems))


def _article(jats: JatsArticle, place: Place, license_code: str | None) -> Article:
    named = re.fullmatch(r"(PMC\d+)(?:\.\d+)?", place.name, re.IGNORECASE)
    pmcid = jats.pmcid or (named.group(1).upper() if named else None)
    return Article(
        id=pmcid or place.name,
        title=jats.title,
        journal=jats.journal,
        doi=jats.doi,
        pmcid=pmcid,
        license=jats.license or license_code,
        source=place.source,
    )


def _figure(figure: JatsFigure, graphic: JatsGraphic, key: str, images: ImageIndex, article: Article) -> FigureSource:
    path = images.find(graphic.hrefs)
    return FigureSource(
        figure_key=key,
        image_name=path.relative_to(images.folder).as_posix(),
        image_path=path,
        label=figure.label,
        caption=figure.caption,
        bold_spans=figure.bold_spans,
        mentions=figure.mentions,
        license=figure.license or article.license,
        doi=figure.doi,
    )


def _where(article: Article, figure: JatsFigure) -> str:
    return f"{article.id} {figure.id}" + (f" ({figure.label})" if figure.label else "")


def _stem(name: str) -> str:
    """Name without picture suffixes ("a.tif.jpg" -> "a"), for comparison."""
    stem, suffix = os.path.splitext(name)
    while suffix.lower() in _PICTURE_SUFFIXES:
        name = stem
        stem, suffix = os.path.splitext(name)
    return name.casefold()
