"""Commands, undo and what they leave of a hierarchy."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.commands import parse_commands
from curator.decide import decide
from curator.errors import CuratorError, GeometryError, ReviewError
from curator.figure import Figure, FigureState, Hierarchy, Marker, MarkerKind, Panel, Provenance, Region, Span, State
from curator.review import Review, apply, decision_from_doc, decision_to_doc, undo_stacks

CAPTION = "Cells. (A) Red cells. (B) Arrow, mitosis. Bar, 5 um."
AGENT = Provenance("embedded", "1", "2026-01-01T00:00:00+00:00", 0.8)
FIGURE = Figure("x:1", "x", "1.jpg", "0" * 64, (100, 80), caption=CAPTION)
REVIEW = Review(
    FIGURE,
    Hierarchy(
        (Panel("p1", (0, 0, 50, 80), AGENT, "A"), Panel("p2", (50, 0, 90, 70), replace(AGENT, confidence=0.3), "B")),
        (Marker("m3", "p2", MarkerKind.ARROW, (60, 10, 70, 20), AGENT, tip_xy=(70, 20)),),
        (Region("r4", "p2", (70, 20, 85, 40), AGENT, marker_id="m3"),),
    ),
    FigureState.PROPOSED,
)


def after(*commands: dict[str, Any], review: Review = REVIEW) -> Review:
    return apply(review, decide(review, parse_commands(list(commands)), "ann", "2026-01-02T00:00:00+00:00"))


TRIANGLE = [[70, 20], [80, 20], [75, 30]]


def outline(review: Review, node_id: str) -> tuple[tuple[float, float], ...]:
    node = review.hierarchy.by_id()[node_id]
    assert isinstance(node, Panel | Region)
    return node.polygon_xy


def test_moving_a_panel_moves_what_is_below_it() -> None:
    nodes = after({"op": "move", "id": "p2", "dx": 5, "dy": 10}).hierarchy.by_id()
    assert nodes["p2"].box_xyxy == (55, 10, 95, 80)
    marker = nodes["m3"]
    assert isinstance(marker, Marker)
    assert (marker.box_xyxy, marker.tip_xy) == ((65, 20, 75, 30), (75, 30))
    assert nodes["r4"].box_xyxy == (75, 30, 90, 50)
    assert {node_id for node_id, node in nodes.items() if node.state == State.EDITED} == {"p2", "m3", "r4"}


def test_resizing_leaves_what_is_below() -> None:
    nodes = after({"op": "resize", "id": "p2", "box_xyxy": [52, 0, 92, 70]}).hierarchy.by_id()
    assert nodes["p2"].box_xyxy == (52, 0, 92, 70)
    assert nodes["r4"] == REVIEW.hierarchy.by_id()["r4"]


def test_an_outline_comes_with_a_box_moves_with_it_and_goes_with_the_next_box() -> None:
    outlined = after({"op": "resize", "id": "r4", "box_xyxy": [70, 20, 80, 30], "polygon_xy": TRIANGLE})
    assert outline(outlined, "r4") == ((70, 20), (80, 20), (75, 30))
    moved = after({"op": "move", "id": "p2", "dx": 5, "dy": 10}, review=outlined)
    assert outline(moved, "r4") == ((75, 30), (85, 30), (80, 40))
    assert outline(after({"op": "resize", "id": "r4", "box_xyxy": [70, 20, 82, 30]}, review=moved), "r4") == ()


def test_a_drawn_panel_or_region_can_come_with_its_outline() -> None:
    added = after({"op": "add", "level": "region", "box_xyxy": [70, 20, 80, 30], "polygon_xy": TRIANGLE})
    assert outline(added, "r5") == ((70, 20), (80, 20), (75, 30))


def test_an_outline_clipped_with_its_box_stays_in_the_image() -> None:
    at_edge = after(
        {"op": "add", "level": "panel", "box_xyxy": [90, 0, 100, 9], "polygon_xy": [[90, 0], [100, 0], [95, 9]]}
    )
    assert outline(after({"op": "move", "id": "p5", "dx": 0.5, "dy": 0}, review=at_edge), "p5") == (
        (90.5, 0),
        (100, 0),
        (95.5, 9),
    )


@pytest.mark.parametrize(
    ("command", "error", "message"),
    [
        pytest.param(
            {"op": "resize", "id": "r4", "box_xyxy": [70, 20, 80, 30], "polygon_xy": [[70, 20], [80, 20]]},
            ReviewError,
            "is no polygon; give at least three corners",
            id="two corners",
        ),
        pytest.param(
            {"op": "add", "level": "panel", "box_xyxy": [0, 0, 9, 9], "polygon_xy": [[0, 0], [9, 0], [9, 81]]},
            GeometryError,
            "lies outside the image of 100 x 80 px",
            id="outside",
        ),
        pytest.param(
            {"op": "resize", "id": "m3", "box_xyxy": [60, 10, 70, 20], "polygon_xy": [[0, 0], [9, 0], [9, 8]]},
            ReviewError,
            "marker 'm3' cannot have an outline",
            id="marker",
        ),
        pytest.param(
            {"op": "resize", "id": "r4", "box_xyxy": [70, 20, 80, 30], "polygon_xy": [[1, 1]] * 501},
            ReviewError,
            "polygon_xy: Tuple should have at most 500 items",
            id="endless",
        ),
    ],
)
def test_an_outline_that_cannot_be_is_refused(command: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        after(command)


def test_a_box_drawn_inside_a_panel_becomes_its_child() -> None:
    nodes = after({"op": "add", "level": "region", "box_xyxy": [5, 5, 20, 20], "fields": {"label": "nucleus"}})
    drawn = nodes.hierarchy.by_id()["r5"]
    assert isinstance(drawn, Region)
    assert (drawn.panel_id, drawn.label, drawn.state, drawn.provenance.agent) == (
        "p1",
        "nucleus",
        State.ACCEPTED,
        "person:ann",
    )


def test_a_region_hung_under_a_marker_belongs_to_the_markers_panel() -> None:
    added = after({"op": "add", "level": "region", "box_xyxy": [5, 5, 20, 20]})
    region = after({"op": "reparent", "id": "r5", "parent_id": "m3"}, review=added).hierarchy.by_id()["r5"]
    assert isinstance(region, Region)
    assert (region.panel_id, region.marker_id) == ("p2", "m3")


def test_a_marker_moved_to_another_panel_takes_its_regions_along() -> None:
    found = after({"op": "reparent", "id": "m3", "parent_id": "p1"}).hierarchy
    assert [marker.panel_id for marker in found.markers] + [region.panel_id for region in found.regions] == ["p1"] * 2


def test_removing_a_proposal_keeps_it_as_rejected_with_all_below() -> None:
    states = {node.id: node.state for node in after({"op": "remove", "id": "p2"}).hierarchy.nodes()}
    assert states == {
        "p1": State.PROPOSED,
        "p2": State.REJECTED,
        "m3": State.REJECTED,
        "r4": State.REJECTED,
    }


def test_removing_ones_own_box_leaves_nothing_of_it() -> None:
    drawn = after({"op": "add", "level": "panel", "box_xyxy": [0, 0, 99, 79]})
    hung = after({"op": "reparent", "id": "m3", "parent_id": "p5"}, review=drawn)
    nodes = after({"op": "remove", "id": "p5"}, review=hung).hierarchy.by_id()
    assert "p5" not in nodes
    assert nodes["m3"].parent_id is None
    assert nodes["m3"].state == State.REJECTED


def test_accepting_the_figure_accepts_its_open_proposals_only() -> None:
    rejected = after({"op": "judge", "id": "m3", "state": "rejected"})
    done = after({"op": "judge_figure", "state": "accepted"}, review=rejected)
    assert done.state == FigureState.ACCEPTED
    assert {node.id: node.state for node in done.hierarchy.nodes()} == {
        "p1": State.ACCEPTED,
        "p2": State.ACCEPTED,
        "m3": State.REJECTED,
        "r4": State.REJECTED,
    }


def test_bulk_accept_takes_what_is_sure_enough() -> None:
    states = {node.id: node.state for node in after({"op": "accept_above", "confidence": 0.5}).hierarchy.nodes()}
    assert [node_id for node_id, state in states.items() if state == State.ACCEPTED] == ["p1", "m3", "r4"]


def test_spans_are_added_merged_and_cut() -> None:
    review = after({"op": "assign", "id": "p1", "span": [7, 21]})
    review = after({"op": "assign", "id": "p1", "span": [18, 30], "mode": "add"}, review=review)
    assert review.hierarchy.panels[0].own_spans == (Span(7, 30),)
    review = after({"op": "assign", "id": "p1", "span": [10, 12], "mode": "remove"}, review=review)
    assert review.hierarchy.panels[0].own_spans == (Span(7, 10), Span(12, 30))


def test_shared_sentences_can_be_assigned() -> None:
    assert after({"op": "assign", "id": "lead", "span": [0, 6]}).hierarchy.shared.lead_spans == (Span(0, 6),)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        pytest.param(
            {"op": "judge", "id": "p9", "state": "accepted"},
            "there is no node 'p9' in this figure; it may have been deleted: reload",
            id="unknown node",
        ),
        pytest.param(
            {"op": "update", "id": "p1", "fields": {"state": "accepted"}},
            "a panel has no editable ['state']; expected some of ['description', 'kind', 'label', 'label_box_xyxy', "
            "'own_spans', 'own_text', 'photographic', 'rival_spans', 'summary']",
            id="field that only decisions set",
        ),
        pytest.param(
            {"op": "reparent", "id": "p1", "parent_id": "p2"},
            "p1 cannot hang under 'p2': a marker belongs to a panel, a region to a panel or marker",
            id="panel under panel",
        ),
        pytest.param(
            {"op": "assign", "id": "p1", "span": [50, 60]},
            "span (50, 60) lies outside the caption of 52 characters; select again",
            id="span outside",
        ),
        pytest.param(
            {"op": "judge_figure", "state": "skipped"}, "a figure is skipped for a reason; give one", id="no reason"
        ),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(command: dict[str, Any], message: str) -> None:
    with pytest.raises(ReviewError) as caught:
        after(command)
    assert str(caught.value) == message


def test_a_box_outside_the_image_is_refused() -> None:
    with pytest.raises(GeometryError):
        after({"op": "move", "id": "p2", "dx": 40, "dy": 0})


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param([], id="nothing"),
        pytest.param("remove p1", id="not a list"),
        pytest.param([{"op": "drop_table", "id": "p1"}], id="unknown command"),
        pytest.param([{"op": "move", "id": "p1", "dx": "far", "dy": 0}], id="not a number"),
        pytest.param([{"op": "judge", "id": "p1", "state": "accepted", "who": "root"}], id="unknown field"),
    ],
)
def test_commands_that_are_not_understood_are_refused(raw: Any) -> None:
    with pytest.raises(ReviewError, match="the edit was not understood and not saved"):
        parse_commands(raw)


_IDS = st.sampled_from(["p1", "p2", "m3", "r4", "r5", "nowhere"])
_SHIFT = st.floats(-30, 30)
_COMMANDS = st.one_of(
    st.builds(lambda i, dx, dy: {"op": "move", "id": i, "dx": dx, "dy": dy}, _IDS, _SHIFT, _SHIFT),
    st.builds(lambda i: {"op": "remove", "id": i}, _IDS),
    st.builds(lambda i, s: {"op": "judge", "id": i, "state": s}, _IDS, st.sampled_from(["accepted", "rejected"])),
    st.builds(lambda i, p: {"op": "reparent", "id": i, "parent_id": p}, _IDS, st.none() | _IDS),
    st.just({"op": "add", "level": "region", "box_xyxy": [55, 5, 65, 15]}),
    st.just({"op": "add", "level": "panel", "box_xyxy": [10, 10, 99, 79]}),
    st.just({"op": "resize", "id": "r4", "box_xyxy": [70, 20, 80, 30], "polygon_xy": TRIANGLE}),
    st.just({"op": "resize", "id": "r4", "box_xyxy": [70, 20, 80, 35]}),
    st.builds(lambda a, n: {"op": "assign", "id": "p1", "span": [a, a + n], "mode": "add"}, *[st.integers(0, 40)] * 2),
    st.just({"op": "judge_figure", "state": "accepted"}),
)


@given(st.lists(_COMMANDS, max_size=8))
def test_any_decision_survives_json_and_undo_gives_back_exactly_what_was(commands: list[dict[str, Any]]) -> None:
    review = REVIEW
    for command in commands:
        try:
            decision = decide(review, parse_commands([command]), "ann", "2026-01-02T00:00:00+00:00")
        except CuratorError:
            continue
        stored = decision_from_doc(json.loads(json.dumps(decision_to_doc(decision))))
        assert stored == decision
        changed = apply(review, stored)
        assert apply(changed, stored.inverse()) == review
        review = changed


def test_the_other_reading_of_a_caption_and_what_a_model_wrote_can_be_edited() -> None:
    fields = {"own_spans": [[0, 5]], "rival_spans": [], "description": "A micrograph.", "summary": "Nuclei."}
    command = {"op": "update", "id": "p1", "fields": fields}
    (change,) = decide(REVIEW, parse_commands([command]), "ann", "").changes
    assert isinstance(change.after, Panel)
    assert (change.after.own_spans, change.after.rival_spans) == ((Span(0, 5),), ())
    assert (change.after.description, change.after.summary) == ("A micrograph.", "Nuclei.")


def test_a_decision_on_another_state_is_refused() -> None:
    decision = decide(REVIEW, parse_commands([{"op": "remove", "id": "p1"}]), "ann", "")
    changed = apply(REVIEW, decision)
    with pytest.raises(ReviewError, match="p1 is no longer what it was"):
        apply(changed, decision)


def test_undo_and_redo_follow_the_log_and_mining_is_a_barrier() -> None:
    log: list[tuple[int, str, int | None]] = [(1, "mine", None), (2, "decide", None), (3, "decide", None)]
    assert undo_stacks(log) == ([2, 3], [])
    log += [(4, "undo", 3)]
    assert undo_stacks(log) == ([2], [3])
    assert undo_stacks([*log, (5, "redo", 3)]) == ([2, 3], [])
    assert undo_stacks([*log, (5, "decide", None)]) == ([2, 5], [])
    assert undo_stacks([*log, (5, "mine", None)]) == ([], [])
