"""The running average of weights."""

from __future__ import annotations

import torch
from torch import nn

from trainer.average import Average


def test_the_average_follows_the_weights_that_are_trained() -> None:
    model = nn.Linear(2, 1)
    model.bias.requires_grad_(False)
    start = model.weight.detach().clone()
    average = Average(model, decay=0.9)
    with torch.no_grad():
        model.weight += 1
    average.update(model)
    average.update(model)
    assert set(average.weights) == {"weight"}
    torch.testing.assert_close(average.weights["weight"], start + 1 - 0.9**2)


def test_the_model_has_the_averaged_weights_only_inside() -> None:
    model = nn.Linear(2, 1)
    average = Average(model, decay=0.5)
    start = model.weight.detach().clone()
    with torch.no_grad():
        model.weight += 1
    with average.in_place_of(model):
        assert torch.equal(model.weight, start)
    assert torch.equal(model.weight, start + 1)
    assert torch.equal(average.weights["weight"], start)
