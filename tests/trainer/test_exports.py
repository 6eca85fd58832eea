"""Exports as ``curator export`` writes them: both formats say the same, and what is broken is named."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from curator.errors import ImageError, InputError
from runs.hard_corpus import draw_hard_export
from tests.trainer.exports import change_records, export_project
from trainer.contents import contents_of
from trainer.exports import Export, find_export


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Export:
    return find_export(export_project(tmp_path_factory.mktemp("lines"), "jsonl"))


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Export:
    return find_export(export_project(tmp_path_factory.mktemp("shards"), "webdataset"))


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    draw_hard_export(tmp_path / "drawn", 4, 0)
    return tmp_path / "drawn"


def test_both_formats_hold_the_same_figures_each_found_by_its_place(lines: Export, shards: Export) -> None:
    of_lines = {record.figure_id: record for _, record in lines.records()}
    assert len(of_lines) == 12
    found = list(shards.records())
    assert {replace(record, image_path=None) for record in of_lines.values()} == {record for _, record in found}
    for export in (lines, shards):
        for place, record in reversed(list(export.records())):
            assert export.record(place) == record


def test_both_formats_show_the_same_panels(lines: Export, shards: Export) -> None:
    pictures = []
    for export in (lines, shards):
        place, record = next((place, record) for place, record in export.records() if record.figure_id == "PMC3:fig1")
        panel = record.panels[1]
        assert panel.window_xyxy == (50, 0, 100, 80)
        whole = export.figure(place, record, 20).squashed((0.0, 0.0, 100.0, 80.0), 20)
        part = export.panel(place, record, panel, 20).squashed((0.0, 0.0, 50.0, 80.0), 20)
        region = export.panel(place, record, panel, 20, 20.0).squashed((20.0, 20.0, 40.0, 40.0), 20)
        pictures.append(np.stack([whole, part, region]).astype(float))
    assert np.abs(pictures[0] - pictures[1]).mean() < 2  # shards are JPEG
    assert pictures[0][2].std() > 20  # the region shows something: the rim of the red disc


def test_what_workers_are_given_holds_places_alone(tmp_path: Path) -> None:
    draw_hard_export(tmp_path / "small", 10, 0)
    draw_hard_export(tmp_path / "large", 40, 0)
    small, large = (len(pickle.dumps(contents_of(tmp_path / name))) for name in ("small", "large"))
    assert large - small < 30 * 100  # 17 bytes a figure, 8 a pair


def test_a_folder_that_no_export_wrote_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        find_export(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} is no export with images: manifest.json is missing there; "
        "write one with `curator export --format jsonl -o FOLDER` or `--format webdataset`"
    )


def test_a_coco_export_cannot_be_trained_on(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds an export of format 'coco' without hierarchy\.jsonl or shards"):
        find_export(export_project(tmp_path, "coco", articles=1))


@pytest.mark.parametrize("manifest", ["{", "[]", "{}"])
def test_a_broken_manifest_is_refused(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(InputError, match=r"manifest\.json is no manifest of an export"):
        find_export(tmp_path)


def test_a_record_that_cannot_be_read_is_named_and_nothing_is_passed_over(drawn: Path) -> None:
    path = drawn / "hierarchy.jsonl"
    first, second, *others = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([first, second[:100] + b"\n", *others]))
    with pytest.raises(InputError, match=rf"^{path}, byte {len(first)} is no record of an exported figure: "):
        contents_of(drawn)


def test_missing_and_doubled_figures_are_named(drawn: Path) -> None:
    lines = (drawn / "hierarchy.jsonl").read_bytes().splitlines(keepends=True)
    (drawn / "hierarchy.jsonl").write_bytes(b"".join(lines[:-1]))
    with pytest.raises(InputError, match=r"holds 3 figures, its manifest.json counts 4; copy it completely"):
        contents_of(drawn)
    (drawn / "hierarchy.jsonl").write_bytes(b"".join([*lines[:-1], lines[0]]))
    with pytest.raises(InputError, match="holds figures \\['drawn-0-00000:figure1'\\] more than once"):
        contents_of(drawn)


def test_a_shard_that_is_cut_off_is_named(tmp_path: Path) -> None:
    folder = export_project(tmp_path, "webdataset", articles=2)
    shard = next(folder.glob("*.tar"))
    shard.write_bytes(shard.read_bytes()[: shard.stat().st_size // 3])
    with pytest.raises(InputError, match=str(shard)):
        contents_of(folder)


def image_of(folder: Path) -> Path:
    record = json.loads((folder / "hierarchy.jsonl").read_text().splitlines()[0])
    return folder / str(record["image_path"])


def first_figure(folder: Path) -> None:
    export = find_export(folder)
    place, record = next(export.records())
    export.figure(place, record, 32)


def test_an_image_that_cannot_be_read_is_named(drawn: Path) -> None:
    image_of(drawn).write_bytes(image_of(drawn).read_bytes()[:200])
    with pytest.raises(ImageError, match=f"^the image of figure 'drawn-0-00000:figure1' in {drawn} cannot be read: "):
        first_figure(drawn)
    image_of(drawn).unlink()
    with pytest.raises(ImageError, match=r"^figure 'drawn-0-00000:figure1': its image 'images/.*png' is not in "):
        first_figure(drawn)


def test_an_image_of_another_size_than_its_boxes_is_refused(drawn: Path) -> None:
    Image.new("RGB", (300, 112)).save(image_of(drawn))
    with pytest.raises(ImageError, match="has 300 x 112 px, its boxes lie in one of 344 x 112 px"):
        first_figure(drawn)


@pytest.mark.parametrize("path", ["../secret.png", "/etc/hostname", None])
def test_an_image_outside_the_export_is_not_opened(drawn: Path, path: str | None) -> None:
    (drawn.parent / "secret.png").write_bytes(image_of(drawn).read_bytes())
    change_records(drawn, lambda record: {**record, "image_path": path})
    with pytest.raises(ImageError, match=r"its image .* is not in "):
        first_figure(drawn)
