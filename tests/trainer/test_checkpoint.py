"""Checkpoints are whole or absent, and nothing in them is run."""

from __future__ import annotations

import os
import pickle
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from curator.errors import TrainingError
from tests.data.full_disk import full_disk
from trainer.checkpoint import Checkpoint, Progress, load_checkpoint, restore_rng, rng_state, save_checkpoint
from trainer.machine import Machine
from trainer.presets import make_config

PROGRESS = Progress(2, 7, {"M": 3, "R": 1}, best_score=0.25, best_step=4, worse_since=1)


def checkpoint() -> Checkpoint:
    config = make_config("zoomin", Machine("cpu", 8.0, 2), 10)
    weights = {"w": torch.arange(6.0).view(2, 3)}
    return Checkpoint(
        config, {"sha256": "ab", "counts": {"panels": 3}}, PROGRESS, weights, {}, {"state": {}}, [rng_state()]
    )


def test_a_checkpoint_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    saved = checkpoint()
    save_checkpoint(tmp_path / "deep" / "last.pt", saved)
    loaded = load_checkpoint(tmp_path / "deep" / "last.pt")
    assert (loaded.config, loaded.snapshot, loaded.progress) == (saved.config, saved.snapshot, saved.progress)
    assert torch.equal(loaded.model["w"], saved.model["w"])


def test_a_restored_random_state_goes_on_as_the_saved_one(tmp_path: Path) -> None:
    def drawn() -> tuple[float, float, float]:
        return random.random(), float(np.random.rand()), torch.rand(1).item()

    save_checkpoint(tmp_path / "c.pt", checkpoint())
    expected = drawn()
    assert drawn() != expected
    restore_rng(load_checkpoint(tmp_path / "c.pt").rng[0])
    assert drawn() == expected


def test_a_full_disk_is_named_and_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    save_checkpoint(path, checkpoint())
    larger = replace(checkpoint(), model={"w": torch.zeros(100_000)})
    with full_disk(50_000), pytest.raises(TrainingError) as caught:
        save_checkpoint(path, larger)
    assert str(caught.value) == (
        f"{path} could not be written ([Errno 27] File too large); see that its disk has room, then go on with --resume"
    )
    assert list(tmp_path.iterdir()) == [path]
    assert load_checkpoint(path).progress == PROGRESS


def test_a_missing_checkpoint_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="has no checkpoint there yet: start it without --resume"):
        load_checkpoint(tmp_path / "c.pt")


@pytest.mark.parametrize("content", [b"", b"rubbish", pickle.dumps({"format": 1}, 2)], ids=["empty", "text", "pickle"])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.pt").write_bytes(content)
    with pytest.raises(TrainingError, match=r"c\.pt (cannot be read as a checkpoint|has format)"):
        load_checkpoint(tmp_path / "c.pt")


def test_a_checkpoint_of_another_format_is_refused(tmp_path: Path) -> None:
    torch.save({"format": 99}, tmp_path / "c.pt")
    with pytest.raises(TrainingError, match="has format 99, expected 1"):
        load_checkpoint(tmp_path / "c.pt")


def test_code_inside_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "trapped"),)

    torch.save({"format": 1, "model": Trap()}, tmp_path / "c.pt")
    with pytest.raises(TrainingError, match="cannot be read as a checkpoint"):
        load_checkpoint(tmp_path / "c.pt")
    assert not (tmp_path / "trapped").exists()
