"""What a backup says of itself: ``manifest.json``, and ``images.jsonl`` with one line a file of the image store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from curator.codec import adapter, faults_of, to_doc
from curator.errors import StoreError
from data.store.database import DATABASE
from data.store.image_store import parse_image_path

MANIFEST = "manifest.json"
IMAGES = "images.jsonl"

_Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of the backup beside its manifest."""

    bytes: int
    sha256: _Sha256


@dataclass(frozen=True, slots=True)
class Image:
    """A file of the project's image store."""

    path: str
    """Below ``images/`` of the project."""
    bytes: int
    mtime_ns: int
    """Time of change: with the size it tells the next backup that the file is the same."""
    sha256: _Sha256
    """Of its bytes; also its name in the backup."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one backup holds, and of what."""

    format: Literal[1]
    curator: str
    """Version of the Curator that took it."""
    project: str
    """The project's folder as it was called then."""
    at: str
    """ISO 8601, UTC: the moment that the database is of."""
    migrations: tuple[str, ...]
    """Steps of the schema that the database has been through."""
    figures: int
    decisions: int
    files: dict[str, KeptFile]
    """``curator.db``, ``images.jsonl`` and the settings files, by name."""
    images: int
    """Lines of ``images.jsonl``."""
    image_bytes: int
    with_images: bool
    """Whether the backup holds the images too, or only says which there were."""
    left_out: tuple[str, ...]
    """What else was in the project's folder: caches, runs, exports, embeddings, which can be made again."""


def save_manifest(manifest: Manifest, folder: Path) -> None:
    (folder / MANIFEST).write_text(json.dumps(to_doc(manifest), indent=1) + "\n", encoding="utf-8")


def load_manifest(folder: Path) -> Manifest:
    """Raises StoreError where the folder is no backup, or one of another format."""
    path = folder / MANIFEST
    try:
        manifest: Manifest = adapter(Manifest).validate_json(path.read_bytes())
    except OSError as error:
        raise StoreError(f"{folder} is no backup: {path} cannot be read ({error.strerror})") from error
    except ValidationError as error:
        raise StoreError(
            f"{path} cannot be used ({faults_of(error, 3)}); take another backup, or the Curator that wrote it"
        ) from error
    names = [name for name in manifest.files if name in ("", ".", "..") or "/" in name or "\0" in name]
    missing = {DATABASE, IMAGES} - set(manifest.files)
    if names or missing:
        raise StoreError(
            f"{path} cannot be used: it names {names!r} and lacks {sorted(missing)!r}; take another backup"
        )
    return manifest


def image_to_line(image: Image) -> str:
    return json.dumps(to_doc(image)) + "\n"


def load_images(folder: Path) -> Iterator[Image]:
    """The lines of ``images.jsonl``, in order of path.

    Raises:
        StoreError: a line that is none of ours: every path is that of a file of the image store.
    """
    path = folder / IMAGES
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                image: Image = adapter(Image).validate_json(line)
            except ValidationError as error:
                raise StoreError(
                    f"{path}:{number} cannot be used ({faults_of(error, 3)}); take another backup"
                ) from error
            if parse_image_path(image.path) is None:
                raise StoreError(
                    f"{path}:{number} names {image.path!r}, which is no file of an image store; take another backup"
                )
            yield image
