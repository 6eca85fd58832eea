"""A model's answers to a split: all of it, each text once, regions made as the model makes them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from runs.hard_corpus import draw_hard_export
from tests.trainer.models import SMALL, a_config
from trainer.evaluate.answers import Answers, answer
from trainer.evaluate.subject import Subject
from trainer.evaluation_items import evaluation_items
from trainer.model import make_model
from trainer.pictures import squash


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "export"
    draw_hard_export(folder, 20, seed=0)
    return folder


def a_subject(**changes: object) -> Subject:
    config = replace(a_config(SMALL), **changes)  # type: ignore[arg-type]
    model, _, tokenizer = make_model(config)
    return Subject("a model", model.eval(), tokenizer, config, torch.device("cpu"))


@pytest.fixture(scope="module")
def answers(export: Path) -> Answers:
    return answer(a_subject(), export, "val")


def test_every_item_is_answered_in_order_and_every_text_once(answers: Answers, export: Path) -> None:
    for task, level in (("figure", "M"), ("panel", "P"), ("region", "R"), ("box", "R")):
        items = list(evaluation_items(export, "val", level))  # type: ignore[arg-type]
        pairs = answers.pairs[task]  # type: ignore[index]
        assert answers.ids[task] == [item.id for item in items]  # type: ignore[index]
        texts = answers.texts[task]  # type: ignore[index]
        assert len(set(texts)) == len(texts) == len(pairs.texts)
        assert [texts[number] for number in pairs.text_of.tolist()] == [item.text for item in items]
        assert list(pairs.articles) == [item.article_id for item in items]
    assert len(answers.negatives.hits) == len(answers.ids["box"])
    assert [phrase.text for phrase in answers.phrases]


def test_features_are_those_of_the_model_one_at_a_time(answers: Answers, export: Path) -> None:
    subject = a_subject()
    items = list(evaluation_items(export, "val", "R"))
    for row in (0, 7, len(items) - 1):
        item = items[row]
        assert item.box_xyxy is not None
        panel = subject.pixels([squash(item.image, subject.px)])
        scale = torch.tensor([subject.px / side for side in item.image.size]).repeat(2)
        with torch.no_grad():
            encoded = subject.model.encode_images(panel)
            box = subject.model.roi_features(encoded, torch.tensor([0]), torch.tensor([item.box_xyxy]) * scale)
            cells = subject.model.cell_features(encoded)[0]
        crop = subject.images([squash(item.image, subject.px, item.box_xyxy)])
        text = subject.texts([item.text])[0]
        assert answers.pairs["box"].images[row].numpy() == pytest.approx(box[0].numpy(), abs=1e-5)
        assert answers.pairs["region"].images[row].numpy() == pytest.approx(crop[0].numpy(), abs=1e-5)
        phrase = next(one for one in answers.phrases if one.region_id == item.id)
        assert phrase.similarity.numpy() == pytest.approx((cells @ text).numpy(), abs=1e-5)


def test_a_model_that_was_trained_on_crops_answers_boxes_by_crops(export: Path) -> None:
    found = answer(a_subject(regions="crop"), export, "val")
    assert found.pairs["box"].images.numpy() == pytest.approx(found.pairs["region"].images.numpy(), abs=1e-5)


def test_a_limit_counts_figures_panels_and_panels_with_regions(answers: Answers, export: Path) -> None:
    told: list[int] = []
    found = answer(a_subject(), export, "val", 2, told.append)
    assert [len(found.ids[task]) for task in ("figure", "panel", "box")] == [2, 2, 4]
    assert found.ids["box"] == answers.ids["box"][:4]
    assert sum(told) == 2 + 2 + 2 + 4
