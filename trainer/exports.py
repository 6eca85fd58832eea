"""The files of an export, JSONL with images or WebDataset shards: any figure's record and pictures, one at a time.

A figure is found by its place (file, byte), so that any figure can be read at any moment by any process: shards are
plain tar files, and a record needs no others before it. That is what makes the order of training free, exact to resume
and the same for any number of workers; only places are held in memory, never figures.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, Protocol

from PIL import Image

from curator.errors import ImageError, InputError
from curator.geometry import Box, Size
from trainer.pictures import Decoded, decode
from trainer.records import FigureRecord, PanelRecord, parse_record

MANIFEST = "manifest.json"
_LINES = "hierarchy.jsonl"


class Place(NamedTuple):
    """Where a figure begins."""

    file: int
    """Index into ``Export.files.paths``."""
    offset: int


class Files(Protocol):
    """One layout of an export."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """Files that hold records, in order."""
        ...

    def scan(self) -> Iterator[tuple[Place, bytes]]:
        """Every figure's place and record."""
        ...

    def record(self, place: Place) -> bytes: ...

    def figure_image(self, place: Place, record: FigureRecord) -> bytes: ...

    def panel_image(self, place: Place, panel: PanelRecord) -> bytes | None:
        """The panel's crop, where one is stored."""
        ...


@dataclass(frozen=True)
class Export:
    """A folder that ``curator export`` wrote; the object is its path alone and travels to workers."""

    folder: Path

    @property
    def manifest(self) -> dict[str, Any]:
        """Read anew each time: it names every image of the export."""
        found: dict[str, Any] = json.loads((self.folder / MANIFEST).read_bytes())
        return found

    @cached_property
    def files(self) -> Files:
        if (self.folder / _LINES).is_file():
            return JsonlFiles(self.folder)
        return ShardFiles(tuple(sorted(self.folder.glob("*.tar"))))

    def named(self, place: Place) -> str:
        """The place in words, for errors."""
        return f"{self.files.paths[place.file]}, byte {place.offset}"

    def records(self) -> Iterator[tuple[Place, FigureRecord]]:
        """Every figure with its place; raises InputError where one is not readable."""
        for place, document in self.files.scan():
            yield place, parse_record(document, self.named(place))

    def record(self, place: Place) -> FigureRecord:
        """Raises InputError where it is not readable."""
        return parse_record(self.files.record(place), self.named(place))

    def figure(self, place: Place, record: FigureRecord, px: int | None, finest: float | None = None) -> Decoded:
        """The whole figure, fine enough to be squashed to ``px`` (None: in full); ``finest`` as in ``decode``.

        Raises:
            ImageError: the image is missing, broken, or not of the size that the record's boxes are in.
        """
        content = self.files.figure_image(place, record)
        return _decoded(content, f"figure {record.figure_id!r} in {self.folder}", record.image_wh, None, px, finest)

    def panel(
        self, place: Place, record: FigureRecord, panel: PanelRecord, px: int | None, finest: float | None = None
    ) -> Decoded:
        """The panel's crop, ``PanelRecord.window_xyxy`` of the figure; else as ``figure``."""
        name = f"figure {record.figure_id!r}, panel {panel.id!r} in {self.folder}"
        x0, y0, x1, y1 = panel.window_xyxy
        if (crop := self.files.panel_image(place, panel)) is not None:
            return _decoded(crop, name, (x1 - x0, y1 - y0), None, px, finest)
        content = self.files.figure_image(place, record)
        return _decoded(content, name, record.image_wh, (x0, y0, x1, y1), px, finest)


def _decoded(
    content: bytes, name: str, wh: Size, window_xyxy: Box | None, px: int | None, finest: float | None
) -> Decoded:
    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.size != wh:
                raise ImageError(
                    f"the image of {name} has {image.size[0]} x {image.size[1]} px, its boxes lie in one of "
                    f"{wh[0]} x {wh[1]} px; export the project again"
                )
            return decode(image, window_xyxy, px, finest)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ImageError(f"the image of {name} cannot be read: {error}; export the project again") from error


