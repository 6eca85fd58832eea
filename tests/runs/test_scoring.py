"""Scores are of all figures of a corpus as one pool, whatever split they fall to."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs 'make models'")

from runs.scoring import _joined  # noqa: E402
from trainer.evaluate.retrieval import Pairs, retrieve  # noqa: E402

DIRECTIONS = torch.eye(4)


def part(texts: list[str], text_of: list[int], images: list[int], article: str) -> Any:
    """Answers to one split: text "a" and image 0 point the same way, "b" and image 1, and so on."""
    features = DIRECTIONS[["abcd".index(text) for text in texts]]
    pairs = Pairs(DIRECTIONS[images], features, torch.tensor(text_of, dtype=torch.int64), [article] * len(images))
    return SimpleNamespace(texts={"box": texts}, pairs={"box": pairs})


def test_splits_become_one_pool_in_which_a_shared_text_counts_once() -> None:
    train = part(["a", "b"], [0, 1, 1], images=[0, 1, 1], article="one")
    test = part(["c", "b"], [0, 1], images=[2, 3], article="two")
    joined = _joined([train, part([], [], images=[], article="none"), test], "box")
    assert torch.equal(joined.texts, DIRECTIONS[:3])
    assert joined.text_of.tolist() == [0, 1, 1, 2, 1]
    assert joined.articles == ["one"] * 3 + ["two"] * 2
    found = retrieve(joined)
    assert found.image_to_text.recall(1).value == pytest.approx(4 / 5)  # image 3 points nowhere
    assert found.image_to_text.pool == 3
    assert found.text_to_image.recall(1).value == 1.0
    assert found.image_to_text.reciprocal_rank == pytest.approx((4 + 1 / 3) / 5)
    assert found.text_to_image.reciprocal_rank == 1.0
