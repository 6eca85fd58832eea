"""A linear classifier on frozen features: logistic regression by L-BFGS."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

_STEPS = 200
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Linear:
    weights: Tensor
    """float64 [classes, d]."""
    bias: Tensor
    """float64 [classes]."""

    def logits(self, features: Tensor) -> Tensor:
        """float64 [n, classes] of features [n, d]."""
        return features.double() @ self.weights.T + self.bias


def fit(features: Tensor, labels: Tensor, classes: int, penalty: float) -> Linear:
    """The minimum of ``mean cross-entropy + penalty / 2 * |weights|^2`` (the bias is free), which is unique.

    Args:
        features: float [n, d].
        labels: int64 [n], below ``classes``.
        penalty: above 0.
    """
    inputs, targets = features.double(), labels
    weights = torch.zeros((classes, inputs.shape[1]), dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(classes, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weights, bias],
        max_iter=_STEPS,
        tolerance_grad=_TOLERANCE,
        tolerance_change=_TOLERANCE**2,
        history_size=20,
        line_search_fn="strong_wolfe",
    )

    def loss() -> float:
        optimizer.zero_grad()
        entropy = functional.cross_entropy(inputs @ weights.T + bias, targets)
        value = entropy + penalty / 2 * weights.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return float(value.detach())

    with torch.enable_grad():
        optimizer.step(loss)  # type: ignore[no-untyped-call]
    return Linear(weights.detach(), bias.detach())
