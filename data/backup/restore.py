"""Restoring a backup: all of it, verified, or nothing."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock, Timeout

from curator.errors import StoreError
from data.backup.manifest import Manifest, load_images, load_manifest
from data.backup.placing import place, sha256_of
from data.backup.shelf import Shelf, find_backup, name_of
from data.backup.swap import swap
from data.backup.take import Progress
from data.store.database import DATABASE, unknown_migrations


def restore(
    source: Path,
    project: Path,
    *,
    overwrite: bool = False,
    progress: Progress = lambda what, done, total: None,
) -> tuple[Manifest, Path | None]:
    """Makes the project folder of a backup (its folder, its shelf, whose newest is meant, or a .tar).

    The project is made beside its place, every file checked against its hash, and put there in one step: a process
    killed at any moment leaves the project that was there as it was. With ``overwrite`` that one is moved aside and
    kept. A backup without images takes them from its shelf or ``project/images``, where each must be as it was. Nobody
    is logged in to what was restored: sessions that ended since would be open again. A folder that is there, also an
    empty one, hands its mode on.

    Returns what the backup says of itself, and where the former project is now (None where there was none).

    Raises:
        StoreError: a project is there, or is in use; the backup is damaged or of a newer Curator; an image is missing;
            the disk is full or cannot be written.
    """
    try:
        return _restore(source, project.resolve(), overwrite, progress)
    except OSError as error:
        raise StoreError(
            f"nothing was restored: {error}; see that {project.resolve().parent} can be written to and has room"
        ) from error


def _restore(source: Path, project: Path, overwrite: bool, progress: Progress) -> tuple[Manifest, Path | None]:
    with _scratch_beside(project) as scratch:
        shelf, name = _unpacked(source, scratch) if source.is_file() else find_backup(source)
        manifest = load_manifest(shelf.root / name)
        _refuse(project, manifest, overwrite)
        fresh = scratch / "project"
        fresh.mkdir()
        _place_files(shelf.root / name, manifest, fresh)
        _end_sessions(fresh / DATABASE)
        _place_images(shelf, name, manifest, project / "images", fresh / "images", progress)
        return manifest, _put(fresh, project)


def verify(source: Path, progress: Progress = lambda what, done, total: None) -> Manifest:
    """Reads the whole backup against its hashes, and restores nothing.

    Raises:
        StoreError: it is damaged, or no backup.
    """
    if not source.is_file():
        return _verify(*find_backup(source), progress)
    with TemporaryDirectory(dir=source.parent, prefix=f".{source.name}-") as scratch:
        return _verify(*_unpacked(source, Path(scratch)), progress)


def _verify(shelf: Shelf, name: str, progress: Progress) -> Manifest:
    manifest = load_manifest(shelf.root / name)
    for file, kept in manifest.files.items():
        _expect(shelf.root / name / file, kept.sha256)
    for done, image in enumerate(load_images(shelf.root / name), start=1):
        if manifest.with_images:
            _expect(shelf.file(image.sha256), image.sha256)
        progress("images", done, manifest.images)
    return manifest


@contextmanager
def _scratch_beside(project: Path) -> Iterator[Path]:
    """A folder on the project's own file system, so that what is in it can be renamed to the project."""
    scratch = project.parent / f".{project.name}.restoring"
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)  # what is in it has no rights of its own yet
    lock = FileLock(scratch / "lock")
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise StoreError(f"another process restores {project}; wait until it is done") from error
    try:
        for name in ("project", "unpacked"):  # of a restore that was killed
            if (scratch / name).exists():
                shutil.rmtree(scratch / name)
        yield scratch
    finally:
        shutil.rmtree(scratch)
        lock.release()


def _unpacked(archive: Path, scratch: Path) -> tuple[Shelf, str]:
    try:
        with tarfile.open(archive, "r:") as packed:
            packed.extractall(scratch / "unpacked", filter="data")  # refuses names that lead out of the folder
    except (tarfile.TarError, EOFError) as error:
        raise StoreError(
            f"{archive} cannot be unpacked ({error}); take the .tar that `curator backup` wrote"
        ) from error
    folders = list((scratch / "unpacked").iterdir())
    if len(folders) != 1:
        raise StoreError(f"{archive} holds no backup of Curator; take the .tar that `curator backup` wrote")
    return find_backup(folders[0])


