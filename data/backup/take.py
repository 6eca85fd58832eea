"""Taking a backup, while the page and miners go on writing."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from sqlite_utils import Database

from curator.errors import StoreError
from data.backup.manifest import (
    IMAGES,
    Image,
    KeptFile,
    Manifest,
    image_to_line,
    load_images,
    load_manifest,
    save_manifest,
)
from data.backup.placing import sha256_of
from data.backup.shelf import MARK, Shelf, name_of
from data.store.copying import copy_database
from data.store.database import DATABASE, require_project
from data.store.image_store import ImageStore, parse_image_path
from data.store.schema import migrations

Progress: TypeAlias = Callable[[str, int, int], None]
"""What is being done, how much is done, of how much."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup, complete."""

    place: Path
    """Its folder, or the .tar."""
    manifest: Manifest
    new_images: int
    """Files that the shelf did not have."""
    damaged: tuple[str, ...]
    """Originals and pictures that are not what their names say; they are in the backup as they are."""
    removed: tuple[str, ...]
    """Older backups that ``keep`` let go."""


def take_backup(
    project: Path,
    target: Path,
    *,
    images: bool = True,
    keep: int | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Taken:
    """Takes a backup of the project to the shelf ``target``, or to the new file ``target`` where it ends in ``.tar``.

    It is of one moment: the database first, then the images, which are always kept before a row names them. It appears
    only when it is complete. An image that the shelf has is not written again. Derived data is not part of it
    (``Manifest.left_out``). ``keep``: so many backups of this project stay, older ones go.

    Raises:
        StoreError: there is no project; the target holds something else, is full or cannot be written; the database is
            damaged.
    """
    require_project(project)
    try:
        if target.suffix == ".tar":
            return _take_file(project, target, images, progress)
        return _take(project, Shelf(target), images, keep, progress)
    except OSError as error:
        raise StoreError(
            f"the backup was not taken: {error}; see that {target} can be written to and has room, then take it again"
        ) from error


def _take_file(project: Path, target: Path, images: bool, progress: Progress) -> Taken:
    if target.exists():
        raise StoreError(f"{target} exists; name another file with -o, or a folder, which holds many backups")
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
        shelf = Shelf(Path(scratch) / target.stem)
        taken = _take(project, shelf, images, None, progress)
        packed = Path(scratch) / target.name
        with open(packed, "xb", opener=_private) as file:
            with tarfile.open(fileobj=file, mode="w") as archive:
                for name in (MARK, taken.place.name, "files"):
                    if (shelf.root / name).exists():
                        archive.add(shelf.root / name, arcname=f"{target.stem}/{name}")
            os.fsync(file.fileno())
        packed.rename(target)
    return Taken(target, taken.manifest, taken.new_images, taken.damaged, ())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)  # settings may hold the key of a model server


def _take(project: Path, shelf: Shelf, images: bool, keep: int | None, progress: Progress) -> Taken:
    with shelf.writing() as scratch:
        folder = scratch / "backup"
        folder.mkdir(mode=0o700)
        moment = datetime.now(UTC)
        copy_database(project / DATABASE, folder / DATABASE, lambda done, total: progress("database", done, total))
        for path in sorted(project.glob("*.toml")):
            shutil.copy2(path, folder / path.name)
        listing = _Listing(project, shelf, scratch, _known(shelf, str(project.resolve())), images)
        listing.write(folder / IMAGES, progress)
        with closing(sqlite3.connect(folder / DATABASE)) as conn:
            (figures,) = conn.execute("select count(*) from figures").fetchone()
            (decisions,) = conn.execute("select count(*) from events where kind != 'mine'").fetchone()
            steps = tuple(migration.name for migration in migrations.applied(Database(conn)))
        kept = {path.name: KeptFile(path.stat().st_size, sha256_of(path)) for path in sorted(folder.iterdir())}
        taken_from = {*kept, "images", f"{DATABASE}-wal", f"{DATABASE}-shm"}
        manifest = Manifest(
            format=1,
            curator=metadata.version("curator"),
            project=str(project.resolve()),
            at=moment.isoformat(timespec="milliseconds"),
            migrations=steps,
            figures=figures,
            decisions=decisions,
            files=kept,
            images=listing.count,
            image_bytes=listing.bytes,
            with_images=images,
            left_out=tuple(sorted(path.name for path in project.iterdir() if path.name not in taken_from)),
        )
        save_manifest(manifest, folder)
        place = shelf.finish(folder, name_of(moment))
        removed = shelf.prune(keep, manifest.project) if keep else []
    return Taken(place, manifest, listing.new, tuple(listing.damaged), tuple(removed))


def _known(shelf: Shelf, project: str) -> Iterator[Image]:
    """Images of the newest backup of the project on the shelf, in order of path."""
    for name in reversed(shelf.names()):
        if load_manifest(shelf.root / name).project == project:
            yield from load_images(shelf.root / name)
            return


class _Listing:
    """``images.jsonl`` in the making; holds one line at a time, however many images there are."""

    def __init__(self, project: Path, shelf: Shelf, scratch: Path, known: Iterator[Image], keep_files: bool) -> None:
        self._store = ImageStore(project / "images")
        self._shelf = shelf
        self._scratch = scratch
        self._known = known
        self._next_known = next(known, None)
        self._keep_files = keep_files
        self.count = 0
        self.bytes = 0
        self.new = 0
        self.damaged: list[str] = []

    def write(self, path: Path, progress: Progress) -> None:
        total = sum(1 for _ in self._store.files())
        with path.open("x", encoding="utf-8") as file:
            for done, name in enumerate(self._store.files(), start=1):
                parsed = parse_image_path(name)
                if parsed is not None:
                    form, sha256 = parsed
                    image = self._image(name)
                    file.write(image_to_line(image))
                    self.count += 1
                    self.bytes += image.bytes
                    if form in ("originals", "seen") and image.sha256 != sha256:
                        self.damaged.append(name)
                progress("images", done, max(total, done))

    def _image(self, name: str) -> Image:
        source = self._store.root / name
        status = source.stat()
        before = self._before(name)
        if before and (before.bytes, before.mtime_ns) == (status.st_size, status.st_mtime_ns):
            sha256 = before.sha256
            if not self._keep_files or self._shelf.file(sha256).is_file():
                return before
        if self._keep_files:
            sha256, new = self._shelf.add(source, self._scratch)
            self.new += new
        else:
            sha256 = sha256_of(source)
        return Image(name, status.st_size, status.st_mtime_ns, sha256)

    def _before(self, name: str) -> Image | None:
        """The image as the backup before has it; both go in order of path, so that one pass finds all."""
        while self._next_known and self._next_known.path < name:
            self._next_known = next(self._known, None)
        return self._next_known if self._next_known and self._next_known.path == name else None
