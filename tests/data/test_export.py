"""Exports of real projects: shape, reproducibility, splits, and what is left out."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import webdataset
from PIL import Image

from curator.assessor import Assessed
from curator.commands import parse_commands
from curator.errors import StoreError
from curator.figure import Finding
from data.export import Format, export
from data.formats.record import split_of
from data.store import Store
from data.store.assessors import AssessedFigure
from tests.data.projects import CAPTION, HIERARCHY, add_figures, add_mined_figure

FORMATS: tuple[Format, ...] = ("jsonl", "coco", "webdataset")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Twelve articles; in the first, one region is rejected and the figure accepted."""
    opened = Store(tmp_path / "project")
    for number in range(12):
        add_mined_figure(opened, f"PMC{number}")
    commands = [{"op": "remove", "id": "r4"}, {"op": "judge_figure", "state": "accepted"}]
    opened.reviews.decide("PMC0:fig1", 1, parse_commands(commands), "ann#1", 0.0)
    yield opened
    opened.close()


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_jsonl_has_the_hierarchy_nested_with_texts_provenance_and_licence(store: Store, tmp_path: Path) -> None:
    export(store, "jsonl", tmp_path / "out", verified_only=False)
    record = next(r for r in lines(tmp_path / "out" / "hierarchy.jsonl") if r["figure_id"] == "PMC1:fig1")
    panels = record.pop("panels")
    assert isinstance(panels, list)
    path = record.pop("image_path")
    assert Image.open(tmp_path / "out" / str(path)).size == (100, 80)
    assert record == {
        "schema_version": 2,
        "figure_id": "PMC1:fig1",
        "article_id": "PMC1",
        "split": split_of("PMC1"),
        "image": "fig1.png",
        "image_sha256": record["image_sha256"],
        "image_wh": [100, 80],
        "label": "Figure 1",
        "caption": CAPTION,
        "mentions": [],
        "license": "CC BY 4.0",
        "doi": None,
        "state": "proposed",
        "unassigned": {"markers": [], "regions": []},
    }
    provenance: dict[str, Any] = {
        "agent": "embedded",
        "version": "1",
        "at": "2026-01-01T00:00:00+00:00",
        "model": None,
        "raw_confidence": None,
        "exchanges": [],
        "samples": None,
    }
    assert panels[1] == {
        "id": "p2",
        "label": "B",
        "label_box_xyxy": None,
        "kind": "other",
        "photographic": False,
        "own_caption": "(B) Arrow, mitosis.",
        "own_spans": [[22, 41]],
        "caption": "Cells. (B) Arrow, mitosis. Bar, 5 um.",
        "description": "",
        "summary": "",
        "polygon_xy": [],
        "box_xyxy": [50, 0, 100, 80],
        "confidence": 0.4,
        "status": "proposed",
        "provenance": {**provenance, "confidence": 0.4},
        "markers": [
            {
                "id": "m3",
                "kind": "arrow",
                "color": "white",
                "tip_xy": [70, 20],
                "clause": "Arrow, mitosis",
                "clause_span": [26, 40],
                "box_xyxy": [60, 10, 70, 20],
                "confidence": 0.9,
                "status": "proposed",
                "provenance": {**provenance, "confidence": 0.9},
            }
        ],
        "regions": [
            {
                "id": "r4",
                "label": "mitosis",
                "caption": "A mitosis.",
                "clause": "Arrow, mitosis",
                "clause_span": [26, 40],
                "marker_id": "m3",
                "description": "",
                "finding": None,
                "polygon_xy": [],
                "box_xyxy": [70, 20, 90, 40],
                "confidence": 0.9,
                "status": "proposed",
                "provenance": {**provenance, "confidence": 0.9},
            }
        ],
    }


def add_described_figure(store: Store) -> None:
    """A figure whose region has an outline and what a model said of it."""
    (figure_id,) = add_figures(store, 1, "PMC99")
    panel, marker, region = HIERARCHY.panels[1], HIERARCHY.markers[0], HIERARCHY.regions[0]
    panel = replace(panel, description="dividing cells", summary="Cells divide.")
    region = replace(
        region,
        description="A dark plate of chromosomes.",
        finding=Finding("dark", "plate", "upper right", ("A pale plate.",)),
        polygon_xy=((70, 20), (90, 20), (90, 40)),
    )
    store.reviews.mined(
        figure_id, replace(HIERARCHY, panels=(HIERARCHY.panels[0], panel), markers=(marker,), regions=(region,)), "lvlm"
    )