def _refuse(project: Path, manifest: Manifest, overwrite: bool) -> None:
    """Raises where the backup must not go there."""
    newer = unknown_migrations(manifest.migrations)
    if newer:
        raise StoreError(f"the backup was taken by a newer Curator (it has {newer!r}); update Curator")
    if not project.exists():
        return
    if not project.is_dir():
        raise StoreError(f"{project} is a file; name a folder with --project")
    # images that were brought there for a backup without any are no project yet
    own = {"images"} if not manifest.with_images else set()
    if not overwrite and any(path.name not in own for path in project.iterdir()):
        raise StoreError(
            f"{project} is not empty; name a new folder with --project, or move this one aside with --overwrite"
        )
    if (project / DATABASE).is_file():
        _refuse_in_use(project)


def _refuse_in_use(project: Path) -> None:
    """Decisions made in a page that stays open would go on into the project moved aside."""
    with closing(sqlite3.connect(project / DATABASE, timeout=0, isolation_level=None)) as conn:
        try:
            conn.execute("pragma locking_mode = exclusive")  # which nobody gets beside another connection
            conn.execute("select 1 from sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            raise StoreError(
                f"{project} is in use ({error}); stop the page and whatever else works on it, then restore"
            ) from error
        except sqlite3.DatabaseError:
            return  # damaged: that is what backups are for, and nobody can be working on it


def _place_files(backup: Path, manifest: Manifest, fresh: Path) -> None:
    """Copies the database and settings; never links: these files change."""
    for name, kept in manifest.files.items():
        source = backup / name
        if not source.is_file():
            raise StoreError(f"the backup is damaged: {source} is missing; take another backup")
        if name == DATABASE or source.suffix == ".toml":
            shutil.copy2(source, fresh / name)
            source = fresh / name
        _expect(source, kept.sha256)


def _end_sessions(database: Path) -> None:
    """Logs everybody out; a backup of before there were accounts has nobody to log out."""
    with closing(sqlite3.connect(database)) as conn, conn:
        if conn.execute("select 1 from sqlite_master where name = 'sessions'").fetchone():
            conn.execute("delete from sessions")


def _place_images(shelf: Shelf, name: str, manifest: Manifest, present: Path, target: Path, progress: Progress) -> None:
    target.mkdir()
    for done, image in enumerate(load_images(shelf.root / name), start=1):
        source = shelf.file(image.sha256)
        if not manifest.with_images and not source.is_file():  # another backup on the shelf may have brought it
            source = present / image.path
        if not source.is_file():
            where = "the backup is damaged" if manifest.with_images else "the backup was taken without images"
            raise StoreError(f"{where}: {source} is missing; bring it there, or take another backup")
        placed = target / image.path
        placed.parent.mkdir(parents=True, exist_ok=True)
        place(source, placed)
        _expect(placed, image.sha256, source)
        progress("images", done, manifest.images)


def _expect(path: Path, sha256: str, named: Path | None = None) -> None:
    found = sha256_of(path) if path.is_file() else "no file"
    if found != sha256:
        raise StoreError(
            f"{named or path} is damaged: its sha256 is {found!r}, expected {sha256!r}; take another backup"
        )


def _put(fresh: Path, project: Path) -> Path | None:
    """Puts the finished folder in the project's place; where the former one is now."""
    aside = None
    if project.exists() and any(project.iterdir()):
        aside = project.with_name(f"{project.name}.before-{name_of(datetime.now(UTC))}")
    try:
        if project.exists():
            fresh.chmod(stat.S_IMODE(project.stat().st_mode))  # nobody more may look in than before
        swap(fresh, project, aside)
    except OSError as error:
        raise StoreError(
            f"{project} cannot be replaced ({error.strerror}); a mount point cannot: name a folder in it with --project"
        ) from error
    return aside
