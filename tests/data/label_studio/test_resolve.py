"""Both sides changed the same: each keeps its own, and a person decides."""

from __future__ import annotations

import pytest

from curator.commands import JudgeFigure
from curator.errors import ReviewError, StaleError
from curator.figure import FigureState
from data.label_studio.resolve import decide_again, resolve
from tests.data.label_studio.syncing import (
    EVE,
    NOW_S,
    Pair,
    resized,
    shape,
)


@pytest.fixture
def odds(pair: Pair) -> Pair:
    """p1 was changed on both sides, p2 there only."""
    rows = pair.rows()
    shape(rows, "p1")["value"]["width"] = 20
    shape(rows, "p2")["value"]["x"] = 60
    pair.submit(rows)
    pair.decide(resized("p1", 40))
    assert pair.sync().conflicts == 1
    return pair


def test_the_same_node_changed_on_both_sides_stays_as_each_has_it(odds: Pair) -> None:
    assert odds.node("p1").box_xyxy == (0, 0, 40, 80)
    assert shape(odds.rows(), "p1")["value"]["width"] == 20
    assert odds.node("p2").box_xyxy[0] == pytest.approx(60, abs=1)
    (conflict,) = odds.store.syncs.conflicts()
    assert (conflict.key, conflict.doc["who"]) == ("p1", EVE)
    boxes = [conflict.doc[side]["box_xyxy"] for side in ("base", "ours", "theirs")]
    assert boxes == [[0, 0, 50, 80], [0, 0, 40, 80], pytest.approx([0, 0, 20, 80])]
    odds.sync()
    assert odds.store.syncs.conflicts() == [conflict]
    assert odds.statuses() == {"conflict"}


def test_keeping_ours_writes_it_over_theirs(odds: Pair) -> None:
    assert resolve(odds.store, odds.id, "ours", "anna", NOW_S) == 1
    assert odds.statuses() == {"waiting"}
    odds.sync()
    assert shape(odds.rows(), "p1")["value"]["width"] == pytest.approx(40)
    assert odds.node("p1").box_xyxy == (0, 0, 40, 80)
    assert odds.statuses() == {"synced"}


def test_keeping_theirs_is_a_decision_that_can_be_undone(odds: Pair) -> None:
    resolve(odds.store, odds.id, "theirs", "bob", NOW_S, "p1")
    assert odds.node("p1").box_xyxy == pytest.approx((0, 0, 20, 80), abs=1)
    assert odds.events()[-1] == ("decide", "bob")
    odds.sync()
    assert shape(odds.rows(), "p1")["value"]["width"] == 20
    assert odds.statuses() == {"synced"}
    odds.undo(who="bob")
    odds.sync()
    assert shape(odds.rows(), "p1")["value"]["width"] == pytest.approx(40)


def test_a_node_that_changed_there_again_after_it_was_decided_is_a_conflict_again(odds: Pair) -> None:
    resolve(odds.store, odds.id, "ours", "anna", NOW_S)
    rows = odds.rows()
    shape(rows, "p1")["value"]["width"] = 10
    odds.submit(rows)
    assert odds.sync().conflicts == 1
    assert shape(odds.rows(), "p1")["value"]["width"] == 10
    assert odds.node("p1").box_xyxy == (0, 0, 40, 80)


def test_a_conflict_that_is_no_longer_what_was_shown_is_not_decided(odds: Pair) -> None:
    odds.decide(resized("p1", 45))
    with pytest.raises(StaleError, match="p1 of PMC1:fig1 has changed since the conflict was found"):
        resolve(odds.store, odds.id, "theirs", "anna", NOW_S)
    assert odds.node("p1").box_xyxy == (0, 0, 45, 80)


def test_who_kept_what_is_remembered_with_both_versions_and_can_be_decided_again(odds: Pair) -> None:
    resolve(odds.store, odds.id, "ours", "anna", NOW_S)
    odds.sync()
    (decision,) = odds.store.conflict_decisions.of(odds.id)
    assert (decision.key, decision.keep, decision.who) == ("p1", "ours", "anna")
    assert decide_again(odds.store, decision.id, "theirs", "bob", NOW_S + 100)
    assert odds.node("p1").box_xyxy == pytest.approx((0, 0, 20, 80))
    assert odds.events()[-1] == ("decide", "bob")
    odds.sync()
    assert shape(odds.rows(), "p1")["value"]["width"] == pytest.approx(20)
    assert odds.node("p2").box_xyxy[0] == pytest.approx(60, abs=1)
    (decision,) = odds.store.conflict_decisions.of(odds.id)
    assert (decision.keep, decision.who) == ("theirs", "bob")
    assert not decide_again(odds.store, decision.id, "theirs", "bob", NOW_S + 100)
    odds.undo(who="bob")
    odds.sync()
    assert shape(odds.rows(), "p1")["value"]["width"] == pytest.approx(40)
    assert odds.statuses() == {"synced"}


