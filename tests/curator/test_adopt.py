from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.adopt import adopt
from curator.codec import Level, level_of
from curator.errors import ReviewError
from curator.figure import (
    Figure,
    FigureState,
    Hierarchy,
    Marker,
    MarkerKind,
    Panel,
    Provenance,
    Region,
    Span,
    State,
    check,
)
from curator.geometry import iou
from curator.merge import SAME_IOU
from curator.review import Review, apply
from tests.curator.hierarchies import CAPTION, IMAGE_WH, hierarchies

FIGURE = Figure("PMC1:fig1", "PMC1", "fig1.png", "0" * 64, IMAGE_WH, caption=CAPTION)
OLD, NEW = Provenance("embedded", "1", "", 0.8), Provenance("openai", "1", "", 0.9, "Qwen2.5-VL")
A = Panel("p1", (0, 0, 50, 80), OLD, "A", own_spans=(Span(7, 21),))
B = Panel("p2", (50, 0, 100, 80), OLD, "B")
ARROW = Marker("m3", "p2", MarkerKind.ARROW, (60, 10, 70, 20), OLD)
SPOT = Region("r4", "p2", (70, 20, 90, 40), OLD, "mitosis", marker_id="m3")
CURRENT = Hierarchy((A, B), (ARROW,), (SPOT,))
OTHER = Hierarchy(
    (
        Panel("p1", (0, 0, 100, 40), NEW, "A", own_spans=(Span(22, 41),)),
        Panel("p2", (0, 40, 100, 80), NEW, "B", description="dividing cells"),
    ),
    (
        Marker("m3", "p1", MarkerKind.ASTERISK, (60, 11, 70, 21), NEW),
        Marker("m4", "p2", MarkerKind.ARROW, (5, 50, 9, 60), NEW),
    ),
    (Region("r5", "p2", (10, 50, 30, 70), NEW, "nucleus", marker_id="m4"),),
)
ALL_LEVELS: tuple[frozenset[Level], ...] = tuple(
    frozenset(levels)
    for levels in (
        ("panel",),
        ("marker",),
        ("region",),
        ("panel", "marker"),
        ("panel", "region"),
        ("marker", "region"),
        ("panel", "marker", "region"),
    )
)


def review(hierarchy: Hierarchy, state: FigureState = FigureState.PROPOSED) -> Review:
    return Review(FIGURE, hierarchy, state)


def adopted(hierarchy: Hierarchy, proposed: Hierarchy, *levels: Level) -> Hierarchy:
    return apply(review(hierarchy), adopt(review(hierarchy), proposed, frozenset(levels))).hierarchy


def test_adopted_panels_bring_their_words_and_children_hang_where_they_lie() -> None:
    outcome = adopted(CURRENT, OTHER, "panel")
    first, second = outcome.panels
    assert [panel.own_spans for panel in outcome.panels] == [(Span(22, 41),), ()]
    assert second.description == "dividing cells"
    assert outcome.markers == (replace(ARROW, panel_id=first.id),)
    # the region lies in the first panel too, and it follows its marker
    assert outcome.regions == (replace(SPOT, panel_id=first.id),)


def test_adopting_what_stands_changes_nothing() -> None:
    for levels in ALL_LEVELS:
        assert not adopt(review(CURRENT), CURRENT, levels)


def test_a_proposal_that_repeats_an_open_one_takes_over_its_id() -> None:
    shifted = Hierarchy((replace(A, id="p9", box_xyxy=(2, 0, 52, 80)), replace(B, id="p8", box_xyxy=(52, 0, 60, 80))))
    assert [(panel.id, panel.box_xyxy) for panel in adopted(CURRENT, shifted, "panel").panels] == [
        ("p1", (2, 0, 52, 80)),
        ("p5", (52, 0, 60, 80)),
    ]


