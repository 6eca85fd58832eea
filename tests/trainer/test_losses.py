"""Which losses a step computes at which level, and of what."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="training needs 'make models'")
pytest.importorskip("open_clip", reason="training needs 'make models'")

from curator.errors import TrainingError  # noqa: E402
from tests.trainer.models import a_batch, a_config  # noqa: E402
from trainer.batch import Batch  # noqa: E402
from trainer.config import Level, Weights  # noqa: E402
from trainer.formulas import info_nce, one_way, same_texts, siglip  # noqa: E402
from trainer.gather import alone  # noqa: E402
from trainer.losses import Losses, level_loss  # noqa: E402
from trainer.model import RegionClip, make_model  # noqa: E402

WEIGHTS = {
    "intra": 1.0, "inter": 0.7, "second": 0.6, "roi": 0.5, "negatives": 0.3, "contrast": 0.4, "consistency": 0.2
}  # fmt: skip
ALL = Weights(**WEIGHTS)


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("M", {"intra_M", "inter_image_MP", "inter_text_MP", "second_P", "roi"}),
        (
            "P",
            {
                *("intra_P", "inter_image_PR", "inter_text_PR", "second_R"),
                *("roi", "negatives", "contrast", "consistency"),
            },
        ),
        ("R", {"intra_R", "second_P", "roi", "negatives", "contrast", "consistency"}),
    ],
)
def test_each_level_has_its_losses_and_the_total_is_their_weighted_sum(level: Level, expected: set[str]) -> None:
    losses = loss_of(a_batch(level), ALL)
    assert set(losses.parts) == expected
    total = sum(WEIGHTS[name.split("_")[0]] * float(part) for name, part in losses.parts.items())
    assert losses.total.item() == pytest.approx(total, rel=1e-5)
    assert losses.total.requires_grad
    assert not any(part.requires_grad for part in losses.parts.values())


@pytest.mark.parametrize("level", ["M", "P"])
def test_intra_compares_images_with_their_texts(level: Level) -> None:
    model, batch = small(), a_batch(level)
    images, texts = model.encode_images(batch.images).global_features, model.encode_texts(batch.texts)
    assert loss_of(batch, Weights(), model).total.item() == pytest.approx(
        info_nce(images, texts, model.logit_scale).item(), rel=1e-5
    )


def test_intra_of_regions_compares_regions_with_theirs() -> None:
    model, batch = small(), a_batch("R")
    regions = model.region_features(model.encode_images(batch.images), batch.children)
    texts = model.encode_texts(batch.children.texts)
    assert loss_of(batch, Weights(), model).total.item() == pytest.approx(
        info_nce(regions, texts, model.logit_scale).item(), rel=1e-5
    )
    roi = loss_of(batch, Weights(intra=0.0, roi=1.0), model)
    assert roi.total.item() == pytest.approx(one_way(regions, texts, model.logit_scale).item(), rel=1e-5)


@pytest.mark.parametrize("level", ["M", "P", "R"])
def test_the_second_level_of_an_encoding_is_its_children_and_at_r_the_panels_around_them(level: Level) -> None:
    model, batch = small(), a_batch(level)
    encoded = model.encode_images(batch.images)
    of_images = (encoded.global_features, model.encode_texts(batch.texts))
    of_children = (model.region_features(encoded, batch.children), model.encode_texts(batch.children.texts))
    expected = info_nce(*(of_images if level == "R" else of_children), model.logit_scale)
    found = loss_of(batch, Weights(intra=0.0, second=1.0), model).total.item()
    assert found == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("level", ["P", "R"])
def test_contrast_takes_the_negatives_of_all_regions_as_wrong_answers_but_not_texts_that_are_right(
    level: Level,
) -> None:
    model, batch = small(), a_batch(level)
    negatives = batch.children.negatives
    assert negatives is not None
    negatives[3, 4] = batch.children.texts[0]  # a negative of one region is the text of another
    there = torch.ones((4, 5), dtype=torch.bool)
    there[2, 1] = False
    batch = replace(batch, children=replace(batch.children, has_negatives=there))
    regions = model.region_features(model.encode_images(batch.images), batch.children)
    texts, wrong = model.encode_texts(batch.children.texts), model.encode_texts(negatives[there])
    expected = 0.0
    for i in range(4):
        logits = model.logit_scale * torch.cat([texts, wrong]) @ regions[i]
        counted = logits[:-1] if i == 0 else logits
        expected += (counted.logsumexp(0) - logits[i]).item() / 4
    found = loss_of(batch, Weights(intra=0.0, contrast=1.0), model).total.item()
    assert found == pytest.approx(expected, rel=1e-5)


def test_regions_with_the_same_text_are_not_held_against_each_other() -> None:
    model, batch = small(), a_batch("R")
    batch = replace(batch, children=replace(batch.children, texts=batch.children.texts[[0, 1, 1, 3]]))
    regions = model.region_features(model.encode_images(batch.images), batch.children)
    texts = model.encode_texts(batch.children.texts)
    same = same_texts(batch.children.texts)
    found = loss_of(batch, Weights(), model).total.item()
    assert found == pytest.approx(info_nce(regions, texts, model.logit_scale, same).item(), rel=1e-5)
    assert found < info_nce(regions, texts, model.logit_scale).item()


def test_siglip_takes_the_place_of_info_nce_with_a_bias_of_its_own() -> None:
    config = a_config(loss="siglip")
    model, _, _ = make_model(config)
    batch = a_batch("P")
    images, texts = model.encode_images(batch.images).global_features, model.encode_texts(batch.texts)
    losses = level_loss(model, batch, Weights(), config, alone)
    assert model.logit_bias is not None
    assert losses.total.item() == pytest.approx(
        siglip(images, texts, model.logit_scale, model.logit_bias).item(), rel=1e-5
    )
    losses.total.backward()  # type: ignore[no-untyped-call]
    assert model.clip.logit_bias.grad is not None


def test_messages_pass_between_an_image_and_the_mean_of_its_children() -> None:
    model, batch = small(), a_batch("P", image=[0, 1, 1, 3])
    encoded = model.encode_images(batch.images)
    regions = model.region_features(encoded, batch.children)
    means = torch.stack([regions[0], (regions[1] + regions[2]) / 2, regions[3]])
    means = means / means.norm(dim=-1, keepdim=True)
    expected = info_nce(encoded.global_features[[0, 1, 3]], means, model.logit_scale)
    parts = loss_of(batch, Weights(intra=0.0, inter=1.0), model).parts
    assert float(parts["inter_image_PR"]) == pytest.approx(expected.item(), rel=1e-5)

    texts = model.encode_texts(batch.children.texts)
    means = torch.stack([texts[0], (texts[1] + texts[2]) / 2, texts[3]])
    means = means / means.norm(dim=-1, keepdim=True)
    expected = info_nce(model.encode_texts(batch.texts)[[0, 1, 3]], means, model.logit_scale)
    assert float(parts["inter_text_PR"]) == pytest.approx(expected.item(), rel=1e-5)


def test_with_frozen_text_the_text_to_text_term_is_left_out() -> None:
    config = a_config(freeze_text=True)
    model, _, _ = make_model(config)
    losses = level_loss(model, a_batch("M"), Weights(intra=0.0, inter=1.0), config, alone)
    assert set(losses.parts) == {"inter_image_MP"}


def test_messages_leave_out_what_the_roi_processor_adds() -> None:
    """It has seen the whole image: the comparison would be won without the region."""
    config = a_config(roi_processor=True)
    model, _, _ = make_model(config)
    batch = a_batch("P")
    before = level_loss(model, batch, ALL, config, alone).parts
    assert model.roi_processor is not None
    torch.nn.init.normal_(model.roi_processor.attention.out_proj.weight)
    after = level_loss(model, batch, ALL, config, alone).parts
    changed = {name for name in before if abs(float(before[name] - after[name])) > 1e-6}
    assert changed == {"second_R", "roi", "negatives", "contrast"}


def test_negatives_that_are_missing_do_not_count() -> None:
    model, batch = small(), a_batch("R")
    there = torch.zeros((4, 5), dtype=torch.bool)
    there[2, 1] = True
    children = replace(batch.children, has_negatives=there)
    only = Weights(intra=0.0, negatives=1.0)
    found = loss_of(replace(batch, children=children), only, model).total.item()
    regions = model.region_features(model.encode_images(batch.images), batch.children)
    assert batch.children.negatives is not None
    negative = model.encode_texts(batch.children.negatives[2, 1:2])[0]
    assert found == pytest.approx(torch.log1p((regions[2] @ negative).exp()).item() / 4, rel=1e-5)
    none = replace(batch, children=replace(batch.children, has_negatives=torch.zeros_like(there)))
    assert loss_of(none, only, model).total.item() == 0.0


def test_consistency_pulls_the_roi_towards_the_crop() -> None:
    model, batch = small(), a_batch("R")
    only = Weights(intra=0.0, consistency=1.0)
    roi = model.region_features(model.encode_images(batch.images), batch.children)
    crops = model.crop_features(batch.children)
    assert loss_of(batch, only, model).total.item() == pytest.approx(
        (1 - (roi * crops).sum(-1)).mean().item(), rel=1e-5
    )

    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    found = []
    for _ in range(5):
        losses = loss_of(batch, only, model)
        optimizer.zero_grad()
        losses.total.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        found.append(losses.total.item())
    assert found[-1] < found[0]


@pytest.mark.parametrize("level", ["M", "P", "R"])
@pytest.mark.parametrize("regions", ["roi", "crop"])
def test_a_batch_without_children_gives_a_finite_loss_and_gradient(level: Level, regions: str) -> None:
    config = a_config(regions=regions, roi_processor=True)
    model, _, _ = make_model(config)
    losses = level_loss(model, a_batch(level, image=[]), ALL, config, alone)
    losses.total.backward()  # type: ignore[no-untyped-call]
    assert bool(torch.isfinite(losses.total))
    gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
    assert all(bool(torch.isfinite(gradient).all()) for gradient in gradients)


def test_crops_alone_need_no_pass_over_the_whole_images() -> None:
    config = a_config(regions="crop")
    model, _, _ = make_model(config)
    sizes: list[int] = []
    model.clip.visual.conv1.register_forward_hook(lambda module, inputs, output: sizes.append(len(output)))
    level_loss(model, a_batch("R", image=[0, 1, 1, 1, 3]), Weights(), config, alone)
    assert sizes == [5]


def test_losses_are_taken_in_full_precision_under_autocast() -> None:
    model, batch = small(), a_batch("P")
    with torch.autocast("cpu", torch.bfloat16):
        losses = loss_of(batch, ALL, model)
    assert losses.total.dtype == torch.float32
    assert losses.total.item() == pytest.approx(loss_of(batch, ALL, model).total.item(), rel=0.02)


def test_weights_that_leave_nothing_to_learn_are_an_error() -> None:
    with pytest.raises(TrainingError, match="leave nothing to learn at level 'R'; change the stage's cycle or weights"):
        loss_of(a_batch("R"), Weights(intra=0.0, inter=1.0))


def test_a_batch_without_the_crops_or_negatives_that_a_loss_wants_is_an_error() -> None:
    batch = a_batch("R")
    bare = replace(batch, children=replace(batch.children, crops=None, negatives=None, has_negatives=None))
    with pytest.raises(ValueError, match="no crops of its children"):
        loss_of(bare, Weights(intra=0.0, consistency=1.0))
    for weights in (Weights(intra=0.0, negatives=1.0), Weights(intra=0.0, contrast=1.0)):
        with pytest.raises(ValueError, match="no negatives of its regions"):
            loss_of(bare, weights)


def small() -> RegionClip:
    return make_model(a_config())[0]


def loss_of(batch: Batch, weights: Weights, model: RegionClip | None = None) -> Losses:
    return level_loss(model or small(), batch, weights, a_config(), alone)
