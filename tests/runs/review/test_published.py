"""Published figures: what their hand-made truth does not say is no error."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bench.stand_ins.differences import differences, errors
from curator.figure import Hierarchy, Marker, MarkerKind, Panel, PanelKind, Provenance, Region, Span
from runs.review.published import judged

OURS = Provenance("embedded", "1", "", 0.8)
PANEL = Panel("p1", (0, 0, 50, 80), OURS, "A", kind=PanelKind.MICROSCOPY, photographic=True, own_spans=(Span(0, 10),))
ARROW = Marker("m2", "p1", MarkerKind.ARROW, (10, 10, 20, 20), OURS, "white", clause_span=Span(11, 26))
MINED = Hierarchy((PANEL,), (ARROW,), (Region("r3", "p1", (20, 20, 40, 40), OURS),))


def truth(**changed: Any) -> dict[str, Any]:
    arrow = {"panel": "A", "kind": "arrow", "box_xyxy": [10, 10, 20, 20], "tip_xy": None, "clause": "Arrows"}
    return {"panels": [{"label": "A", "box_xyxy": [0, 0, 50, 80]}], "markers": [arrow]} | changed


def test_words_kinds_of_panels_and_regions_are_not_judged() -> None:
    found, true = judged(truth(), MINED)
    assert not found.regions
    assert (len(true.panels), len(true.markers)) == (1, 1)
    assert errors(true, found) == 0


def test_boxes_letters_and_kinds_of_markers_are_judged() -> None:
    wrong = Hierarchy(
        (replace(PANEL, label="B"),),
        (replace(ARROW, kind=MarkerKind.BOX), replace(ARROW, id="m4", box_xyxy=(30.0, 60.0, 40.0, 70.0))),
    )
    found, true = judged(truth(), wrong)
    assert [set(pair.faults) for pair in differences(true, found)] == [{"label"}, {"kind"}, {"superfluous"}]


def test_of_a_list_of_the_first_markers_one_that_is_missing_is_an_error_and_a_proposal_beside_them_is_none() -> None:
    beside = replace(ARROW, id="m4", kind=MarkerKind.BOX, box_xyxy=(30.0, 60.0, 40.0, 70.0))
    found, true = judged(truth(markers_capped=True), replace(MINED, markers=(beside,)))
    assert found.markers == (beside,)
    missing, right = (pair for pair in differences(true, found) if isinstance(pair.true, Marker))
    assert (missing.found, set(missing.faults)) == (None, {"missing"})
    assert (right.found, set(right.faults)) == (beside, set())


def test_of_a_list_of_the_first_markers_one_of_another_kind_is_an_error() -> None:
    found, true = judged(truth(markers_capped=True), replace(MINED, markers=(replace(ARROW, kind=MarkerKind.BOX),)))
    assert [set(pair.faults) for pair in differences(true, found)] == [set(), {"kind"}]


def test_a_proposal_beside_the_listed_ones_is_right_in_a_superfluous_panel_too() -> None:
    ghost = replace(PANEL, id="p9", label="Z", box_xyxy=(200.0, 0.0, 250.0, 80.0))
    beside = replace(ARROW, id="m4", panel_id="p9", box_xyxy=(210.0, 60.0, 220.0, 70.0))
    found, true = judged(truth(markers_capped=True), replace(MINED, panels=(PANEL, ghost), markers=(ARROW, beside)))
    assert [set(pair.faults) for pair in differences(true, found)] == [set(), {"superfluous"}, set(), set()]
