"""Figures shared among curators, and read twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from curator.adjudication import Choice
from curator.agreement import present
from curator.commands import parse_commands
from curator.errors import LeaseError, ReviewError
from curator.figure import FigureState, Hierarchy, State
from data.store import Store
from data.store.queue import QueueFilter
from data.store.readings import STATE, ToRead
from tests.data.projects import HIERARCHY, add_figures

NOW = 1_000_000.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path)
    yield store
    store.close()


def mined(store: Store, count: int) -> list[str]:
    figure_ids = add_figures(store, count)
    for figure_id in figure_ids:
        store.reviews.mined(figure_id, HIERARCHY, "embedded 1")
    return figure_ids


def decide(
    store: Store,
    figure_id: str,
    who: str,
    *commands: dict[str, object],
    state: str = "accepted",
    reason: str = "blurred",
) -> None:
    revision = store.reviews.load(figure_id, NOW).revision
    raw = [*commands, {"op": "judge_figure", "state": state, "reason": reason if state == "skipped" else ""}]
    store.reviews.decide(figure_id, revision, parse_commands(raw), who, NOW)
    store.reviews.release(figure_id, who)


def read_twice(store: Store, *second_commands: dict[str, object], second_state: str = "accepted") -> str:
    """anna rejects the marker, ben does what is given."""
    (figure_id,) = mined(store, 1)
    store.readings.assign([figure_id], ["anna", "ben"], 1.0, 0, "lead")
    decide(store, figure_id, "anna", {"op": "remove", "id": "m3"})
    store.readings.begin_second(figure_id, "ben", NOW)
    decide(store, figure_id, "ben", *second_commands, state=second_state)
    return figure_id


def test_figures_are_dealt_out_and_a_share_gets_a_second_reader(store: Store) -> None:
    figure_ids = mined(store, 200)

    seconds = store.readings.assign(figure_ids, ["anna", "ben"], 0.2, 7, "lead")

    assert 20 <= seconds <= 60
    anna, ben = store.readings.workloads()
    assert (anna.who, anna.assigned, ben.assigned) == ("anna", 100, 100)
    assert store.readings.assigned_to(figure_ids[1]) == "ben"
    assert store.queue.count(QueueFilter(assigned_to="ben")) == 100
    # drawn by id: again the same, and each by another person than the first
    assert store.readings.assign(figure_ids, ["anna", "ben"], 0.2, 7, "lead") == seconds


def test_an_overlap_needs_two_people(store: Store) -> None:
    with pytest.raises(ReviewError, match="two people or more"):
        store.readings.assign([], ["anna"], 0.1, 0, "lead")
    with pytest.raises(ReviewError, match="name each person once"):
        store.readings.assign([], ["anna", "anna"], 0, 0, "lead")


def test_the_second_reader_sees_the_proposals_and_nothing_of_the_first(store: Store) -> None:
    (figure_id,) = mined(store, 1)
    store.readings.assign([figure_id], ["anna", "ben"], 1.0, 0, "lead")
    assert store.readings.to_read_second("ben") == []
    with pytest.raises(ReviewError, match="no first reading"):
        store.readings.begin_second(figure_id, "ben", NOW)
    decide(
        store, figure_id, "anna", {"op": "remove", "id": "m3"}, {"op": "update", "id": "p1", "fields": {"label": "Z"}}
    )

    assert store.readings.to_read_second("ben") == [ToRead(figure_id, "Figure 1", begun=False)]
    store.readings.begin_second(figure_id, "ben", NOW)

    stored = store.reviews.load(figure_id, NOW)
    assert stored.review.hierarchy == HIERARCHY
    assert stored.review.state == FigureState.PROPOSED
    with pytest.raises(ReviewError, match="not anna's"):
        store.readings.begin_second(figure_id, "anna", NOW)


def test_a_second_reading_that_is_given_up_leaves_the_first_as_it_was(store: Store) -> None:
    (figure_id,) = mined(store, 1)
    store.readings.assign([figure_id], ["anna", "ben"], 1.0, 0, "lead")
    decide(store, figure_id, "anna", {"op": "remove", "id": "m3"})
    before = store.reviews.load(figure_id, NOW).review
    store.readings.begin_second(figure_id, "ben", NOW)

    store.readings.cancel_second(figure_id, "ben", NOW)

    assert store.reviews.load(figure_id, NOW).review == before
    assert store.readings.to_read_second("ben") == []


def test_a_figure_that_somebody_edits_is_not_opened_anew(store: Store) -> None:
    (figure_id,) = mined(store, 1)
    store.readings.assign([figure_id], ["anna", "ben"], 1.0, 0, "lead")
    decide(store, figure_id, "anna")
    store.reviews.lease(figure_id, "anna#tab", NOW)

    with pytest.raises(LeaseError):
        store.readings.begin_second(figure_id, "ben", NOW)
    assert store.readings.pairs() == []


def test_readings_that_agree_are_settled_without_a_choice(store: Store) -> None:
    figure_id = read_twice(store, {"op": "remove", "id": "m3"})
    (pair,) = store.readings.pairs()
    both = store.readings.both(pair.figure_id)
    assert not store.readings.differences(both).differences

    store.readings.settle(figure_id, both.revision, {}, "lead", NOW)

    assert store.readings.pairs() == []
    (settled,) = store.readings.pairs(settled=True)
    assert settled.settled_at
    assert store.readings.both(figure_id).second == both.second
    assert store.reviews.load(figure_id, NOW).review.state == FigureState.ACCEPTED
    ((readers, (figures, levels)),) = store.comparisons.agreement().items()
    assert (readers, figures) == (("anna", "ben"), 1)
    assert levels["panel"].f1 == 1


def test_a_difference_is_settled_by_a_third(store: Store) -> None:
    figure_id = read_twice(store)
    (pair,) = store.readings.pairs()
    both = store.readings.both(pair.figure_id)
    keys = [difference.key for difference in store.readings.differences(both).differences]
    # removing the marker took the region below it along
    assert keys == ["=m3", "=r4"]

    with pytest.raises(ReviewError, match="needs a choice"):
        store.readings.settle(figure_id, both.revision, {}, "lead", NOW)
    store.readings.settle(figure_id, both.revision, {"=m3": "second", "=r4": "first"}, "lead", NOW)

    after = store.reviews.load(figure_id, NOW).review
    assert [node.id for node in present(after.hierarchy)] == ["p1", "p2", "m3"]
    assert all(node.state != State.PROPOSED for node in after.hierarchy.nodes())
    assert store.comparisons.agreement()["anna", "ben"][1]["marker"].f1 == 0


def test_one_accepted_and_one_skipped(store: Store) -> None:
    figure_id = read_twice(store, second_state="skipped")
    (pair,) = store.readings.pairs()
    both = store.readings.both(pair.figure_id)
    assert not store.readings.differences(both).differences

    with pytest.raises(ReviewError, match="choose whom to follow"):
        store.readings.settle(figure_id, both.revision, {}, "lead", NOW)
    store.readings.settle(figure_id, both.revision, {STATE: "first"}, "lead", NOW)

    assert store.reviews.load(figure_id, NOW).review.state == FigureState.ACCEPTED
    assert store.comparisons.agreement() == {}


def test_nobody_else_edits_a_figure_while_it_is_read_twice(store: Store) -> None:
    figure_id = read_twice(store)
    with pytest.raises(ReviewError, match="read by a second curator"):
        decide(store, figure_id, "anna", {"op": "remove", "id": "r4"})
    assert store.queue.count(QueueFilter(assigned_to="anna")) == 0
    assert store.queue.count(QueueFilter(assigned_to="ben")) == 1

    revision = store.reviews.load(figure_id, NOW).revision
    store.readings.settle(figure_id, revision, {"=m3": "first", "=r4": "first"}, "lead", NOW)
    assert store.queue.count(QueueFilter(assigned_to="anna")) == 1
    store.reviews.undo(figure_id, store.reviews.load(figure_id, NOW).revision, "lead", NOW)
    assert store.queue.count(QueueFilter(assigned_to="anna")) == 0


@pytest.mark.parametrize("state", ["accepted", "skipped"])
def test_who_was_to_read_second_and_closes_a_figure_first_changes_places_with_the_first_reader(
    store: Store, state: str
) -> None:
    (figure_id,) = mined(store, 1)
    store.readings.assign([figure_id], ["anna", "ben"], 1.0, 0, "lead")

    decide(store, figure_id, "ben", state=state)

    assert [one.figure_id for one in store.readings.to_read_second("anna")] == [figure_id]
    assert store.readings.to_read_second("ben") == []
    assert store.readings.assigned_to(figure_id) == "ben"
    store.readings.begin_second(figure_id, "anna", NOW)
    decide(store, figure_id, "anna", state=state)
    assert [(pair.first_who, pair.second_who) for pair in store.readings.pairs()] == [("ben", "anna")]


def test_a_third_who_closes_a_figure_changes_no_places(store: Store) -> None:
    (figure_id,) = mined(store, 1)
    store.readings.assign([figure_id], ["anna", "ben"], 1.0, 0, "lead")
    decide(store, figure_id, "cleo")
    assert (store.readings.assigned_to(figure_id), store.readings.second_reader(figure_id)) == ("anna", "ben")


def test_neither_mining_nor_label_studio_changes_a_figure_while_it_is_read_twice(store: Store) -> None:
    (figure_id,) = mined(store, 1)
    assert store.remining.doubted(1.0) == [(figure_id, 0)]
    store.readings.assign([figure_id], ["anna", "ben"], 1.0, 0, "lead")
    decide(store, figure_id, "anna")
    store.readings.begin_second(figure_id, "ben", NOW)
    before = store.reviews.load(figure_id, NOW)

    with pytest.raises(ReviewError, match="read by a second curator"):
        store.reviews.mined(figure_id, Hierarchy(), "embedded 2", NOW)

    # what was done in Label Studio waits, as while somebody edits
    accepted, who = (FigureState.ACCEPTED, ""), "label-studio:anna@lab.org"
    with pytest.raises(LeaseError, match="read by a second curator"), store.connections.write() as conn:
        store.reviews.take_in(conn, figure_id, before.revision, HIERARCHY, accepted, who, NOW)
    assert store.reviews.load(figure_id, NOW) == before
    assert store.remining.doubted(1.0) == []
    assert store.reviews.to_mine(again=True) == []


def test_undo_does_not_go_back_behind_the_opening(store: Store) -> None:
    (figure_id,) = mined(store, 1)
    store.readings.assign([figure_id], ["anna", "ben"], 1.0, 0, "lead")
    decide(store, figure_id, "anna", {"op": "remove", "id": "m3"})

    store.readings.begin_second(figure_id, "ben", NOW)

    opened = store.reviews.load(figure_id, NOW)
    assert not opened.undoable
    with pytest.raises(ReviewError, match="nothing to undo"):
        store.reviews.undo(figure_id, opened.revision, "ben", NOW)
    store.readings.cancel_second(figure_id, "ben", NOW)
    assert not store.reviews.load(figure_id, NOW).undoable


def test_readings_are_compared_once_until_one_changes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    figure_id = read_twice(store, {"op": "remove", "id": "r4"})
    (pair,) = store.readings.pairs()
    assert store.comparisons.of(pair).differences == 1
    with monkeypatch.context() as patched:
        patched.delattr(type(store.readings), "both")
        assert store.comparisons.of(pair).differences == 1

    store.reviews.undo(figure_id, pair.revision, "ben", NOW)
    store.reviews.release(figure_id, "ben")
    decide(store, figure_id, "ben", {"op": "remove", "id": "m3"})
    (again,) = store.readings.pairs()
    assert store.comparisons.of(again).differences == 0


def test_a_reader_with_the_figure_open_gives_it_up_all_the_same(store: Store) -> None:
    (figure_id,) = mined(store, 1)
    store.readings.assign([figure_id], ["anna", "ben"], 1.0, 0, "lead")
    decide(store, figure_id, "anna")
    store.readings.begin_second(figure_id, "ben", NOW)
    store.reviews.lease(figure_id, "ben#tab", NOW)

    with pytest.raises(LeaseError):
        store.readings.cancel_second(figure_id, "lead", NOW)
    store.readings.cancel_second(figure_id, "ben", NOW)

    assert store.reviews.load(figure_id, NOW).review.state == FigureState.ACCEPTED


def test_opening_a_second_reading_is_nobodys_decision(store: Store) -> None:
    read_twice(store)
    assert store.dashboard.agreement().figure_count == 0
    assert set(store.trainable.counts().every.people) == {"anna", "ben"}


def test_a_settlement_that_is_undone_waits_to_be_settled_again(store: Store) -> None:
    figure_id = read_twice(store)
    (pair,) = store.readings.pairs()
    before = store.reviews.load(figure_id, NOW).review
    choices: dict[str, Choice] = {"=m3": "first", "=r4": "first"}
    store.readings.settle(figure_id, pair.revision, choices, "lead", NOW)

    store.reviews.undo(figure_id, store.reviews.load(figure_id, NOW).revision, "lead", NOW)

    store.reviews.release(figure_id, "lead")
    assert store.reviews.load(figure_id, NOW).review == before
    assert store.readings.pairs(settled=True) == []
    (waiting,) = store.readings.pairs()
    assert (waiting.second_who, waiting.second_state) == ("ben", "accepted")
    with pytest.raises(ReviewError, match="read by a second curator"):
        decide(store, figure_id, "anna", {"op": "remove", "id": "r4"})

    store.reviews.redo(figure_id, waiting.revision, "lead", NOW)
    (settled,) = store.readings.pairs(settled=True)
    assert (settled.settled_at, settled.second_state) != (None, None)
    store.reviews.undo(figure_id, settled.revision, "lead", NOW)
    store.reviews.release(figure_id, "lead")
    # the second reader thinks again, and it is settled otherwise
    decide(store, figure_id, "ben", {"op": "remove", "id": "r4"})
    (waiting,) = store.readings.pairs()
    store.readings.settle(figure_id, waiting.revision, {"=m3": "second"}, "lead", NOW)
    assert [node.id for node in present(store.readings.both(figure_id).second)] == ["p1", "p2", "m3"]


def test_what_is_decided_after_a_settlement_and_undone_leaves_it_settled(store: Store) -> None:
    figure_id = read_twice(store, {"op": "remove", "id": "m3"})
    (pair,) = store.readings.pairs()
    store.readings.settle(figure_id, pair.revision, {}, "lead", NOW)
    decide(store, figure_id, "lead", {"op": "remove", "id": "p1"})

    store.reviews.undo(figure_id, store.reviews.load(figure_id, NOW).revision, "lead", NOW)

    assert store.readings.pairs() == []


@pytest.mark.parametrize(("choice", "reason"), [("first", "no panels"), ("second", "blurred")])
def test_why_a_figure_was_skipped_outlives_the_settlement(store: Store, choice: Choice, reason: str) -> None:
    (figure_id,) = mined(store, 1)
    store.readings.assign([figure_id], ["anna", "ben"], 1.0, 0, "lead")
    first, second = ("skipped", "accepted") if choice == "first" else ("accepted", "skipped")
    decide(store, figure_id, "anna", state=first, reason="no panels")
    store.readings.begin_second(figure_id, "ben", NOW)
    decide(store, figure_id, "ben", state=second, reason="blurred")
    (pair,) = store.readings.pairs()

    store.readings.settle(figure_id, pair.revision, {STATE: choice}, "lead", NOW)

    stored = store.reviews.load(figure_id, NOW)
    assert (stored.review.state, stored.reason) == (FigureState.SKIPPED, reason)


def test_two_who_skipped_agree_and_the_reason_stays(store: Store) -> None:
    (figure_id,) = mined(store, 1)
    store.readings.assign([figure_id], ["anna", "ben"], 1.0, 0, "lead")
    decide(store, figure_id, "anna", state="skipped", reason="no panels")
    store.readings.begin_second(figure_id, "ben", NOW)
    decide(store, figure_id, "ben", state="skipped", reason="blurred")
    (pair,) = store.readings.pairs()

    store.readings.settle(figure_id, pair.revision, {}, "lead", NOW)

    assert store.reviews.load(figure_id, NOW).reason == "blurred"
