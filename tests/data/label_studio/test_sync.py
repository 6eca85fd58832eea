"""Both sides kept in step, against a server that speaks Label Studio's protocol."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.stand_ins.label_studio import LabelStudioServer
from curator.commands import JudgeFigure
from curator.errors import ReviewError, StaleError, SyncError
from curator.figure import FigureState, Panel, State
from data.label_studio.resolve import resolve
from data.label_studio.sync import locked
from data.store import Store
from tests.data.label_studio.syncing import (
    EVE,
    NOW_S,
    Pair,
    ends,
    judged_accepted,
    labelled,
    removed,
    resized,
    shape,
)
from tests.data.projects import HIERARCHY, add_mined_figure

THEIR_NAME = f"label-studio:{EVE}"


@pytest.fixture
def there() -> Iterator[LabelStudioServer]:
    with LabelStudioServer() as server:
        yield server


@pytest.fixture
def pair(tmp_path: Path, there: LabelStudioServer) -> Pair:
    """One figure, sent."""
    pair = Pair(tmp_path, there)
    assert pair.sync().made == 1
    return pair


def test_proposals_go_there_once_as_a_prediction_that_tasks_can_be_sorted_by(pair: Pair) -> None:
    task = pair.task()
    assert [part["model_version"] for part in task["predictions"]] == ["curator"]
    assert task["annotations"] == []
    assert task["data"]["image"].startswith("/data/local-files/?d=project/images/web/")
    (project,) = pair.there.projects.values()
    assert project["model_version"] == "curator"
    assert [storage["path"] for storage in pair.there.storages] == [str(pair.store.images.root / "web")]
    pair.there.history.clear()
    report = pair.sync()
    assert (report.sent, report.taken_in) == (0, 0)
    assert {method for method, _, _ in pair.there.history} == {"GET"}
    assert pair.statuses() == {"synced"}


def test_a_decision_here_is_an_annotation_there(pair: Pair) -> None:
    pair.decide(judged_accepted("p1"), resized("p1", 40))
    assert pair.statuses() == {"waiting"}
    assert pair.sync().sent == 1
    (annotation,) = pair.task()["annotations"]
    assert shape(annotation["result"], "p1")["value"]["width"] == pytest.approx(40)
    pair.decide(resized("p1", 30))
    pair.sync()
    (again,) = pair.task()["annotations"]
    assert again["id"] == annotation["id"]
    assert shape(again["result"], "p1")["value"]["width"] == pytest.approx(30)
    pair.undo()
    pair.sync()
    assert shape(pair.rows(), "p1")["value"]["width"] == pytest.approx(40)
    assert [kind for kind, _ in pair.events()] == ["decide", "decide", "undo"]


def test_work_there_is_a_decision_here_under_the_name_of_who_did_it(pair: Pair) -> None:
    pair.move_there("p2", 60)
    assert pair.sync().taken_in == 1
    assert pair.node("p2").box_xyxy == pytest.approx((60, 0, 100, 80), abs=1)
    assert pair.node("p2").state == State.EDITED
    assert pair.node("p1") == HIERARCHY.panels[0]
    assert pair.events() == [("decide", THEIR_NAME)]
    assert pair.store.reviews.load(pair.id, NOW_S).lease_by is None
    assert (pair.sync().taken_in, pair.sync().sent) == (0, 0)


def test_anybody_here_may_undo_what_was_done_there_and_the_undoing_goes_there(pair: Pair) -> None:
    before = pair.hierarchy()
    pair.move_there("p2", 60)
    pair.sync()
    pair.undo(who="bob")
    assert pair.hierarchy() == before
    pair.sync()
    assert shape(pair.rows(), "p2")["value"]["x"] == pytest.approx(50)
    assert pair.events() == [("decide", THEIR_NAME), ("undo", "bob")]
    assert pair.sync().taken_in == 0


def test_what_a_person_draws_there_is_accepted_here_and_stays_theirs(pair: Pair) -> None:
    rows = pair.rows()
    rows.append({**shape(rows, "p1"), "id": "x7Yz", "meta": {}, "value": {**shape(rows, "p1")["value"], "x": 1}})
    pair.submit(rows)
    pair.sync()
    drawn = pair.node("p-x7Yz")
    assert (drawn.state, drawn.provenance.agent) == (State.ACCEPTED, f"person:{EVE}")
    rows = pair.rows()
    shape(rows, "p2")["value"]["x"] = 55
    pair.submit(rows, email="zoe@lab.org")
    pair.sync()
    assert pair.node("p-x7Yz") == drawn
    assert pair.events()[-1] == ("decide", "label-studio:zoe@lab.org")


def test_changes_of_different_nodes_on_both_sides_join(pair: Pair) -> None:
    pair.move_there("p2", 60)
    pair.decide(labelled("p1", "Z"))
    report = pair.sync()
    assert (report.taken_in, report.sent, report.conflicts) == (1, 1, 0)
    panel = pair.node("p1")
    assert isinstance(panel, Panel)
    assert panel.label == "Z"
    assert pair.node("p2").box_xyxy[0] == pytest.approx(60, abs=1)
    letters = [row["value"]["text"] for row in pair.rows() if row.get("from_name") == "letter" and row["id"] == "p1"]
    assert letters == [["Z"]]
    assert shape(pair.rows(), "p2")["value"]["x"] == pytest.approx(60)
    assert pair.statuses() == {"synced"}


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


def test_deciding_on_no_conflict_is_told(pair: Pair) -> None:
    with pytest.raises(ReviewError, match="'PMC1:fig1' has no conflict"):
        resolve(pair.store, pair.id, "ours", "anna", NOW_S)


def test_deletions_travel_both_ways(pair: Pair) -> None:
    pair.delete_there("r4")
    pair.decide(removed("p1"))
    pair.sync()
    assert pair.node("r4").state == State.REJECTED
    shown = {row.get("id") for row in pair.rows()}
    assert not shown & {"p1", "r4"}
    assert {"p2", "m3"} <= shown
    pair.undo()  # of what was done there
    pair.sync()
    assert {row.get("id") for row in pair.rows()} >= {"r4", "p2", "m3"}
    pair.undo()
    pair.sync()
    assert pair.hierarchy() == HIERARCHY
    assert {row.get("id") for row in pair.rows()} >= {"p1", "p2", "m3", "r4"}


def test_the_state_of_the_figure_travels_both_ways(pair: Pair) -> None:
    rows = pair.rows()
    chosen = {"id": "s", "from_name": "figure", "to_name": "image", "type": "choices"}
    pair.submit([*rows, {**chosen, "value": {"choices": ["accepted"]}}])
    pair.sync()
    assert pair.store.reviews.load(pair.id, NOW_S).review.state == FigureState.ACCEPTED
    assert {node.state for node in pair.hierarchy().nodes()} == {State.ACCEPTED}
    pair.decide(JudgeFigure(op="judge_figure", state="proposed"))
    pair.decide(JudgeFigure(op="judge_figure", state="skipped", reason="a table"))
    pair.sync()
    assert pair.task()["annotations"][0]["was_cancelled"] is True
    assert pair.task()["data"]["curator"]["reason"] == "a table"
    assert pair.sync().taken_in == 0


def test_skipping_there_an_empty_task_deletes_nothing(pair: Pair) -> None:
    pair.submit([], cancelled=True)
    pair.sync()
    stored = pair.store.reviews.load(pair.id, NOW_S)
    assert (stored.review.state, stored.reason) == (FigureState.SKIPPED, "skipped in Label Studio")
    assert stored.review.hierarchy == HIERARCHY


def test_an_annotation_from_scratch_adds_and_deletes_nothing(pair: Pair) -> None:
    rows = pair.rows()
    pair.submit([{**shape(rows, "p1"), "id": "mine", "meta": {}, "value": {**shape(rows, "p1")["value"], "x": 1}}])
    pair.sync()
    assert set(pair.hierarchy().by_id()) == {"p1", "p2", "m3", "r4", "p-mine"}
    assert {node.state for node in HIERARCHY.nodes()} == {State.PROPOSED}
    assert {"p1", "p2", "m3", "r4", "mine"} <= {row.get("id") for row in pair.rows()}
    assert (pair.sync().taken_in, pair.statuses()) == (0, {"synced"})


def test_an_editor_there_that_was_opened_before_our_change_does_not_take_it_back(pair: Pair) -> None:
    pair.decide(judged_accepted("m3"))
    pair.sync()
    opened = pair.rows()
    pair.decide(resized("p1", 40))
    pair.sync()
    shape(opened, "p2")["value"]["x"] = 60
    pair.submit(opened)
    report = pair.sync()
    assert (report.conflicts, pair.node("p1").box_xyxy) == (0, (0, 0, 40, 80))
    assert pair.node("p2").box_xyxy[0] == pytest.approx(60, abs=1)
    assert shape(pair.rows(), "p1")["value"]["width"] == pytest.approx(40)


def test_an_editor_that_was_opened_before_our_change_of_the_same_node_makes_a_conflict(pair: Pair) -> None:
    pair.decide(judged_accepted("m3"))
    pair.sync()
    opened = pair.rows()
    pair.decide(resized("p1", 40))
    pair.sync()
    shape(opened, "p1")["value"]["width"] = 20
    pair.submit(opened)
    assert pair.sync().conflicts == 1
    assert pair.node("p1").box_xyxy == (0, 0, 40, 80)
    assert shape(pair.rows(), "p1")["value"]["width"] == 20


def test_what_a_second_person_annotates_beside_the_first_comes_here_too(pair: Pair) -> None:
    shown = pair.rows()
    first = pair.rows()
    drawn = {**shape(first, "p1"), "id": "drawn", "meta": {}, "value": {**shape(first, "p1")["value"], "x": 1}}
    shape(first, "p1")["value"]["width"] = 30
    pair.submit([*first, drawn])
    pair.sync()
    shape(shown, "p2")["value"]["x"] = 60
    task = pair.task()
    pair.there.annotate(task["id"], [row for row in shown if "r4" not in ends(row)], "zoe@lab.org", another=True)
    report = pair.sync()
    assert (report.taken_in, report.conflicts, report.failed) == (1, 0, {})
    assert pair.node("p1").box_xyxy[2] == pytest.approx(30)
    assert pair.node("p2").box_xyxy[0] == pytest.approx(60, abs=1)
    assert {"p-drawn", "r4"} <= set(pair.hierarchy().by_id())
    assert pair.node("r4").state == State.PROPOSED
    assert shape(task["annotations"][0]["result"], "p1")["value"]["width"] == 30
    second = task["annotations"][1]["result"]
    assert shape(second, "p1")["value"]["width"] == pytest.approx(30)
    assert (pair.sync().sent, pair.statuses()) == (0, {"synced"})


def test_rows_of_other_tools_stay_there(pair: Pair) -> None:
    foreign = {"id": "f1", "from_name": "mood", "to_name": "image", "type": "rating", "value": {"rating": 4}}
    pair.submit([*pair.rows(), foreign])
    pair.sync()
    pair.decide(resized("p1", 40))
    pair.sync()
    assert foreign in pair.rows()
    assert pair.task()["predictions"][0]["model_version"] == "curator"


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
    pair.store.outbox.put([pair.id])
    pair.sync()
    assert [conflict.key for conflict in pair.store.syncs.conflicts()] == ["task"]


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


def test_a_figure_that_somebody_edits_here_waits(pair: Pair) -> None:
    pair.store.reviews.lease(pair.id, "anna#1", NOW_S)
    pair.move_there("p2", 60)
    report = pair.sync()
    assert (report.held, report.taken_in, report.failed) == (1, 0, {})
    assert pair.statuses() == {"changed there"}
    pair.store.reviews.release(pair.id, "anna#1")
    assert pair.sync().taken_in == 1
    assert pair.statuses() == {"synced"}


def test_a_task_that_cannot_be_read_is_told_and_holds_up_nothing_else(tmp_path: Path, there: LabelStudioServer) -> None:
    pair = Pair(tmp_path, there, figures=2)
    pair.sync()
    pair.move_there("p2", 60, pair.ids[0])
    pair.move_there("p2", 60, pair.ids[1])
    ours = pair.task(pair.ids[0])["data"]["curator"]
    kept, ours["shared"] = ours["shared"], "spoilt"
    report = pair.sync()
    assert report.taken_in == 1
    assert list(report.failed) == [pair.ids[0]]
    (fault,) = pair.store.syncs.faults()
    assert "is not as Curator wrote it" in fault.reason
    assert (fault.tries, fault.next_at) == (1, NOW_S + 10)
    ours["shared"] = kept
    assert pair.sync(retry=False).failed == {}
    assert pair.statuses() == {"synced"}


def test_a_second_task_of_a_figure_is_told_and_left_alone(pair: Pair) -> None:
    task = pair.task()
    second = {**task, "id": 999, "updated_at": "2026-01-02T00:00:00.000000Z"}
    pair.there.tasks[999] = second
    assert pair.sync().doubles == {999: pair.id}
    pair.decide(resized("p1", 40))
    pair.sync()
    assert second["annotations"] is task["annotations"] or second["annotations"] == []


@pytest.mark.parametrize("year", [1999, 2099])
def test_clocks_may_differ(tmp_path: Path, there: LabelStudioServer, year: int) -> None:
    there.clock = datetime(year, 1, 1, tzinfo=UTC)
    pair = Pair(tmp_path, there)
    pair.sync()
    pair.move_there("p2", 60)
    assert pair.sync().taken_in == 1


def test_a_change_after_the_clock_there_was_set_back_by_minutes_is_read(pair: Pair) -> None:
    pair.sync()
    pair.there.clock -= timedelta(minutes=9)
    pair.move_there("p2", 60)
    assert pair.sync().taken_in == 1


def test_a_change_after_the_clock_there_was_set_back_by_hours_is_read_by_a_whole_reading(pair: Pair) -> None:
    pair.sync()
    pair.there.clock -= timedelta(hours=9)
    pair.move_there("p2", 60)
    assert pair.sync().taken_in == 0
    assert pair.sync(whole=True).taken_in == 1


def test_a_project_without_label_studio_keeps_no_outbox(tmp_path: Path) -> None:
    store = Store(tmp_path)
    figure_id = add_mined_figure(store)
    store.reviews.decide(figure_id, 1, [resized("p1", 40)], "anna", NOW_S)
    assert store.outbox.waiting() == []


def test_a_project_is_kept_in_step_with_one_project_there(pair: Pair, tmp_path: Path) -> None:
    with LabelStudioServer() as other:
        pair.there, first = other, pair.there
        with pytest.raises(SyncError, match="`curator sync --disconnect` forgets the former"):
            pair.sync()
        assert other.tasks == {}
    pair.store.outbox.disconnect()
    pair.there = first
    assert pair.sync().made == 0
    assert len(first.tasks) == 1
    assert pair.statuses() == {"synced"}


def test_two_syncs_of_a_project_do_not_run_at_once(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.label_studio.sync._LOCK_WAIT_S", 0)
    with locked(pair.store), pytest.raises(SyncError, match="another `curator sync` of this project is running"):
        pair.sync()
