"""What a folder holds: JATS articles, caption tables, loose images, archives of these, at any depth."""

from __future__ import annotations

import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path

from curator.errors import InputError
from data.archives import DEFAULT_LIMITS, ArchiveLimits, archive_stem, unpack_archive
from data.jats import is_article
from data.source_captions import is_caption_table, read_caption_table
from data.source_images import read_image_folder
from data.source_jats import ImageIndex, is_image, read_jats
from data.source_values import ArticleSource, Place, Problem

_HEAD_BYTES = 65_536  # licence comments and a doctype come before the first element

_MAX_NESTING = 64  # guess: twice what archives may have, far below what recursion bears

# Folders named so only sort an article's files: the article is named after the folder around them.
_STRUCTURE = re.compile(r"content|contents|files?|images?|imgs?|figures?|figs?|media|data|\d{1,3}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FolderReader:
    """Reads folders and archives; one bad article never stops the others."""

    archives: ArchiveLimits = DEFAULT_LIMITS
    scratch: Path | None = None
    """Archives are unpacked below it, one at a time; None: the system's folder for temporary files."""
    max_depth: int = 3
    """Of archives inside archives; guess: people zip a folder of packages, nobody nests further."""

    def read_folder(self, folder: Path, place: Place) -> Iterator[ArticleSource | Problem]:
        """Articles in the order of their paths, then the loose images, as one article for each folder of them."""
        yield from self._everything(_Root(folder, place, depth=0))

    def read_archive(self, archive: Path, place: Place, depth: int = 0) -> Iterator[ArticleSource | Problem]:
        """The articles of an archive; their images are readable until the next item is taken."""
        if depth >= self.max_depth:
            yield Problem(place.source, f"archives inside archives deeper than {self.max_depth}; unpack it yourself")
            return
        with tempfile.TemporaryDirectory(prefix="curator-", dir=self.scratch) as temporary:
            folder = Path(temporary)
            try:
                unpack_archive(archive, folder, self.archives)
            except InputError as error:
                yield Problem(place.source, str(error))
            else:
                yield from self._everything(_Root(folder, place, depth + 1))

    def read_article(self, xml: Path, place: Place, index: ImageIndex | None = None) -> ArticleSource | Problem:
        """One JATS file with the images below its folder."""
        try:
            return read_jats(xml, index or ImageIndex(xml.parent), place)
        except (InputError, OSError) as error:
            return Problem(place.source, str(error))

    def _everything(self, root: _Root) -> Iterator[ArticleSource | Problem]:
        loose: dict[Path, list[Path]] = defaultdict(list)
        found = False
        for item in self._walk(root.folder, root, loose, owned=False):
            found = True
            yield item
        for owner, images in loose.items():
            yield read_image_folder(owner, images, root.place_of(owner))
        if not found and not loose:
            yield Problem(root.place.source, "holds no article, caption table or image that can be read")

    def _walk(
        self, folder: Path, root: _Root, loose: dict[Path, list[Path]], owned: bool
    ) -> Iterator[ArticleSource | Problem]:
        """``owned``: an article above owns the images and archives of this folder."""
        place = root.place_of(folder)
        if len(folder.relative_to(root.folder).parts) > _MAX_NESTING:
            yield Problem(place.source, f"folders nested deeper than {_MAX_NESTING}; name a folder further down")
            return
        try:
            files, folders = _entries(folder)
        except OSError as error:
            yield Problem(place.source, f"the folder cannot be read ({error.strerror})")
            return
        kinds: dict[_Kind, list[Path]] = defaultdict(list)
        for path in files:
            try:
                kinds[_kind(path)].append(path)
            except OSError as error:
                yield Problem(root.source_of(path), f"the file cannot be read ({error.strerror})")
        if articles := kinds[_Kind.ARTICLE]:
            index = ImageIndex(folder)
            for xml in articles:
                name = place.name if len(articles) == 1 else xml.stem
                yield self.read_article(xml, Place(name, root.source_of(xml)), index)
        elif not owned:
            for table in kinds[_Kind.TABLE]:
                name = place.name if len(kinds[_Kind.TABLE]) == 1 else table.stem
                yield from read_caption_table(table, Place(name, root.source_of(table)))
        owned = owned or bool(articles or kinds[_Kind.TABLE])
        if not owned:
            for archive in kinds[_Kind.ARCHIVE]:
                stem = archive_stem(archive) or archive.stem
                yield from self.read_archive(archive, Place(stem, root.source_of(archive)), root.depth)
            for image in kinds[_Kind.IMAGE]:
                loose[root.owner_of(image)].append(image)
        for below in folders:
            yield from self._walk(below, root, loose, owned)


@dataclass(frozen=True, slots=True)
class _Root:
    """The folder that a walk started from, and how to name what is below it."""

    folder: Path
    place: Place
    depth: int
    """How many archives it was unpacked from."""

    def owner_of(self, path: Path) -> Path:
        """The nearest folder around a file whose name says more than structure, never above the root."""
        owner = path.parent
        while owner != self.folder and _STRUCTURE.fullmatch(owner.name):
            owner = owner.parent
        return owner

    def place_of(self, folder: Path) -> Place:
        owner = self.owner_of(folder / "any")
        source = self.source_of(folder)
        return replace(self.place, source=source) if owner == self.folder else Place(owner.name, source)

    def source_of(self, path: Path) -> str:
        relative = path.relative_to(self.folder).as_posix()
        return self.place.source if relative == "." else f"{self.place.source}/{relative}"


def _entries(folder: Path) -> tuple[list[Path], list[Path]]:
    """(files, folders) by name; hidden ones, links to folders and what a Mac adds to archives left out."""
    with os.scandir(folder) as entries:
        shown = sorted(
            (entry for entry in entries if not entry.name.startswith(".") and entry.name != "__MACOSX"),
            key=lambda entry: entry.name,
        )
    files = [Path(entry.path) for entry in shown if entry.is_file()]
    return files, [Path(entry.path) for entry in shown if entry.is_dir(follow_symlinks=False)]


class _Kind(Enum):
    ARTICLE = auto()
    TABLE = auto()
    ARCHIVE = auto()
    IMAGE = auto()
    OTHER = auto()


def _kind(path: Path) -> _Kind:
    """What a file in a folder is taken for: by name where only the name can say, by content where that can.

    Raises:
        OSError: the file cannot be opened.
    """
    if archive_stem(path) is not None:
        return _Kind.ARCHIVE
    if _may_be_article(path):
        return _Kind.ARTICLE
    if is_caption_table(path):
        return _Kind.TABLE
    return _Kind.IMAGE if is_image(path) else _Kind.OTHER


_FIRST_TAG = re.compile(rb"<((?:[\w.-]+:)?)([A-Za-z_][\w.-]*)[\s/>]")


def _may_be_article(path: Path) -> bool:
    """Worth parsing as JATS: to be read, or to be reported as broken.

    XML with another root (a meca manifest, a supplement) is not; XML without any element, an error page saved as
    XML, or one that declares entities is, so that it is named as a problem instead of passed over.
    """
    suffix = path.suffix.lower()
    if suffix == ".nxml":
        return True
    if suffix not in (".xml", ".jats"):
        return False
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    first = _FIRST_TAG.search(head)
    return (
        first is None
        or b"<!ENTITY" in head
        or first.group(2).lower() in (b"html", b"pmc-articleset", b"oai-pmh")
        or is_article(head)
    )
