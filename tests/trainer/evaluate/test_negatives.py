"""Hard negatives against a plain loop."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import normalize

from trainer.evaluate.negatives import prefer


def test_a_region_must_prefer_its_text_to_all_of_its_own_negatives() -> None:
    random = torch.Generator().manual_seed(0)
    regions, texts = (normalize(torch.randn((30, 4), generator=random), dim=1) for _ in range(2))
    region_of = torch.tensor([index for index in range(30) for _ in range(index % 4)])
    negatives = normalize(torch.randn((len(region_of), 4), generator=random), dim=1)
    found = prefer(regions, texts, negatives, region_of, [f"a{index}" for index in range(30)])
    plain, articles, chance = [], [], []
    for index in range(30):
        others = [negatives[row] for row in range(len(region_of)) if region_of[row] == index]
        if others:
            plain.append(all(bool(regions[index] @ texts[index] > regions[index] @ other) for other in others))
            articles.append(f"a{index}")
            chance.append(1 / (1 + len(others)))
    assert found.hits.tolist() == plain
    assert any(plain)
    assert not all(plain)
    assert found.articles == articles
    assert found.chance == pytest.approx(sum(chance) / len(chance))


def test_a_tie_is_no_preference() -> None:
    one = torch.tensor([[1.0, 0.0]])
    assert prefer(one, one, one, torch.tensor([0]), ["a"]).hits.tolist() == [False]


def test_no_negatives_are_no_error() -> None:
    found = prefer(torch.empty(0, 3), torch.empty(0, 3), torch.empty(0, 3), torch.empty(0, dtype=torch.int64), [])
    assert (len(found.hits), found.chance) == (0, 0.0)