def test_deciding_again_before_it_was_sent_sends_what_was_decided_last(odds: Pair) -> None:
    resolve(odds.store, odds.id, "ours", "anna", NOW_S)
    (decision,) = odds.store.conflict_decisions.of(odds.id)
    decide_again(odds.store, decision.id, "theirs", "anna", NOW_S)
    odds.sync()
    assert shape(odds.rows(), "p1")["value"]["width"] == pytest.approx(20)
    assert odds.node("p1").box_xyxy == pytest.approx((0, 0, 20, 80))
    assert odds.statuses() == {"synced"}


def test_what_is_in_conflict_anew_is_decided_there(odds: Pair) -> None:
    resolve(odds.store, odds.id, "ours", "anna", NOW_S)
    (decision,) = odds.store.conflict_decisions.of(odds.id)
    rows = odds.rows()
    shape(rows, "p1")["value"]["width"] = 10
    odds.submit(rows)
    odds.sync()
    with pytest.raises(ReviewError, match="'PMC1:fig1' is in conflict over that again"):
        decide_again(odds.store, decision.id, "theirs", "anna", NOW_S)


def test_where_the_review_stands_and_what_all_panels_share_are_decided_again_too(pair: Pair) -> None:
    rows = pair.rows()
    chosen = {"id": "s", "from_name": "figure", "to_name": "image", "type": "choices"}
    pair.submit([*rows, {**chosen, "value": {"choices": ["accepted"]}}])
    pair.decide(JudgeFigure(op="judge_figure", state="skipped", reason="a table"))
    pair.sync()
    assert [conflict.key for conflict in pair.store.syncs.conflicts()] == ["state"]
    resolve(pair.store, pair.id, "ours", "anna", NOW_S)
    (decision,) = pair.store.conflict_decisions.of(pair.id)
    decide_again(pair.store, decision.id, "theirs", "anna", NOW_S)
    assert pair.store.reviews.load(pair.id, NOW_S).review.state == FigureState.ACCEPTED
    decide_again(pair.store, decision.id, "ours", "anna", NOW_S)
    stored = pair.store.reviews.load(pair.id, NOW_S)
    assert (stored.review.state, stored.reason) == (FigureState.SKIPPED, "a table")


def test_a_decision_that_is_not_there_is_told(pair: Pair) -> None:
    with pytest.raises(ReviewError, match="there is no decision 7 on a conflict"):
        decide_again(pair.store, 7, "ours", "anna", NOW_S)


def test_deciding_on_no_conflict_is_told(pair: Pair) -> None:
    with pytest.raises(ReviewError, match="'PMC1:fig1' has no conflict"):
        resolve(pair.store, pair.id, "ours", "anna", NOW_S)


def test_a_task_deleted_there_is_sent_again_or_left_out_as_a_person_decides(pair: Pair) -> None:
    pair.there.delete_task(pair.task()["id"])
    assert pair.sync().conflicts == 1
    assert pair.sync().conflicts == 0
    assert [conflict.key for conflict in pair.store.syncs.conflicts()] == ["task"]
    resolve(pair.store, pair.id, "ours", "anna", NOW_S)
    assert pair.sync().made == 1
    pair.there.delete_task(pair.task()["id"])
    pair.sync()
    resolve(pair.store, pair.id, "theirs", "anna", NOW_S)
    pair.decide(resized("p1", 40))
    assert pair.sync().sent == 0
    assert (pair.there.tasks, pair.statuses()) == ({}, {"left out"})
    (decision,) = pair.store.conflict_decisions.of(pair.id)
    decide_again(pair.store, decision.id, "ours", "anna", NOW_S)
    assert pair.sync().made == 1
    (decision,) = pair.store.conflict_decisions.of(pair.id)
    decide_again(pair.store, decision.id, "theirs", "anna", NOW_S)
    assert pair.statuses() == {"left out"}


def test_an_annotation_deleted_there_is_written_again_with_its_foreign_rows_if_ours_is_kept(pair: Pair) -> None:
    foreign = {"id": "f1", "from_name": "mood", "to_name": "image", "type": "rating", "value": {"rating": 4}}
    pair.submit([*pair.rows(), foreign])
    pair.decide(resized("p1", 40))
    pair.sync()
    pair.there.delete_annotations(pair.task()["id"])
    assert pair.sync().conflicts == 1
    assert pair.node("p1").box_xyxy == (0, 0, 40, 80)
    assert [conflict.key for conflict in pair.store.syncs.conflicts()] == ["annotation"]
    resolve(pair.store, pair.id, "ours", "anna", NOW_S)
    pair.sync()
    assert foreign in pair.rows()
    assert shape(pair.rows(), "p1")["value"]["width"] == pytest.approx(40)
    assert pair.statuses() == {"synced"}
