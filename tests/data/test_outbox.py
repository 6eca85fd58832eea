"""What waits to be sent is written with the change itself."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from curator.errors import StaleError
from data.store import Store
from tests.data.label_studio.syncing import NOW_S, resized
from tests.data.projects import add_figures, add_mined_figure

URL = "http://there"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_connecting_has_all_mined_figures_wait(store: Store) -> None:
    add_figures(store, 1, "PMC2")
    figure_id = add_mined_figure(store)
    assert store.outbox.connected() is None
    store.outbox.connect(URL, 3)
    connected = store.outbox.connected()
    assert connected is not None
    assert (connected.url, connected.project_id, connected.read_until) == (URL, 3, "")
    assert [(waiting.figure_id, waiting.revision) for waiting in store.outbox.waiting()] == [(figure_id, 1)]
    store.outbox.disconnect()
    assert (store.outbox.connected(), store.outbox.waiting()) == (None, [])


def test_a_decision_and_its_row_of_the_outbox_are_saved_together_or_not_at_all(store: Store) -> None:
    figure_id = add_mined_figure(store)
    store.outbox.connect(URL, 3)
    with store.connections.write() as conn:
        conn.execute("create trigger no_more before insert on outbox begin select raise(abort, 'full'); end")
    with pytest.raises(sqlite3.IntegrityError, match="full"):
        store.reviews.decide(figure_id, 1, [resized("p1", 40)], "anna", NOW_S)
    stored = store.reviews.load(figure_id, NOW_S)
    assert (stored.revision, stored.undoable) == (1, False)
    with store.connections.write() as conn:
        conn.execute("drop trigger no_more")
    store.reviews.decide(figure_id, 1, [resized("p1", 40)], "anna", NOW_S)
    assert [waiting.revision for waiting in store.outbox.waiting()] == [2]
    with pytest.raises(StaleError):
        store.reviews.decide(figure_id, 1, [resized("p1", 30)], "anna", NOW_S)
    assert [waiting.revision for waiting in store.outbox.waiting()] == [2]


def test_what_failed_waits_longer_each_time(store: Store) -> None:
    figure_id = add_mined_figure(store)
    store.outbox.connect(URL, 3)
    for tries, pause_s in ((1, 10), (2, 20), (3, 40)):
        store.syncs.note_fault(figure_id, "no", NOW_S)
        (fault,) = store.syncs.faults()
        assert (fault.tries, fault.next_at, fault.reason) == (tries, NOW_S + pause_s, "no")
    assert store.outbox.waiting(NOW_S + 39) == []
    assert len(store.outbox.waiting(NOW_S + 40)) == 1
    assert store.syncs.statuses() == {figure_id: "failed"}
