"""What a person did in Label Studio, as nodes of ours."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest

from curator.errors import InputError
from curator.figure import (
    FigureState,
    Marker,
    MarkerKind,
    Panel,
    PanelKind,
    Provenance,
    Region,
    Span,
    State,
)
from data.label_studio.from_annotations import from_annotation
from data.label_studio.nodes import Author
from data.label_studio.to_rows import to_result
from data.label_studio.to_tasks import to_data, to_prediction
from tests.data.label_studio.reading import (
    ANN,
    FIGURE,
    M3,
    P1,
    R4,
    SENT,
    URL,
    changed_nodes,
    drawn,
    nodes_of,
    read,
    sent,
    shape,
)


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
