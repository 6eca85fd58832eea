"""A running average of the weights (EMA), evaluated and published instead of the last weights where it is on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor
from torch.nn import Module


class Average:
    """average <- decay * average + (1 - decay) * weights, over the weights that are trained."""

    def __init__(self, model: Module, decay: float) -> None:
        self.decay = decay
        self.weights: dict[str, Tensor] = {
            name: weight.detach().clone() for name, weight in model.named_parameters() if weight.requires_grad
        }

    def update(self, model: Module) -> None:
        for name, weight in model.named_parameters():
            if name in self.weights:
                self.weights[name].lerp_(weight.detach(), 1 - self.decay)

    def load(self, saved: dict[str, Tensor]) -> None:
        """Takes over averages that were kept before."""
        for name, weight in self.weights.items():
            weight.copy_(saved[name])

    @contextmanager
    def in_place_of(self, model: Module) -> Iterator[None]:
        """Inside, the model has the averaged weights."""
        averaged = {name: weight for name, weight in model.named_parameters() if name in self.weights}
        kept = {name: weight.detach().clone() for name, weight in averaged.items()}
        try:
            for name, weight in averaged.items():
                weight.data.copy_(self.weights[name])
            yield
        finally:
            for name, weight in averaged.items():
                weight.data.copy_(kept[name])
