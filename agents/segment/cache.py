"""Embeddings on disk, so that a figure opened again is ready at once."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from agents.segment.segmenter import Embedding

_MOST_BYTES = 512 << 20  # guess: 250 figures of the small model (2 MB each), the queue of some days
_SIZE = "image_wh"


class EmbeddingCache:
    """Files ``NAME.npz`` in a folder of their own for each segmenter's ``key``.

    Where all of them exceed ``most_bytes``, those of other segmenters too, the longest unused go. What cannot be read
    counts as not there. Several processes may share the folder.
    """

    def __init__(self, root: Path, key: str, most_bytes: int = _MOST_BYTES) -> None:
        self._root = root
        self._folder = root / key
        self._most_bytes = most_bytes

    def load(self, name: str) -> Embedding | None:
        """The embedding saved under a name; None where there is none that can be read."""
        path = self._path(name)
        try:
            with np.load(path, allow_pickle=False) as stored:
                arrays = {key: stored[key] for key in stored.files}
            width, height = (int(size) for size in arrays.pop(_SIZE))
            os.utime(path)
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
            return None
        return Embedding(arrays, (width, height))

    def save(self, name: str, embedding: Embedding) -> None:
        """Keeps an embedding, whole or not at all, and drops what was not used for longest."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".", delete=False) as file:
            try:
                np.savez(file, **embedding.arrays, **{_SIZE: np.array(embedding.image_wh)})  # type: ignore[arg-type]
            except BaseException:
                os.unlink(file.name)
                raise
        os.replace(file.name, self._path(name))
        self._trim()

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.npz"

    def _trim(self) -> None:
        found = []
        for path in self._root.glob("*/*.npz"):
            try:
                stat = path.stat()
            except FileNotFoundError:  # dropped by another process
                continue
            found.append((stat.st_mtime_ns, stat.st_size, path))
        too_many = sum(size for _, size, _ in found) - self._most_bytes
        for _, size, path in sorted(found)[:-1]:  # what was just saved stays
            if too_many <= 0:
                return
            path.unlink(missing_ok=True)
            too_many -= size
