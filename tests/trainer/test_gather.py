"""Rows of several processes, and that training on them is training on the whole batch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs 'make models'")
pytest.importorskip("open_clip", reason="training needs 'make models'")

import torch.distributed as dist  # noqa: E402
from torch import Tensor  # noqa: E402

from tests.ports import kept_port  # noqa: E402
from tests.trainer.models import a_batch, a_config  # noqa: E402
from trainer.batch import Batch, Children  # noqa: E402
from trainer.config import Level, TrainConfig, Weights  # noqa: E402
from trainer.gather import Gather, across_processes, alone, make_gather  # noqa: E402
from trainer.losses import level_loss  # noqa: E402
from trainer.model import make_model  # noqa: E402

pytestmark = pytest.mark.process

ALL = Weights(intra=1.0, inter=0.7, roi=0.5, negatives=0.3, consistency=0.2)
"""Different, so that a swap of two would show."""
LEVELS: tuple[Level, ...] = ("M", "P", "R")


def test_one_process_gathers_nothing() -> None:
    rows = torch.ones(2, 3)
    assert make_gather() is alone
    assert alone(rows) is rows


def test_two_processes_have_the_loss_and_gradient_of_one_that_sees_the_whole_batch(tmp_path: Path) -> None:
    """Of all losses at all levels, with InfoNCE and SigLIP; the second process has no child at level M."""
    steps = [
        (a_config(loss=loss, roi_processor=True), _whole(level)) for loss in ("infonce", "siglip") for level in LEVELS
    ]
    alone_s = [_loss_and_gradients(config, batch, alone) for config, batch in steps]

    with kept_port() as port:
        torch.multiprocessing.spawn(_process, args=(port, steps, tmp_path), nprocs=2)

    found = [torch.load(tmp_path / f"{rank}.pt") for rank in range(2)]
    for step, (loss, gradients) in enumerate(alone_s):
        assert [found[rank][step][0] for rank in range(2)] == pytest.approx([loss, loss], rel=1e-5)
        assert any(gradient.any() for gradient in gradients.values())
        for name, gradient in gradients.items():
            of_both = [found[rank][step][1].get(name, torch.zeros_like(gradient)) for rank in range(2)]
            torch.testing.assert_close(sum(of_both) / 2, gradient, rtol=1e-3, atol=1e-6, msg=f"{name} in step {step}")


def _process(rank: int, port: int, steps: list[tuple[TrainConfig, Batch]], folder: Path) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    try:
        rows = across_processes(torch.full((rank, 2), float(rank)))
        assert rows.tolist() == [[1.0, 1.0]]  # none of the first, one of the second
        assert make_gather() is across_processes
        results = [_loss_and_gradients(config, _share(batch, rank), across_processes) for config, batch in steps]
        torch.save(results, folder / f"{rank}.pt")
    finally:
        dist.destroy_process_group()


def _loss_and_gradients(config: TrainConfig, batch: Batch, gather: Gather) -> tuple[float, dict[str, Tensor]]:
    model, _, _ = make_model(config)
    losses = level_loss(model, batch, ALL, config, gather)
    losses.total.backward()  # type: ignore[no-untyped-call]
    return losses.total.item(), {name: w.grad for name, w in model.named_parameters() if w.grad is not None}


def _whole(level: Level) -> Batch:
    """Of 4 images; at M the last two have no child."""
    batch = a_batch(level, image=[0, 1, 1, 1] if level == "M" else [0, 2, 3, 3])
    if batch.children.has_negatives is None:
        return batch
    there = batch.children.has_negatives.clone()
    there[0] = False
    there[1, 2:] = False
    return replace(batch, children=replace(batch.children, has_negatives=there))


def _share(batch: Batch, rank: int) -> Batch:
    """Half of the images with their children."""
    images = slice(2 * rank, 2 * rank + 2)
    own = (batch.children.image // 2) == rank
    children = batch.children
    return Batch(
        batch.level,
        batch.images[images],
        batch.texts[images],
        Children(
            children.image[own] - 2 * rank,
            children.boxes_xyxy[own],
            children.texts[own],
            None if children.crops is None else children.crops[own],
            None if children.negatives is None else children.negatives[own],
            None if children.has_negatives is None else children.has_negatives[own],
        ),
    )
