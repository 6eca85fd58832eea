"""Assessors and what they learn from, in a real project."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from curator.assessor import Assessed, Assessor
from curator.commands import parse_commands
from curator.evidence import evidence
from curator.figure import Hierarchy
from data.store import Store
from data.store.assessors import AssessedFigure
from tests.data.projects import AGENT, HIERARCHY, add_figures, add_mined_figure

NOW = 1_000_000.0
ACCEPT = {"op": "judge_figure", "state": "accepted"}
SAID = Assessed({"p1": 0.7, "p2": 0.2}, 0.4, 1.1, 0.3, 12, 0.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "project")
    yield opened
    opened.close()


def decide(store: Store, figure_id: str, *commands: object) -> None:
    revision = store.reviews.load(figure_id, NOW).revision
    store.reviews.decide(figure_id, revision, parse_commands(list(commands)), "ann#1", NOW)


def others(agent: str = "other") -> Hierarchy:
    mined = replace(AGENT, agent=agent)
    return HIERARCHY.with_nodes(replace(node, provenance=mined) for node in HIERARCHY.nodes())


def test_what_is_learned_is_the_evidence_of_before_the_decision(store: Store) -> None:
    figure_id = add_mined_figure(store)
    store.minings.save(figure_id, "other", None, others())
    store.fits.replace_all([(figure_id, {"p1": 0.75})])
    before = evidence(store.reviews.figure(figure_id), HIERARCHY, [others()], {"p1": 0.75})
    # one after the other: what is decided first must not show in the evidence of the next
    decide(store, figure_id, {"op": "judge", "id": "p2", "state": "rejected"})
    decide(store, figure_id, {"op": "resize", "id": "p1", "box_xyxy": [0, 0, 20, 20]})
    decide(store, figure_id, {"op": "add", "level": "panel", "box_xyxy": [50, 0, 100, 80], "fields": {"label": "B"}})
    decide(store, figure_id, ACCEPT)
    # what comes afterwards was not known then
    store.minings.save(figure_id, "third", None, others("third"))
    store.fits.replace_all([(figure_id, {"p1": 0.01})])

    found = store.decisions.learned().decided
    assert {one.evidence for one in found} == {before[node_id] for node_id in ("p1", "p2", "m3", "r4")}
    assert [one.right for one in found if one.evidence in (before["p1"], before["p2"])] == [False, False]
    assert store.decisions.count() == 4


def test_a_decision_that_was_taken_back_teaches_nothing(store: Store) -> None:
    figure_id = add_mined_figure(store)
    decide(store, figure_id, {"op": "remove", "id": "p1"})
    assert store.decisions.count() == 1
    store.reviews.undo(figure_id, store.reviews.load(figure_id, NOW).revision, "ann#1", NOW)
    assert store.decisions.count() == 0
    assert store.decisions.learned().decided == ()


def test_proposals_that_were_adopted_are_learned_from_and_those_they_replaced_are_not(store: Store) -> None:
    figure_id = add_mined_figure(store)
    mining_id = store.minings.save(figure_id, "other", None, others())
    revision = store.reviews.load(figure_id, NOW).revision
    store.reviews.adopt(figure_id, revision, mining_id, frozenset({"panel", "marker", "region"}), "ann#1", NOW)
    assert store.decisions.learned().decided == ()
    decide(store, figure_id, ACCEPT)
    assert {one.evidence.source.agent for one in store.decisions.learned().decided} == {"other"}


def test_panels_that_a_person_drew_count_against_what_the_caption_promised(store: Store) -> None:
    (figure_id,) = add_figures(store, 1)
    store.reviews.mined(figure_id, replace(HIERARCHY, panels=HIERARCHY.panels[1:]), "embedded 1")
    decide(store, figure_id, {"op": "add", "level": "panel", "box_xyxy": [0, 0, 50, 80], "fields": {"label": "A"}})
    assert store.decisions.learned().reviewed == ()
    decide(store, figure_id, ACCEPT)
    (reviewed,) = store.decisions.learned().reviewed
    assert (reviewed.lacking.promised, reviewed.panels_drawn, reviewed.others_drawn) == (1, 1, 0)


def test_every_version_is_kept_and_the_newest_is_in_use(store: Store) -> None:
    assert store.assessors.in_use() == (0, None)
    first = Assessor.prior()
    second = replace(first, decisions=7)
    assert [store.assessors.save(one) for one in (first, second)] == [1, 2]
    assert store.assessors.latest() == second
    assert store.assessors.version(1) == first
    assert [(version.id, version.decisions) for version in store.assessors.versions()] == [(2, 7), (1, 0)]


def test_a_figure_is_assessed_once_for_each_revision_and_version(store: Store) -> None:
    first, second = add_figures(store, 2)
    for figure_id in (first, second):
        store.reviews.mined(figure_id, HIERARCHY, "embedded 1")
    assert store.assessors.waiting(0, 10) == [first, second]
    store.assessors.replace(0, [AssessedFigure(first, 1, SAID), AssessedFigure(second, 1, SAID)])
    assert store.assessors.waiting(0, 10) == []
    assert store.assessors.of_figure(first) == SAID.nodes
    assert store.reviews.load(first, NOW).confidence == 0.4
    decide(store, first, {"op": "judge", "id": "p1", "state": "accepted"})
    assert store.assessors.waiting(0, 10) == [first]
    assert store.assessors.waiting(1, 10) == [first, second]


def test_a_word_on_a_figure_that_has_changed_meanwhile_is_not_kept(store: Store) -> None:
    figure_id = add_mined_figure(store)
    decide(store, figure_id, {"op": "judge", "id": "p1", "state": "accepted"})
    store.assessors.replace(0, [AssessedFigure(figure_id, 1, SAID)])
    assert store.assessors.of_figure(figure_id) == {}
    assert store.assessors.waiting(0, 10) == [figure_id]


@pytest.mark.parametrize("change", ["mining", "fits"])
def test_a_new_witness_or_fit_makes_a_figure_wait_again(store: Store, change: str) -> None:
    figure_id = add_mined_figure(store)
    store.assessors.replace(0, [AssessedFigure(figure_id, 1, SAID)])
    if change == "mining":
        store.minings.save(figure_id, "other", None, others())
    else:
        store.fits.replace_all([(figure_id, {"p1": 0.5})])
    assert store.assessors.waiting(0, 10) == [figure_id]


def test_closed_figures_are_not_assessed(store: Store) -> None:
    decide(store, add_mined_figure(store), ACCEPT)
    assert store.assessors.waiting(0, 10) == []
