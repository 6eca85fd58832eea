from __future__ import annotations

from dataclasses import fields, replace

import pytest

torch = pytest.importorskip("torch", reason="training needs 'make models'")

from torch import Tensor  # noqa: E402

from tests.trainer.models import a_batch  # noqa: E402
from trainer.batch import Batch  # noqa: E402


def tensors_of(batch: Batch) -> dict[str, Tensor | None]:
    children = {field.name: getattr(batch.children, field.name) for field in fields(batch.children)}
    return {"images": batch.images, "texts": batch.texts, **{f"children.{name}": children[name] for name in children}}


@pytest.mark.parametrize("how", ["to", "pin_memory"])
@pytest.mark.parametrize("crops", [True, False], ids=["with crops", "without crops"])
def test_every_tensor_of_a_batch_moves_and_keeps_its_values(
    how: str, crops: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: list[int] = []

    def move(tensor: Tensor, *_: object, **__: object) -> Tensor:
        moved.append(id(tensor))
        return tensor.clone()

    monkeypatch.setattr(torch.Tensor, how, move)  # pinning wants a GPU
    batch = a_batch("R")
    if not crops:
        batch = replace(batch, children=replace(batch.children, crops=None))
    before = tensors_of(batch)
    after = tensors_of(batch.pin_memory() if how == "pin_memory" else batch.to(torch.device("cpu")))
    assert sorted(moved) == sorted(id(tensor) for tensor in before.values() if tensor is not None)
    for name, tensor in before.items():
        found = after[name]
        if tensor is None:
            assert found is None
        else:
            assert found is not None
            assert found is not tensor
            assert torch.equal(found, tensor)
