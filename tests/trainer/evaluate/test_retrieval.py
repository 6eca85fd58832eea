"""Ranks and recall with texts that several images share, against plain loops."""

from __future__ import annotations

from itertools import combinations

import pytest
import torch
from torch.nn.functional import normalize

from trainer.evaluate.retrieval import KS, Pairs, nearest, retrieve
from trainer.retrieval import recall


def some_pairs(text_of: list[int], dim: int = 6) -> Pairs:
    random = torch.Generator().manual_seed(3)
    images = normalize(torch.randn((len(text_of), dim), generator=random), dim=1)
    texts = normalize(torch.randn((max(text_of) + 1, dim), generator=random), dim=1)
    return Pairs(images, texts, torch.tensor(text_of), [f"a{index // 3}" for index in range(len(text_of))])


def test_ranks_are_those_of_plain_loops_where_images_share_texts() -> None:
    pairs = some_pairs([0, 1, 1, 2, 3, 3, 3, 4, 5, 0, 6, 7])
    found = retrieve(pairs)
    for image, text in enumerate(pairs.text_of.tolist()):
        own = pairs.images[image] @ pairs.texts[text]
        nearer = [other for other in range(8) if other != text and pairs.images[image] @ pairs.texts[other] >= own]
        assert int(found.image_to_text.ranks[image]) == len(nearer)
    for text in range(8):
        likeness = pairs.images @ pairs.texts[text]
        own = max(likeness[image] for image in range(12) if pairs.text_of[image] == text)
        nearer = [image for image in range(12) if pairs.text_of[image] != text and likeness[image] >= own]
        assert int(found.text_to_image.ranks[text]) == len(nearer)


def test_without_shared_texts_it_is_the_usual_recall() -> None:
    pairs = some_pairs(list(range(40)), dim=3)
    plain, found = recall(pairs.images, pairs.texts, KS), retrieve(pairs)
    for k in KS:
        assert found.image_to_text.recall(k).value == pytest.approx(plain[f"a2b_r{k}"])
        assert found.text_to_image.recall(k).value == pytest.approx(plain[f"b2a_r{k}"])
        assert found.image_to_text.chance[k] == pytest.approx(k / 40)
        assert found.text_to_image.chance[k] == pytest.approx(k / 40)
    assert 0 < found.image_to_text.recall(10).value < 1


def test_chance_counts_every_image_that_a_text_may_find() -> None:
    found = retrieve(some_pairs([0, 0, 0, 1, 2, 2]))
    right = [{0, 1, 2}, {3}, {4, 5}]
    drawn = list(combinations(range(6), 5))
    plain = [sum(bool(images & set(five)) for five in drawn) / len(drawn) for images in right]
    assert found.text_to_image.chance[5] == pytest.approx(sum(plain) / 3)
    assert found.text_to_image.chance[1] == pytest.approx((3 + 1 + 2) / 6 / 3)
    assert found.image_to_text.chance == {1: pytest.approx(1 / 3), 5: 1.0, 10: 1.0}


def test_pools_and_articles_are_those_of_the_other_side_and_the_own() -> None:
    found = retrieve(some_pairs([0, 0, 0, 1, 2, 2]))
    assert (found.image_to_text.pool, found.text_to_image.pool) == (3, 6)
    assert (len(found.image_to_text.ranks), len(found.text_to_image.ranks)) == (6, 3)
    assert found.text_to_image.articles == ["a0", "a1", "a1"]


def test_a_model_that_gives_everything_one_feature_finds_nothing() -> None:
    pairs = Pairs(torch.ones(9, 2), torch.ones(9, 2), torch.arange(9), [str(index) for index in range(9)])
    assert retrieve(pairs).image_to_text.recall(5).value == 0
    assert retrieve(pairs).image_to_text.median_rank == 9


def test_the_nearest_come_first_in_any_block_size() -> None:
    pairs = some_pairs(list(range(20)))
    likeness, rows = nearest(pairs.images, pairs.texts, 4)
    for image in range(20):
        order = sorted(range(20), key=lambda text: -float(pairs.images[image] @ pairs.texts[text]))
        assert rows[image].tolist() == order[:4]
    assert bool((likeness.diff(dim=1) <= 0).all())
    assert torch.equal(nearest(pairs.images, pairs.texts, 4, block=7)[1], rows)
    assert nearest(pairs.images, pairs.texts[:2], 4)[1].shape == (20, 2)
