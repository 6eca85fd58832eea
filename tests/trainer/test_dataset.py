"""Batches: the same for any number of workers and any start, disjoint between processes, errors as they were."""

from __future__ import annotations

from dataclasses import fields
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

from curator.errors import ImageError
from runs.hard_corpus import draw_hard_export
from tests.trainer.exports import bytes_of, change_records, config_of, export_project, texts_of
from trainer.batch import Batch, Children
from trainer.config import Level, Stage, TrainConfig, Weights
from trainer.dataset import CLIP_MEAN, CLIP_STD, make_loader

LEVELS: tuple[Level, ...] = ("M", "P", "R")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "export"
    draw_hard_export(folder, 12, 3)
    return folder


def batches(export: Path, n: int, level: Level = "P", config: TrainConfig | None = None, **more: Any) -> list[Batch]:
    config = config or config_of()
    return list(islice(make_loader(export, config, "train", level, bytes_of, **({"seed": 0} | more)), n))


def parts(batch: Batch) -> dict[str, Any]:
    children = {f"children.{field.name}": getattr(batch.children, field.name) for field in fields(Children)}
    return {"level": batch.level, "images": batch.images, "texts": batch.texts, **children}


def same(first: Batch, second: Batch) -> bool:
    a, b = parts(first), parts(second)
    return all(torch.equal(a[k], b[k]) if isinstance(a[k], torch.Tensor) else a[k] == b[k] for k in a)


@pytest.mark.parametrize("level", LEVELS)
def test_any_number_of_workers_and_any_start_give_the_same_batches(drawn: Path, level: Level) -> None:
    alone = batches(drawn, 8, level)
    assert not same(alone[0], alone[1])
    for workers, start in ((1, 0), (2, 3)):
        found = batches(drawn, 8 - start, level, config_of(workers=workers), start_batch=start)
        assert all(map(same, found, alone[start:]))
        assert len(found) == 8 - start


def test_processes_see_different_pictures_of_one_epoch(drawn: Path) -> None:
    config = config_of(batch=5)
    texts = [
        (rank, text)
        for rank in range(2)
        for batch in batches(drawn, 1, "M", config, rank=rank, world=2)
        for text in texts_of(batch.texts)
    ]
    assert len(texts) >= 8
    assert len({text for _, text in texts}) == len(texts)


def test_shapes_and_types_are_those_of_the_contract(drawn: Path) -> None:
    (batch,) = batches(drawn, 1, "R")
    c = len(batch.children.image)
    assert 4 <= c <= 8
    assert {name: (value.dtype, tuple(value.shape)) for name, value in parts(batch).items() if name != "level"} == {
        "images": (torch.float32, (4, 3, 32, 32)),
        "texts": (torch.int64, (4, 160)),
        "children.image": (torch.int64, (c,)),
        "children.boxes_xyxy": (torch.float32, (c, 4)),
        "children.texts": (torch.int64, (c, 160)),
        "children.crops": (torch.float32, (c, 3, 32, 32)),
        "children.negatives": (torch.int64, (c, 5, 160)),
        "children.has_negatives": (torch.bool, (c, 5)),
    }
    assert batch.children.image.tolist() == sorted(batch.children.image.tolist())
    assert set(batch.children.image.tolist()) == {0, 1, 2, 3}


def test_negatives_that_are_missing_are_masked(tmp_path: Path) -> None:
    def with_two(record: dict[str, Any]) -> dict[str, Any]:
        for number, panel in enumerate(record["panels"]):
            for region in panel["regions"]:
                region["finding"]["negatives"] = ["One.", "", "Two."]
                region["finding"] = region["finding"] if number else None
        return record

    draw_hard_export(tmp_path / "export", 8, 0)
    change_records(tmp_path / "export", with_two)
    found = set()
    for batch in batches(tmp_path / "export", 5, "R"):
        assert batch.children.negatives is not None
        assert batch.children.has_negatives is not None
        for tokens, there in zip(batch.children.negatives, batch.children.has_negatives.tolist(), strict=True):
            found.add((tuple(texts_of(tokens)), tuple(there)))
    assert found == {
        (("one", "two", "", "", ""), (True, True, False, False, False)),
        (("", "", "", "", ""), (False,) * 5),
    }


def test_a_level_whose_losses_use_no_children_has_none(drawn: Path) -> None:
    config = config_of(Weights())
    (batch,) = batches(drawn, 1, "M", config)
    assert parts(batch)["children.boxes_xyxy"].shape == (0, 4)
    assert parts(batch)["children.texts"].shape == (0, 160)
    assert batch.children.crops is None
    assert batch.children.negatives is None


def test_pictures_without_children_keep_their_place(tmp_path: Path) -> None:
    """The first panels of a real project have no region."""
    export = export_project(tmp_path, "webdataset")
    found = batches(export, 6, config=config_of(batch=3))
    assert {len(batch.children.image) for batch in found} & {0, 1, 2}
    for batch in found:
        assert batch.children.crops is not None
        assert len(batch.children.crops) == len(batch.children.image) == len(batch.children.texts)
        for index, text in enumerate(texts_of(batch.texts)):
            assert (index in batch.children.image.tolist()) == ("arrow" in text)


def test_pixels_are_normalised_as_the_model_says(drawn: Path) -> None:
    (plain,) = batches(drawn, 1, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    assert 0 <= float(plain.images.min()) < float(plain.images.max()) <= 1
    (clip,) = batches(drawn, 1)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (CLIP_MEAN, CLIP_STD))
    assert torch.allclose(clip.images, (plain.images - mean) / std, atol=1e-5)


def test_loading_leaves_torchs_random_numbers_alone(drawn: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    batches(drawn, 2, config=config_of(workers=1))
    assert torch.equal(torch.rand(3), expected)


def test_only_training_cuts_pictures(drawn: Path) -> None:
    config = config_of(Weights(inter=1.0), batch=2)
    second_panels = {float(batch.children.boxes_xyxy[1, 0]) for batch in batches(drawn, 6, "M", config)}
    assert len(second_panels) > 3  # a part may be as wide as the picture
    loader = make_loader(drawn, config, "val", "M", bytes_of, seed=0)
    second_panels = {float(batch.children.boxes_xyxy[1, 0]) for batch in islice(loader, 6)}
    assert second_panels == {float(torch.tensor(116 * 32 / 344))}


@pytest.mark.parametrize("workers", [0, 1])
def test_an_image_that_cannot_be_read_stops_the_run_by_name(tmp_path: Path, workers: int) -> None:
    draw_hard_export(tmp_path / "export", 6, 0)
    for image in (tmp_path / "export" / "images").iterdir():
        image.write_bytes(b"nothing")
    with pytest.raises(ImageError) as caught:
        batches(tmp_path / "export", 1, config=config_of(workers=workers))
    assert str(caught.value).startswith("the image of figure 'drawn-0-")
    assert "Traceback" not in str(caught.value)


def test_a_stage_asks_only_at_its_own_levels(drawn: Path) -> None:
    stages = (Stage("far", 0.5, ("M",), Weights()), Stage("near", 0.5, ("R",), Weights(negatives=1.0)))
    config = config_of(stages=stages)
    (figures,), (regions,) = batches(drawn, 1, "M", config), batches(drawn, 1, "R", config)
    assert len(figures.children.image) == 0
    assert regions.children.negatives is not None