def test_adopted_markers_take_over_the_regions_of_those_that_they_repeat() -> None:
    outcome = adopted(CURRENT, OTHER, "marker")
    assert outcome.panels == CURRENT.panels
    star, arrow = outcome.markers
    assert (star.kind, star.panel_id) == (MarkerKind.ASTERISK, "p2")
    assert (arrow.kind, arrow.panel_id) == (MarkerKind.ARROW, "p1")
    assert outcome.regions == (replace(SPOT, marker_id=star.id),)


def test_adopted_regions_without_their_marker_hang_under_the_panel_that_holds_them() -> None:
    (region,) = adopted(CURRENT, OTHER, "region").regions
    assert (region.label, region.panel_id, region.marker_id) == ("nucleus", "p1", None)


def test_a_person_s_word_on_a_panel_keeps_its_shared_sentences() -> None:
    mined = replace(OTHER, shared=replace(OTHER.shared, lead_spans=(Span(0, 6),)))
    assert adopted(CURRENT, mined, "panel").shared.lead_spans == (Span(0, 6),)
    decided = replace(CURRENT, panels=(replace(A, state=State.ACCEPTED), B))
    assert adopted(decided, mined, "panel").shared == CURRENT.shared


@pytest.mark.parametrize(
    ("state", "levels", "message"),
    [
        (FigureState.ACCEPTED, {"panel"}, "the figure is accepted; open it again before adopting other proposals"),
        (FigureState.SKIPPED, {"panel"}, "the figure is skipped; open it again before adopting other proposals"),
        (FigureState.PROPOSED, set(), "no level was named to adopt; name panel, marker or region"),
    ],
)
def test_what_cannot_be_adopted_is_said(state: FigureState, levels: set[Level], message: str) -> None:
    with pytest.raises(ReviewError) as caught:
        adopt(review(CURRENT, state), OTHER, levels)
    assert str(caught.value) == message


def test_an_unmined_figure_becomes_a_proposed_one() -> None:
    unmined = review(Hierarchy(), FigureState.UNMINED)
    after = apply(unmined, adopt(unmined, OTHER, {"panel"}))
    assert after.state == FigureState.PROPOSED
    assert after.hierarchy == replace(OTHER, markers=(), regions=())


@given(kept=hierarchies(states=tuple(State)), proposed=hierarchies(agent="openai"), levels=st.sampled_from(ALL_LEVELS))
def test_any_levels_of_any_mining_make_a_hierarchy_that_can_be_undone(
    kept: Hierarchy, proposed: Hierarchy, levels: frozenset[Level]
) -> None:
    before = review(kept)
    decision = adopt(before, proposed, levels)
    after = apply(before, decision)
    check(after.hierarchy, IMAGE_WH, CAPTION)
    assert apply(after, decision.inverse()) == before
    standing = after.hierarchy.by_id()
    for node in kept.nodes():
        stays = node.state != State.PROPOSED or level_of(node) not in levels
        if stays:
            assert _without_parents(standing[node.id]) == _without_parents(node)
    for node in after.hierarchy.nodes():
        if node.state == State.PROPOSED:
            assert (node.provenance.agent == "openai") == (level_of(node) in levels)
        if isinstance(node, Region) and node.marker_id is not None:
            marker = standing[node.marker_id]
            assert isinstance(marker, Marker)
            assert node.panel_id == marker.panel_id or marker.panel_id is None
    for node in proposed.nodes():
        same = [old for old in kept.nodes() if type(old) is type(node) and old.state != State.PROPOSED]
        repeats = any(iou(old.box_xyxy, node.box_xyxy) > SAME_IOU for old in same)
        found = [new for new in standing.values() if _without_parents(new, "") == _without_parents(node, "")]
        assert bool(found) == (level_of(node) in levels and not repeats)


def _without_parents(node: Panel | Marker | Region, node_id: str | None = None) -> Panel | Marker | Region:
    """The node by itself; ``node_id`` stands in for its own where ids may differ."""
    if node_id is not None:
        node = replace(node, id=node_id)
    if isinstance(node, Marker):
        return replace(node, panel_id=None)
    return replace(node, panel_id=None, marker_id=None) if isinstance(node, Region) else node
