"""Features for search are those that evaluation measures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from curator.errors import ModelError
from runs.hard_corpus import draw_hard_export
from tests.trainer.models import SMALL, a_config
from trainer.embed import Embedder
from trainer.evaluate.answers import answer
from trainer.evaluate.subject import Subject
from trainer.model import make_model
from trainer.pictures import squash


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("drawn") / "export"
    draw_hard_export(folder, 20, seed=0)
    return folder


def a_subject(**changes: Any) -> Subject:
    config = replace(a_config(SMALL), **changes)
    model, _, tokenizer = make_model(config)
    return Subject("a model", model.eval(), tokenizer, config, torch.device("cpu"))


@pytest.mark.parametrize("changes", [{"regions": "roi"}, {"regions": "crop"}, {"roi_processor": True}], ids=str)
def test_panels_and_regions_have_the_features_that_evaluation_measures(export: Path, changes: dict[str, Any]) -> None:
    subject = a_subject(**changes)
    embedder, answers = Embedder(subject), answer(subject, export, "val")
    wanted = {
        task: dict(zip(answers.ids[task], answers.pairs[task].images.numpy(), strict=True)) for task in ("panel", "box")
    }
    compared = 0
    for line in (export / "hierarchy.jsonl").read_text().splitlines():
        record = json.loads(line)
        if f"{record['figure_id']}/{record['panels'][0]['id']}" not in wanted["panel"]:
            continue
        regions = [(number, region) for number, panel in enumerate(record["panels"]) for region in panel["regions"]]
        with Image.open(export / record["image_path"]) as image:
            found = embedder.figure(
                image.convert("RGB"),
                [panel["box_xyxy"] for panel in record["panels"]],
                [(number, region["box_xyxy"]) for number, region in regions],
            )
        for panel, feature in zip(record["panels"], found[0], strict=True):
            assert feature == pytest.approx(wanted["panel"][f"{record['figure_id']}/{panel['id']}"], abs=1e-5)
        for (number, region), feature in zip(regions, found[1], strict=True):
            name = f"{record['figure_id']}/{record['panels'][number]['id']}/{region['id']}"
            assert feature == pytest.approx(wanted["box"][name], abs=1e-5)
            compared += 1
    assert compared == len(answers.ids["box"]) > 10


def test_a_figure_of_many_panels_is_encoded_a_few_at_a_time_with_the_same_features() -> None:
    embedder = Embedder(a_subject())
    image = a_picture()
    panels = [(float(x), float(y), x + 20.0, y + 20.0) for y in range(0, 80, 20) for x in range(0, 120, 20)]
    regions = [(number, (box[0] + 5, box[1] + 5, box[2] - 5, box[3] - 5)) for number, box in enumerate(panels)]
    assert len(panels) > 16
    together = embedder.figure(image, panels, list(reversed(regions)))
    alone = [embedder.figure(image, [box], [(0, region)]) for box, (_, region) in zip(panels, regions, strict=True)]
    assert together[0] == pytest.approx(np.concatenate([one[0] for one in alone]), abs=1e-5)
    assert together[1][::-1] == pytest.approx(np.concatenate([one[1] for one in alone]), abs=1e-5)


@pytest.mark.parametrize("way", ["roi", "crop"])
def test_a_region_without_a_panel_or_outside_of_it_is_seen_in_the_whole_figure(way: str) -> None:
    embedder = Embedder(a_subject(regions=way))
    image, box = a_picture(), (60.0, 20.0, 90.0, 50.0)
    _, whole = embedder.figure(image, [(0.0, 0.0, 120.0, 80.0)], [(0, box)])
    panels, lost = embedder.figure(image, [(0.0, 0.0, 50.0, 80.0)], [(None, box), (0, box)])
    assert lost == pytest.approx(np.repeat(whole, 2, axis=0), abs=1e-6)
    assert panels.shape == (1, embedder.dim), "the whole figure is none of its panels"


def test_nothing_has_no_features() -> None:
    embedder = Embedder(a_subject())
    found = [*embedder.figure(a_picture(), [], []), embedder.texts([]), embedder.pictures([])]
    assert [features.shape for features in found] == [(0, embedder.dim)] * 4


def test_texts_are_normalised_as_training_texts_are() -> None:
    embedder = Embedder(a_subject())
    one, other = embedder.texts(["Arrow, at CD4+ cells.", "arrow at cd4+ cells"])
    assert np.array_equal(one, other)
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-5)


def test_a_picture_is_seen_as_a_panel_of_the_same_pixels() -> None:
    subject = a_subject()
    found = Embedder(subject).pictures([a_picture().convert("L")])
    assert found == pytest.approx(subject.images([squash(a_picture().convert("L").convert("RGB"), subject.px)]).numpy())


def test_a_fingerprint_tells_weights_apart_and_is_the_same_for_the_same() -> None:
    first, again, other = (Embedder(a_subject(seed=seed)) for seed in (0, 0, 1))
    assert first.fingerprint == again.fingerprint != other.fingerprint


def test_a_name_may_carry_the_tag_of_published_weights() -> None:
    with pytest.raises(ModelError, match=r"'curator-tiny' cannot be made: .*no-such-tag"):
        Embedder.load("curator-tiny:no-such-tag")
    assert Embedder.load("curator-tiny").name == "curator-tiny"


def a_picture() -> Image.Image:
    noise = np.random.default_rng(3).integers(0, 255, (80, 120, 3), np.uint8)
    return Image.fromarray(noise)
