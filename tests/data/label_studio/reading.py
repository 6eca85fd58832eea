"""One figure as it was sent, and what is read of its rows after a person was at them."""

from __future__ import annotations

import json
from typing import Any

from curator.figure import (
    Figure,
    Node,
)
from data.label_studio.from_annotations import Reading, from_annotation
from data.label_studio.nodes import Author
from data.label_studio.to_rows import to_result
from data.label_studio.to_tasks import to_data
from data.label_studio.version import Version
from tests.data.projects import CAPTION, HIERARCHY

URL = "https://curator.example/images/1"
FIGURE = Figure("PMC1:fig1", "PMC1", "fig1.png", "0" * 64, (100, 80), "Figure 1", CAPTION)
SENT = Version(HIERARCHY)
P1, P2 = HIERARCHY.panels
(M3,), (R4,) = HIERARCHY.markers, HIERARCHY.regions
ANN = Author.person("ann@lab.org", "2026-02-01T00:00:00+00:00")
Rows = list[dict[str, Any]]


def sent() -> Rows:
    rows: Rows = json.loads(json.dumps(to_result(FIGURE, SENT)))
    return rows


def read(rows: list[Any], author: Author = ANN, **fields: Any) -> Reading:
    return from_annotation(FIGURE, to_data(FIGURE, SENT, URL), {"result": rows, **fields}, author)


def shape(rows: Rows, row_id: str) -> dict[str, Any]:
    return next(row for row in rows if row.get("id") == row_id)


def drawn(from_name: str, label: str, row_id: str = "aB3-xyz_12", **fields: Any) -> dict[str, Any]:
    """As the editor makes it: a box from (10, 8) to (30, 24) px."""
    value = {"x": 10, "y": 10, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": [label]}
    kind = {"from_name": from_name, "to_name": "image", "type": "rectanglelabels", "origin": "manual"}
    return {"id": row_id, **kind, "value": {**value, **fields.pop("value", {})}, **fields}


def nodes_of(reading: Reading) -> dict[str, Node]:
    return reading.version.hierarchy.by_id()


def changed_nodes(reading: Reading) -> dict[str, Node]:
    before = HIERARCHY.by_id()
    return {node_id: node for node_id, node in nodes_of(reading).items() if node != before.get(node_id)}
