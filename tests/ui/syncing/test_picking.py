"""Many figures are put in or left out beside the page's answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.stand_ins.label_studio import LabelStudioServer
from curator.errors import SyncError
from tests.data.label_studio.syncing import Pair
from ui.syncing import picking
from ui.syncing.picking import Picking


class Halting:
    """Does what is done apart when it may."""

    def __init__(self) -> None:
        self.may = threading.Event()
        self.asked = threading.Event()

    def __call__(self, work: Callable[[], None]) -> None:
        self.asked.set()
        assert self.may.wait(120)
        work()


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    monkeypatch.setattr(picking, "AT_ONCE", 2)
    pair = Pair(tmp_path, LabelStudioServer(), figures=5)
    pair.store.outbox.connect("http://there", 1, sends_new=False)
    return pair


def test_few_figures_are_put_before_anybody_is_answered(pair: Pair) -> None:
    told: list[None] = []
    one = Picking(pair.store, lambda work: work(), lambda: told.append(None))
    one.start("send", pair.ids[:2])
    assert (one.state(), len(told)) == (None, 1)
    assert [waiting.figure_id for waiting in pair.store.outbox.waiting()] == pair.ids[:2]
    one.start("leave out", pair.ids[:2])
    assert pair.store.outbox.waiting() == []


def test_many_are_put_while_others_are_answered_and_how_far_it_is_is_told(pair: Pair) -> None:
    told = threading.Event()
    halting = Halting()
    many = Picking(pair.store, halting, told.set)
    many.start("leave out", pair.ids)
    assert halting.asked.wait(120)
    assert many.state() == {"what": "leave out", "done": 0, "total": 5, "error": ""}
    with pytest.raises(SyncError, match="other figures are still being put in or left out"):
        many.start("send", pair.ids[:1])
    assert not told.is_set()
    halting.may.set()
    many.close()
    assert told.is_set()
    assert many.state() is None
    assert pair.store.sync_lists.counts()["left out"] == 5
    many.start("send", pair.ids)
    many.close()
    assert pair.store.sync_lists.counts() == {**dict.fromkeys(pair.store.sync_lists.counts(), 0), "waiting": 5}


def test_what_went_wrong_is_told_until_the_next_one(pair: Pair) -> None:
    def refuse(work: Callable[[], None]) -> None:
        raise SyncError("the pass under way waits for Label Studio; try again in a minute")

    many = Picking(pair.store, refuse, lambda: None)
    many.start("leave out", pair.ids)
    many.close()
    state = many.state()
    assert state is not None
    assert (state["done"], state["error"]) == (
        0,
        "the pass under way waits for Label Studio; try again in a minute",
    )
    many.start("send", pair.ids[:1])
    assert many.state() is None


def test_what_a_label_studio_that_was_left_had_agreed_on_is_forgotten_beside_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.store.outbox._IN_A_TRANSACTION", 2)
    with LabelStudioServer() as there:
        pair = Pair(tmp_path, there, figures=5)
        pair.sync()
        pair.store.outbox.leave()
        assert pair.store.outbox.connected() is None
        assert len(pair.store.syncs.read_at()) == 5
        one = Picking(pair.store, lambda work: work(), lambda: None)
        one.forget()
        one.close()
        assert pair.store.syncs.read_at() == {}
        pair.sync()
        pair.store.outbox.forget()  # connected: there is nothing to forget
        assert len(pair.store.syncs.read_at()) == 5
        pair.store.outbox.leave()
        pair.sync()  # a process that was killed had forgotten nothing
        assert pair.statuses() == {"synced"}
        assert len(there.tasks) == 5
