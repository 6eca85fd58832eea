"""COCO: boxes as xywh annotations of one file, outlines as their segmentation; parents, texts and licence as extras."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from curator.figure import MarkerKind, PanelKind
from curator.geometry import area
from data.store.image_store import ImageStore

CATEGORIES = (
    *(("panel", str(kind)) for kind in PanelKind),
    *(("marker", str(kind)) for kind in MarkerKind),
    ("region", "region"),
)
_CATEGORY_IDS = {category: number for number, category in enumerate(CATEGORIES, start=1)}


def save_coco(records: Iterable[dict[str, Any]], folder: Path, images: ImageStore) -> None:
    """Writes ``train.json``, ``val.json``, ``test.json`` (ids count from 1 in each) and ``images/``."""
    folder.mkdir()
    documents: dict[str, dict[str, Any]] = {split: _document() for split in ("train", "val", "test")}
    for record in records:
        document = documents[record["split"]]
        _append(document, record, images.copy_web(record["image_sha256"], folder / "images"))
    for split, document in documents.items():
        (folder / f"{split}.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def _document() -> dict[str, Any]:
    categories = [
        {"id": number, "name": f"{level}/{name}", "supercategory": level}
        for (level, name), number in _CATEGORY_IDS.items()
    ]
    return {
        "info": {"description": "Curator"},
        "licenses": [],
        "images": [],
        "annotations": [],
        "categories": categories,
    }


def _append(document: dict[str, Any], record: dict[str, Any], file_name: str) -> None:
    image_id = len(document["images"]) + 1
    width, height = record["image_wh"]
    document["images"].append(
        {
            "id": image_id,
            "file_name": file_name,
            "width": width,
            "height": height,
            "license": _license_id(document["licenses"], record["license"]),
            "figure_id": record["figure_id"],
            "article_id": record["article_id"],
            "caption": record["caption"],
            "doi": record["doi"],
        }
    )
    numbers: dict[str, int] = {}
    for node, category, parent in _annotated(record):
        numbers[node["id"]] = number = len(document["annotations"]) + 1
        x0, y0, x1, y1 = node["box_xyxy"]
        polygon = node.get("polygon_xy")
        document["annotations"].append(
            {
                "id": number,
                "image_id": image_id,
                "category_id": _CATEGORY_IDS[category],
                "bbox": [x0, y0, x1 - x0, y1 - y0],
                "segmentation": [[value for point in polygon for value in point]] if polygon else [],
                "area": _polygon_area(polygon) if polygon else area((x0, y0, x1, y1)),
                "iscrowd": 0,
                "parent_id": numbers.get(parent) if parent else None,
                "label": node.get("label"),
                "caption": node.get("caption") or node.get("clause") or "",
                "description": node.get("description", ""),
                "finding": node.get("finding"),
                "score": node["confidence"],
                "status": node["status"],
                "node_id": node["id"],
            }
        )


def _annotated(record: dict[str, Any]) -> Iterator[tuple[dict[str, Any], tuple[str, str], str | None]]:
    """(node, category, parent's node id), parents before children."""
    for holder in (*record["panels"], record["unassigned"]):
        panel_id = holder.get("id")
        if panel_id:
            yield holder, ("panel", holder["kind"]), None
        for marker in holder["markers"]:
            yield marker, ("marker", marker["kind"]), panel_id
        for region in holder["regions"]:
            yield region, ("region", "region"), region["marker_id"] or panel_id


def _polygon_area(points_xy: Sequence[Sequence[float]]) -> float:
    """In square pixels, by the shoelace formula: what COCO calls the area of a segmented object."""
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise([*points_xy, points_xy[0]]))) / 2


def _license_id(licenses: list[dict[str, Any]], license_: str | None) -> int | None:
    if license_ is None:
        return None
    for known in licenses:
        if known["name"] == license_:
            return int(known["id"])
    licenses.append({"id": len(licenses) + 1, "name": license_, "url": license_ if license_.startswith("http") else ""})
    return len(licenses)
