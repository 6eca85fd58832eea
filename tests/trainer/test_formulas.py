"""Each loss against a loop that follows the paper's formula term by term."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="training needs 'make models'")

from torch import Tensor  # noqa: E402

from trainer.formulas import (  # noqa: E402
    consistency_losses,
    info_nce,
    mean_of_children,
    negative_losses,
    one_way,
    one_way_among,
    same_texts,
    siglip,
)

SCALE = torch.tensor(1 / 0.07)
BIAS = torch.tensor(-3.0)


@pytest.mark.parametrize(
    "same_pairs", [(), ((0, 2), (0, 4), (2, 4))], ids=["all texts differ", "three texts are equal"]
)
def test_info_nce_is_the_mean_of_both_directions(same_pairs: tuple[tuple[int, int], ...]) -> None:
    a, b, same = unit(5), unit(5, seed=1), same_of(5, same_pairs)
    found = info_nce(a, b, SCALE, same)
    assert float(found) == pytest.approx((loop_one_way(a, b, same) + loop_one_way(b, a, same)) / 2, rel=1e-5)
    assert float(one_way(a, b, SCALE, same)) == pytest.approx(loop_one_way(a, b, same), rel=1e-5)


def test_info_nce_is_open_clips_loss_where_all_texts_differ() -> None:
    loss = pytest.importorskip("open_clip.loss").ClipLoss()
    a, b = unit(6), unit(6, seed=1)
    torch.testing.assert_close(info_nce(a, b, SCALE), loss(a, b, SCALE))


@pytest.mark.parametrize("repeated", [(), ((1, 3), (2, 6))], ids=["all texts differ", "a text and a negative recur"])
def test_negatives_are_wrong_answers_of_every_region(repeated: tuple[tuple[int, int], ...]) -> None:
    a, b, wrong = unit(4), unit(4, seed=1), unit(3, seed=2)
    same = torch.eye(4, 7, dtype=torch.bool)
    for i, k in repeated:
        same[i, k] = True
    answers, expected = [*b, *wrong], 0.0
    for i in range(4):
        below = sum(
            math.exp(float(SCALE) * float(a[i] @ answers[k])) for k in range(7) if k == i or (i, k) not in repeated
        )
        expected -= math.log(math.exp(float(SCALE) * float(a[i] @ b[i])) / below) / 4
    assert float(one_way_among(a, b, wrong, SCALE, same)) == pytest.approx(expected, rel=1e-5)
    if not repeated:
        assert float(one_way_among(a, b, wrong, SCALE)) == pytest.approx(expected, rel=1e-5)
        assert float(one_way_among(a, b, wrong[:0], SCALE)) == pytest.approx(float(one_way(a, b, SCALE)), rel=1e-6)


@pytest.mark.parametrize("same_pairs", [(), ((1, 3),)], ids=["all texts differ", "two texts are equal"])
def test_siglip_is_the_sum_over_all_pairs(same_pairs: tuple[tuple[int, int], ...]) -> None:
    a, b, same = unit(5), unit(5, seed=1), same_of(5, same_pairs)
    expected = 0.0
    for i in range(5):
        for j in range(5):
            if i != j and bool(same[i, j]):
                continue
            z = 1 if i == j else -1
            expected -= math.log(sigmoid(z * (float(SCALE) * float(a[i] @ b[j]) + float(BIAS)))) / 5
    assert float(siglip(a, b, SCALE, BIAS, same)) == pytest.approx(expected, rel=1e-5)


def test_siglip_is_open_clips_loss_where_all_texts_differ() -> None:
    loss = pytest.importorskip("open_clip.loss").SigLipLoss()
    a, b = unit(6), unit(6, seed=1)
    torch.testing.assert_close(siglip(a, b, SCALE, BIAS), loss(a, b, SCALE, BIAS))


def test_the_negatives_loss_sums_over_the_negatives_that_a_region_has() -> None:
    regions, negatives, region = unit(3), unit(4, seed=1), torch.tensor([0, 0, 2, 0])
    expected = [0.0, 0.0, 0.0]
    for k, i in enumerate(region.tolist()):
        expected[i] -= math.log(1 - sigmoid(float(regions[i] @ negatives[k])))
    assert negative_losses(regions, negatives, region).tolist() == pytest.approx(expected, rel=1e-5)


def test_consistency_is_one_minus_the_cosine_and_moves_only_the_roi() -> None:
    roi, crop = unit(4).requires_grad_(), unit(4, seed=1).requires_grad_()
    losses = consistency_losses(roi, crop)
    assert losses.tolist() == pytest.approx([1 - (roi[i] @ crop[i]).item() for i in range(4)], rel=1e-5)
    losses.sum().backward()  # type: ignore[no-untyped-call]
    assert roi.grad is not None
    assert crop.grad is None


def test_children_are_averaged_by_image_and_images_without_any_drop_out() -> None:
    children, image = unit(4), torch.tensor([3, 0, 3, 3])
    having, means = mean_of_children(children, image, 5)
    assert having.tolist() == [0, 3]
    of_three = (children[0] + children[2] + children[3]) / 3
    torch.testing.assert_close(means[0], children[1])  # an only child is the mean
    torch.testing.assert_close(means[1], of_three / of_three.norm())


def test_no_children_at_all_give_no_means() -> None:
    having, means = mean_of_children(torch.zeros(0, 8), torch.zeros(0, dtype=torch.int64), 3)
    assert having.tolist() == []
    assert means.shape == (0, 8)


def test_texts_are_the_same_where_all_their_tokens_are() -> None:
    tokens = torch.tensor([[1, 2, 0], [1, 2, 3], [1, 2, 0]])
    expected = [[True, False, True], [False, True, False], [True, False, True]]
    assert same_texts(tokens).tolist() == expected
    assert same_texts(tokens[:0]).shape == (0, 0)


def test_losses_of_no_pairs_are_zero_and_have_a_gradient() -> None:
    a = torch.zeros(0, 8, requires_grad=True)
    for loss in (info_nce(a, a, SCALE), one_way(a, a, SCALE), siglip(a, a, SCALE, BIAS)):
        assert loss.item() == 0.0
        loss.backward()  # type: ignore[no-untyped-call]
    assert a.grad is not None


def test_the_gradient_of_equal_texts_is_that_of_a_batch_without_the_pair() -> None:
    """Of two equal texts neither region is pushed away from the other's."""
    a, b = unit(2).requires_grad_(), unit(2, seed=1)
    info_nce(a, b, SCALE, torch.ones(2, 2, dtype=torch.bool)).backward()  # type: ignore[no-untyped-call]
    assert a.grad is not None
    assert not a.grad.any()


def loop_one_way(a: Tensor, b: Tensor, same: Tensor) -> float:
    total = 0.0
    for i in range(len(a)):
        counted = [j for j in range(len(b)) if i == j or not bool(same[i, j])]
        weights = {j: math.exp(float(SCALE) * float(a[i] @ b[j])) for j in counted}
        total -= math.log(weights[i] / sum(weights.values()))
    return total / len(a)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def same_of(count: int, pairs: tuple[tuple[int, int], ...]) -> Tensor:
    same: Tensor = torch.eye(count, dtype=torch.bool)
    for i, j in pairs:
        same[i, j] = same[j, i] = True
    return same


def unit(rows: int, *, seed: int = 0) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    features: Tensor = torch.nn.functional.normalize(torch.randn((rows, 8), generator=random), dim=-1)
    return features
