"""What a person did in Label Studio, as nodes of ours, or kept as it is with the reason."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.errors import InputError
from curator.figure import (
    Figure,
    FigureState,
    Marker,
    MarkerKind,
    Node,
    Panel,
    PanelKind,
    Provenance,
    Region,
    Span,
    State,
    check,
)
from data.label_studio.from_annotations import Reading, from_annotation
from data.label_studio.nodes import Author
from data.label_studio.to_rows import to_result
from data.label_studio.to_tasks import to_annotation, to_data, to_prediction
from data.label_studio.version import Version
from tests.data.label_studio.hierarchies import FIGURE as ANY_FIGURE
from tests.data.label_studio.hierarchies import versions
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


def test_a_moved_box_is_edited_and_loses_nothing_else() -> None:
    rows = sent()
    shape(rows, "p1")["value"]["width"] = 40
    assert changed_nodes(read(rows)) == {"p1": replace(P1, box_xyxy=(0, 0, 40, 80), state=State.EDITED)}


def test_rounding_moves_nothing() -> None:
    rows = sent()
    for row in rows:
        for key in ("x", "y", "width", "height"):
            if key in row.get("value", {}):
                row["value"][key] = round(row["value"][key] + 0.01, 2)
    assert read(rows).version == SENT


def test_a_new_region_is_the_persons_and_hangs_under_the_smallest_panel_around_it() -> None:
    reading = read([*sent(), drawn("region", "region")])
    person = Provenance("person:ann@lab.org", "1", "2026-02-01T00:00:00+00:00")
    new = Region("r-aB3-xyz_12", "p1", (10, 8, 30, 24), person, state=State.ACCEPTED)
    assert changed_nodes(reading) == {new.id: new}


def test_a_new_region_gets_its_texts_and_the_marker_that_a_relation_names() -> None:
    region = drawn("region", "region", "new")
    text = {"id": "new", "from_name": "region_caption", "to_name": "image", "type": "textarea"}
    relation = {"type": "relation", "from_id": "new", "to_id": "m3", "direction": "right"}
    reading = read([*sent(), region, {**text, "value": {"text": ["A red cell."]}}, relation])
    (new,) = changed_nodes(reading).values()
    assert isinstance(new, Region)
    assert (new.caption, new.marker_id, new.panel_id) == ("A red cell.", "m3", "p2")


def test_a_new_marker_takes_the_tip_that_was_drawn_in_it() -> None:
    tip = {"id": "t", "from_name": "tip", "to_name": "image", "type": "keypointlabels"}
    tip["value"] = {"x": 30, "y": 31, "width": 1, "keypointlabels": ["tip"]}  # type: ignore[assignment]
    (new,) = changed_nodes(read([*sent(), drawn("marker", "asterisk"), tip])).values()
    assert isinstance(new, Marker)
    assert (new.kind, new.panel_id, new.tip_xy) == (MarkerKind.ASTERISK, "p1", (30, 24.8))


def test_a_deleted_region_is_absent_and_its_marker_stands() -> None:
    rows = [row for row in sent() if "r4" not in (row.get("id"), row.get("to_id"))]
    assert read(rows).version.hierarchy.regions == ()
    assert changed_nodes(read(rows)) == {}


def test_what_hung_under_a_deleted_panel_hangs_under_nothing_and_is_no_edit() -> None:
    rows = [row for row in sent() if row.get("id") != "p2"]
    assert changed_nodes(read(rows)) == {"m3": replace(M3, panel_id=None), "r4": replace(R4, panel_id=None)}


def test_another_label_is_another_kind() -> None:
    rows = sent()
    shape(rows, "p1")["value"]["rectanglelabels"] = ["gel"]
    assert changed_nodes(read(rows)) == {"p1": replace(P1, kind=PanelKind.GEL, state=State.EDITED)}


def test_texts_become_words_of_the_caption_where_they_are() -> None:
    rows = sent()
    text = {row["from_name"]: row["value"] for row in rows if row.get("id") == "p1"}
    text["letter"]["text"] = ["a"]
    text["own_caption"]["text"] = ["Arrow, mitosis"]
    edited = replace(P1, label="a", own_spans=(Span(26, 40),), state=State.EDITED)
    assert changed_nodes(read(rows)) == {"p1": edited}
    text["own_caption"]["text"] = ["Red blood cells", "of mice"]
    assert changed_nodes(read(rows)) == {
        "p1": replace(P1, label="a", own_text="Red blood cells\nof mice", state=State.EDITED)
    }


def test_a_removed_relation_frees_the_region_from_its_marker() -> None:
    rows = [row for row in sent() if row["type"] != "relation"]
    assert changed_nodes(read(rows)) == {"r4": replace(R4, marker_id=None, state=State.EDITED)}


def test_nesting_elsewhere_changes_the_panel() -> None:
    rows = sent()
    shape(rows, "m3")["parentID"] = "p1"
    assert changed_nodes(read(rows)) == {"m3": replace(M3, panel_id="p1", state=State.EDITED)}


def test_a_circle_of_nesting_ends() -> None:
    rows = sent()
    shape(rows, "m3")["parentID"], shape(rows, "r4")["parentID"] = "r4", "m3"
    assert set(nodes_of(read(rows))) == {"p1", "p2", "m3", "r4"}


def test_a_turned_rectangle_is_the_outline_of_its_corners() -> None:
    rows = sent()
    shape(rows, "r4")["value"] |= {"x": 50, "y": 25, "width": 20, "height": 12.5, "rotation": 90}
    (region,) = changed_nodes(read(rows)).values()
    assert isinstance(region, Region)
    assert region.box_xyxy == pytest.approx((40, 20, 50, 40))
    assert region.polygon_xy == tuple(pytest.approx(corner) for corner in ((50, 20), (50, 40), (40, 40), (40, 20)))


def test_a_copy_of_a_shape_is_a_new_node() -> None:
    rows = sent()
    (new,) = changed_nodes(read([*rows, {**copy.deepcopy(shape(rows, "p1")), "id": "copy"}])).values()
    assert isinstance(new, Panel)
    assert (new.id, new.box_xyxy, new.provenance.person) == ("p-copy", P1.box_xyxy, True)


def test_a_box_that_leaves_the_image_is_cut_at_its_edge() -> None:
    (new,) = changed_nodes(read([*sent(), drawn("panel", "photo", value={"x": -5, "width": 200})])).values()
    assert new.box_xyxy == (0, 8, 100, 24)


def test_choosing_accepted_accepts_what_is_open_and_without_a_choice_the_reading_says_so() -> None:
    chosen = {
        "id": "f",
        "from_name": "figure",
        "to_name": "image",
        "type": "choices",
        "value": {"choices": ["accepted"]},
    }
    assert (read(sent()).chosen, read([*sent(), chosen]).chosen, read(sent(), was_cancelled=True).chosen) == (
        False,
        True,
        True,
    )
    chose = read([*sent(), chosen]).version
    assert chose.state == FigureState.ACCEPTED
    assert {node.state for node in chose.hierarchy.nodes()} == {State.ACCEPTED}
    assert read(sent()).version.state == FigureState.PROPOSED


def test_a_second_answer_about_the_figure_counts_for_nothing() -> None:
    chosen = {"id": "f", "from_name": "figure", "type": "choices", "value": {"choices": ["accepted"]}}
    rows = [*sent(), chosen, {**chosen, "id": "g"}]
    assert [foreign.row["id"] for foreign in read(rows).foreign] == ["g"]
    assert read(to_result(FIGURE, SENT, rows)).version == SENT


def test_skipping_there_skips_here() -> None:
    skipped = read(sent(), was_cancelled=True).version
    assert (skipped.state, skipped.reason) == (FigureState.SKIPPED, "skipped in Label Studio")


def test_a_prediction_of_another_model_is_a_proposal_as_sure_as_its_score() -> None:
    (new,) = changed_nodes(
        read([*sent(), drawn("region", "region", score=0.7)], Author.model("their-model", "2026-02-01T00:00:00Z"))
    ).values()
    assert new.state == State.PROPOSED
    assert (new.provenance.confidence, new.provenance.model) == (0.7, "their-model")


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


def test_a_task_of_another_figure_is_refused() -> None:
    with pytest.raises(InputError, match="the task is of figure 'PMC1:fig1', not of 'PMC2:fig1'; connect them again"):
        from_annotation(replace(FIGURE, id="PMC2:fig1"), to_data(FIGURE, SENT, URL), {"result": []}, ANN)


def test_a_task_whose_curator_field_was_changed_is_refused() -> None:
    data = to_data(FIGURE, SENT, URL)
    data["curator"]["shared"] = {"lead_spans": "all"}
    with pytest.raises(InputError, match="the field 'curator' of the task of 'PMC1:fig1' is not as Curator wrote it"):
        from_annotation(FIGURE, data, {"result": []}, ANN)


def test_an_annotation_without_a_result_is_refused_not_read_as_empty() -> None:
    with pytest.raises(InputError, match="result is None; expected a list of rows: fetch the task again"):
        read(None)  # type: ignore[arg-type]


def test_a_task_that_is_not_ours_is_read_too() -> None:
    reading = from_annotation(FIGURE, {"image": URL}, {"result": [drawn("panel", "photo")]}, ANN)
    assert [panel.kind for panel in reading.version.hierarchy.panels] == [PanelKind.PHOTO]


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


def test_a_prediction_names_its_model_version_and_confidence() -> None:
    prediction = to_prediction(FIGURE, SENT)
    assert prediction["model_version"] == "curator"
    assert prediction["score"] == pytest.approx((0.9 * 0.4) ** 0.5)
    assert {row["id"]: row["score"] for row in prediction["result"] if "score" in row} == {
        "p1": 0.9,
        "p2": 0.4,
        "m3": 0.9,
        "r4": 0.9,
    }
