"""Rows that Curator cannot hold are kept with the reason, and given back."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.figure import (
    MarkerKind,
    PanelKind,
    check,
)
from data.label_studio.from_annotations import from_annotation
from data.label_studio.to_rows import to_result
from data.label_studio.to_tasks import to_annotation, to_data
from data.label_studio.version import Version
from tests.data.label_studio.hierarchies import FIGURE as ANY_FIGURE
from tests.data.label_studio.hierarchies import versions
from tests.data.label_studio.reading import (
    ANN,
    FIGURE,
    M3,
    P1,
    P2,
    R4,
    SENT,
    URL,
    changed_nodes,
    drawn,
    read,
    sent,
    shape,
)
from tests.data.projects import CAPTION, HIERARCHY

BRUSH = {
    "id": "b",
    "from_name": "mask",
    "to_name": "image",
    "type": "brushlabels",
    "value": {"rle": [1], "format": "rle"},
}
RATING = {"id": "p1", "from_name": "quality", "to_name": "image", "type": "rating", "value": {"rating": 4}}
KEPT = [
    pytest.param(BRUSH, "the control 'mask' is not one of Curator's", id="brush"),
    pytest.param(RATING, "a panel of Curator has no 'quality'", id="rating"),
    pytest.param(
        {**drawn("region", "region"), "type": "ellipselabels"},
        "Curator holds boxes and polygons, no 'ellipselabels'",
        id="ellipse",
    ),
    pytest.param(
        {**drawn("marker", "chevron")},
        f"['chevron'] is no kind of marker in Curator; expected one of {tuple(map(str, MarkerKind))!r}",
        id="kind",
    ),
    pytest.param(
        drawn("region", "region", value={"width": 0}),
        "the box (10.0, 8.0, 10.0, 24.0) is empty in the image of 100 x 80 px",
        id="click",
    ),
    pytest.param(
        {"type": "relation", "from_id": "p1", "to_id": "p2", "direction": "bi", "labels": ["same cells"]},
        "Curator holds relations between a marker and a region only",
        id="relation",
    ),
    pytest.param("nonsense", "no result of Label Studio with an id, a control and a value", id="no row"),
    pytest.param(
        {**drawn("region", "region", "p1")},
        "the shape is a panel already; delete it there and draw it again to make it a region",
        id="two labels",
    ),
]

_JSON = st.recursive(
    st.sampled_from([None, True, 0, -1, 1e300, 50, "p1", "m3", "region", "microscopy", float("nan"), "\ud83d\ude00"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["x", "points", "curator"]), inner),
    max_leaves=3,
)
_KEYS = (
    "id",
    "from_name",
    "type",
    "value",
    "meta",
    "parentID",
    "from_id",
    "to_id",
    "labels",
    "image_rotation",
    "score",
)


@pytest.mark.parametrize(("row", "reason"), KEPT)
def test_what_we_cannot_hold_is_kept_with_the_reason_and_given_back(row: Any, reason: str) -> None:
    reading = read([*sent(), row])
    assert [(foreign.row, foreign.reason) for foreign in reading.foreign] == [(row, reason)]
    assert reading.version == SENT
    edited = Version(HIERARCHY.with_nodes([replace(P1, label="X"), P2, M3, R4]))
    written = to_result(FIGURE, edited, [*sent(), row])
    assert row in written
    assert written.count(row) == 1


def test_labels_fields_and_meta_of_others_survive_our_edit() -> None:
    rows = sent()
    p1 = shape(rows, "p1")
    p1["value"]["rectanglelabels"] = ["microscopy", "electron"]
    p1["value"]["theirs"], p1["locked"], p1["meta"]["text"] = 1, True, ["check again"]
    reading = read(rows)
    assert reading.version == SENT
    assert [foreign.reason for foreign in reading.foreign] == ["['electron'] is no kind of panel in Curator"]
    moved = replace(P1, box_xyxy=(0, 0, 30, 80), kind=PanelKind.GEL)
    written = shape(to_result(FIGURE, Version(HIERARCHY.with_nodes([moved, P2, M3, R4])), rows), "p1")
    assert written["value"]["rectanglelabels"] == ["gel", "electron"]
    assert (written["value"]["theirs"], written["locked"], written["meta"]["text"]) == (1, True, ["check again"])
    assert written["value"]["width"] == 30


def test_every_row_that_repeats_the_meta_of_its_shape_gets_the_new_one() -> None:
    rows = sent()
    for row in rows:
        if row.get("id") == "p1":
            row["meta"] = shape(rows, "p1")["meta"]
    renamed = replace(P1, label="X")
    written = to_result(FIGURE, Version(HIERARCHY.with_nodes([renamed, P2, M3, R4])), rows)
    labels = [row["meta"]["curator"]["label"] for row in written if row.get("id") == "p1"]
    assert labels == ["X"] * 4  # the box, the letter, the caption, photographic


def test_a_box_that_became_an_outline_keeps_nothing_of_the_box() -> None:
    outlined = replace(R4, polygon_xy=((70, 20), (90, 20), (90, 40)))
    written = to_result(FIGURE, Version(HIERARCHY.with_nodes([P1, P2, M3, outlined])), sent())
    row = shape(written, "r4")
    assert (row["from_name"], row["type"]) == ("region_outline", "polygonlabels")
    assert row["value"] == {
        "points": [[70, 25], [90, 25], [90, 50]],
        "closed": True,
        "polygonlabels": ["region"],
    }


def test_a_clause_that_a_region_cannot_hold_stays_there() -> None:
    rows = sent()
    clause = next(row for row in rows if row.get("id") == "r4" and row["from_name"] == "clause")
    clause["value"]["text"] = ["not in the caption"]
    reading = read(rows)
    assert reading.version == SENT
    (foreign,) = reading.foreign
    assert foreign.reason == (
        "'not in the caption' is not once in the caption; a region's clause is words of the caption"
    )
    assert clause in to_result(FIGURE, SENT, rows)


def test_a_marker_keeps_the_box_around_a_turned_rectangle_and_says_so() -> None:
    rows = sent()
    shape(rows, "m3")["value"]["rotation"] = 45
    reading = read(rows)
    assert [f.reason for f in reading.foreign] == ["a marker has no outline: Curator holds the box around it"]
    assert set(changed_nodes(reading)) == {"m3"}
    assert shape(to_result(FIGURE, reading.version, rows), "m3")["value"]["rotation"] == 45


def test_fields_of_the_task_that_are_not_ours_stay() -> None:
    assert to_data(FIGURE, SENT, URL, earlier={"batch": 7, "caption": "old"})["batch"] == 7
    assert to_data(FIGURE, SENT, URL, earlier={"batch": 7, "caption": "old"})["caption"] == CAPTION


@settings(deadline=None, derandomize=True)
@given(versions(), st.lists(st.tuples(st.integers(0, 40), st.sampled_from(_KEYS), _JSON), max_size=8))
def test_whatever_is_done_to_the_rows_gives_a_hierarchy_and_loses_no_row(
    version: Version, damage: list[tuple[int, str, Any]]
) -> None:
    rows = copy.deepcopy(to_annotation(ANY_FIGURE, version)["result"])
    for number, key, value in damage:
        if rows:
            rows[number % len(rows)][key] = value
    reading = from_annotation(ANY_FIGURE, to_data(ANY_FIGURE, version, URL), {"result": rows}, ANN)
    check(reading.version.hierarchy, ANY_FIGURE.image_wh, ANY_FIGURE.caption)
    written = to_result(ANY_FIGURE, reading.version, rows, says_unfinished=True)
    ids = {row.get("id") for row in rows if isinstance(row.get("id"), str)}
    assert ids <= {row.get("id") for row in written if isinstance(row.get("id"), str)}
    again = from_annotation(ANY_FIGURE, to_data(ANY_FIGURE, reading.version, URL), {"result": written}, ANN)
    assert again.version == reading.version
