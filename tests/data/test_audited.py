"""The audit sample's reviewed figures: confidence before, panels that were wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curator.assessor import Assessor
from curator.audit_sample import in_audit
from curator.commands import parse_commands
from curator.confidence import figure_confidence
from curator.figure import flags
from data.store import Store
from tests.data.projects import HIERARCHY, add_figures
from ui.learning.assessing import assess_waiting

NOW = 1_000_000.0
ACCEPT = {"op": "judge_figure", "state": "accepted"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "project")
    yield opened
    opened.close()


@pytest.fixture
def figure_id(store: Store) -> str:
    """Mined, of the audit sample."""
    found = next(one for one in add_figures(store, 200) if in_audit(one))
    store.reviews.mined(found, HIERARCHY, "embedded 1")
    return found


def decide(store: Store, figure_id: str, *commands: dict[str, Any]) -> None:
    revision = store.reviews.load(figure_id, NOW).revision
    store.reviews.decide(figure_id, revision, parse_commands(list(commands)), "ann", NOW)


def test_an_untouched_figure_waits_and_says_nothing(store: Store, figure_id: str) -> None:
    assert store.audited.sample() == []
    assert store.audited.waiting() == [figure_id]


def test_confidence_is_that_of_before_the_review(store: Store, figure_id: str) -> None:
    decide(store, figure_id, ACCEPT)
    (one,) = store.audited.sample()
    assert one.confidence == pytest.approx(figure_confidence(HIERARCHY, flags(HIERARCHY)))
    assert store.reviews.load(figure_id, NOW).confidence == 1
    assert (one.panels, one.wrong) == (2, 0)
    assert store.audited.waiting() == []


@pytest.mark.parametrize(
    ("commands", "wrong"),
    [
        ([{"op": "remove", "id": "p1"}], 1),
        ([{"op": "judge", "id": "p1", "state": "rejected"}], 1),
        ([{"op": "update", "id": "p2", "fields": {"label": "C"}}], 1),
        ([{"op": "update", "id": "p2", "fields": {"kind": "gel"}}], 1),
        ([{"op": "resize", "id": "p1", "box_xyxy": [0, 0, 20, 20]}], 1),
        ([{"op": "resize", "id": "p1", "box_xyxy": [0, 0, 49, 80]}], 0),
        ([{"op": "update", "id": "p1", "fields": {"own_text": "Other words."}}], 0),
        ([{"op": "add", "level": "panel", "box_xyxy": [0, 60, 20, 80]}], 1),
        ([{"op": "add", "level": "panel", "box_xyxy": [n, 60, n + 20, 80]} for n in (0, 25, 50)], 2),
        ([{"op": "remove", "id": "m3"}], 0),
    ],
    ids=[
        "removed", "rejected", "another letter", "another kind", "another box", "nearly the same box", "other words",
        "one was missing", "more missing than proposed", "only a marker",
    ],
)  # fmt: skip
def test_panels_that_a_person_mends_were_wrong(
    store: Store, figure_id: str, commands: list[dict[str, Any]], wrong: int
) -> None:
    decide(store, figure_id, *commands)
    decide(store, figure_id, ACCEPT)
    (one,) = store.audited.sample()
    assert (one.panels, one.wrong) == (2, wrong)


def test_a_figure_decided_again_is_read_again(store: Store, figure_id: str) -> None:
    decide(store, figure_id, ACCEPT)
    assert [one.wrong for one in store.audited.sample()] == [0]
    decide(store, figure_id, {"op": "judge_figure", "state": "proposed"})
    assert store.audited.sample() == []
    decide(store, figure_id, {"op": "remove", "id": "p1"}, ACCEPT)
    assert [one.wrong for one in store.audited.sample()] == [1]


def test_nothing_is_read_twice_while_nothing_changes(store: Store, figure_id: str) -> None:
    decide(store, figure_id, ACCEPT)
    store.audited.sample()
    before = store.connections.db.conn.total_changes
    store.audited.sample()
    assert store.connections.db.conn.total_changes == before


def test_skipped_figures_say_nothing(store: Store, figure_id: str) -> None:
    decide(store, figure_id, {"op": "judge_figure", "state": "skipped", "reason": "no figure"})
    assert store.audited.sample() == []


def test_figures_outside_the_sample_are_no_part_of_it(store: Store) -> None:
    outside = next(one for one in add_figures(store, 5) if not in_audit(one))
    store.reviews.mined(outside, HIERARCHY, "embedded 1")
    decide(store, outside, ACCEPT)
    assert store.audited.sample() == []


def test_a_new_assessor_is_asked_of_the_proposals_as_they_stood(store: Store, figure_id: str) -> None:
    for _ in assess_waiting(store):
        pass
    assessed = store.connections.row("select confidence from assessed_figures where figure_id = ?", (figure_id,))
    assert assessed is not None
    decide(store, figure_id, {"op": "remove", "id": "p1"}, ACCEPT)
    assert [one.confidence for one in store.audited.sample()] == [pytest.approx(assessed["confidence"])]
    store.assessors.save(replace(Assessor.prior(), intercept=-3.0))
    (one,) = store.audited.sample()
    assert one.confidence < assessed["confidence"] - 0.1


def test_no_assessor_learns_from_the_sample(store: Store, figure_id: str) -> None:
    decide(store, figure_id, ACCEPT)
    assert store.decisions.count() == 0
    assert store.decisions.learned().decided == ()
    outside = next(one for one in add_figures(store, 5, "PMC2") if not in_audit(one))
    store.reviews.mined(outside, HIERARCHY, "embedded 1")
    decide(store, outside, ACCEPT)
    assert store.decisions.count() == 4
    assert {one.figure_id for one in store.decisions.learned().decided} == {outside}
