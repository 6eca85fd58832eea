"""Both sides kept in step, against a server that speaks Label Studio's protocol."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.stand_ins.label_studio import LabelStudioServer
from curator.commands import JudgeFigure
from curator.figure import FigureState, Panel, State
from tests.data.label_studio.syncing import (
    EVE,
    NOW_S,
    Pair,
    judged_accepted,
    labelled,
    removed,
    resized,
    shape,
)
from tests.data.projects import HIERARCHY

THEIR_NAME = f"label-studio:{EVE}"


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


def test_a_task_deleted_there_is_noticed_beside_one_that_was_left_out(tmp_path: Path, there: LabelStudioServer) -> None:
    pair = Pair(tmp_path, there, figures=2)
    gone, left_out = pair.ids
    pair.sync()
    pair.sync()  # from now on only what changed there is read
    pair.store.outbox.take_out([left_out])
    there.delete_task(pair.task(gone)["id"])
    assert pair.sync().conflicts == 1
    assert [(conflict.figure_id, conflict.key) for conflict in pair.store.syncs.conflicts()] == [(gone, "task")]
    there.delete_task(pair.task(left_out)["id"])
    assert pair.sync().conflicts == 0  # nobody waits for it
    pair.store.outbox.put([left_out])
    assert pair.sync().made == 1


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
