"""What the processes of a run agree on, among two of them and gloo."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from torch.multiprocessing.spawn import spawn
from torch.nn import Parameter

from tests.ports import kept_port
from trainer.distributed import Group, joined

pytestmark = pytest.mark.process


def test_a_process_alone_sends_nothing() -> None:
    with joined() as group:
        assert (group.rank, group.world, group.is_first) == (0, 1, True)
        assert group.sums([1.5, 2]) == [1.5, 2]
        assert group.gathered("x") == ["x"]
        weight = Parameter(torch.zeros(2))
        weight.grad = torch.ones(2)
        group.average_gradients([weight])
        assert weight.grad.tolist() == [1, 1]


def test_two_processes_take_the_mean_of_gradients_and_count_one_that_is_missing_as_zero(tmp_path: Path) -> None:
    with kept_port() as port:
        spawn(_process, args=(port, tmp_path), nprocs=2)  # type: ignore[no-untyped-call]
    for rank in range(2):
        found = torch.load(tmp_path / f"{rank}.pt")
        assert found["sums"] == [1.0, 10.0]
        assert found["gathered"] == ["process 0", "process 1"]
        everywhere, in_one, nowhere, in_double = found["gradients"]
        assert everywhere.tolist() == [[1.5, 1.5]]
        assert in_one.tolist() == [0.5, 0.5, 0.5]
        assert nowhere is None
        assert in_double.tolist() == [1.5]
        assert in_double.dtype == torch.float64


def _process(rank: int, port: int, folder: Path) -> None:
    torch.set_num_threads(1)
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    shapes = [torch.zeros(1, 2), torch.zeros(3), torch.zeros(4), torch.zeros(1, dtype=torch.float64)]
    weights = [Parameter(values) for values in shapes]
    weights[0].grad = torch.full((1, 2), float(rank + 1))
    if rank == 1:
        weights[1].grad = torch.ones(3)
    weights[3].grad = torch.full((1,), float(rank + 1), dtype=torch.float64)
    with joined() as group:
        assert group.is_first == (rank == 0)
        group.average_gradients(weights)
        found = {
            "sums": group.sums([rank, 5]),
            "gathered": group.gathered(f"process {rank}"),
            "gradients": [weight.grad for weight in weights],
        }
        torch.save(found, folder / f"{rank}.pt")
        group.wait()


@pytest.mark.parametrize("rank", [0, 3])
def test_only_the_first_process_writes(rank: int) -> None:
    assert Group(rank, 4, torch.device("cpu")).is_first == (rank == 0)
