"""Two readings made into one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.adjudication import Choice, adjudicated, compare
from curator.agreement import present
from curator.errors import ReviewError
from curator.figure import Hierarchy, Marker, MarkerKind, Node, Panel, Provenance, Region, State, check
from tests.curator import hierarchies as drawn
from tests.data.projects import AGENT, CAPTION, HIERARCHY

ANNA, BEN = (Provenance(f"person:{name}", "1", "") for name in ("anna", "ben"))


def test_equal_readings_need_nobody() -> None:
    compared = compare(CAPTION, HIERARCHY, HIERARCHY)

    assert not compared.differences
    assert adjudicated(HIERARCHY, HIERARCHY, compared, {}) == HIERARCHY


def test_boxes_drawn_nearly_alike_become_their_mean() -> None:
    moved = replace(HIERARCHY.panels[0], box_xyxy=(2.0, 0.0, 50.0, 78.0))
    second = HIERARCHY.with_nodes([moved, *HIERARCHY.panels[1:], *HIERARCHY.markers, *HIERARCHY.regions])

    compared = compare(CAPTION, HIERARCHY, second)

    assert not compared.differences
    mean = adjudicated(HIERARCHY, second, compared, {}).panels[0]
    assert (mean.box_xyxy, mean.state) == ((1, 0, 50, 79), State.EDITED)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"box_xyxy": (0.0, 0.0, 50.0, 60.0)}, "box"),
        ({"label": "C"}, "label"),
        ({"kind": "plot"}, "kind"),
        ({"own_text": "Other cells"}, "text"),
        ({"summary": "Red cells in a dish."}, "summary"),
        ({"label_box_xyxy": (1.0, 1.0, 6.0, 6.0)}, "letter"),
    ],
)
def test_what_a_person_must_decide_is_named(change: dict[str, object], field: str) -> None:
    assert fields_of(replace(HIERARCHY.panels[0], **change)) == {"p1=p1": (field,)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "field"),
    [({"color": "black"}, "colour"), ({"tip_xy": (60.0, 10.0)}, "tip"), ({"tip_xy": None}, "tip")],
)
def test_what_a_marker_points_at_and_its_colour_are_decided_too(change: dict[str, object], field: str) -> None:
    assert fields_of(replace(HIERARCHY.markers[0], **change)) == {"m3=m3": (field,)}  # type: ignore[arg-type]


@pytest.mark.parametrize("field", ["label", "caption", "description"])
def test_the_words_of_a_region_are_decided_too(field: str) -> None:
    assert fields_of(replace(HIERARCHY.regions[0], **{field: "a nucleus"})) == {"r4=r4": (field,)}  # type: ignore[arg-type]


def fields_of(changed: Node) -> dict[str, tuple[str, ...]]:
    """What differs where the second reader changed one node."""
    second = HIERARCHY.with_nodes(changed if node.id == changed.id else node for node in HIERARCHY.nodes())
    return {difference.key: difference.fields for difference in compare(CAPTION, HIERARCHY, second).differences}


def test_case_and_full_stops_are_no_difference() -> None:
    first = replace(HIERARCHY, panels=(replace(HIERARCHY.panels[0], own_text="Red cells."), HIERARCHY.panels[1]))
    second = replace(HIERARCHY, panels=(replace(HIERARCHY.panels[0], own_text="red  cells"), HIERARCHY.panels[1]))

    assert not compare(CAPTION, first, second).differences


def test_the_chosen_reader_is_followed_node_by_node() -> None:
    extra = Marker("m5", "p1", MarkerKind.ASTERISK, (5, 5, 9, 9), AGENT, state=State.EDITED)
    gone = replace(HIERARCHY.regions[0], state=State.REJECTED)
    second = HIERARCHY.with_nodes([*HIERARCHY.panels, *HIERARCHY.markers, gone, extra])
    compared = compare(CAPTION, HIERARCHY, second)
    assert {difference.key for difference in compared.differences} == {"r4=", "=m5"}

    both = adjudicated(HIERARCHY, second, compared, {"r4=": "first", "=m5": "second"})
    neither = adjudicated(HIERARCHY, second, compared, {"r4=": "second", "=m5": "first"})

    assert [node.id for node in both.nodes()] == ["p1", "p2", "m3", "m5", "r4"]
    assert [node.id for node in present(neither)] == ["p1", "p2", "m3"]
    assert neither.regions[0].state == State.REJECTED


def test_what_the_second_reader_drew_hangs_under_what_both_have() -> None:
    """Both drew panel C of their own, under ids that mean other things."""
    c_first = Panel("p5", (0, 60, 50, 80), AGENT, "C", state=State.EDITED)
    c_second = Panel("p6", (0, 60, 50, 79), AGENT, "C", state=State.EDITED)
    arrow = Marker("m5", "p6", MarkerKind.ARROW, (10, 65, 14, 69), AGENT, state=State.EDITED)
    first = HIERARCHY.with_nodes([*HIERARCHY.nodes(), c_first])
    second = HIERARCHY.with_nodes([*HIERARCHY.nodes(), c_second, arrow])
    compared = compare(CAPTION, first, second)

    after = adjudicated(first, second, compared, {"=m5": "second"})

    assert after.markers[-1].panel_id == "p5"
    check(after, (100, 80), CAPTION)


def test_children_of_a_panel_that_goes_hang_under_what_holds_them() -> None:
    arrow = HIERARCHY.markers[0]
    second = Hierarchy(
        (replace(HIERARCHY.panels[0], box_xyxy=(0.0, 0.0, 100.0, 80.0)),), (replace(arrow, panel_id="p1"),)
    )
    compared = compare(CAPTION, HIERARCHY, second)
    choices = {difference.key: "second" for difference in compared.differences}

    after = adjudicated(HIERARCHY, second, compared, choices)  # type: ignore[arg-type]

    assert [panel.id for panel in after.panels] == ["p1"]
    assert after.markers[0].panel_id == "p1"
    check(after, (100, 80), CAPTION)


def test_a_choice_is_needed_for_each_difference_and_for_nothing_else() -> None:
    second = HIERARCHY.with_nodes([*HIERARCHY.panels, *HIERARCHY.markers])
    compared = compare(CAPTION, HIERARCHY, second)

    with pytest.raises(ReviewError, match=r"\['r4='\] have none"):
        adjudicated(HIERARCHY, second, compared, {})
    with pytest.raises(ReviewError, match="no differences"):
        adjudicated(HIERARCHY, second, compared, {"r4=": "first", "p1=p1": "second"})


def test_what_two_persons_drew_under_one_number_is_not_taken_for_one() -> None:
    mine = Panel("p5", (0, 0, 40, 40), ANNA, "C", state=State.ACCEPTED)
    theirs = Panel("p5", (35, 35, 80, 80), BEN, "D", state=State.ACCEPTED)
    first, second = Hierarchy((mine,)), Hierarchy((theirs,))
    compared = compare(CAPTION, first, second)
    assert [difference.key for difference in compared.differences] == ["p5=", "=p5"]

    both = adjudicated(first, second, compared, {"p5=": "first", "=p5": "second"})

    assert [(panel.id, panel.label) for panel in both.panels] == [("p5", "C"), ("p6", "D")]


def test_what_stays_never_hangs_under_what_was_rejected() -> None:
    panel, other = HIERARCHY.panels[1], HIERARCHY.panels[0]
    rejected = [replace(node, state=State.REJECTED) for node in HIERARCHY.nodes() if node.id != other.id]
    second = HIERARCHY.with_nodes([other, *rejected])
    compared = compare(CAPTION, HIERARCHY, second)

    after = adjudicated(HIERARCHY, second, compared, {"p2=": "second", "m3=": "second", "r4=": "first"})

    assert [(node.id, node.parent_id) for node in present(after)] == [("p1", None), ("r4", None)]
    assert after.by_id()[panel.id].state == State.REJECTED
    check(after, (100, 80), CAPTION)


@st.composite
def readings(draw: st.DrawFn) -> Hierarchy:
    """What a person made of a figure: with a node all below it is rejected."""
    found = draw(drawn.hierarchies((State.ACCEPTED, State.EDITED, State.REJECTED)))
    gone = {node.id for node in found.nodes() if node.state == State.REJECTED}
    gone |= {below.id for node_id in gone for below in found.descendants(node_id)}
    return found.with_nodes(replace(node, state=State.REJECTED) if node.id in gone else node for node in found.nodes())


@given(readings(), readings(), st.data())
def test_whatever_is_chosen_nothing_is_lost_and_all_hangs_where_it_can(
    first: Hierarchy, second: Hierarchy, data: st.DataObject
) -> None:
    compared = compare(drawn.CAPTION, first, second)
    choices: dict[str, Choice] = {
        one.key: data.draw(st.sampled_from(["first", "second"])) for one in compared.differences
    }

    after = adjudicated(first, second, compared, choices)

    check(after, drawn.IMAGE_WH, drawn.CAPTION)
    chosen = [one.first if choices[one.key] == "first" else one.second for one in compared.differences]
    assert len(present(after)) == len(compared.agreed) + sum(node is not None for node in chosen)
    nodes = after.by_id()
    for node in present(after):
        assert node.parent_id is None or nodes[node.parent_id].state != State.REJECTED
        if isinstance(node, Region) and node.marker_id:
            assert node.panel_id == nodes[node.marker_id].parent_id
