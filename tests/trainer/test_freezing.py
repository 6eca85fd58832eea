"""What trains, and that nothing else moves."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

torch = pytest.importorskip("torch", reason="training needs 'make models'")
pytest.importorskip("open_clip", reason="training needs 'make models'")

from torch import Tensor, nn  # noqa: E402

from curator.errors import SettingsError  # noqa: E402
from tests.trainer.models import SIZES_PX, SMALL, a_batch, a_config  # noqa: E402
from trainer.config import TrainConfig, Weights  # noqa: E402
from trainer.freezing import merge_lora, text_weights  # noqa: E402
from trainer.gather import alone  # noqa: E402
from trainer.losses import level_loss  # noqa: E402
from trainer.model import RegionClip, make_model  # noqa: E402


@dataclass(frozen=True, slots=True)
class PartSize:
    """How many weights a part of the model has."""

    part: str
    trained: int
    total: int


def part_sizes(model: RegionClip) -> tuple[PartSize, ...]:
    """Image tower, text tower, ROI processor and temperature (with SigLIP's bias), in this order; parts it has."""
    scalars = [scalar for scalar in (model.clip.logit_scale, model.clip.logit_bias) if scalar is not None]
    parts = {
        "image tower": list(model.clip.visual.parameters()),
        "text tower": list(text_weights(model.clip)),
        "ROI processor": [] if model.roi_processor is None else list(model.roi_processor.parameters()),
        "temperature": scalars,
    }
    return tuple(
        PartSize(name, _count(weights, trained=True), _count(weights)) for name, weights in parts.items() if weights
    )


def _count(weights: Iterable[nn.Parameter], *, trained: bool = False) -> int:
    return sum(weight.numel() for weight in weights if weight.requires_grad or not trained)


def test_everything_trains_unless_it_is_said_otherwise() -> None:
    model = made(a_config(roi_processor=True))
    assert [part.part for part in part_sizes(model)] == ["image tower", "text tower", "ROI processor", "temperature"]
    assert all(part.trained == part.total for part in part_sizes(model))
    assert sum(part.total for part in part_sizes(model)) == sum(weight.numel() for weight in model.parameters())


@pytest.mark.parametrize("name", [SMALL, "small-timm-vit"])
def test_frozen_text_means_the_whole_tower_with_its_projection(name: str) -> None:
    model = made(a_config(name, freeze_text=True))
    image, text, temperature = part_sizes(model)
    assert image.trained == image.total
    assert text.trained == 0
    assert temperature == PartSize("temperature", 1, 1)
    changed = moved(model, a_config(name, freeze_text=True))
    assert "clip.logit_scale" in changed
    assert {name for name in changed if not name.startswith("clip.visual.")} == {"clip.logit_scale"}


@pytest.mark.parametrize(
    ("name", "trained"),
    [
        ("small-vit", ("transformer.resblocks.1.", "ln_post.", "proj")),
        ("small-resnet", ("layer4.", "attnpool.")),
        ("small-timm-vit", ("trunk.blocks.5.", "trunk.norm.", "head.")),
        ("small-timm-convnext", ("trunk.stages.3.", "trunk.norm_pre.", "trunk.head.", "head.")),
        ("small-timm-resnet", ("trunk.layer4.", "head.")),
    ],
)
def test_unlocked_blocks_are_the_last_ones_and_what_follows_them(name: str, trained: tuple[str, ...]) -> None:
    visual = made(a_config(name, unlocked_blocks=1)).clip.visual
    for weight_name, weight in visual.named_parameters():
        assert weight.requires_grad == weight_name.startswith(trained), weight_name
    assert any(weight_name.startswith(trained[0]) for weight_name, _ in visual.named_parameters())


def test_more_unlocked_blocks_than_there_are_is_an_error() -> None:
    with pytest.raises(SettingsError, match="unlocked_blocks is 3 and the image tower has 2 blocks; give 1 to 2, or 0"):
        made(a_config(unlocked_blocks=3))


@pytest.mark.parametrize("name", [SMALL, "small-timm-vit"])
def test_lora_starts_as_the_model_it_stands_beside_and_trains_alone(name: str) -> None:
    pytest.importorskip("peft")
    config = a_config(name, lora_rank=2, freeze_text=True)
    plain, model = made(a_config(name)), made(config)
    batch = a_batch("P", px=SIZES_PX[name])
    torch.testing.assert_close(features(model, batch.images), features(plain, batch.images))
    trained = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert {name for name in trained if "lora_" not in name} == {"clip.logit_scale"}
    assert moved(model, config) == trained
    image, text, _ = part_sizes(model)
    assert 0 < image.trained < 0.2 * image.total
    assert text.trained == 0


def test_lora_reaches_only_the_unlocked_blocks_and_the_text_where_it_is_not_frozen() -> None:
    pytest.importorskip("peft")
    trained = [
        name
        for name, weight in made(a_config(lora_rank=2, unlocked_blocks=1)).clip.named_parameters()
        if weight.requires_grad
    ]
    assert {name.split("resblocks.")[0] + name.split("resblocks.")[1][0] for name in trained if "lora_" in name} == {
        "visual.transformer.1",
        "transformer.0",
    }


@pytest.mark.parametrize("name", [SMALL, "small-timm-vit"])
def test_merged_lora_leaves_a_plain_model_with_the_same_features(name: str) -> None:
    pytest.importorskip("peft")
    config = a_config(name, lora_rank=2)
    model = made(config)
    moved(model, config)
    batch = a_batch("P", px=SIZES_PX[name])
    before = features(model, batch.images), model.eval().encode_texts(batch.texts)
    merge_lora(model)
    assert set(model.clip.state_dict()) == set(made(a_config(name)).clip.state_dict())
    torch.testing.assert_close(features(model, batch.images), before[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(model.encode_texts(batch.texts), before[1], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(before[0], features(made(a_config(name)), batch.images), atol=1e-4)


def test_lora_without_peft_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(SettingsError, match="'peft' is not installed; run `pip install peft` or set lora_rank to 0"):
        made(a_config(lora_rank=2))


def test_lora_on_a_model_without_attention_is_an_error() -> None:
    pytest.importorskip("peft")
    with pytest.raises(SettingsError, match="has no attention to put LoRA beside; set lora_rank to 0"):
        made(a_config("small-timm-resnet", lora_rank=2, freeze_text=True))


def made(config: TrainConfig) -> RegionClip:
    return make_model(config)[0]


def features(model: RegionClip, images: Tensor) -> Tensor:
    with torch.no_grad():
        return model.eval().encode_images(images).global_features


def moved(model: RegionClip, config: TrainConfig) -> set[str]:
    """Names of the weights that two steps of training changed."""
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    optimizer = torch.optim.Adam([weight for weight in model.parameters() if weight.requires_grad], lr=0.01)
    batch = a_batch("P", px=SIZES_PX[config.model])
    for _ in range(2):
        optimizer.zero_grad()
        level_loss(model.train(), batch, Weights(roi=1.0), config, alone).total.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return {
        name
        for name, weight in model.named_parameters()
        if not torch.allclose(weight, before[name], rtol=0, atol=1e-6)  # peft moves frozen weights by rounding
    }
