"""Somebody is at an annotation there in the moment in which it is written from here."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from curator.errors import ReviewError
from data.label_studio.resolve import decide_again, resolve
from tests.data.label_studio.syncing import EVE, NOW_S, Pair, judged_accepted, resized, shape


class Before(httpx.HTTPTransport):
    """Does something once, right before a request goes out."""

    def __init__(self, method: str, path: str, work: Callable[[], None]) -> None:
        super().__init__()
        self._method, self._path = method, path
        self._work: Callable[[], None] | None = work

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._work is not None and request.method == self._method and self._path in request.url.path:
            work, self._work = self._work, None
            work()
        return super().handle_request(request)


@pytest.fixture
def annotated(pair: Pair) -> Pair:
    """One figure that an annotation holds there, changed here since."""
    pair.decide(judged_accepted("m3"))
    pair.sync()
    pair.decide(resized("p1", 40))
    return pair


def test_what_is_saved_there_between_reading_and_writing_is_merged(annotated: Pair) -> None:
    annotated.transport = Before("GET", "/api/annotations/", lambda: annotated.move_there("p2", 60))
    report = annotated.sync()
    assert (report.taken_in, report.sent, report.conflicts) == (1, 1, 0)
    assert annotated.node("p2").box_xyxy[0] == pytest.approx(60, abs=1)
    assert shape(annotated.rows(), "p2")["value"]["x"] == pytest.approx(60)
    assert shape(annotated.rows(), "p1")["value"]["width"] == pytest.approx(40)
    assert annotated.statuses() == {"synced"}


def test_what_is_saved_there_in_the_moment_of_writing_is_gone_and_told(annotated: Pair) -> None:
    annotated.transport = Before("PATCH", "/api/annotations/", lambda: annotated.move_there("p2", 60))
    assert annotated.sync().conflicts == 1
    assert annotated.statuses() == {"conflict"}
    assert shape(annotated.rows(), "p2")["value"]["x"] == pytest.approx(50)  # it cannot be had back
    annotated.decide(resized("p1", 30))
    assert annotated.sync().sent == 1
    assert [conflict.key for conflict in annotated.store.syncs.conflicts()] == ["overwritten"]  # until it was seen
    assert resolve(annotated.store, annotated.id, "ours", "anna", NOW_S) == 1
    assert annotated.statuses() == {"synced"}
    (seen,) = annotated.store.conflict_decisions.of(annotated.id)
    assert (seen.key, seen.who) == ("overwritten", "anna")
    with pytest.raises(ReviewError, match="there is nothing to decide again"):
        decide_again(annotated.store, seen.id, "theirs", "anna", NOW_S)


def test_what_was_written_over_is_told_beside_other_conflicts(annotated: Pair) -> None:
    annotated.transport = Before("PATCH", "/api/annotations/", lambda: annotated.move_there("p2", 60))
    annotated.sync()
    annotated.move_there("p1", 10)
    annotated.decide(resized("p1", 30))
    annotated.sync()
    assert [conflict.key for conflict in annotated.store.syncs.conflicts()] == ["overwritten", "p1"]
    assert resolve(annotated.store, annotated.id, "theirs", "anna", NOW_S, "p1") == 1
    assert annotated.node("p1").box_xyxy[0] == 10
    assert [conflict.key for conflict in annotated.store.syncs.conflicts()] == ["overwritten"]


def test_nothing_is_written_over_what_somebody_has_begun_there(annotated: Pair) -> None:
    annotated.there.begin(annotated.task()["id"], EVE)
    report = annotated.sync()
    assert report.sent == 0
    assert report.failed[annotated.id].startswith(f"{EVE} has changed it in Label Studio and not submitted that")
    assert len(annotated.there.drafts) == 1
    annotated.move_there("p2", 60)  # submitted
    report = annotated.sync(retry=False)
    assert (report.taken_in, report.sent, report.failed) == (1, 1, {})
    assert shape(annotated.rows(), "p1")["value"]["width"] == pytest.approx(40)
    assert annotated.statuses() == {"synced"}
