"""Three-way merge: nothing is lost, nothing is overwritten, and what comes out is a hierarchy."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.errors import ReviewError
from curator.figure import FigureState, Hierarchy, Marker, Node, Panel, Provenance, Region, Shared, Span, State, check
from data.label_studio.merge import (
    Conflict,
    Merged,
    NodeConflict,
    SharedConflict,
    Side,
    StateConflict,
    merge,
    with_removed,
)
from data.label_studio.nesting import parents_of, under
from data.label_studio.version import Version
from tests.data.label_studio.hierarchies import FIGURE, box, versions
from tests.data.projects import HIERARCHY

EDITED = {"ours": Provenance("person:ann", "1", ""), "theirs": Provenance("person:ben", "1", "")}


def changed(version: Version, dice: Random, side: str) -> Version:
    """The version after some work on one side: moved, rejected, deleted and added nodes, another state."""
    nodes = version.hierarchy.by_id()
    for node_id in list(nodes):
        match dice.randrange(5):
            case 0:
                nodes[node_id] = replace(nodes[node_id], box_xyxy=box(dice), state=State.EDITED)
            case 1:
                nodes[node_id] = replace(nodes[node_id], state=State.REJECTED)
            case 2:
                del nodes[node_id]
    for number in range(dice.randrange(3)):
        panel_id = dice.choice([None, *(node.id for node in nodes.values() if isinstance(node, Panel))])
        marker_id = dice.choice([None, *(node.id for node in nodes.values() if isinstance(node, Marker))])
        node_id = f"r{100 + number}" if dice.random() < 0.2 else f"r-{side}{number}"
        nodes[node_id] = Region(node_id, panel_id, box(dice), EDITED[side], marker_id=marker_id, state=State.ACCEPTED)
    hierarchy = held(Hierarchy(shared=version.hierarchy.shared).with_nodes(nodes.values()))
    if dice.random() < 0.2:
        hierarchy = replace(hierarchy, shared=dice.choice([Shared(), Shared((Span(0, 1),)), Shared((Span(0, 2),))]))
    return replace(version, hierarchy=hierarchy, state=dice.choice([version.state, *FigureState]))


def held(hierarchy: Hierarchy) -> Hierarchy:
    nodes = hierarchy.by_id()
    return hierarchy.with_nodes(
        under(node, *(parent if parent in nodes else None for parent in parents_of(node))) for node in nodes.values()
    )


@st.composite
def three(draw: st.DrawFn) -> tuple[Version, Version, Version]:
    base = draw(versions())
    dice = Random(draw(st.integers(0, 2**32)))
    return base, changed(base, dice, "ours"), changed(base, dice, "theirs")


def gone(node: Node | None) -> bool:
    return node is None or node.state == State.REJECTED


def swapped(conflict: Conflict) -> Conflict:
    match conflict:
        case NodeConflict(node_id, base, ours, theirs):
            return NodeConflict(node_id, base, theirs, ours)
        case SharedConflict(shared, ours_shared, theirs_shared):
            return SharedConflict(shared, theirs_shared, ours_shared)
        case StateConflict(state, ours_state, theirs_state):
            return StateConflict(state, theirs_state, ours_state)


CALM = settings(deadline=None, derandomize=True, max_examples=50)


@CALM
@given(three())
def test_where_one_side_did_nothing_the_other_stands(sides: tuple[Version, Version, Version]) -> None:
    base, ours, _ = sides
    assert merge(base, base, ours) == merge(base, ours, base) == merge(base, ours, ours) == Merged(ours, ours, ours)


@CALM
@given(three())
def test_the_outcome_is_a_hierarchy_on_every_side(sides: tuple[Version, Version, Version]) -> None:
    merged = merge(*sides)
    decided = merged.resolved(dict.fromkeys(merged.conflicts, "theirs"))
    for version in (merged.ours, merged.theirs, merged.base, decided.ours, decided.theirs, decided.base):
        check(version.hierarchy, FIGURE.image_wh, FIGURE.caption)


@CALM
@given(three())
def test_swapping_the_sides_swaps_only_the_names(sides: tuple[Version, Version, Version]) -> None:
    base, ours, theirs = sides
    one, other = merge(base, ours, theirs), merge(base, theirs, ours)
    assert [swapped(conflict) for conflict in other.conflicts] == list(one.conflicts)
    assert (one.ours, one.theirs, one.base) == (other.theirs, other.ours, other.base)


@CALM
@given(three())
def test_no_change_is_lost(sides: tuple[Version, Version, Version]) -> None:
    base, ours, theirs = sides
    merged = merge(*sides)
    before, here, there = (version.hierarchy.by_id() for version in sides)
    at_odds = {conflict.node_id: conflict for conflict in merged.conflicts if isinstance(conflict, NodeConflict)}
    for node_id in {*before, *here, *there}:
        three = before.get(node_id), here.get(node_id), there.get(node_id)
        if node_id in at_odds:
            assert at_odds[node_id] == NodeConflict(node_id, *three)
            continue
        result = merged.ours.hierarchy.by_id().get(node_id)
        assert result == merged.theirs.hierarchy.by_id().get(node_id)
        made = {side for side in three[1:] if side != three[0]}
        if not made:
            assert result == three[0]
        elif all(gone(side) for side in made):
            assert gone(result)
        else:
            assert {result} == made
    if ours.state != base.state and theirs.state != base.state and ours.state != theirs.state:
        assert any(isinstance(conflict, StateConflict) for conflict in merged.conflicts)


@CALM
@given(three())
def test_each_side_keeps_its_own_version_of_a_conflict(sides: tuple[Version, Version, Version]) -> None:
    merged = merge(*sides)
    for conflict in merged.conflicts:
        if isinstance(conflict, NodeConflict):
            for version, own in ((merged.ours, conflict.ours), (merged.theirs, conflict.theirs)):
                if own is not None:
                    assert version.hierarchy.by_id()[conflict.node_id] == own


@CALM
@given(three(), st.sampled_from(["ours", "theirs"]))
def test_deciding_all_conflicts_makes_both_sides_one(sides: tuple[Version, Version, Version], side: Side) -> None:
    merged = merge(*sides)
    decided = merged.resolved(dict.fromkeys(merged.conflicts, side))
    assert decided.conflicts == ()
    assert merge(decided.base, decided.ours, decided.theirs).conflicts == ()
    assert set(decided.ours.hierarchy.by_id()) == set(decided.theirs.hierarchy.by_id())
    for conflict in merged.conflicts:
        chosen = conflict.ours if side == "ours" else conflict.theirs
        if isinstance(conflict, NodeConflict):
            found = decided.ours.hierarchy.by_id().get(conflict.node_id)
            assert (found is None) == (chosen is None)


@CALM
@given(three())
def test_merging_again_before_anybody_decides_finds_the_same_conflicts(sides: tuple[Version, Version, Version]) -> None:
    merged = merge(*sides)
    again = merge(merged.base, merged.ours, merged.theirs)
    assert {type(c) for c in again.conflicts} <= {type(c) for c in merged.conflicts}
    assert {c.node_id for c in again.conflicts if isinstance(c, NodeConflict)} <= {
        c.node_id for c in merged.conflicts if isinstance(c, NodeConflict)
    }


BASE = Version(HIERARCHY)
P1, P2 = HIERARCHY.panels
(M3,), (R4,) = HIERARCHY.markers, HIERARCHY.regions


def but(*nodes: Node, without: tuple[str, ...] = ()) -> Version:
    kept = HIERARCHY.by_id() | {node.id: node for node in nodes}
    return Version(HIERARCHY.with_nodes(node for node in kept.values() if node.id not in without))


def test_changes_to_different_nodes_join() -> None:
    moved, named = replace(P1, box_xyxy=(0, 0, 40, 80)), replace(P2, label="C")
    merged = merge(BASE, but(moved), but(named))
    assert merged == Merged(but(moved, named), but(moved, named), but(moved, named))


def test_one_node_changed_on_both_sides_is_a_conflict_with_both_versions() -> None:
    here, there = replace(P1, label="X"), replace(P1, label="Y")
    merged = merge(BASE, but(here), but(there))
    assert merged == Merged(but(here), but(there), BASE, (NodeConflict("p1", P1, here, there),))


def test_the_same_change_on_both_sides_is_none() -> None:
    both = but(replace(P1, label="X"))
    assert merge(BASE, both, both).conflicts == ()


def test_a_deletion_travels() -> None:
    without = but(without=("r4",))
    assert merge(BASE, BASE, without) == Merged(without, without, without)


def test_deleting_and_editing_one_node_is_a_conflict() -> None:
    edited = replace(R4, label="anaphase")
    merged = merge(BASE, but(edited), but(without=("r4",)))
    assert merged.conflicts == (NodeConflict("r4", R4, edited, None),)
    assert merged.resolved({merged.conflicts[0]: "theirs"}).ours == but(without=("r4",))
    assert merged.resolved({merged.conflicts[0]: "ours"}).theirs == but(edited)


def test_rejected_here_and_deleted_there_is_no_conflict() -> None:
    rejected = but(replace(R4, state=State.REJECTED))
    assert merge(BASE, rejected, but(without=("r4",))) == Merged(rejected, rejected, rejected)


def test_deleting_a_panel_under_which_the_other_side_drew_is_a_conflict() -> None:
    drawn = Region("r-new", "p1", (1, 1, 9, 9), EDITED["theirs"], state=State.ACCEPTED)
    merged = merge(BASE, but(without=("p1",)), but(drawn))
    assert merged.conflicts == (NodeConflict("p1", P1, None, P1),)
    assert merged.ours == but(drawn)  # the panel is back until somebody decides: the new region needs it
    decided = merged.resolved({merged.conflicts[0]: "ours"})
    assert decided.ours == decided.theirs == but(replace(drawn, panel_id=None), without=("p1",))


def test_shared_sentences_and_state_have_conflicts_of_their_own() -> None:
    lead, tail = Shared((Span(0, 5),)), Shared((), (Span(42, 50),))
    here = Version(replace(HIERARCHY, shared=lead), FigureState.ACCEPTED)
    there = Version(replace(HIERARCHY, shared=tail), FigureState.SKIPPED, "blurred")
    merged = merge(BASE, here, there)
    assert merged.conflicts == (
        SharedConflict(HIERARCHY.shared, lead, tail),
        StateConflict((FigureState.PROPOSED, ""), (FigureState.ACCEPTED, ""), (FigureState.SKIPPED, "blurred")),
    )
    assert merged.resolved({merged.conflicts[1]: "theirs"}).ours == replace(here, state=there.state, reason="blurred")


def test_a_conflict_that_is_not_open_cannot_be_decided() -> None:
    with pytest.raises(ReviewError, match="is no open conflict of this figure; reload it"):
        merge(BASE, BASE, BASE).resolved({NodeConflict("p1", P1, P1, None): "ours"})


def test_a_proposal_deleted_there_is_kept_as_rejected_and_a_persons_own_box_goes() -> None:
    own = Region("r9", "p1", (1, 1, 9, 9), EDITED["ours"], state=State.ACCEPTED)
    there = but(without=("r4",))
    assert with_removed(but(own), there) == but(replace(R4, state=State.REJECTED))
