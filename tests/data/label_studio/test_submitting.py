"""What submitting means there: what was shown is accepted, unless a choice says otherwise or somebody decided since."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.stand_ins.label_studio import LabelStudioServer
from curator.figure import FigureState, State
from data.label_studio.controls import FIGURE, UNFINISHED
from tests.data.label_studio.syncing import EVE, NOW_S, Pair, judged_accepted, resized, shape


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """One figure, sent."""
    with LabelStudioServer() as there:
        pair = Pair(tmp_path, there)
        pair.sync()
        yield pair


def states(pair: Pair) -> tuple[FigureState, set[State]]:
    review = pair.store.reviews.load(pair.id, NOW_S).review
    return review.state, {node.state for node in review.hierarchy.nodes()}


def choices(pair: Pair) -> list[list[str]]:
    return [row["value"]["choices"] for row in pair.rows() if row.get("from_name") == FIGURE]


def test_submitting_what_was_proposed_accepts_all_of_it_under_the_name_of_who_did(pair: Pair) -> None:
    pair.submit(pair.rows(), finished=True)
    assert pair.sync().taken_in == 1
    assert states(pair) == (FigureState.ACCEPTED, {State.ACCEPTED})
    assert pair.events() == [("decide", f"label-studio:{EVE}")]
    assert choices(pair) == [["accepted"]]
    assert (pair.sync().taken_in, pair.sync().sent) == (0, 0)


def test_what_was_mended_before_it_was_submitted_is_edited(pair: Pair) -> None:
    rows = pair.rows()
    shape(rows, "p2")["value"]["x"] = 60
    pair.submit(rows, finished=True)
    pair.sync()
    assert states(pair) == (FigureState.ACCEPTED, {State.ACCEPTED, State.EDITED})
    assert pair.node("p2").state == State.EDITED


def test_what_was_deleted_before_it_was_submitted_stays_rejected(pair: Pair) -> None:
    pair.submit(
        [row for row in pair.rows() if row.get("id") not in ("r4",) and row["type"] != "relation"], finished=True
    )
    pair.sync()
    assert pair.node("r4").state == State.REJECTED
    assert states(pair)[0] == FigureState.ACCEPTED


def test_unfinished_saves_what_was_done_and_accepts_nothing(pair: Pair) -> None:
    pair.move_there("p2", 60)
    pair.sync()
    assert states(pair) == (FigureState.PROPOSED, {State.PROPOSED, State.EDITED})


def test_what_curator_writes_of_an_open_figure_never_reads_back_as_accepted(pair: Pair) -> None:
    pair.decide(judged_accepted("p1"))
    pair.sync()
    assert choices(pair) == [[UNFINISHED]]
    assert pair.sync(whole=True).taken_in == 0
    assert states(pair) == (FigureState.PROPOSED, {State.PROPOSED, State.ACCEPTED})


def test_updating_an_annotation_of_curators_leaves_the_figure_open_until_somebody_chooses(pair: Pair) -> None:
    pair.decide(judged_accepted("p1"))
    pair.sync()
    rows = pair.rows()
    shape(rows, "p2")["value"]["x"] = 60
    pair.submit(rows)
    pair.sync()
    assert states(pair)[0] == FigureState.PROPOSED
    rows = [row for row in pair.rows() if row.get("from_name") != FIGURE]
    pair.submit(rows, finished=True)
    pair.sync()
    assert states(pair)[0] == FigureState.ACCEPTED


def test_submitting_is_no_vote_against_what_somebody_decided_here_meanwhile(pair: Pair) -> None:
    pair.submit(pair.rows(), finished=True)
    pair.decide(resized("p1", 40))
    assert pair.sync().conflicts == 0
    assert pair.node("p1").box_xyxy[2] == 40
    assert pair.node("p1").state == State.EDITED
    assert states(pair)[0] == FigureState.ACCEPTED
    assert shape(pair.rows(), "p1")["value"]["width"] == pytest.approx(40)


def test_an_annotation_from_scratch_accepts_nothing_that_it_does_not_show(pair: Pair) -> None:
    pair.submit([], finished=True)
    pair.sync()
    assert states(pair) == (FigureState.PROPOSED, {State.PROPOSED})


def test_skipping_is_another_choice(pair: Pair) -> None:
    pair.submit(pair.rows(), cancelled=True, finished=True)
    pair.sync()
    assert states(pair) == (FigureState.SKIPPED, {State.PROPOSED})


def test_what_was_accepted_by_submitting_can_be_undone_here_for_good(pair: Pair) -> None:
    pair.submit(pair.rows(), finished=True)
    pair.sync()
    pair.undo()
    pair.sync()
    pair.sync(whole=True)
    assert states(pair) == (FigureState.PROPOSED, {State.PROPOSED})
    assert choices(pair) == [[UNFINISHED]]
