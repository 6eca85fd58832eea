"""Minings kept aside, and adopting them, against a real project folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from curator.codec import Level
from curator.commands import parse_commands
from curator.errors import GeometryError, LeaseError, ReviewError, StaleError, StoreError
from curator.figure import FigureState, Hierarchy, State
from data.store import Store
from tests.data.projects import AGENT, HIERARCHY, add_figures, add_mined_figure

NOW = 1_000_000.0
PANELS: frozenset[Level] = frozenset({"panel"})
PROVENANCE = replace(AGENT, agent="lvlm", model="Qwen2.5-VL", raw_confidence=0.7, exchanges=("k1", "k2"))
WIDE = replace(HIERARCHY.panels[0], box_xyxy=(0.0, 0.0, 100.0, 80.0), provenance=PROVENANCE, summary="Red cells.")
OTHER = Hierarchy((WIDE,))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "project")
    yield opened
    opened.close()


def test_minings_are_kept_as_saved_and_the_newest_of_each_agent_and_model_is_current(store: Store) -> None:
    (figure_id,) = add_figures(store)
    first = store.minings.save(figure_id, "embedded", None, HIERARCHY)
    old = store.minings.save(figure_id, "lvlm", "Qwen2.5-VL", HIERARCHY, seconds=9, cost=0.5)
    new = store.minings.save(figure_id, "lvlm", "Qwen2.5-VL", OTHER)
    assert [mining.id for mining in store.minings.of_figure(figure_id)] == [new, old, first]
    assert [mining.id for mining in store.minings.current(figure_id)] == [new, first]
    mining = store.minings.mining(old)
    assert (mining.agent, mining.model, mining.seconds, mining.cost) == ("lvlm", "Qwen2.5-VL", 9, 0.5)
    assert mining.hierarchy == HIERARCHY
    assert store.minings.mining(new).hierarchy == OTHER
    assert store.minings.mined_by("lvlm", "Qwen2.5-VL") == {figure_id}
    assert store.minings.mined_by("embedded", None) == {figure_id}
    assert store.minings.mined_by("lvlm", None) == set()


def test_what_is_no_hierarchy_of_the_figure_is_not_kept(store: Store) -> None:
    (figure_id,) = add_figures(store)
    with pytest.raises(GeometryError, match="leaves the image"):
        store.minings.save(figure_id, "lvlm", "m", Hierarchy((replace(WIDE, box_xyxy=(0, 0, 900, 80)),)))
    with pytest.raises(StoreError, match="there is no figure 'PMC9:x'"):
        store.minings.save("PMC9:x", "lvlm", "m", OTHER)
    with pytest.raises(StoreError, match="there is no mining 1 in this project"):
        store.minings.mining(1)


def test_waiting_figures_are_those_that_the_agent_has_not_mined_and_no_person_has_closed(store: Store) -> None:
    unmined, mined, closed = add_figures(store, 3)
    for figure_id in (mined, closed):
        store.reviews.mined(figure_id, HIERARCHY, "embedded 1")
    store.reviews.decide(closed, 1, parse_commands([{"op": "judge_figure", "state": "accepted"}]), "ann#1", NOW)
    assert store.reviews.to_mine() == [unmined]
    assert store.reviews.to_mine(again=True) == [unmined, mined]
    assert store.reviews.to_mine(agent="lvlm", model="a") == [unmined, mined]
    store.minings.save(mined, "lvlm", "a", OTHER)
    assert store.reviews.to_mine(agent="lvlm", model="a") == [unmined]
    assert store.reviews.to_mine(agent="lvlm", model="b") == [unmined, mined]
    assert store.reviews.to_mine(agent="lvlm") == [unmined, mined]
    assert store.reviews.to_mine(again=True, agent="lvlm", model="a") == [unmined, mined]


def test_adopting_is_one_event_that_undo_takes_back(store: Store) -> None:
    figure_id = add_mined_figure(store)
    mining_id = store.minings.save(figure_id, "lvlm", "Qwen2.5-VL", OTHER)
    store.reviews.adopt(figure_id, 1, mining_id, PANELS, "ann#1", NOW)
    stored = store.reviews.load(figure_id, NOW)
    (panel,) = stored.review.hierarchy.panels
    assert (panel.summary, panel.provenance, panel.state) == ("Red cells.", PROVENANCE, State.PROPOSED)
    assert [marker.panel_id for marker in stored.review.hierarchy.markers] == [panel.id]
    assert (stored.revision, stored.undoable, stored.confidence) == (2, True, pytest.approx(0.9))
    store.reviews.undo(figure_id, 2, "ann#1", NOW)
    assert store.reviews.load(figure_id, NOW).review.hierarchy == HIERARCHY


def test_adopting_keeps_what_a_person_decided(store: Store) -> None:
    figure_id = add_mined_figure(store)
    store.reviews.decide(figure_id, 1, parse_commands([{"op": "move", "id": "p1", "dx": 1, "dy": 0}]), "ann#1", NOW)
    mining_id = store.minings.save(figure_id, "lvlm", "Qwen2.5-VL", OTHER)
    store.reviews.adopt(figure_id, 2, mining_id, PANELS, "ann#1", NOW)
    panels = store.reviews.load(figure_id, NOW).review.hierarchy.panels
    assert [panel.state for panel in panels] == [State.EDITED, State.PROPOSED]


def test_an_unmined_figure_takes_its_first_proposals_by_adopting(store: Store) -> None:
    (figure_id,) = add_figures(store)
    mining_id = store.minings.save(figure_id, "lvlm", "Qwen2.5-VL", OTHER)
    store.reviews.adopt(figure_id, 0, mining_id, PANELS, "ann#1", NOW)
    assert store.reviews.load(figure_id, NOW).review.state == FigureState.PROPOSED
    assert store.queue.states()[FigureState.PROPOSED] == 1


def test_adopting_minds_revision_lease_and_figure(store: Store) -> None:
    figure_id, other_id = add_mined_figure(store), add_mined_figure(store, "PMC2")
    mining_id = store.minings.save(figure_id, "lvlm", "Qwen2.5-VL", OTHER)
    with pytest.raises(StaleError, match="revision 1, the page has 7"):
        store.reviews.adopt(figure_id, 7, mining_id, PANELS, "ann#1", NOW)
    store.reviews.lease(figure_id, "bob#1", NOW)
    with pytest.raises(LeaseError, match="bob is editing this figure"):
        store.reviews.adopt(figure_id, 1, mining_id, PANELS, "ann#1", NOW)
    with pytest.raises(StoreError, match="mining 1 is of figure 'PMC1:fig1', not 'PMC2:fig1'; reload the figure"):
        store.reviews.adopt(other_id, 1, mining_id, PANELS, "ann#1", NOW)
    accept = parse_commands([{"op": "judge_figure", "state": "accepted"}])
    store.reviews.decide(figure_id, 1, accept, "bob#1", NOW)
    with pytest.raises(ReviewError, match="the figure is accepted; open it again"):
        store.reviews.adopt(figure_id, 2, mining_id, PANELS, "bob#1", NOW)
    assert store.reviews.load(figure_id, NOW).revision == 2
