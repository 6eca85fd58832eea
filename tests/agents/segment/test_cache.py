"""Embeddings on disk."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from agents.segment.cache import EmbeddingCache
from agents.segment.segmenter import Embedding


def embedding(value: int, size: int = 1000) -> Embedding:
    return Embedding({"features": np.full(size, value, np.float16), "at": np.array([1.5, 2.5])}, (640, 480))


def value_of(found: Embedding | None) -> int | None:
    return None if found is None else int(found.arrays["features"][0])


def test_what_was_saved_is_loaded_with_its_types(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, "sam")
    cache.save("a" * 64, embedding(7))
    found = cache.load("a" * 64)
    assert found is not None
    assert (found.image_wh, set(found.arrays)) == ((640, 480), {"features", "at"})
    assert found.arrays["features"].dtype == np.float16
    assert value_of(found) == 7


def test_another_segmenter_never_reads_it(tmp_path: Path) -> None:
    EmbeddingCache(tmp_path, "sam").save("a", embedding(7))
    assert EmbeddingCache(tmp_path, "other").load("a") is None


@pytest.mark.parametrize("content", [b"", b"no archive", None], ids=["empty", "noise", "cut"])
def test_a_file_that_cannot_be_read_counts_as_not_there(tmp_path: Path, content: bytes | None) -> None:
    cache = EmbeddingCache(tmp_path, "sam")
    cache.save("a", embedding(7))
    path = tmp_path / "sam" / "a.npz"
    path.write_bytes(path.read_bytes()[:300] if content is None else content)
    assert cache.load("a") is None
    cache.save("a", embedding(8))
    assert value_of(cache.load("a")) == 8


def test_a_foreign_archive_counts_as_not_there(tmp_path: Path) -> None:
    (tmp_path / "sam").mkdir()
    np.savez(tmp_path / "sam" / "a.npz", other=np.zeros(3))
    assert EmbeddingCache(tmp_path, "sam").load("a") is None


def test_the_longest_unused_go_when_there_are_too_many(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, "sam", most_bytes=3 * 3000)  # one takes about 2,800 bytes
    for age, name in ((30, "old"), (20, "used"), (10, "young")):
        cache.save(name, embedding(age))
        os.utime(tmp_path / "sam" / f"{name}.npz", (1_000_000 - age, 1_000_000 - age))
    assert value_of(cache.load("used")) == 20  # and is young again
    cache.save("new", embedding(1))
    assert [value_of(cache.load(name)) for name in ("old", "used", "young", "new")] == [None, 20, 10, 1]


def test_what_another_segmenter_left_goes_too(tmp_path: Path) -> None:
    EmbeddingCache(tmp_path, "before").save("a", embedding(1))
    os.utime(tmp_path / "before" / "a.npz", (1, 1))
    cache = EmbeddingCache(tmp_path, "now", most_bytes=100)
    cache.save("a", embedding(2))
    assert value_of(cache.load("a")) == 2
    assert not (tmp_path / "before" / "a.npz").exists()


def test_one_larger_than_all_that_may_be_kept_stays_until_the_next(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, "sam", most_bytes=100)
    cache.save("a", embedding(1))
    cache.save("b", embedding(2))
    assert [value_of(cache.load(name)) for name in ("a", "b")] == [None, 2]


def test_a_save_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="no space left"):
        EmbeddingCache(tmp_path, "sam").save("a", embedding(1))
    assert list((tmp_path / "sam").iterdir()) == []
