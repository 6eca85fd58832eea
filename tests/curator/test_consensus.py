from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.consensus import consensus
from curator.figure import (
    Finding,
    Hierarchy,
    Marker,
    MarkerKind,
    Panel,
    PanelKind,
    Provenance,
    Region,
    Shared,
    Span,
    State,
    check,
)
from curator.geometry import iou
from curator.samples import Samples
from tests.curator.hierarchies import CAPTION, IMAGE_WH, hierarchies


def said(agent: str = "embedded", confidence: float = 0.8, *exchanges: str) -> Provenance:
    return Provenance(agent, "1", "2026-01-01", confidence, exchanges=exchanges)


A = Panel("p1", (0, 0, 50, 80), said(), "A", (1, 1, 5, 5), PanelKind.MICROSCOPY, True, (Span(7, 21),))
B = Panel("p2", (50, 0, 100, 80), said(), "B", own_spans=(Span(22, 41),), polygon_xy=((50, 0), (100, 0), (100, 80)))
ARROW = Marker("m3", "p2", MarkerKind.ARROW, (60, 10, 70, 20), said(), "white", (70, 20), Span(26, 40))
SPOT = Region(
    "r4",
    "p2",
    (70, 20, 90, 40),
    said(),
    "mitosis",
    "A mitosis.",
    Span(26, 40),
    "m3",
    "dark",
    Finding("dark", "cell", "top"),
)
FIRST = Hierarchy((A, B), (ARROW,), (SPOT,), Shared((Span(0, 6),), (Span(42, 52),), ("A", "B")))


def merged(*found: Hierarchy) -> Hierarchy:
    outcome = consensus(found, IMAGE_WH)
    check(outcome, IMAGE_WH, CAPTION)
    return outcome


def by(agent: str, hierarchy: Hierarchy = FIRST, confidence: float = 0.8, *exchanges: str) -> Hierarchy:
    return hierarchy.with_nodes(
        replace(node, provenance=said(agent, confidence, *exchanges)) for node in hierarchy.nodes()
    )


def test_one_hierarchy_is_its_own_consensus() -> None:
    outcome = merged(FIRST)
    assert by("embedded", outcome) == FIRST
    assert {node.provenance.agent for node in outcome.nodes()} == {"consensus"}
    assert [node.provenance.confidence for node in outcome.nodes()] == [pytest.approx(0.8)] * 4
    assert consensus([], IMAGE_WH) == Hierarchy()


def test_agents_that_agree_are_surer_together_and_their_exchanges_are_united() -> None:
    outcome = merged(by("a", FIRST, 0.8, "k2", "k1"), by("b", FIRST, 0.8, "k3"))
    assert by("embedded", outcome) == FIRST
    for node in outcome.nodes():
        assert node.provenance.confidence == pytest.approx(1 - 0.04**0.5**0.5)
        assert node.provenance.exchanges == ("k1", "k2", "k3")


def test_what_one_of_three_alone_found_is_doubted() -> None:
    outcome = merged(by("a"), by("b", replace(FIRST, markers=(), regions=())), by("c", Hierarchy((A, B))))
    assert outcome.markers[0].provenance.confidence == pytest.approx(0.8 / 3)
    assert outcome.panels[0].provenance.confidence == pytest.approx(1 - 0.008 ** (1 / 3**0.5))


def test_a_node_tells_how_many_found_it_and_how_many_of_these_say_the_same() -> None:
    otherwise = replace(A, label="C", kind=PanelKind.PLOT, own_spans=(Span(22, 41),), provenance=said("b", 0.5))
    unexplained = replace(ARROW, kind=MarkerKind.ARROWHEAD, clause_span=None, provenance=said("b", 0.5))
    elsewhere = replace(SPOT, label="", clause_span=None, provenance=said("b", 0.5))
    outcome = merged(FIRST, Hierarchy((otherwise, B), (unexplained,), (elsewhere,)), by("c", Hierarchy((A,))))
    assert {node.id: node.provenance.samples for node in outcome.nodes()} == {
        "p1": Samples(3, 3, label=2, kind=2, text=2),
        "p2": Samples(3, 2, label=2, kind=2, text=2),
        "m3": Samples(3, 2, kind=1, text=1),
        "r4": Samples(3, 2, label=1, text=1),
    }


