"""The hard corpus: an export like any other, whose captions keep silent about what its regions show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from curator.geometry import Box, coverage, iou
from runs.hard_corpus import draw_hard_export
from runs.hard_panels import MARKED, PANEL_PX
from tests.trainer.exports import export_project


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "hierarchy.jsonl").read_text().splitlines()]


def regions(folder: Path) -> dict[str, dict[str, Any]]:
    return {
        f"{record['figure_id']}/{region['id']}": {**region, "split": record["split"]}
        for record in records(folder)
        for panel in record["panels"]
        for region in panel["regions"]
    }


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "export"
    draw_hard_export(folder, 30, 0)
    return folder


def keys_of(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: keys_of(below) for key, below in value.items() if key not in ("finding", "files", "counts")}
    return [keys_of(value[0])] if isinstance(value, list) and value and isinstance(value[0], dict) else None


def test_it_has_the_shape_of_a_real_export(drawn: Path, tmp_path: Path) -> None:
    real = export_project(tmp_path, "jsonl", articles=12)
    with_all = [
        next(r for r in records(folder) if all(p["regions"] for p in r["panels"][-1:])) for folder in (drawn, real)
    ]
    ours, theirs = (keys_of({**record, "panels": record["panels"][-1:]}) for record in with_all)
    assert ours == theirs
    manifests = [json.loads((folder / "manifest.json").read_text()) for folder in (drawn, real)]
    assert keys_of(manifests[0]) == keys_of(manifests[1])
    assert sorted(manifests[0]["counts"]) == sorted({*manifests[0]["counts"], *manifests[1]["counts"]})


def test_captions_name_no_colour_shape_or_place_of_any_region(drawn: Path) -> None:
    for record in records(drawn):
        for panel in record["panels"]:
            assert len(panel["regions"]) == MARKED
            for region in panel["regions"]:
                words = set(
                    f"{region['finding']['adjective']} {region['finding']['term']} left right upper lower".split()
                )
                assert not words & set(record["caption"].lower().replace(".", " ").split())
                assert region["description"].startswith(
                    f"{region['finding']['adjective']} {region['finding']['term']} "
                )


def test_the_same_seed_draws_the_same_and_a_longer_corpus_begins_with_the_shorter(drawn: Path, tmp_path: Path) -> None:
    draw_hard_export(tmp_path / "short", 10, 0)
    draw_hard_export(tmp_path / "other", 10, 1)
    assert records(tmp_path / "short") == records(drawn)[:10]
    assert records(tmp_path / "other")[0]["image_sha256"] != records(drawn)[0]["image_sha256"]


def test_wrong_boxes_are_as_many_as_asked_for_only_in_training_and_wrong(drawn: Path, tmp_path: Path) -> None:
    right = regions(drawn)
    wrong_before: set[str] = set()
    for share in (0.1, 0.4):
        draw_hard_export(tmp_path / str(share), 30, 0, wrong_boxes=share)
        spoiled = regions(tmp_path / str(share))
        wrong = {name for name, region in spoiled.items() if region["box_xyxy"] != right[name]["box_xyxy"]}
        training = [name for name, region in right.items() if region["split"] == "train"]
        assert {right[name]["split"] for name in wrong} == {"train"}
        assert share - 0.1 < len(wrong) / len(training) < share + 0.1
        assert wrong_before < wrong
        wrong_before = wrong
        for name in wrong:
            assert iou(spoiled[name]["box_xyxy"], right[name]["box_xyxy"]) == 0
            assert spoiled[name]["description"] == right[name]["description"]


def test_wrong_panels_lie_half_beside_themselves_and_inside_the_figure(drawn: Path, tmp_path: Path) -> None:
    draw_hard_export(tmp_path / "wrong", 30, 0, wrong_boxes=1.0)
    for record, right in zip(records(tmp_path / "wrong"), records(drawn), strict=True):
        width, height = record["image_wh"]
        whole: Box = (0, 0, width, height)
        expected = 0.5 if record["split"] == "train" else 1.0
        for panel, true in zip(record["panels"], right["panels"], strict=True):
            assert coverage(panel["box_xyxy"], true["box_xyxy"]) == expected
            for node in (panel, *panel["regions"]):
                assert coverage(node["box_xyxy"], whole) == 1
            assert panel["box_xyxy"][2] - panel["box_xyxy"][0] == PANEL_PX


def test_what_a_curator_has_reviewed_is_right_and_verified_and_more_of_it_at_a_larger_share(
    drawn: Path, tmp_path: Path
) -> None:
    right, reviewed_before = regions(drawn), set[str]()
    for share in (0.3, 0.7):
        folder = tmp_path / str(share)
        draw_hard_export(folder, 30, 0, wrong_boxes=1.0, reviewed=share)
        training = [record for record in records(folder) if record["split"] == "train"]
        reviewed = {record["figure_id"] for record in training if record["state"] == "accepted"}
        assert share - 0.25 < len(reviewed) / len(training) < share + 0.25
        assert reviewed_before < reviewed
        reviewed_before = reviewed
        for name, region in regions(folder).items():
            is_right = region["box_xyxy"] == right[name]["box_xyxy"]
            assert is_right == (region["split"] != "train" or name.split("/")[0] in reviewed)
            assert region["status"] == ("accepted" if is_right else "proposed")


def test_verified_only_leaves_out_what_nobody_reviewed(drawn: Path, tmp_path: Path) -> None:
    draw_hard_export(tmp_path / "all", 30, 0, wrong_boxes=1.0, reviewed=0.5)
    draw_hard_export(tmp_path / "verified", 30, 0, wrong_boxes=1.0, reviewed=0.5, verified_only=True)
    verified = records(tmp_path / "verified")
    assert verified == [record for record in records(tmp_path / "all") if record["state"] == "accepted"]
    assert 0 < len(verified) < 30
    assert json.loads((tmp_path / "verified" / "manifest.json").read_text())["filter"] == {"verified_only": True}
