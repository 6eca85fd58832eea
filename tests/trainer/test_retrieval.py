"""Ranks of partners, against a plain loop."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import normalize

from trainer.retrieval import ranks_of_partners, recall


def test_ranks_are_those_of_a_plain_loop_in_any_block_size() -> None:
    torch.manual_seed(0)
    queries, pool = normalize(torch.randn(23, 5), dim=1), normalize(torch.randn(23, 5), dim=1)
    plain = [sum(bool(queries[i] @ pool[j] > queries[i] @ pool[i]) for j in range(23) if j != i) for i in range(23)]
    assert ranks_of_partners(queries, pool).tolist() == plain
    assert ranks_of_partners(queries, pool, block=7).tolist() == plain


def test_recall_of_equal_features_is_one_both_ways() -> None:
    features = torch.eye(12)
    assert recall(features, features, (1, 10)) == {
        "pool_a": 12,
        "pool_b": 12,
        "a2b_r1": 1,
        "a2b_r10": 1,
        "b2a_r1": 1,
        "b2a_r10": 1,
    }


def test_a_model_that_gives_everything_the_same_feature_finds_nothing() -> None:
    found = recall(torch.ones(20, 4), torch.ones(20, 4), (1, 10))
    assert found["a2b_r1"] == found["b2a_r10"] == 0


def test_the_directions_are_told_apart() -> None:
    a = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    b = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    found = recall(a, b, (1,))
    assert (found["a2b_r1"], found["b2a_r1"]) == (0.5, 0.0)


def test_images_that_share_a_text_find_it_and_it_finds_any_of_them() -> None:
    images = torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
    texts = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    found = recall(images, texts, (1,), partner=torch.tensor([0, 0, 1]))
    assert (found["a2b_r1"], found["b2a_r1"], found["pool_a"], found["pool_b"]) == (1, 1, 3, 2)
    found = recall(images, texts, (1,), partner=torch.tensor([1, 0, 1]))
    assert found["a2b_r1"] == pytest.approx(2 / 3)
    assert found["b2a_r1"] == 0.5


@pytest.mark.parametrize("n", [0, 1])
def test_a_pool_of_one_or_none_is_no_error(n: int) -> None:
    assert recall(torch.ones(n, 3), torch.ones(n, 3))["pool_a"] == n