def test_boxes_are_weighted_means_and_an_outlier_does_not_pull() -> None:
    near = replace(A, box_xyxy=(0, 0, 54, 80), provenance=said("b", 0.4))
    (panel,) = merged(Hierarchy((A,)), Hierarchy((near,))).panels
    assert panel.box_xyxy == pytest.approx((0, 0, (50 * 0.8 + 54 * 0.4) / 1.2, 80))
    spots = [
        replace(SPOT, box_xyxy=(70, 20, 90, 40)),
        replace(SPOT, box_xyxy=(72, 20, 92, 40)),
        replace(SPOT, box_xyxy=(0, 60, 20, 79)),
    ]
    (region,) = merged(*(replace(FIRST, regions=(spot,)) for spot in spots)).regions
    assert region.box_xyxy == pytest.approx((71, 20, 91, 40))


def test_kind_and_label_go_to_the_greater_weight() -> None:
    plot = replace(A, label="C", kind=PanelKind.PLOT, photographic=False, provenance=said("b", 0.9))
    unread = replace(A, label=None, provenance=said("c", 0.95))
    (panel,) = merged(Hierarchy((A,)), Hierarchy((plot,)), Hierarchy((unread,))).panels
    assert (panel.label, panel.kind, panel.photographic) == ("C", PanelKind.MICROSCOPY, True)
    # the words belong to the label: those of A are not C's
    assert panel.own_spans == plot.own_spans


def test_swapped_letters_are_put_right_by_the_surer_and_none_is_given_twice() -> None:
    swapped = Hierarchy(
        (replace(A, label="B", provenance=said("b", 0.9)), replace(B, label="A", provenance=said("b", 0.5)))
    )
    assert [panel.label for panel in merged(Hierarchy((A, B)), swapped).panels] == ["B", "A"]
    doubled = Hierarchy((replace(A, provenance=said("b", 0.9)), replace(B, label="A", provenance=said("b", 0.9))))
    assert [panel.label for panel in merged(doubled).panels] == ["A", "A"]


def test_the_lesser_reading_of_the_caption_is_kept_as_the_rival() -> None:
    other = replace(A, own_spans=(Span(22, 41),), provenance=said("b", 0.5))
    silent = replace(A, own_spans=(), provenance=said("c", 0.9))
    (panel,) = merged(Hierarchy((A,)), Hierarchy((other,)), Hierarchy((silent,))).panels
    assert (panel.own_spans, panel.rival_spans) == ((Span(7, 21),), (Span(22, 41),))


def test_two_panels_drawn_as_one_lose_to_two_who_drew_both() -> None:
    whole = Hierarchy((replace(A, box_xyxy=(0, 0, 100, 80), provenance=said("b", 0.9)),))
    outcome = merged(Hierarchy((A, B)), whole, by("c", Hierarchy((A, B))))
    assert [panel.box_xyxy for panel in outcome.panels] == [A.box_xyxy, B.box_xyxy]


def test_an_inset_that_one_agent_drew_inside_its_panel_stays() -> None:
    inset = Panel("p3", (60, 10, 80, 30), said(), "C")
    outcome = merged(Hierarchy((A, B, inset)), by("b", Hierarchy((A, B))))
    assert [panel.label for panel in outcome.panels] == ["A", "B", "C"]


def test_marks_of_like_kind_that_lie_close_are_one() -> None:
    beside = replace(
        ARROW, kind=MarkerKind.ARROWHEAD, box_xyxy=(60, 21, 70, 22), tip_xy=(68, 20), provenance=said("b", 0.4)
    )
    star = replace(ARROW, id="m4", kind=MarkerKind.STAR, tip_xy=None)
    near = replace(beside, box_xyxy=(60, 15.5, 70, 16.5))
    outcome = merged(FIRST, replace(FIRST, markers=(near,)))
    assert [(marker.kind, marker.tip_xy) for marker in outcome.markers] == [
        (MarkerKind.ARROW, pytest.approx((70 * 2 / 3 + 68 / 3, 20)))
    ]
    assert len(merged(FIRST, replace(FIRST, markers=(beside,))).markers) == 2
    assert len(merged(FIRST, replace(FIRST, markers=(star,), regions=())).markers) == 2


