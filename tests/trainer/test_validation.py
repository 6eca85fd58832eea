"""Retrieval on the validation split, against features of one picture at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from curator.geometry import Box
from tests.trainer.small_runs import draw_small_export, small_config
from trainer.batch import Children
from trainer.config import TrainConfig
from trainer.dataset import CLIP_MEAN, CLIP_STD
from trainer.evaluation_items import EvaluationItem, evaluation_items
from trainer.model import make_model
from trainer.retrieval import recall
from trainer.validation import Validation

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return draw_small_export(tmp_path_factory.mktemp("drawn") / "export", figures=60)


def pixels(image: Image.Image, px: int) -> Tensor:
    square = np.asarray(image.resize((px, px), Image.Resampling.BICUBIC, reducing_gap=3.0))
    values = torch.from_numpy(square.copy()).permute(2, 0, 1).float() / 255
    return ((values - torch.tensor(CLIP_MEAN).view(3, 1, 1)) / torch.tensor(CLIP_STD).view(3, 1, 1))[None]


def child(item: EvaluationItem, box: Box, px: int) -> Children:
    x, y = px / item.image.width, px / item.image.height
    boxes = torch.tensor([[box[0] * x, box[1] * y, box[2] * x, box[3] * y]])
    return Children(torch.zeros(1, dtype=torch.int64), boxes, torch.zeros(0), pixels(item.crop, px), None, None)


def plain_recall(export: Path, config: TrainConfig, level: str) -> dict[str, float]:
    model, _, tokenizer = make_model(config)
    model.eval()
    images, texts = [], []
    for item in evaluation_items(export, "val", level):  # type: ignore[arg-type]
        encoded = model.encode_images(pixels(item.image, config.image_px))
        box = item.box_xyxy
        region = None if box is None else model.region_features(encoded, child(item, box, config.image_px))
        images.append(encoded.global_features if region is None else region)
        texts.append(item.text)
    unique = list(dict.fromkeys(texts))
    partner = torch.tensor([unique.index(text) for text in texts])
    return recall(torch.cat(images), model.encode_texts(tokenizer(unique)), (1, 10), partner)


@pytest.mark.parametrize("changes", [{}, {"regions": "crop", "roi_processor": True}], ids=["roi", "crop-fused"])
def test_recalls_are_those_of_features_made_one_at_a_time(export: Path, changes: dict[str, Any]) -> None:
    config = small_config(**changes)
    model, _, tokenizer = make_model(config)
    model.train()
    found, score = Validation(export, config, tokenizer, CLIP_MEAN, CLIP_STD).of(model, CPU)
    assert model.training
    with torch.no_grad():
        expected = {level: plain_recall(export, config, level) for level in ("M", "P", "R")}
    assert found == expected
    assert found["R"]["pool_a"] > found["R"]["pool_b"] > 5
    ways = [values[f"{way}_r{k}"] for values in expected.values() for way in ("a2b", "b2a") for k in (1, 10)]
    assert score == pytest.approx(sum(ways) / 12)


def test_the_score_is_over_the_levels_that_are_trained_alone(export: Path) -> None:
    config = small_config(preset="flat")
    model, _, tokenizer = make_model(config)
    found, score = Validation(export, config, tokenizer, CLIP_MEAN, CLIP_STD).of(model, CPU)
    assert set(found) == {"M", "P", "R"}
    assert score == pytest.approx(sum(found["M"][f"{way}_r{k}"] for way in ("a2b", "b2a") for k in (1, 10)) / 4)


def test_where_the_split_is_empty_there_is_no_score(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.validation.evaluation_items", lambda *which: iter(()))
    config = small_config()
    model, _, tokenizer = make_model(config)
    assert Validation(export, config, tokenizer, CLIP_MEAN, CLIP_STD).of(model, CPU) == ({}, None)
