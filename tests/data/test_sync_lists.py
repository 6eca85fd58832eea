"""Lists of where figures stand between here and Label Studio."""

from __future__ import annotations

from pathlib import Path

import pytest

from curator.figure import FigureState
from data.store import Store
from data.store.outbox import note_sent
from data.store.sync_lists import STATUSES, SyncChoice
from data.store.syncs import Synced, SyncStatus, save_conflicts, save_synced
from tests.data.projects import HIERARCHY, add_figures


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A figure of each status, in the order of ``STATUSES``; one more is not mined."""
    store = Store(tmp_path)
    ids = add_figures(store, len(STATUSES) + 1)
    for figure_id in ids[:-1]:
        store.reviews.mined(figure_id, HIERARCHY, "embedded 1")
    store.outbox.connect("http://there", 1, sends_new=False)
    for number, (figure_id, status) in enumerate(zip(ids, STATUSES, strict=False)):
        if status == "new":
            continue
        with store.connections.write() as conn:
            changed, left_out = status == "changed there", status == "left out"
            save_synced(conn, Synced(figure_id, number, None, "", changed, left_out, {}))
            if status == "conflict":
                save_conflicts(conn, figure_id, {"p1": {}, "state": {}})
        if status in ("waiting", "conflict"):
            store.outbox.put([figure_id])
        if status == "failed":
            store.syncs.note_fault(figure_id, "it rained", 100.0)
    return store


@pytest.fixture
def ids(store: Store) -> dict[SyncStatus, str]:
    return dict(zip(STATUSES, (item.figure_id for item in store.sync_lists.page(None, "", 0, 100)), strict=True))


def test_each_status_is_counted_and_listed(store: Store, ids: dict[SyncStatus, str]) -> None:
    assert store.sync_lists.counts() == dict.fromkeys(STATUSES, 1)
    assert store.syncs.statuses() == {figure_id: status for status, figure_id in ids.items()}
    for status in STATUSES:
        (item,) = store.sync_lists.page(status, "", 0, 10)
        assert (item.figure_id, item.status, store.sync_lists.count(status, "")) == (ids[status], status, 1)


def test_an_item_says_what_is_the_matter(store: Store, ids: dict[SyncStatus, str]) -> None:
    failed = store.sync_lists.item(ids["failed"])
    assert failed is not None
    assert (failed.reason, failed.tries, failed.next_at) == ("it rained", 1, 110.0)
    conflict = store.sync_lists.item(ids["conflict"])
    assert conflict is not None
    assert (conflict.conflicts, conflict.waiting_since is not None, conflict.reason) == (2, True, "")
    new = store.sync_lists.item(ids["new"])
    assert new is not None
    assert new.task_id is None
    assert store.sync_lists.item("no such") is None


def test_pages_follow_each_other(store: Store) -> None:
    whole = [item.figure_id for item in store.sync_lists.page(None, "", 0, 100)]
    paged = [
        item.figure_id for offset in range(0, len(whole), 3) for item in store.sync_lists.page(None, "", offset, 3)
    ]
    assert paged == whole
    assert store.sync_lists.count(None, "") == len(STATUSES)


def test_words_that_are_no_id_find_nothing(store: Store) -> None:
    assert store.sync_lists.page(None, "%", 0, 10) == []
    assert store.sync_lists.count("synced", "'") == 0


@pytest.mark.parametrize(
    ("choice", "count"),
    [
        (SyncChoice(), 7),
        (SyncChoice(states=(FigureState.ACCEPTED,)), 0),
        (SyncChoice(states=(FigureState.PROPOSED, FigureState.SKIPPED), agent="embedded 1"), 7),
        (SyncChoice(not_there=True), 1),
        (SyncChoice(figure_ids=()), 0),
        (SyncChoice(confidence_from=0.0, confidence_below=1.01), 7),
    ],
)
def test_a_choice_counts_what_it_chooses(store: Store, choice: SyncChoice, count: int) -> None:
    assert len(store.sync_lists.chosen(choice)) == sum(store.sync_lists.chosen_counts(choice).values()) == count


def test_what_is_kept_back_is_left_out_until_it_is_sent(store: Store, ids: dict[SyncStatus, str]) -> None:
    store.outbox.take_out([ids["new"]])
    store.outbox.send_new(True)
    assert store.sync_lists.count("left out", "") == 2
    store.outbox.put([ids["new"]])
    assert store.sync_lists.count("waiting", "") == 2
    with store.connections.write() as conn:
        note_sent(conn, ids["new"], 99)
    assert store.sync_lists.count("left out", "") == 1


def test_taking_out_ends_conflicts_and_faults(store: Store, ids: dict[SyncStatus, str]) -> None:
    store.outbox.take_out(ids.values())
    assert store.sync_lists.counts()["left out"] == len(STATUSES)
    assert store.syncs.conflicts() == []
    assert store.syncs.faults() == []
    assert store.outbox.oldest() == (0, None)


def test_agents_are_listed_with_their_figures(store: Store) -> None:
    assert store.sync_lists.agents() == [("embedded 1", 7)]