def test_a_marker_is_in_the_panel_that_most_put_it_in_and_its_region_follows() -> None:
    elsewhere = Hierarchy((A, B), (replace(ARROW, panel_id="p1"),), (replace(SPOT, panel_id="p1"),))
    outcome = merged(FIRST, by("b"), by("c", elsewhere, 0.9))
    assert [node.panel_id for node in outcome.markers + outcome.regions] == ["p2", "p2"]
    assert outcome.regions[0].marker_id == outcome.markers[0].id


def test_a_region_found_from_text_alone_joins_the_marked_one_that_it_overlaps() -> None:
    alone = replace(SPOT, marker_id=None, provenance=said("b", 0.9))
    outcome = merged(FIRST, Hierarchy((A, B), (), (alone,)))
    assert len(outcome.regions) == 1


def test_rejected_nodes_have_no_vote() -> None:
    outcome = merged(replace(FIRST, panels=(A, replace(B, state=State.REJECTED))))
    assert [panel.label for panel in outcome.panels] == ["A"]
    assert [marker.panel_id for marker in outcome.markers] == [None]


@settings(deadline=None)
@given(st.lists(hierarchies(), max_size=4), st.randoms())
def test_any_hierarchies_in_any_order_make_one_that_is_possible(found: list[Hierarchy], random: object) -> None:
    outcome = consensus(found, IMAGE_WH)
    check(outcome, IMAGE_WH, CAPTION)
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert consensus(shuffled, IMAGE_WH) == outcome
    assert all(0 <= (node.provenance.confidence or -1) <= 1 for node in outcome.nodes())
    by_id = outcome.by_id()
    for region in outcome.regions:
        if region.marker_id is not None:
            assert by_id[region.marker_id].parent_id in (None, region.panel_id)


@settings(deadline=None)
@given(hierarchies())
def test_one_hierarchy_keeps_all_its_nodes(found: Hierarchy) -> None:
    outcome = consensus([found], IMAGE_WH)
    for before, after in (
        (found.panels, outcome.panels),
        (found.markers, outcome.markers),
        (found.regions, outcome.regions),
    ):
        assert sorted(node.box_xyxy for node in before) == sorted(node.box_xyxy for node in after)


def test_three_that_err_apart_are_together_better_than_each() -> None:
    """Panels of a 4 x 3 grid, each agent with shifted, missed and invented boxes and misread letters."""
    random = np.random.default_rng(7)
    truth = [
        Panel(
            f"p{n + 1}",
            (n % 4 * 100.0, n // 4 * 100.0, n % 4 * 100 + 96.0, n // 4 * 100 + 96.0),
            said(),
            "ABCDEFGHIJKL"[n],
        )
        for n in range(12)
    ]

    def noisy() -> Hierarchy:
        panels = []
        for panel in truth:
            if random.random() < 0.15:
                continue
            x0, y0, x1, y1 = (float(v) for v in np.clip(np.array(panel.box_xyxy) + random.normal(0, 6, 4), 0, 400))
            label = panel.label if random.random() > 0.15 else "ABCDEFGHIJKL"[random.integers(12)]
            panels.append(
                replace(
                    panel,
                    box_xyxy=(x0, y0, x1, min(y1, 300.0)),
                    label=label,
                    provenance=said("m", random.uniform(0.5, 0.9)),
                )
            )
        x, y = random.uniform(0, 300), random.uniform(0, 200)
        return Hierarchy((*panels, Panel("p99", (x, y, x + 60, y + 60), said("m", 0.4), "Z")))

    def score(panels: Sequence[Panel]) -> float:
        hits = sum(
            any(iou(found.box_xyxy, true.box_xyxy) >= 0.75 and found.label == true.label for found in panels)
            for true in truth
        )
        return 2 * hits / (len(truth) + len(panels))

    alone, together = [], []
    for _ in range(20):
        found = [noisy() for _ in range(3)]
        alone += [score(hierarchy.panels) for hierarchy in found]
        outcome = consensus(found, (400, 300))
        together.append(score([panel for panel in outcome.panels if (panel.provenance.confidence or 0) > 0.3]))
    assert np.mean(together) > np.mean(alone) + 0.15
