"""What editors there send that show an older state, another annotation, or nothing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from curator.codec import node_to_doc
from curator.commands import Add, JudgeFigure
from curator.figure import FigureState, State
from data.label_studio.there import hashes_of
from data.label_studio.version import Version
from data.store.syncs import save_synced
from tests.data.label_studio.syncing import (
    EVE,
    NOW_S,
    Pair,
    ends,
    judged_accepted,
    removed,
    resized,
    shape,
)
from tests.data.projects import HIERARCHY


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


@pytest.fixture
def opened(pair: Pair) -> Pair:
    """A figure that an annotation holds there, and that somebody there is about to open."""
    pair.decide(judged_accepted("m3"))
    pair.sync()
    return pair


def draw(pair: Pair) -> str:
    before = set(pair.hierarchy().by_id())
    pair.decide(Add(op="add", level="panel", box_xyxy=(5, 5, 30, 30)))
    (drawn,) = set(pair.hierarchy().by_id()) - before
    return drawn


def test_what_was_drawn_here_while_an_editor_was_open_there_stays(opened: Pair) -> None:
    rows = opened.rows()
    drawn = draw(opened)
    opened.sync()
    shape(rows, "p2")["value"]["x"] = 60
    opened.submit([row for row in rows if "r4" not in ends(row)])
    assert opened.sync().conflicts == 0
    assert drawn in opened.hierarchy().by_id()
    assert drawn in {row.get("id") for row in opened.rows()}
    assert opened.node("p2").box_xyxy[0] == pytest.approx(60, abs=1)
    assert opened.node("r4").state == State.REJECTED  # what was shown and is gone was deleted
    assert (opened.sync().taken_in, opened.statuses()) == (0, {"synced"})


def test_what_was_removed_here_while_an_editor_was_open_there_stays_so(opened: Pair) -> None:
    drawn = draw(opened)
    opened.sync()
    rows = opened.rows()
    opened.decide(removed("r4"), removed(drawn))
    opened.sync()
    opened.submit(rows)
    assert opened.sync().taken_in == 0
    assert opened.node("r4").state == State.REJECTED
    assert drawn not in opened.hierarchy().by_id()
    assert not {"r4", drawn} & {row.get("id") for row in opened.rows()}


def test_a_figure_that_was_accepted_here_while_an_editor_was_open_there_stays_so(opened: Pair) -> None:
    rows = opened.rows()
    opened.decide(JudgeFigure(op="judge_figure", state="accepted"))
    opened.sync()
    drawn = {**shape(rows, "p1"), "id": "x7", "meta": {}}
    opened.submit([*rows, drawn])
    assert opened.sync().conflicts == 0
    assert "p-x7" in opened.hierarchy().by_id()
    assert opened.store.reviews.load(opened.id, NOW_S).review.state == FigureState.ACCEPTED


def test_what_was_skipped_here_before_somebody_there_submitted_what_was_proposed_stays_so(pair: Pair) -> None:
    rows = pair.rows()
    pair.decide(JudgeFigure(op="judge_figure", state="skipped", reason="a table"))
    pair.sync()
    pair.there.annotate(pair.task()["id"], rows, EVE, another=True)
    pair.sync()
    assert pair.store.reviews.load(pair.id, NOW_S).review.state == FigureState.SKIPPED


def test_an_editor_that_was_opened_many_writings_ago_takes_nothing_back(opened: Pair) -> None:
    rows = opened.rows()
    drawn = draw(opened)
    opened.decide(removed("r4"))
    for right in range(30, 40):
        opened.decide(resized("p1", right))
        opened.sync()
    shape(rows, "p2")["value"]["x"] = 60
    opened.submit(rows)
    assert opened.sync().conflicts == 0
    assert opened.node("p1").box_xyxy[2] == 39
    assert opened.node("p2").box_xyxy[0] == pytest.approx(60, abs=1)
    assert opened.node("r4").state == State.REJECTED
    assert drawn in opened.hierarchy().by_id()


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


def test_what_was_sent_before_nodes_had_samples_is_known_again(pair: Pair) -> None:
    """As ``sent`` was kept then: a deletion there would be lost if it looked as from an editor that is out of date."""
    doc = node_to_doc(pair.node("p1"))
    del doc["provenance"]["samples"]
    before = hashlib.sha256(json.dumps(doc, sort_keys=True).encode()).hexdigest()[:16]
    assert hashes_of(Version(pair.hierarchy()))["p1"] == before


def test_what_was_agreed_on_before_rows_said_of_which_writing_they_are_is_read_as_then(pair: Pair) -> None:
    synced = pair.store.syncs.synced(pair.id)
    assert synced is not None
    doc = {name: value for name, value in synced.doc.items() if name not in ("mark", "writings", "sending")}
    with pair.store.connections.write() as conn:
        save_synced(conn, replace(synced, doc=doc))
    rows = pair.rows()
    for row in rows:
        row.get("meta", {}).pop("curator_written", None)
    shape(rows, "p2")["value"]["x"] = 60
    pair.submit([row for row in rows if "r4" not in ends(row)])
    assert pair.sync().conflicts == 0
    assert pair.node("r4").state == State.REJECTED
    drawn = draw(pair)
    pair.sync()
    pair.submit([row for row in rows if "r4" not in ends(row)])  # from an editor of before
    pair.sync()
    assert drawn in pair.hierarchy().by_id()
    assert pair.node("p2").box_xyxy[0] == pytest.approx(60, abs=1)
