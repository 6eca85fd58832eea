"""A step in parts has the loss and gradient of the whole, and comes by itself where memory runs out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from curator.errors import TrainingError
from tests.trainer.small_runs import draw_small_export, small_config
from trainer.batch import Batch
from trainer.config import Level, TrainConfig, Weights
from trainer.dataset import make_loader
from trainer.distributed import Group
from trainer.gather import alone
from trainer.model import RegionClip, make_model
from trainer.run_folder import RunFolder
from trainer.step import accumulate_gradients

ALL = Weights(intra=1.0, inter=1.0, roi=1.0, negatives=1.0, consistency=1.0)
CPU = Group(0, 1, torch.device("cpu"))


def config_of(**changes: Any) -> TrainConfig:
    config = small_config(steps=2, batch=6, **changes)
    return replace(config, stages=(replace(config.stages[0], share=1.0, cycle=("M", "P", "R"), weights=ALL),))


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return draw_small_export(tmp_path_factory.mktemp("drawn") / "export")


def batch_of(export: Path, config: TrainConfig, level: Level) -> tuple[RegionClip, Batch]:
    model, _, tokenizer = make_model(config)
    return model.train(), next(iter(make_loader(export, config, "train", level, tokenizer, seed=0)))


def gradient(
    model: RegionClip, batch: Batch, config: TrainConfig, folder: Path, parts: int
) -> tuple[float, Tensor, int]:
    model.zero_grad(set_to_none=True)
    losses, fitted = accumulate_gradients(model, batch, ALL, config, alone, CPU, RunFolder(folder), parts)
    flat = torch.cat([weight.grad.flatten() for weight in model.parameters() if weight.grad is not None])
    return losses.total.item(), flat, fitted


def at_most(monkeypatch: pytest.MonkeyPatch, images: int, error: Callable[[], RuntimeError]) -> None:
    """A machine whose memory holds so many images."""
    encode = RegionClip.encode_images

    def encode_few(self: RegionClip, pictures: Tensor) -> Any:
        if len(pictures) > images:
            raise error()
        return encode(self, pictures)

    monkeypatch.setattr(RegionClip, "encode_images", encode_few)


@pytest.mark.parametrize("regions", ["roi", "crop"])
@pytest.mark.parametrize("level", ["M", "P", "R"])
def test_a_step_in_parts_has_the_loss_and_gradient_of_the_whole(
    export: Path, tmp_path: Path, level: Level, regions: str
) -> None:
    config = config_of(regions=regions)
    model, batch = batch_of(export, config, level)
    loss, expected, _ = gradient(model, batch, config, tmp_path, 1)
    assert expected.abs().max() > 0.01
    for parts in (2, 4, 6):
        found, flat, _ = gradient(model, batch, config, tmp_path, parts)
        assert found == pytest.approx(loss, rel=1e-5)
        torch.testing.assert_close(flat, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    "error",
    [
        lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        lambda: RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
    ],
    ids=["gpu", "cpu"],
)
def test_where_memory_runs_out_the_parts_are_halved_until_they_fit(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Callable[[], RuntimeError]
) -> None:
    config = config_of()
    model, batch = batch_of(export, config, "M")
    loss, expected, fitted = gradient(model, batch, config, tmp_path, 1)
    assert fitted == 1
    at_most(monkeypatch, 2, error)
    found, flat, fitted = gradient(model, batch, config, tmp_path, 1)
    assert fitted == 4
    assert found == pytest.approx(loss, rel=1e-5)
    torch.testing.assert_close(flat, expected, rtol=1e-3, atol=1e-5)


def test_memory_that_runs_out_on_the_way_back_leaves_nothing_of_the_first_attempt(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of()
    model, batch = batch_of(export, config, "P")
    _, expected, _ = gradient(model, batch, config, tmp_path, 2)
    backward = torch.autograd.backward
    attempts: list[int] = []

    def fails_at_first(*args: Any, **kwargs: Any) -> None:
        backward(*args, **kwargs)
        attempts.append(1)
        if len(attempts) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch.autograd, "backward", fails_at_first)
    _, flat, fitted = gradient(model, batch, config, tmp_path, 1)
    assert (fitted, len(attempts)) == (2, 2)
    assert torch.equal(flat, expected)


def test_memory_too_small_for_one_image_ends_the_run_and_says_what_helps(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of()
    model, batch = batch_of(export, config, "M")
    at_most(monkeypatch, 0, lambda: torch.OutOfMemoryError("CUDA out of memory"))
    with pytest.raises(TrainingError, match="memory ran out at level 'M' with one image at a time of 6; take fewer"):
        gradient(model, batch, config, tmp_path, 1)


def test_among_several_processes_the_run_ends_and_remembers_the_parts_for_its_next_start(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of()
    model, batch = batch_of(export, config, "M")
    at_most(monkeypatch, 2, lambda: torch.OutOfMemoryError("CUDA out of memory"))
    folder, second = RunFolder(tmp_path), Group(1, 2, torch.device("cpu"))
    assert folder.kept_parts() == 1
    with pytest.raises(TrainingError, match=r"in process 1 of 2 .*--resume \(torchrun --max-restarts does so\)"):
        accumulate_gradients(model, batch, ALL, config, alone, second, folder, 1)
    assert folder.kept_parts() == 2


def test_an_error_that_is_not_of_memory_is_passed_on(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of()
    model, batch = batch_of(export, config, "M")
    at_most(monkeypatch, 0, lambda: RuntimeError("shapes do not fit"))
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        gradient(model, batch, config, tmp_path, 1)
