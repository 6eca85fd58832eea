"""Region features of every kind of tower, against what must hold whatever the weights are."""

from __future__ import annotations

import copy
import json
import logging
import math
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs 'make models'")
open_clip = pytest.importorskip("open_clip", reason="training needs 'make models'")

from curator.errors import ModelError, SettingsError  # noqa: E402
from tests.trainer.models import CLASS_TOKEN, SIZES_PX, SMALL, a_batch, a_config  # noqa: E402
from trainer.model import RegionClip, clip_config, make_model  # noqa: E402


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)  # open_clip warns of each random start


@pytest.fixture(params=sorted(SIZES_PX))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_all_features_have_unit_length_and_the_models_dimension(name: str) -> None:
    model, batch = made(name)
    encoded = model.encode_images(batch.images)
    for features, rows in (
        (encoded.global_features, 4),
        (model.encode_texts(batch.texts), 4),
        (model.region_features(encoded, batch.children), 4),
        (model.crop_features(batch.children), 4),
        (model.cell_features(encoded).flatten(0, 2), 4 * encoded.feature_map[0, 0].numel()),
    ):
        assert features.shape == (rows, model.dim)
        torch.testing.assert_close(features.norm(dim=-1), torch.ones(rows))


def test_the_model_that_has_no_weights_is_made_without_a_warning_of_missing_ones(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    make_model(a_config("curator-tiny"))
    assert caplog.messages == []


def test_image_and_text_features_are_open_clips_own(name: str) -> None:
    model, batch = made(name)
    torch.testing.assert_close(
        model.encode_images(batch.images).global_features,
        model.clip.encode_image(batch.images, normalize=True),
        rtol=1e-4,
        atol=1e-5,
    )
    padded = torch.nn.functional.pad(batch.texts, (0, model.clip.context_length - batch.texts.shape[1]))
    torch.testing.assert_close(
        model.encode_texts(padded), model.clip.encode_text(padded, normalize=True), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("name", sorted(set(SIZES_PX) - set(CLASS_TOKEN)))
def test_the_region_of_the_whole_image_has_the_images_feature(name: str) -> None:
    model, batch = made(name)
    if name == "small-timm-attention":
        model.clip.visual.trunk.pool_include_prefix = False  # SigLIP has no class token to include
    px = float(SIZES_PX[name])
    encoded = model.encode_images(batch.images)
    whole = torch.tensor([[0.0, 0.0, px, px]]).repeat(4, 1)
    regions = model.roi_features(encoded, torch.arange(4), whole)
    torch.testing.assert_close(regions, encoded.global_features, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", CLASS_TOKEN)
def test_with_a_class_token_the_region_of_the_whole_image_is_the_mean_of_its_cells(name: str) -> None:
    model, batch = made(name)
    px = float(SIZES_PX[name])
    encoded = model.encode_images(batch.images)
    whole = torch.tensor([[0.0, 0.0, px, px]]).repeat(4, 1)
    regions = model.roi_features(encoded, torch.arange(4), whole)
    means = encoded.feature_map.mean((2, 3), keepdim=True)
    expected = torch.nn.functional.normalize(model.tower.head(means), dim=-1)
    torch.testing.assert_close(regions, expected, rtol=1e-4, atol=1e-5)


def test_another_box_gives_another_feature_and_its_gradient_reaches_the_tower(name: str) -> None:
    model, batch = made(name)
    px = float(SIZES_PX[name])
    encoded = model.encode_images(batch.images)
    boxes = torch.tensor([[0.0, 0.0, px / 2, px / 2], [px / 2, px / 2, px, px]])
    regions = model.roi_features(encoded, torch.tensor([2, 2]), boxes)
    assert not torch.allclose(regions[0], regions[1], atol=1e-4)
    regions[0, 0].backward()
    weights = list(model.clip.visual.parameters())
    assert sum(weight.grad is not None and bool(weight.grad.any()) for weight in weights) > len(weights) / 2


def test_a_region_is_read_from_its_own_image() -> None:
    model, batch = made(SMALL)
    encoded = model.encode_images(batch.images)
    box = torch.tensor([[3.0, 4.0, 20.0, 30.0]])
    alone = model.encode_images(batch.images[2:3])
    torch.testing.assert_close(
        model.roi_features(encoded, torch.tensor([2]), box),
        model.roi_features(alone, torch.tensor([0]), box),
        rtol=1e-4,
        atol=1e-5,
    )


def test_a_cells_feature_is_that_of_its_box() -> None:
    model, batch = made(SMALL)
    encoded = model.encode_images(batch.images)
    cell = model.roi_features(encoded, torch.tensor([1]), torch.tensor([[16.0, 8.0, 24.0, 16.0]]))  # 8 px a cell
    torch.testing.assert_close(model.cell_features(encoded)[1, 1, 2], cell[0])


def test_crops_are_encoded_as_images() -> None:
    model, batch = made(SMALL, regions="crop")
    encoded = model.encode_images(batch.images)
    assert batch.children.crops is not None
    torch.testing.assert_close(
        model.region_features(encoded, batch.children), model.encode_images(batch.children.crops).global_features
    )


def test_no_children_give_no_features(name: str) -> None:
    model, _ = made(name)
    batch = a_batch("M", image=[], px=SIZES_PX[name])
    encoded = model.encode_images(batch.images)
    assert model.region_features(encoded, batch.children).shape == (0, model.dim)
    assert model.crop_features(batch.children).shape == (0, model.dim)
    assert model.encode_texts(batch.children.texts).shape == (0, model.dim)


def test_the_same_seed_gives_the_same_weights_and_leaves_torchs_own_alone() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    first, second, other = (make_model(a_config(seed=seed))[0] for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    weights = [torch.cat([weight.flatten() for weight in model.parameters()]) for model in (first, second, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_a_model_from_scratch_starts_at_the_configured_temperature() -> None:
    model, _, _ = make_model(a_config(temperature=0.05))
    assert float(model.logit_scale.detach()) == pytest.approx(20.0)
    assert model.logit_bias is None


def test_a_siglip_model_starts_with_siglips_scale_and_bias() -> None:
    model, _, _ = make_model(a_config(loss="siglip"))
    assert model.logit_bias is not None
    assert (float(model.logit_scale.detach()), float(model.logit_bias.detach())) == pytest.approx((10.0, -10.0))
    assert model.clip_config["init_logit_bias"] == -10.0


def test_the_image_size_is_the_configured_one_and_pictures_are_squashed_to_it() -> None:
    from PIL import Image

    model, preprocess, _ = make_model(a_config(image_px=48))
    picture = preprocess(Image.new("RGB", (90, 30), "red"))
    assert picture.shape == (3, 48, 48)
    assert model.encode_images(picture[None]).feature_map.shape[-2:] == (6, 6)
    assert clip_config(a_config(image_px=48))["vision_cfg"]["image_size"] == 48


def test_curator_tiny_comes_with_clips_tokenizer_and_needs_no_network() -> None:
    model, _, tokenizer = make_model(a_config("curator-tiny"))
    assert tokenizer(["white arrows: ballooned hepatocytes"]).shape == (1, 77)
    assert model.clip_config["vision_cfg"]["layers"] == 6


def test_parts_that_do_not_train_stay_in_evaluation_mode() -> None:
    model, _, _ = make_model(a_config("small-resnet", freeze_text=True, unlocked_blocks=1))
    model.train()
    assert model.training
    assert model.clip.visual.layer4.training
    assert not model.clip.visual.layer3.training
    assert not model.clip.visual.bn1.training
    assert not model.clip.transformer.training


def test_a_copy_has_its_own_tower() -> None:
    """As the average of the weights is one."""
    model, batch = made(SMALL)
    before = model.encode_images(batch.images).global_features
    copied = copy.deepcopy(model)
    with torch.no_grad():
        copied.clip.visual.proj.mul_(torch.linspace(0.1, 2.0, model.dim))
    assert not torch.allclose(copied.encode_images(batch.images).global_features, before, atol=1e-3)
    torch.testing.assert_close(model.encode_images(batch.images).global_features, before)


@pytest.mark.parametrize("name", [SMALL, "small-timm-vit"])
def test_gradient_checkpointing_gives_the_same_gradient(name: str) -> None:
    gradients = []
    for checkpointing in (False, True):
        model, batch = made(name, grad_checkpointing=checkpointing)
        encoded = model.train().encode_images(batch.images)
        total = model.region_features(encoded, batch.children) * model.encode_texts(batch.children.texts)
        total.sum().backward()
        gradients.append({key: weight.grad for key, weight in model.named_parameters() if weight.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for key, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][key], gradient, rtol=1e-3, atol=1e-5)


def test_a_model_that_open_clip_wrote_is_loaded_from_its_folder(tmp_path: Path) -> None:
    model, batch = made(SMALL)
    save_local_dir(model.clip, model.clip_config, tmp_path)
    loaded, _, _ = make_model(a_config(f"local-dir:{tmp_path}", seed=5))
    torch.testing.assert_close(
        loaded.eval().encode_images(batch.images).global_features,
        model.encode_images(batch.images).global_features,
    )
    assert float(loaded.logit_scale.detach()) == pytest.approx(float(model.logit_scale.detach()))


def test_a_loaded_model_keeps_its_own_temperature(tmp_path: Path) -> None:
    model, _ = made(SMALL)
    with torch.no_grad():
        model.clip.logit_scale.fill_(math.log(50.0))
    save_local_dir(model.clip, model.clip_config, tmp_path)
    loaded, _, _ = make_model(a_config(f"local-dir:{tmp_path}", temperature=0.07))
    assert float(loaded.logit_scale.detach()) == pytest.approx(50.0)
    becomes_siglip, _, _ = make_model(a_config(f"local-dir:{tmp_path}", loss="siglip"))
    assert float(becomes_siglip.logit_scale.detach()) == pytest.approx(10.0)


def test_a_folder_whose_text_tower_is_named_by_a_lost_path_is_loaded_from_the_folder_itself(tmp_path: Path) -> None:
    """As published models are: the name in it is that of the machine that wrote it, or of a hub."""
    from transformers import BertConfig, BertModel

    sizes: dict[str, Any] = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
    }
    text = BertModel(BertConfig(vocab_size=99, **sizes), add_pooling_layer=False)
    text.save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()  # open_clip's weights hold the text tower's
    write_tokenizer(tmp_path)
    config = clip_config(a_config(SMALL))
    config["text_cfg"] = {
        "hf_model_name": str(tmp_path),
        "hf_tokenizer_name": str(tmp_path),
        "hf_model_pretrained": False,
        "hf_proj_type": "mlp",
        "hf_pooler_type": "cls_last_hidden_state_pooler",
        "context_length": 12,
    }
    clip = open_clip.CustomTextCLIP(**config).eval()
    config["text_cfg"] |= {"hf_model_name": "/a/lost/path", "hf_tokenizer_name": "no/such-hub-name"}
    save_local_dir(clip, config, tmp_path)

    loaded, _, tokenizer = make_model(a_config(f"local-dir:{tmp_path}", freeze_text=True))
    loaded.eval()

    tokens = tokenizer(["fibrosis", "marked fibrosis near the vein"])
    assert tokens.shape == (2, 12)
    features = clip.encode_text(tokens, normalize=True)
    torch.testing.assert_close(loaded.encode_texts(tokens), features, rtol=1e-4, atol=1e-5)
    assert not any(weight.requires_grad for weight in loaded.clip.text.parameters())


def test_an_unknown_name_says_what_could_be_given() -> None:
    with pytest.raises(ModelError, match="'ViT-B-61' is no model that open_clip knows; give one of"):
        make_model(a_config("ViT-B-61"))


def test_a_folder_without_a_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has no open_clip_config\.json that can be read"):
        make_model(a_config(f"local-dir:{tmp_path}"))


def test_features_that_the_roi_processor_cannot_split_are_an_error() -> None:
    with pytest.raises(SettingsError, match="splits features among 8 heads and the model's have 12 dimensions"):
        RegionClip(made(SMALL)[0].clip, 12, roi_processor=True)


def made(name: str, **changes):  # type: ignore[no-untyped-def]
    """The model in evaluation mode, and a batch of level P in its size."""
    model, _, _ = make_model(a_config(name, **changes))
    return model.eval(), a_batch("P", px=SIZES_PX.get(name, 32))


def save_local_dir(clip: Any, config: dict[str, Any], folder: Path) -> None:
    """What open_clip reads as ``local-dir:``."""
    from safetensors.torch import save_file

    about = {"model_cfg": config, "preprocess_cfg": {}}
    (folder / "open_clip_config.json").write_text(json.dumps(about), encoding="utf-8")
    save_file(clip.state_dict(), folder / "open_clip_model.safetensors")


def write_tokenizer(folder: Path) -> None:
    from transformers import BertTokenizer

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "marked", "fibrosis", "near", "the", "vein"]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    vocab = {word: number for number, word in enumerate(words)}
    BertTokenizer(vocab=vocab).save_pretrained(folder)
