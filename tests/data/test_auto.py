"""Accepting without a person: in batches that can be taken back, that a person's or a mining's change ends."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curator.audit_sample import in_audit
from curator.commands import JudgeFigure
from curator.errors import StoreError
from curator.figure import FigureState
from data.export import export
from data.store import Store
from data.store.auto import AGENTS_OWN, AutoBatch
from data.store.queue import QueueFilter
from tests.data.projects import HIERARCHY, add_figures

NOW = 1_000_000.0
ACCEPT = JudgeFigure(op="judge_figure", state="accepted")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "project")
    yield opened
    opened.close()


def mined_at(store: Store, confidences: list[float]) -> list[str]:
    """Figures outside the audit sample, all panels of each with the confidence."""
    wanted = iter(confidences)
    found = []
    for figure_id in add_figures(store, 2 * len(confidences) + 20):
        if in_audit(figure_id):
            continue
        confidence = next(wanted, None)
        if confidence is None:
            break
        mine(store, figure_id, confidence)
        found.append(figure_id)
    return found


def mine(store: Store, figure_id: str, confidence: float) -> None:
    panels = tuple(
        replace(panel, provenance=replace(panel.provenance, confidence=confidence)) for panel in HIERARCHY.panels
    )
    store.reviews.mined(figure_id, replace(HIERARCHY, panels=panels), "embedded 1")


def audit_figure(store: Store) -> str:
    """An unmined figure of the audit sample."""
    for number in range(1000):
        (figure_id,) = add_figures(store, 1, f"PMC9{number}")
        if in_audit(figure_id):
            return figure_id
    raise AssertionError("a thousand figures, none in the sample")


def records_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in folder.glob("*.jsonl") for line in path.read_text("utf-8").splitlines()]


def accept(store: Store, threshold: float) -> AutoBatch:
    return store.auto.apply(0.02, threshold, 12, {"text": "promised"}, "ann", NOW, AGENTS_OWN)


def test_a_batch_accepts_from_the_threshold_on_and_changes_no_figure(store: Store) -> None:
    sure, also, doubtful = mined_at(store, [0.95, 0.9, 0.5])
    before = store.reviews.load(sure, NOW)
    batch = accept(store, 0.9)
    assert (batch.figures, batch.panels, batch.left, batch.who, batch.undone_at) == (2, 4, 2, "ann", None)
    assert store.auto.figures() == {sure: batch.id, also: batch.id}
    assert store.auto.count() == (2, 4)
    assert store.reviews.load(sure, NOW) == before
    assert store.reviews.load(doubtful, NOW).review.state == FigureState.PROPOSED


def test_what_was_accepted_leaves_the_queue_and_can_be_listed_alone(store: Store) -> None:
    sure, doubtful = mined_at(store, [0.95, 0.5])
    accept(store, 0.9)
    open_ones = QueueFilter(states=(FigureState.PROPOSED,))
    everything = store.queue.page(open_ones, 0, 10, NOW)
    assert [(item.figure_id, item.auto) for item in everything] == [(doubtful, False), (sure, True)]
    assert [item.figure_id for item in store.queue.page(replace(open_ones, auto=False), 0, 10, NOW)] == [doubtful]
    assert [item.figure_id for item in store.queue.page(QueueFilter(auto=True), 0, 10, NOW)] == [sure]
    assert store.queue.count(QueueFilter(auto=True)) == 1
    assert store.ranks.waiting().figure_ids == (doubtful,)


def test_the_audit_sample_stays_in_the_queue_all_the_same(store: Store) -> None:
    audited = audit_figure(store)
    mine(store, audited, 0.99)
    accept(store, 0.9)
    waiting = store.queue.page(QueueFilter(states=(FigureState.PROPOSED,), auto=False), 0, 10, NOW)
    assert [(item.figure_id, item.auto) for item in waiting] == [(audited, True)]
    assert store.ranks.waiting().figure_ids == (audited,)


def test_a_persons_decision_or_a_new_mining_takes_a_figure_out(store: Store) -> None:
    decided, mined_again, kept = mined_at(store, [0.95, 0.95, 0.95])
    batch = accept(store, 0.9)
    store.reviews.decide(decided, 1, [ACCEPT], "bob", NOW)
    mine(store, mined_again, 0.97)
    assert store.auto.figures() == {kept: batch.id}
    assert store.auto.batch(batch.id).left == 1
    assert store.auto.ever() == {decided, kept}


def test_a_batch_is_taken_back_once(store: Store) -> None:
    mined_at(store, [0.95, 0.9])
    batch = accept(store, 0.9)
    assert store.auto.undo(batch.id, "bob") == 2
    assert store.auto.figures() == {}
    assert store.auto.batch(batch.id).undone_at is not None
    with pytest.raises(StoreError, match=rf"batch {batch.id} was undone at .* already"):
        store.auto.undo(batch.id, "bob")
    assert accept(store, 0.9).figures == 2


def test_figures_that_a_person_works_at_are_no_candidates(store: Store) -> None:
    held, free = mined_at(store, [0.95, 0.95])
    store.reviews.lease(held, "bob#1", NOW)
    assert store.auto.candidates(NOW + 1).figure_ids == (free,)
    assert store.auto.candidates(NOW + 1000).figure_ids == (held, free)


def test_nothing_to_accept_is_an_error_that_says_so(store: Store) -> None:
    mined_at(store, [0.5])
    with pytest.raises(StoreError, match=r"no open figure has a confidence of 0\.900 or more; nothing was accepted"):
        accept(store, 0.9)
    assert store.auto.batches() == []


def test_a_threshold_of_another_assessor_is_refused(store: Store) -> None:
    mined_at(store, [0.95])
    with pytest.raises(StoreError, match="confidences were computed anew"):
        store.auto.apply(0.02, 0.9, 12, {}, "ann", NOW, assessor=3)


def test_exports_leave_them_out_unless_asked_and_mark_them_then(store: Store, tmp_path: Path) -> None:
    sure, verified = mined_at(store, [0.95, 0.5])
    store.reviews.decide(verified, 1, [ACCEPT], "bob", time.time())
    batch = accept(store, 0.9)
    export(store, "jsonl", tmp_path / "plain", verified_only=False)
    assert [record["figure_id"] for record in records_of(tmp_path / "plain")] == [verified]
    manifest = export(store, "jsonl", tmp_path / "auto", verified_only=True, auto=True)
    records = {record["figure_id"]: record for record in records_of(tmp_path / "auto")}
    assert records[sure]["auto"] == {"batch": batch.id}
    assert records[sure]["state"] == "proposed"
    assert {panel["status"] for panel in records[sure]["panels"]} == {"proposed"}
    assert "auto" not in records[verified]
    assert manifest["counts"]["figures_auto"] == 1