def test_what_models_said_and_outlines_are_exported(store: Store, tmp_path: Path) -> None:
    add_described_figure(store)
    export(store, "jsonl", tmp_path / "out.jsonl", verified_only=False)
    record = next(r for r in lines(tmp_path / "out.jsonl") if r["figure_id"] == "PMC99:fig1")
    panels: Any = record["panels"]
    assert (panels[1]["description"], panels[1]["summary"]) == ("dividing cells", "Cells divide.")
    (region,) = panels[1]["regions"]
    assert region["description"] == "A dark plate of chromosomes."
    assert region["finding"] == {
        "adjective": "dark",
        "term": "plate",
        "position": "upper right",
        "negatives": ["A pale plate."],
    }
    assert region["polygon_xy"] == [[70, 20], [90, 20], [90, 40]]


def test_coco_has_outlines_as_segmentation_with_their_area(store: Store, tmp_path: Path) -> None:
    add_described_figure(store)
    export(store, "coco", tmp_path / "out", verified_only=False)
    document = json.loads((tmp_path / "out" / f"{split_of('PMC99')}.json").read_text())
    (image,) = (image for image in document["images"] if image["figure_id"] == "PMC99:fig1")
    nodes = {a["node_id"]: a for a in document["annotations"] if a["image_id"] == image["id"]}
    assert nodes["r4"]["segmentation"] == [[70, 20, 90, 20, 90, 40]]
    assert (nodes["r4"]["area"], nodes["r4"]["bbox"]) == (200, [70, 20, 20, 20])
    assert (nodes["r4"]["description"], nodes["r4"]["finding"]["term"]) == ("A dark plate of chromosomes.", "plate")
    assert (nodes["p2"]["segmentation"], nodes["p2"]["area"]) == ([], 4000)


def test_verified_only_leaves_out_open_figures_and_rejected_nodes(store: Store, tmp_path: Path) -> None:
    manifest = export(store, "jsonl", tmp_path / "out.jsonl", verified_only=True)
    (record,) = lines(tmp_path / "out.jsonl")
    assert record["figure_id"] == "PMC0:fig1"
    assert (manifest["counts"]["panels"], manifest["counts"]["markers"], manifest["counts"]["regions"]) == (2, 1, 0)


def test_open_proposals_that_nobody_is_sure_of_can_be_left_out(store: Store, tmp_path: Path) -> None:
    assessed = Assessed({"p1": 0.7, "p2": 0.5, "m3": 0.9, "r4": 0.59}, None, 1.0, 0.0, 9, 0.0)
    store.assessors.replace(0, [AssessedFigure("PMC1:fig1", 1, assessed)])
    manifest = export(store, "jsonl", tmp_path / "out.jsonl", verified_only=False, sure=0.6)
    assert manifest["filter"] == {"verified_only": False, "sure": 0.6}
    records = {str(record["figure_id"]): record for record in lines(tmp_path / "out.jsonl")}
    held = {figure_id: sorted(_ids(record)) for figure_id, record in records.items()}
    assert held["PMC0:fig1"] == ["m3", "p1", "p2"]  # decided by a person
    assert held["PMC1:fig1"] == ["m3", "p1"]
    assert held["PMC2:fig1"] == ["m3", "p1", "r4"]  # not assessed: the agent says 0.9, and of p2 0.4
    assert len(held) == 12
    export(store, "jsonl", tmp_path / "surer.jsonl", verified_only=False, sure=0.95)
    assert {str(r["figure_id"]): sorted(_ids(r)) for r in lines(tmp_path / "surer.jsonl")} == {
        **{figure_id: [] for figure_id in held},
        "PMC0:fig1": ["m3", "p1", "p2"],
    }


def _ids(record: Any) -> list[str]:
    holders = [*record["panels"], record["unassigned"]]
    below = [node["id"] for holder in holders for level in ("markers", "regions") for node in holder[level]]
    return [panel["id"] for panel in record["panels"]] + below


