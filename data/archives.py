"""Archives unpacked without trust: nothing is written outside the folder, nothing grows without end."""

from __future__ import annotations

import lzma
import stat
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from curator.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """All three are guesses: ten times what the largest packages met so far hold."""

    max_members: int = 100_000
    max_bytes: int = 16 * 2**30
    """Of all unpacked files together."""
    max_ratio: float = 200.0
    """Unpacked to packed bytes; asked once more than 100 MB have come out (a blank TIFF shrinks a thousandfold)."""


DEFAULT_LIMITS = ArchiveLimits()
_RATIO_FREE_BYTES = 100 * 2**20
_CHUNK_BYTES = 2**20
_MAX_NESTING = 32  # guess; a thousand folders inside each other could not even be deleted by recursion
_BROKEN = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,  # zipfile: passwords, compression methods it does not know
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
"""What the standard library raises on archives that are cut off, damaged or of unknown kinds."""
_SUFFIXES = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar", ".zip", ".meca")


def archive_stem(path: Path) -> str | None:
    """The name without its archive suffix ("PMC1.tar.gz" -> "PMC1"); None where the name is not an archive's."""
    for suffix in _SUFFIXES:
        if path.name.lower().endswith(suffix) and len(path.name) > len(suffix):
            return path.name[: -len(suffix)]
    return None


def unpack_archive(archive: Path, folder: Path, limits: ArchiveLimits = DEFAULT_LIMITS) -> None:
    """All regular files of a tar (plain, gz, bz2, xz) or zip archive into ``folder``, which must exist.

    The content decides what it is, not the name. Owners, modes and times are not taken over.

    Raises:
        ArchiveError: broken, encrypted, with links, devices or paths that leave the folder, or beyond ``limits``.
            What had come out before stays in the folder: unpack into a temporary one.
    """
    try:
        budget = _Budget(archive.name, limits, max(1, archive.stat().st_size))
        members = _zip_members(archive) if zipfile.is_zipfile(archive) else _tar_members(archive)
        for name, content in members:
            budget.count_member()
            target = folder / _safe_name(archive.name, name)
            if content is None:
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as out:
                while chunk := content.read(_CHUNK_BYTES):
                    budget.count_bytes(len(chunk))
                    out.write(chunk)
    except _BROKEN as error:
        raise ArchiveError(
            f"{archive.name}: cannot be unpacked ({error}), expected a whole .tar.gz or .zip; fetch it again"
        ) from error


def _safe_name(archive_name: str, name: str) -> PurePosixPath:
    path = PurePosixPath(name.replace("\\", "/"))  # as packed on Windows
    if len(path.parts) > _MAX_NESTING:
        raise ArchiveError(
            f"{archive_name}: its member {name[:40]!r} lies {len(path.parts) - 1} folders deep, "
            f"expected at most {_MAX_NESTING - 1}; pack the files again"
        )
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
        raise ArchiveError(
            f"{archive_name}: its member {name!r} would be written outside the folder, expected relative paths "
            "without '..'; pack the files again"
        )
    return path


def _tar_members(archive: Path) -> Iterator[tuple[str, IO[bytes] | None]]:
    with tarfile.open(archive, "r:*") as tar:
        for member in tar:
            if member.isdir():
                if PurePosixPath(member.name).parts:  # "./" is the folder itself
                    yield member.name, None
                continue
            content = tar.extractfile(member) if member.isreg() else None
            if content is None:
                kind = "link" if member.issym() or member.islnk() else "special file"
                raise _not_regular(archive, member.name, kind)
            with content:
                yield member.name, content


def _zip_members(archive: Path) -> Iterator[tuple[str, IO[bytes] | None]]:
    with zipfile.ZipFile(archive) as packed:
        for info in packed.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)  # the Unix mode; 0 where packed elsewhere
            if info.is_dir():
                yield info.filename, None
            elif kind not in (0, stat.S_IFREG):
                raise _not_regular(archive, info.filename, "link" if kind == stat.S_IFLNK else "special file")
            elif info.flag_bits & 1:
                raise ArchiveError(
                    f"{archive.name}: its member {info.filename!r} is encrypted, expected plain files; "
                    "pack it without a password"
                )
            else:
                with packed.open(info) as content:
                    yield info.filename, content


def _not_regular(archive: Path, name: str, kind: str) -> ArchiveError:
    return ArchiveError(
        f"{archive.name}: its member {name!r} is a {kind}, expected regular files; pack the files themselves"
    )


class _Budget:
    """What may still come out of an archive; counts real bytes, since headers lie."""

    def __init__(self, name: str, limits: ArchiveLimits, packed_bytes: int) -> None:
        self._name = name
        self._limits = limits
        self._packed_bytes = packed_bytes
        self._members = 0
        self._bytes = 0

    def count_member(self) -> None:
        self._members += 1
        if self._members > self._limits.max_members:
            raise ArchiveError(
                f"{self._name}: more than {self._limits.max_members:,} members; "
                "split it, or raise the setting max_members"
            )

    def count_bytes(self, n: int) -> None:
        self._bytes += n
        if self._bytes > self._limits.max_bytes:
            raise ArchiveError(
                f"{self._name}: unpacks to more than {self._limits.max_bytes:,} bytes; "
                "split it, or raise the setting max_bytes"
            )
        if self._bytes > _RATIO_FREE_BYTES and self._bytes > self._limits.max_ratio * self._packed_bytes:
            raise ArchiveError(
                f"{self._name}: {self._packed_bytes:,} bytes unpack to more than {self._bytes:,}, over "
                f"{self._limits.max_ratio:g} times as much, as bombs do; unpack it yourself if you trust it"
            )
