"""The folder that backups are kept in.

    SHELF/curator-backups.json              says that this is one
    SHELF/files/ab/ab12...                  images by the hash of their bytes, shared by all backups
    SHELF/2026-11-22T120716.123Z/           one backup: manifest.json, images.jsonl, curator.db, settings

A name below ``files/`` is the hash of what it holds, so that an image is written once however many backups have it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp

from filelock import FileLock, Timeout

from curator.errors import StoreError
from data.backup.manifest import MANIFEST, load_images, load_manifest
from data.backup.placing import place, sha256_of

MARK = "curator-backups.json"
_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z")
_UNFINISHED = ".unfinished-"


class Shelf:
    """A folder of backups; reading one writes nothing to it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> list[str]:
        """Names of the complete backups, oldest first."""
        found = (path.name for path in self.root.iterdir() if _NAME.fullmatch(path.name))
        return sorted(name for name in found if (self.root / name / MANIFEST).is_file())

    def file(self, sha256: str) -> Path:
        """Where the image with this hash is or would be."""
        return self.root / "files" / sha256[:2] / sha256

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """Makes the shelf where there is none and holds it; a scratch folder on it, gone afterwards.

        Raises:
            StoreError: the folder holds something else, or another backup is being taken to it.
        """
        if self.root.exists() and not (self.root / MARK).is_file() and any(self.root.iterdir()):
            raise StoreError(f"{self.root} is not empty and holds no backups; name a new folder with -o")
        self.root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.root / ".lock")
        try:
            lock.acquire(blocking=False)
        except Timeout as error:
            raise StoreError(f"another backup is being taken to {self.root}; wait until it is done") from error
        try:
            about = "backups of Curator; `curator restore` reads them, docs/running.md says how"
            (self.root / MARK).write_text(json.dumps({"format": 1, "about": about}) + "\n", encoding="utf-8")
            for leftover in self.root.glob(f"{_UNFINISHED}*"):  # of a backup that was killed
                shutil.rmtree(leftover)
            scratch = Path(mkdtemp(dir=self.root, prefix=_UNFINISHED))
            try:
                yield scratch
            finally:
                shutil.rmtree(scratch)
        finally:
            lock.release()

    def add(self, source: Path, scratch: Path) -> tuple[str, bool]:
        """Puts an image on the shelf: the hash of its bytes, and whether it is new here."""
        arriving = scratch / "arriving"
        place(source, arriving)
        sha256 = sha256_of(arriving)  # of what arrived: a disk or a network that garbles is found here
        target = self.file(sha256)
        if target.is_file():
            arriving.unlink()
            return sha256, False
        target.parent.mkdir(parents=True, exist_ok=True)
        arriving.replace(target)
        return sha256, True

    def finish(self, folder: Path, name: str) -> Path:
        """Gives a complete backup its name; from then on it is there, also after a power cut."""
        os.sync()  # once for all files: one fsync a file takes an hour at 300,000 files (guess: 10 ms each)
        target = self.root / name
        folder.rename(target)
        return target

    def prune(self, keep: int, project: str) -> list[str]:
        """Removes all but the newest backups of one project, then the images that no backup has; the names removed."""
        of_project = [name for name in self.names() if load_manifest(self.root / name).project == project]
        removed = of_project[:-keep]
        for name in removed:
            doomed = self.root / f"{_UNFINISHED}{name}"
            (self.root / name).rename(doomed)  # so that a kill leaves no half of it under its name
            shutil.rmtree(doomed)
        if removed:
            needed = {bytes.fromhex(image.sha256) for name in self.names() for image in load_images(self.root / name)}
            for path in (self.root / "files").glob("??/*"):
                if bytes.fromhex(path.name) not in needed:
                    path.unlink()
        return removed


def name_of(moment: datetime) -> str:
    """The name of a backup of this moment (UTC); names sort as their moments do."""
    return f"{moment:%Y-%m-%dT%H%M%S}.{moment.microsecond // 1000:03}Z"


def find_backup(place: Path) -> tuple[Shelf, str]:
    """The shelf and name of a backup, given its folder or the shelf, whose newest is then meant.

    Raises:
        StoreError: there is none.
    """
    if (place / MANIFEST).is_file() and (place.resolve().parent / MARK).is_file():
        return Shelf(place.resolve().parent), place.resolve().name
    if not (place / MARK).is_file():
        raise StoreError(f"{place} holds no backup of Curator; name the folder or the .tar that `curator backup` wrote")
    names = Shelf(place).names()
    if not names:
        raise StoreError(f"{place} holds no complete backup; take one with `curator backup -o {place}`")
    return Shelf(place), names[-1]
