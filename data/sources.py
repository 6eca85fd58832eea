"""Anything a person may name as an input, to articles with figures.

PMC ids            PMC2467486, PMC2467486.1, or a text file that lists them
archives           .tar.gz packages of PMC, meca .zip, or any archive of what follows
folders            JATS + images (every flavour), images + captions.jsonl / .csv / caption.txt, bare images;
                   many of these at any depth
files              one JATS .xml / .nxml, one caption table, one image (with a caption, or without)
"""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from curator.errors import FetchError, InputError
from data.archives import DEFAULT_LIMITS, ArchiveLimits, archive_stem
from data.pmc import PMC_ID, PmcCloud, PmcSettings
from data.source_captions import INDEX_NAME, read_caption_table
from data.source_folder import FolderReader
from data.source_images import read_image
from data.source_jats import ImageIndex, is_image, read_jats
from data.source_values import ArticleSource, FigureSource, Place, Problem

__all__ = ["ArticleSource", "FigureSource", "Problem", "SourceSettings", "read_sources"]


@dataclass(frozen=True, slots=True)
class SourceSettings:
    pmc: PmcSettings | None = None
    """None: PMC ids are refused."""
    archives: ArchiveLimits = DEFAULT_LIMITS
    scratch: Path | None = None
    """Where archives are unpacked; None: the system's folder for temporary files."""


def read_sources(
    inputs: str | Path | Iterable[str | Path],
    settings: SourceSettings,
    caption: str | None = None,
    cloud: PmcCloud | None = None,
) -> Iterator[ArticleSource | Problem]:
    """Articles one by one, and a Problem for each input or article that could not be read.

    One bad article never stops the others. The images of an article are readable until the next item is taken.

    Args:
        inputs: PMC ids and paths.
        settings: limits, and the PMC Cloud Service.
        caption: for an input that is a single image.
        cloud: a client to use instead of one made from ``settings.pmc``.
    """
    reader = _Reader(settings, caption, cloud)
    sources: dict[str, str] = {}
    try:
        for item in [inputs] if isinstance(inputs, str | Path) else inputs:
            for found in reader.read(str(item)):
                yield found if isinstance(found, Problem) else _with_own_id(found, sources)
    finally:
        reader.close()


def _with_own_id(found: ArticleSource, sources: dict[str, str]) -> ArticleSource:
    """Named after its whole path where another one of the batch has its name ("train/p1" and "test/p1").

    A PMC id means the same article wherever it is read from.
    """
    article = found.article
    if article.pmcid is None and sources.setdefault(article.id, article.source) != article.source:
        return replace(found, article=replace(article, id="_".join(re.split(r"[/\\\s]+", article.source.strip("/")))))
    return found


class _Reader:
    def __init__(self, settings: SourceSettings, caption: str | None, cloud: PmcCloud | None) -> None:
        self._settings = settings
        self._caption = caption
        self._cloud = cloud
        self._made_cloud: PmcCloud | None = None
        self._folders = FolderReader(settings.archives, settings.scratch)

    def close(self) -> None:
        if self._made_cloud is not None:
            self._made_cloud.close()

    def read(self, item: str) -> Iterator[ArticleSource | Problem]:
        path = Path(item)
        try:
            if path.is_dir():
                yield from self._folders.read_folder(path, Place(path.resolve().name, item))
            elif path.is_file():
                yield from self._file(path, item)
            elif PMC_ID.fullmatch(item.strip()):
                yield self._article_of_pmc(item.strip())
            else:
                yield Problem(item, "neither a file or folder that exists nor a PMC id such as 'PMC2467486'")
        except (InputError, OSError) as error:
            yield Problem(item, str(error))

    def _file(self, path: Path, source: str) -> Iterator[ArticleSource | Problem]:
        if is_image(path):
            yield read_image(path, source, self._caption or "")
            return
        if self._caption is not None:
            yield Problem(source, "not a JPEG, PNG, GIF, TIFF, WebP or BMP image; a caption goes with a single image")
            return
        suffix = path.suffix.lower()
        place = Place(path.stem, source)
        if zipfile.is_zipfile(path) or archive_stem(path) is not None or tarfile.is_tarfile(path):
            yield from self._folders.read_archive(path, Place(archive_stem(path) or path.stem, source))
        elif suffix in (".xml", ".nxml", ".jats"):
            yield self._folders.read_article(path, place)
        elif (ids := _listed_ids(path)) is not None:
            for where, word in ids:
                yield self._listed(word, f"{source} {where}")
        elif suffix in (".jsonl", ".csv") or path.name == INDEX_NAME:
            yield from read_caption_table(path, Place(path.resolve().parent.name, source))
        else:
            yield Problem(
                source,
                "not an input: expected an image, JATS (.xml, .nxml), .tar.gz, .zip, a caption table (.jsonl, .csv) "
                "or a list of PMC ids",
            )

    def _listed(self, word: str, where: str) -> ArticleSource | Problem:
        if not PMC_ID.fullmatch(word):
            return Problem(where, f"{word!r} is no PMC id, expected something like 'PMC2467486' or 'PMC2467486.1'")
        return self._article_of_pmc(word)

    def _article_of_pmc(self, pmc_id: str) -> ArticleSource | Problem:
        try:
            fetched = self._pmc().fetch(pmc_id)
            folder = fetched.xml_path.parent
            place = Place(fetched.version_id, fetched.url)
            return read_jats(fetched.xml_path, ImageIndex(folder), place, fetched.license_code)
        except (InputError, OSError) as error:
            return Problem(pmc_id, str(error))

    def _pmc(self) -> PmcCloud:
        if self._cloud is None:
            if self._settings.pmc is None:
                raise FetchError("PMC ids need the network, and no [pmc] settings were given; set pmc.contact")
            self._cloud = self._made_cloud = PmcCloud(self._settings.pmc)
        return self._cloud


_ID_HEADERS = ("pmcid", "pmc_id", "pmc", "id")
_LIST_BYTES = 2**24  # guess: a million ids


def _listed_ids(path: Path) -> list[tuple[str, str]] | None:
    """("line N", word) for each word of a list of PMC ids; None where the file is none.

    Words are separated by white space, commas or semicolons; "#" starts a comment, a column's name may stand on top.
    The first id decides.
    """
    if path.stat().st_size > _LIST_BYTES:
        return None
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return None
    words = [
        (f"line {number}", word)
        for number, line in enumerate(lines, start=1)
        for word in re.split(r"[\s,;]+", line.split("#", 1)[0])
        if word
    ]
    if words and words[0][1].casefold() in _ID_HEADERS:
        words = words[1:]
    return words if words and PMC_ID.fullmatch(words[0][1]) else None