@pytest.mark.parametrize("format_", FORMATS)
def test_the_same_decisions_give_the_same_bytes_and_the_manifest_tells_them(
    store: Store, tmp_path: Path, format_: Format
) -> None:
    first = export(store, format_, tmp_path / "one", verified_only=False)
    second = export(store, format_, tmp_path / "two", verified_only=False)
    assert first == second == json.loads((tmp_path / "one" / "manifest.json").read_text())
    assert len(first["files"]) >= 2
    for name, sha256 in first["files"].items():
        assert hashlib.sha256((tmp_path / "two" / name).read_bytes()).hexdigest() == sha256
    assert first["counts"]["figures"] == 12


def test_an_article_is_in_one_split_and_all_splits_are_used() -> None:
    splits = [split_of(f"PMC{number}") for number in range(1000)]
    assert splits == [split_of(f"PMC{number}") for number in range(1000)]
    shares = {split: splits.count(split) / 1000 for split in ("train", "val", "test")}
    assert shares == pytest.approx({"train": 0.8, "val": 0.1, "test": 0.1}, abs=0.04)


def test_coco_keeps_parents_captions_and_licences(store: Store, tmp_path: Path) -> None:
    export(store, "coco", tmp_path / "out", verified_only=False)
    documents = {
        split: json.loads((tmp_path / "out" / f"{split}.json").read_text()) for split in ("train", "val", "test")
    }
    assert sum(len(document["images"]) for document in documents.values()) == 12
    document = documents[split_of("PMC1")]
    (image,) = (image for image in document["images"] if image["figure_id"] == "PMC1:fig1")
    nodes = {a["node_id"]: a for a in document["annotations"] if a["image_id"] == image["id"]}
    names = {category["id"]: category["name"] for category in document["categories"]}
    assert {node_id: names[node["category_id"]] for node_id, node in nodes.items()} == {
        "p1": "panel/microscopy",
        "p2": "panel/other",
        "m3": "marker/arrow",
        "r4": "region/region",
    }
    assert nodes["p2"]["bbox"] == [50, 0, 50, 80]
    assert nodes["m3"]["parent_id"] == nodes["p2"]["id"]
    assert nodes["r4"]["parent_id"] == nodes["m3"]["id"]
    assert nodes["p2"]["caption"] == "Cells. (B) Arrow, mitosis. Bar, 5 um."
    assert document["licenses"] == [{"id": 1, "name": "CC BY 4.0", "url": ""}]


def test_webdataset_reads_its_shards(store: Store, tmp_path: Path) -> None:
    export(store, "webdataset", tmp_path / "out", verified_only=False)
    shards = sorted(str(path) for path in (tmp_path / "out").glob("*.tar"))
    samples = list(webdataset.WebDataset(shards, shardshuffle=False))
    assert len(samples) == 12
    sample = next(s for s in samples if json.loads(s["json"])["figure_id"] == "PMC1:fig1")
    sizes = {name: Image.open(io.BytesIO(sample[name])).size for name in sample if name.endswith(".jpg")}
    assert sizes == {
        "figure.jpg": (100, 80),
        "p1.panel.jpg": (50, 80),
        "p2.panel.jpg": (50, 80),
        "r4.region.jpg": (20, 20),
    }
    with tarfile.open(shards[0]) as shard:
        assert {(member.mtime, member.uid, member.uname) for member in shard} == {(0, 0, "")}


def test_an_export_is_not_overwritten_unless_asked(store: Store, tmp_path: Path) -> None:
    export(store, "jsonl", tmp_path / "out", verified_only=False)
    with pytest.raises(StoreError) as caught:
        export(store, "coco", tmp_path / "out", verified_only=False)
    assert str(caught.value) == f"{tmp_path / 'out'} exists; name another with -o, or replace it with --overwrite"
    export(store, "coco", tmp_path / "out", verified_only=False, overwrite=True)
    assert (tmp_path / "out" / "train.json").is_file()


def test_a_foreign_folder_is_never_replaced(store: Store, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.txt").write_text("years of work")
    with pytest.raises(StoreError, match="is a folder that no export wrote"):
        export(store, "jsonl", tmp_path / "thesis", verified_only=False, overwrite=True)
    assert (tmp_path / "thesis" / "chapter1.txt").read_text() == "years of work"


def test_nothing_to_export_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nothing to export: no figure is accepted yet"):
        export(Store(tmp_path / "project"), "jsonl", tmp_path / "out", verified_only=True)
    assert not (tmp_path / "out").exists()
