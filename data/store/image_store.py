"""Image files of a project, by the hash of their bytes: originals, browser forms, thumbnails, what models saw."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeAlias, cast

from curator.errors import StoreError

Form: TypeAlias = Literal["originals", "seen", "thumbnails", "web"]

_SEEN_SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png"}
_WEB_SUFFIXES = (".jpg", ".png", ".webp")
_NAME = re.compile(r"(originals|seen|thumbnails|web)/([0-9a-f]{2})/(\2[0-9a-f]{62})(?:\.(?:jpg|png|webp))?")


class ImageStore:
    """Files under ``root``; each is written beside its place and renamed, so that none is ever half there."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def save(self, sha256: str, original: bytes, web: bytes, web_suffix: str, thumbnail: bytes) -> None:
        """Keeps an image's original bytes, its browser form (``.png``, ``.jpg`` or ``.webp``) and its thumbnail."""
        self._write(self._path("originals", sha256, ""), original)
        self._write(self._path("web", sha256, web_suffix), web)
        self._write(self._path("thumbnails", sha256, ".webp"), thumbnail)

    def original(self, sha256: str) -> Path:
        """Raises StoreError where the file is missing, as all of these do."""
        return self._found(self._path("originals", sha256, ""))

    def web(self, sha256: str) -> Path:
        """RGB in the frame of the boxes: EXIF rotation and colour space are settled."""
        for suffix in _WEB_SUFFIXES:
            if (path := self._path("web", sha256, suffix)).is_file():
                return path
        return self._found(self._path("web", sha256, ".png"))

    def copy_web(self, sha256: str, folder: Path, *, link: bool = False) -> str:
        """Copies the browser's form into a folder, unless it is there; its name.

        With ``link`` both share one file where the file system can, which takes no space. This store never writes into
        a file that is there; whoever gets the folder must not either.
        """
        source = self.web(sha256)
        target = folder / source.name
        folder.mkdir(exist_ok=True)
        if not target.exists() and not (link and _linked(source, target)):
            shutil.copyfile(source, target)
        return source.name

    def thumbnail(self, sha256: str) -> Path:
        return self._found(self._path("thumbnails", sha256, ".webp"))

    def has(self, sha256: str) -> bool:
        """All three forms are there."""
        return (
            self._path("thumbnails", sha256, ".webp").is_file()
            and self._path("originals", sha256, "").is_file()
            and any(self._path("web", sha256, suffix).is_file() for suffix in _WEB_SUFFIXES)
        )

    def files(self) -> Iterator[str]:
        """Path below ``root`` of every file, also of what does not belong there; those that do in order of path."""
        for folder, subfolders, names in os.walk(self.root):
            subfolders.sort()
            below = os.path.relpath(folder, self.root)
            for name in sorted(names):
                yield name if below == os.curdir else f"{below}/{name}"

    def save_seen(self, sha256: str, content: bytes, media_type: str) -> None:
        """Keeps a picture as it was sent to a model, by the hash of these very bytes."""
        path = self._path("seen", sha256, _SEEN_SUFFIXES[media_type])
        if not path.is_file():
            self._write(path, content)

    def seen(self, sha256: str) -> Path:
        for suffix in _SEEN_SUFFIXES.values():
            if (path := self._path("seen", sha256, suffix)).is_file():
                return path
        raise StoreError(
            f"the picture {sha256!r} that a model saw is missing under {self.root / 'seen'}; restore it from a backup"
        )

    def _path(self, form: str, sha256: str, suffix: str) -> Path:
        return self.root / form / sha256[:2] / f"{sha256}{suffix}"

    @staticmethod
    def _found(path: Path) -> Path:
        if not path.is_file():
            raise StoreError(f"image {path} is missing; run `curator ingest` on its source again to restore it")
        return path

    @staticmethod
    def _write(path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            except BaseException:  # a full disk: what was written of it would keep it full
                os.unlink(file.name)
                raise
        os.replace(file.name, path)


def parse_image_path(path: str) -> tuple[Form, str] | None:
    """Form and hash in the name of a file of the store, given below its root; None where it is none of its names."""
    match = _NAME.fullmatch(path)
    return (cast("Form", match[1]), match[3]) if match else None


def _linked(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        return False
    return True
