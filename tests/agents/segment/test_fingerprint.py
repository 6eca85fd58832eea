"""Weights are told apart by a little of what is in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.segment.fingerprint import fingerprint_of

BYTES = bytes(range(256)) * 40_000  # 10 MB


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.bin"
    path.write_bytes(BYTES)
    return path


def test_a_copy_has_the_same_fingerprint(weights: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy" / weights.name
    copy.parent.mkdir()
    copy.write_bytes(BYTES)
    assert fingerprint_of([copy]) == fingerprint_of([weights])


@pytest.mark.parametrize("start", [0, 5_000_000, len(BYTES) - 200_000], ids=["head", "middle", "tail"])
def test_weights_that_were_trained_on_have_another(weights: Path, start: int) -> None:
    before = fingerprint_of([weights])
    weights.write_bytes(BYTES[:start] + bytes(200_000) + BYTES[start + 200_000 :])  # one layer of fifty
    assert fingerprint_of([weights]) != before


def test_size_name_and_number_of_files_count(weights: Path, tmp_path: Path) -> None:
    shorter, other = tmp_path / "shorter.bin", tmp_path / "other.bin"
    shorter.write_bytes(BYTES[:-1])
    other.write_bytes(BYTES)
    sets = [[weights], [shorter], [other], [weights, other]]
    assert len({fingerprint_of(files) for files in sets}) == len(sets)
    assert fingerprint_of([other, weights]) == fingerprint_of([weights, other])


def test_an_empty_file_has_one_too(tmp_path: Path) -> None:
    path = tmp_path / "empty.bin"
    path.touch()
    assert len(fingerprint_of([path])) == 16
