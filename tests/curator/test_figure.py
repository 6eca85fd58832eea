from dataclasses import replace

import pytest

from curator.errors import HierarchyError
from curator.figure import (
    Hierarchy,
    Marker,
    MarkerKind,
    Panel,
    Provenance,
    Region,
    Shared,
    Span,
    State,
    check,
    clause_of,
    flags,
    full_caption,
    own_caption,
)

CAPTION = "Cells. (A) Red cells. (B) Arrow, mitosis. Bar, 5 um."
AGENT = Provenance("embedded", "1", "2026-01-01T00:00:00+00:00", 0.8)
A = Panel("p1", (0, 0, 50, 80), AGENT, "A", own_spans=(Span(7, 21),))
B = Panel("p2", (50, 0, 100, 80), AGENT, "B", own_spans=(Span(22, 41),))
ARROW = Marker("m1", "p2", MarkerKind.ARROW, (60, 10, 70, 20), AGENT, clause_span=Span(26, 40))
REGION = Region("r1", "p2", (70, 20, 90, 40), AGENT, marker_id="m1")
SHARED = Shared((Span(0, 6),), (Span(42, 52),), ("A", "B"))
WHOLE = Hierarchy((A, B), (ARROW,), (REGION,), SHARED)


def test_the_full_caption_is_lead_own_and_tail() -> None:
    assert own_caption(CAPTION, B) == "(B) Arrow, mitosis."
    assert full_caption(CAPTION, WHOLE, B) == "Cells. (B) Arrow, mitosis. Bar, 5 um."


def test_a_curators_wording_stands_for_the_spans() -> None:
    worded = Panel("p1", (0, 0, 50, 80), AGENT, own_spans=(Span(0, 6),), own_text="Nuclei.")
    assert full_caption(CAPTION, WHOLE, worded) == "Cells. Nuclei. Bar, 5 um."


def test_a_markers_clause_is_verbatim_caption_text() -> None:
    assert clause_of(CAPTION, ARROW) == "Arrow, mitosis"


def test_a_region_with_a_marker_is_that_markers_child() -> None:
    assert WHOLE.children("p2") == [ARROW]
    assert WHOLE.descendants("p2") == [ARROW, REGION]


@pytest.mark.parametrize(
    ("hierarchy", "message"),
    [
        pytest.param(
            Hierarchy((A, A)),
            "node ids ['p1'] are used twice; every node of a figure needs its own id",
            id="doubled id",
        ),
        pytest.param(
            Hierarchy((A,), (ARROW,)), "m1: its panel 'p2' does not exist; name one of ['p1']", id="unknown panel"
        ),
        pytest.param(
            Hierarchy((A, B), (), (REGION,)), "r1: its marker 'm1' does not exist; name one of []", id="unknown marker"
        ),
        pytest.param(
            Hierarchy((), shared=Shared((Span(0, 99),))),
            "shared sentences: span (0, 99) lies outside the caption of 52 characters",
            id="span outside",
        ),
    ],
)
def test_an_impossible_hierarchy_is_refused(hierarchy: Hierarchy, message: str) -> None:
    with pytest.raises(HierarchyError) as caught:
        check(hierarchy, (100, 80), CAPTION)
    assert str(caught.value) == message


def test_a_possible_hierarchy_passes_without_flags() -> None:
    check(WHOLE, (100, 80), CAPTION)
    assert flags(WHOLE) == []


def test_doubts_are_flagged() -> None:
    overlapping = replace(B, box_xyxy=(20, 0, 100, 80), label="a")
    astray = replace(ARROW, box_xyxy=(0, 70, 10, 80))
    doubtful = Hierarchy((A, overlapping), (astray, replace(ARROW, id="m2", panel_id=None)), (), SHARED)
    assert [(flag.code, flag.node_ids) for flag in flags(doubtful)] == [
        ("overlap", ("p1", "p2")),
        ("outside_parent", ("m1", "p2")),
        ("no_panel", ("m2",)),
        ("duplicate_label", ("p1", "p2")),
        ("missing_label", ()),
    ]


def test_rejected_nodes_raise_no_flags() -> None:
    overlapping = replace(B, box_xyxy=(20, 0, 100, 80), state=State.REJECTED)
    assert [flag.code for flag in flags(Hierarchy((A, overlapping), shared=SHARED))] == ["missing_label"]
