"""One project here, one there, one sync at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.stand_ins.label_studio import LabelStudioServer
from curator.errors import SyncError
from data.label_studio.sync import locked
from data.store import Store
from tests.data.label_studio.syncing import (
    NOW_S,
    Pair,
    resized,
)
from tests.data.projects import add_mined_figure


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
