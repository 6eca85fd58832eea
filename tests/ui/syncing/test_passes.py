"""Passes in the background."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.stand_ins.label_studio import TOKEN, Fault, LabelStudioServer
from curator.errors import SyncError
from curator.settings import LabelStudioSettings
from data.label_studio.resolve import resolve
from data.label_studio.sync import locked
from tests.data.label_studio.syncing import NOW_S, Pair, resized
from ui.syncing.passes import LONGEST_PAUSE_S, Syncing

_LONG_S = 120.0  # nothing waits so long but a test that fails


class Clock:
    def __init__(self) -> None:
        self.now_s = NOW_S

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def there() -> Iterator[LabelStudioServer]:
    with LabelStudioServer() as server:
        yield server


@pytest.fixture
def pair(tmp_path: Path, there: LabelStudioServer) -> Pair:
    pair = Pair(tmp_path, there, figures=3)
    pair.sync()
    return pair


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def syncing(pair: Pair, clock: Clock) -> Iterator[Syncing]:
    settings = LabelStudioSettings(url=pair.there.url, api_key=TOKEN, retries=0)
    syncing = Syncing(pair.store, lambda: settings, now_s=clock)
    yield syncing
    syncing.close()


def passed(syncing: Syncing, passes: int) -> None:
    """Waits until so many passes have come to their end."""
    with syncing._changed:
        assert syncing._changed.wait_for(lambda: syncing._passes >= passes, _LONG_S)


def stand_in_line(syncing: Syncing, decision: threading.Thread) -> None:
    """Starts the decision while a pass runs, and comes back when it waits for its turn."""
    with syncing._changed:
        assert syncing._changed.wait_for(lambda: syncing._running_since is not None, _LONG_S)
    decision.start()
    while not syncing._apart:
        decision.join(0.01)


def test_a_pass_on_demand_sends_what_waits_and_says_so(pair: Pair, syncing: Syncing) -> None:
    pair.decide(resized("p1", 40))
    syncing.once()
    assert syncing.settle(_LONG_S)
    state = syncing.state()
    assert (state["last"]["sent"], state["error"], state["running"], state["watching"]) == (1, None, None, False)
    assert state["connected"]["url"] == pair.there.url
    assert pair.statuses() == {"synced"}


def test_without_a_connection_nothing_is_asked(tmp_path: Path) -> None:
    syncing = Syncing(Pair(tmp_path, LabelStudioServer()).store, LabelStudioSettings)
    for ask in (syncing.once, syncing.start_watch):
        with pytest.raises(SyncError, match="no Label Studio is connected; connect one first"):
            ask()
    assert syncing.state()["connected"] is None


def test_watching_makes_a_pass_at_once_and_says_when_the_next_comes(syncing: Syncing, clock: Clock) -> None:
    syncing.start_watch()
    passed(syncing, 1)
    state = syncing.state()
    assert (state["watching"], state["next_at"]) == (True, clock.now_s + 15)
    syncing.stop_watch()
    assert syncing.state()["next_at"] is None


def test_many_hints_make_one_pass_and_none_while_it_is_not_watched(pair: Pair, syncing: Syncing, clock: Clock) -> None:
    syncing.hint()
    assert not syncing.state()["waiting"]
    syncing.start_watch()
    passed(syncing, 1)
    pair.move_there("p1", 10)
    for _ in range(20):
        syncing.hint()
    assert syncing.state()["next_at"] == clock.now_s + 1
    clock.now_s += 1
    syncing.hint()
    passed(syncing, 2)
    assert syncing.state()["last"]["taken_in"] == 1
    assert syncing.state()["passes"] == 2


def test_the_pauses_grow_while_label_studio_is_away_and_it_goes_on_when_it_is_back(
    pair: Pair, syncing: Syncing, clock: Clock
) -> None:
    pair.there.stop()
    syncing.start_watch()
    pauses = []
    for tries in range(1, 8):
        passed(syncing, tries)
        state = syncing.state()
        assert "cannot be reached" in state["error"]["message"]
        pauses.append(state["next_at"] - clock.now_s)
        clock.now_s = state["next_at"]
        if tries == 6:
            pair.there.start()
            pair.decide(resized("p1", 40))
        with syncing._changed:
            syncing._changed.notify_all()
        if tries == 6:
            break
    assert pauses == [30, 60, 120, 240, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    passed(syncing, 7)
    state = syncing.state()
    assert (state["error"], state["last"]["sent"], state["next_at"]) == (None, 1, clock.now_s + 15)


def test_what_is_watched_is_watched_again_after_a_restart(pair: Pair, syncing: Syncing) -> None:
    syncing.start_watch()
    passed(syncing, 1)
    syncing.close()
    settings = LabelStudioSettings(url=pair.there.url, api_key=TOKEN)
    again = Syncing(pair.store, lambda: settings)
    again.resume()
    passed(again, 1)
    assert again.state()["watching"]
    again.stop_watch()
    again.close()
    third = Syncing(pair.store, lambda: settings)
    third.resume()
    assert not third.state()["watching"]


def test_progress_is_told_and_a_decision_comes_in_between_two_figures(pair: Pair, syncing: Syncing) -> None:
    pair.move_there("p1", 10)
    pair.decide(resized("p1", 40))
    pair.sync()
    assert len(pair.store.syncs.conflicts(pair.id)) == 1
    for figure_id in pair.ids[1:]:
        pair.decide(resized("p1", 30), figure_id=figure_id)
    answered = threading.Event()
    pair.there.faults.append(Fault("GET", "/api/tasks", until=answered))
    syncing.once()
    decided: list[int] = []
    work = threading.Thread(
        target=lambda: decided.append(
            syncing.apart(lambda: resolve(pair.store, pair.id, "theirs", "anna", NOW_S + 1000))
        )
    )
    stand_in_line(syncing, work)
    answered.set()
    work.join(_LONG_S)
    assert decided == [1]
    assert syncing.settle(_LONG_S)
    assert pair.store.syncs.conflicts() == []
    assert pair.node("p1").box_xyxy[0] == 10


def test_a_decision_that_another_process_keeps_waiting_is_refused_and_passes_go_on(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.label_studio.sync._LOCK_WAIT_S", 0.01)
    may_begin, errors = threading.Event(), list[SyncError]()

    def settings() -> LabelStudioSettings:
        may_begin.wait(_LONG_S)
        return LabelStudioSettings(url=pair.there.url, api_key=TOKEN, retries=0)

    syncing = Syncing(pair.store, settings)

    def decide() -> None:
        try:
            syncing.apart(lambda: None)
        except SyncError as error:
            errors.append(error)

    with locked(pair.store):
        syncing.once()
        passed_by = threading.Thread(target=decide)
        stand_in_line(syncing, passed_by)
        may_begin.set()
        passed_by.join()
    assert "another `curator sync` of this project is running" in str(errors)
    pair.decide(resized("p1", 40))
    syncing.once()
    assert syncing.settle(_LONG_S)
    assert pair.statuses() == {"synced"}
    syncing.close()


def test_a_pass_that_is_ended_leaves_the_rest_for_the_next(pair: Pair, syncing: Syncing) -> None:
    for figure_id in pair.ids:
        pair.decide(resized("p1", 30), figure_id=figure_id)
    answered = threading.Event()
    pair.there.faults.append(Fault("PATCH", "/api/annotations", until=answered))
    pair.there.faults.append(Fault("POST", "/annotations", until=answered))
    syncing.once()
    ended = threading.Thread(target=syncing.end_pass)
    with syncing._changed:
        assert syncing._changed.wait_for(lambda: syncing._running_since is not None, _LONG_S)
    ended.start()
    assert syncing._ending.wait(_LONG_S)
    answered.set()
    ended.join(_LONG_S)
    assert syncing.state()["error"]["message"] == "the last pass was ended before all was done; what was done stays"
    assert len(pair.store.outbox.waiting()) >= 2
    syncing.once()
    assert syncing.settle(_LONG_S)
    assert pair.statuses() == {"synced"}


def test_a_setting_that_is_wrong_is_told_and_watching_goes_on(pair: Pair, clock: Clock) -> None:
    good = LabelStudioSettings(url=pair.there.url, api_key=TOKEN)
    settings = [replace(good, api_key="")]
    syncing = Syncing(pair.store, lambda: settings[-1], now_s=clock)
    syncing.start_watch()
    passed(syncing, 1)
    assert "there is no token for Label Studio" in syncing.state()["error"]["message"]
    settings.append(good)
    clock.now_s += 30
    syncing.once()
    passed(syncing, 2)
    assert syncing.state()["error"] is None
    syncing.close()
