from dataclasses import replace

from curator.figure import Hierarchy, Marker, MarkerKind, Panel, Provenance, Region, Shared, Span, State
from curator.merge import merge_proposals

AGENT = Provenance("embedded", "1", "", 0.8)
A = Panel("p1", (0, 0, 50, 80), AGENT, "A")
B = Panel("p2", (50, 0, 100, 80), AGENT, "B")
ARROW = Marker("m1", "p2", MarkerKind.ARROW, (60, 10, 70, 20), AGENT)
REGION = Region("r1", "p2", (70, 20, 90, 40), AGENT, marker_id="m1")
OLD = Hierarchy((A, B), (ARROW,), (REGION,), Shared((Span(0, 3),)))


def test_without_decisions_the_new_mining_stands_alone() -> None:
    new = Hierarchy((replace(A, box_xyxy=(0, 0, 99, 80)),))
    assert merge_proposals(OLD, new) == new


def test_decided_nodes_stay_and_nobody_is_asked_twice() -> None:
    edited = replace(A, state=State.EDITED, label="X")
    rejected = replace(ARROW, state=State.REJECTED)
    kept = Hierarchy((edited, B), (rejected,), (REGION,), OLD.shared)
    merged = merge_proposals(kept, Hierarchy((A, B), (ARROW,), (REGION,)))
    assert merged.panels == (edited, replace(B, id="p2"))
    assert merged.markers == (replace(rejected, panel_id=merged.panels[1].id),)
    assert [region.marker_id for region in merged.regions] == ["m1"]
    assert merged.shared == OLD.shared


def test_a_decided_marker_finds_a_home_in_the_new_panels() -> None:
    decided = replace(ARROW, state=State.ACCEPTED)
    wide = replace(B, id="p9", box_xyxy=(20, 0, 100, 80))
    merged = merge_proposals(Hierarchy((A, B), (decided,)), Hierarchy((wide,)))
    assert len(merged.panels) == 1
    assert merged.markers == (replace(decided, panel_id=merged.panels[0].id),)


def test_a_decided_region_whose_open_marker_went_keeps_its_panel() -> None:
    decided = replace(REGION, state=State.ACCEPTED)
    panel = replace(B, state=State.ACCEPTED)
    merged = merge_proposals(Hierarchy((panel,), (ARROW,), (decided,)), Hierarchy())
    assert merged.regions == (replace(decided, marker_id=None),)