def find_export(folder: Path) -> Export:
    """The export in a folder, its manifest read.

    Raises:
        InputError: no export is there, or one without images.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise InputError(
            f"{folder} is no export with images: {MANIFEST} is missing there; "
            "write one with `curator export --format jsonl -o FOLDER` or `--format webdataset`"
        )
    export = Export(folder)
    try:
        format_ = export.manifest["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no manifest of an export ({error!r}); export the project again") from error
    if format_ not in ("jsonl", "webdataset") or not export.files.paths:
        raise InputError(
            f"{folder} holds an export of format {format_!r} without {_LINES} or shards; "
            "training reads `curator export --format jsonl` and `--format webdataset`"
        )
    return export


@dataclass(frozen=True)
class JsonlFiles:
    """``hierarchy.jsonl`` with the images in a folder beside it."""

    folder: Path

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.folder / _LINES,)

    def scan(self) -> Iterator[tuple[Place, bytes]]:
        offset = 0
        with self.paths[0].open("rb") as lines:
            for line in lines:
                yield Place(0, offset), line
                offset += len(line)

    def record(self, place: Place) -> bytes:
        with self.paths[0].open("rb") as lines:
            lines.seek(place.offset)
            return lines.readline()

    def figure_image(self, place: Place, record: FigureRecord) -> bytes:
        name = PurePosixPath(record.image_path or "")
        path = self.folder / name
        if name.is_absolute() or ".." in name.parts or not path.is_file():
            raise ImageError(
                f"figure {record.figure_id!r}: its image {record.image_path!r} is not in {self.folder}; "
                "export the project again as a folder"
            )
        return path.read_bytes()

    def panel_image(self, place: Place, panel: PanelRecord) -> None:
        return None


@dataclass(frozen=True)
class ShardFiles:
    """Tar files of figures: ``KEY.figure.jpg``, ``KEY.p1.panel.jpg`` ..., ``KEY.json``, one figure after another."""

    paths: tuple[Path, ...]

    def scan(self) -> Iterator[tuple[Place, bytes]]:
        for number, path in enumerate(self.paths):
            first: tuple[str, int] | None = None
            for name, member, shard in self._members(Place(number, 0)):
                key, suffix = name
                if first is None or first[0] != key:
                    first = (key, member.offset)
                if suffix == "json":
                    yield Place(number, first[1]), _content(shard, member, path)

    def record(self, place: Place) -> bytes:
        return self._member(place, "json")

    def figure_image(self, place: Place, record: FigureRecord) -> bytes:
        return self._member(place, "figure.jpg")

    def panel_image(self, place: Place, panel: PanelRecord) -> bytes:
        return self._member(place, f"{panel.id}.panel.jpg")

    def _member(self, place: Place, wanted: str) -> bytes:
        path, key = self.paths[place.file], None
        for name, member, shard in self._members(place):
            if key not in (None, name[0]):
                break
            if name[1] == wanted:
                return _content(shard, member, path)
            key = name[0]
        raise InputError(
            f"{path}, sample {key!r} at byte {place.offset}: {wanted!r} is missing; export the project again"
        )

    def _members(self, place: Place) -> Iterator[tuple[tuple[str, str], tarfile.TarInfo, tarfile.TarFile]]:
        """The shard's members from a place on, each named by key and suffix; only headers are read."""
        path = self.paths[place.file]
        try:
            with path.open("rb") as file:
                file.seek(place.offset)
                with tarfile.open(fileobj=file, mode="r:") as shard:
                    while member := shard.next():
                        key, _, suffix = member.name.partition(".")
                        yield (key, suffix), member, shard
        except (tarfile.TarError, OSError) as error:
            raise InputError(f"{path} cannot be read from byte {place.offset} on: {error}") from error


def _content(shard: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> bytes:
    try:
        file = shard.extractfile(member)
        content = file.read() if file else b""
    except tarfile.TarError as error:
        raise InputError(f"{path} is cut off inside {member.name!r} ({error}); copy or export it again") from error
    return content
