"""The order of review: kept, listed by the queue, and what it is computed from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from curator.commands import Add, Judge, JudgeFigure
from curator.figure import FigureState
from curator.review_time import COLUMNS
from data.store import Store
from data.store.queue import QueueFilter
from tests.data.projects import add_figures, add_mined_figure

NOW = 1_000_000.0
ACCEPT = JudgeFigure(op="judge_figure", state="accepted")
OPEN = QueueFilter(states=(FigureState.PROPOSED,))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "project")
    yield opened
    opened.close()


def listed(store: Store, wanted: QueueFilter, offset: int = 0, limit: int = 10) -> list[str]:
    return [item.figure_id for item in store.queue.page(wanted, offset, limit, NOW)]


def test_the_queue_lists_ranked_figures_first_and_tells_why(store: Store) -> None:
    first, second, third, late = (add_mined_figure(store, f"PMC{n}") for n in range(1, 5))
    (unmined,) = add_figures(store, 1, "PMC5")
    store.ranks.replace([third, first, second], ["many errors", "", "few"])
    assert listed(store, OPEN) == [third, first, second, late]
    assert [item.why for item in store.queue.page(OPEN, 0, 10, NOW)] == ["many errors", "", "few", ""]
    assert listed(store, QueueFilter()) == [third, first, second, unmined, late]
    for wanted in (OPEN, QueueFilter(), replace(OPEN, text="mitosis"), replace(OPEN, article_id="PMC2")):
        found = listed(store, wanted)
        assert found
        assert [store.queue.position(wanted, figure_id) for figure_id in found] == list(range(len(found)))
        assert [one for offset in range(len(found)) for one in listed(store, wanted, offset, 1)] == found


def test_before_any_ranking_the_least_sure_come_first(store: Store) -> None:
    figures = [add_mined_figure(store, f"PMC{n}") for n in range(1, 4)]
    assert listed(store, OPEN) == figures == listed(store, replace(OPEN, order="confidence"))


def test_a_figure_that_was_accepted_since_stands_among_those_that_were_not_ranked(store: Store) -> None:
    first, second = (add_mined_figure(store, f"PMC{n}") for n in range(1, 3))
    store.ranks.replace([first, second], ["x", "y"])
    store.reviews.decide(first, 1, [ACCEPT], "ann", NOW)
    assert listed(store, OPEN) == [second]
    assert listed(store, QueueFilter(states=(FigureState.ACCEPTED,))) == [first]
    assert listed(store, QueueFilter()) == [second, first]
    assert store.ranks.ordered(10) == [(second, "y")]


def test_a_new_order_takes_the_place_of_the_old(store: Store) -> None:
    first, second = (add_mined_figure(store, f"PMC{n}") for n in range(1, 3))
    store.ranks.replace([first, second], ["x", "y"])
    store.ranks.replace([second], ["z"])
    assert store.ranks.ordered(10) == [(second, "z")]
    assert store.ranks.why(first) == ""


def test_review_times_are_read_with_what_was_mended(store: Store) -> None:
    first, second = (add_mined_figure(store, f"PMC{n}") for n in range(1, 3))
    words = len(store.reviews.load(first, NOW).review.figure.caption.split())
    store.reviews.decide(first, 1, [ACCEPT], "ann", NOW, seconds=12.5)
    rejected = Judge(op="judge", id="p1", state="rejected")
    drawn = Add(op="add", level="panel", box_xyxy=(0.0, 0.0, 9.0, 9.0))
    store.reviews.decide(second, 1, [rejected, drawn, ACCEPT], "ann", NOW + 60, seconds=30)
    store.decisions.count()  # reads the log on, as each pass beside the page does first
    features, seconds = store.ranks.review_times()
    assert seconds.tolist() == [30, 12.5]
    assert features[:, COLUMNS.index("wrong")].tolist() == [1, 0]
    assert features[:, COLUMNS.index("lacking")].tolist() == [1, 0]
    assert features[1].tolist() == [1, words, 2, 1, 1, 0, 0]


def test_the_least_sure_panel_is_named(store: Store) -> None:
    figure_id = add_mined_figure(store)
    assert store.ranks.doubted_panels([figure_id]) == {figure_id: "B"}
