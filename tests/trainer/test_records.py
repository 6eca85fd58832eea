"""Records: both versions are read, what is not a record is refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from curator.errors import InputError
from runs.hard_corpus import draw_hard_export
from trainer.records import parse_record


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("drawn") / "export"
    draw_hard_export(folder, 1, 0)
    record: dict[str, Any] = json.loads((folder / "hierarchy.jsonl").read_text())
    return record


def changed(document: dict[str, Any], **fields: Any) -> bytes:
    return json.dumps({**document, **fields}).encode()


def test_version_1_has_no_descriptions_and_findings(document: dict[str, Any]) -> None:
    first = json.loads(json.dumps({**document, "schema_version": 1}))
    for panel in first["panels"]:
        del panel["description"], panel["summary"], panel["polygon_xy"]
        for region in panel["regions"]:
            del region["description"], region["finding"], region["polygon_xy"]
    region = parse_record(json.dumps(first).encode(), "here").panels[0].regions[0]
    assert (region.description, region.finding) == ("", None)
    assert region.caption.startswith("A ")
    region = parse_record(changed(document), "here").panels[0].regions[0]
    assert region.finding is not None
    assert len(region.finding.negatives) == 5


def test_an_unknown_version_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        parse_record(changed(document, schema_version=3), "a.jsonl, byte 0")
    assert str(caught.value) == (
        "a.jsonl, byte 0 has schema_version 3, expected one of (1, 2); "
        "export the project again with this version of Curator"
    )


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b'{"figure_id": "f', "Invalid JSON"),
        (b"{}", "schema_version: Field required"),
        (b"", "Invalid JSON"),
    ],
    ids=["cut off", "empty object", "nothing"],
)
def test_what_is_no_record_is_named_with_its_place(content: bytes, fault: str) -> None:
    with pytest.raises(InputError, match=f"^a.jsonl, byte 7 is no record of an exported figure: .*{fault}"):
        parse_record(content, "a.jsonl, byte 7")


def test_a_box_outside_the_figure_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"^here, figure 'drawn-0-00000:figure1', p1: box .* leaves the image"):
        parse_record(changed(document, image_wh=[50, 112]), "here")


def test_the_window_of_a_panel_is_the_crop_that_an_export_writes(document: dict[str, Any]) -> None:
    panel = {**document["panels"][0], "box_xyxy": [0.4, 0.6, 99.5, 100.5], "regions": []}
    (read,) = parse_record(changed(document, panels=[panel]), "here").panels
    assert read.window_xyxy == (0, 1, 100, 100)


def test_a_path_is_plain_data(document: dict[str, Any]) -> None:
    assert parse_record(changed(document), "here").image_path == f"images/{Path(document['image_path']).name}"
