"""Two readings made into one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from curator.adjudication import adjudicated, compare
from curator.agreement import present
from curator.errors import ReviewError
from curator.figure import Hierarchy, Marker, MarkerKind, Panel, State, check
from tests.data.projects import AGENT, CAPTION, HIERARCHY


def test_equal_readings_need_nobody() -> None:
    compared = compare(CAPTION, HIERARCHY, HIERARCHY)

    assert not compared.differences
    assert adjudicated(HIERARCHY, HIERARCHY, compared, {}) == HIERARCHY


def test_boxes_drawn_nearly_alike_become_their_mean() -> None:
    moved = replace(HIERARCHY.panels[0], box_xyxy=(2.0, 0.0, 50.0, 78.0))
    second = HIERARCHY.with_nodes([moved, *HIERARCHY.panels[1:], *HIERARCHY.markers, *HIERARCHY.regions])

    compared = compare(CAPTION, HIERARCHY, second)

    assert not compared.differences
    assert adjudicated(HIERARCHY, second, compared, {}).panels[0].box_xyxy == (1, 0, 50, 79)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"box_xyxy": (0.0, 0.0, 50.0, 60.0)}, "box"),
        ({"label": "C"}, "label"),
        ({"kind": "plot"}, "kind"),
        ({"own_text": "Other cells"}, "text"),
    ],
)
def test_what_a_person_must_decide_is_named(change: dict[str, object], field: str) -> None:
    changed = replace(HIERARCHY.panels[0], **change)  # type: ignore[arg-type]
    second = HIERARCHY.with_nodes([changed, *HIERARCHY.panels[1:], *HIERARCHY.markers, *HIERARCHY.regions])

    (difference,) = compare(CAPTION, HIERARCHY, second).differences

    assert (difference.key, difference.fields) == ("p1=p1", (field,))


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
