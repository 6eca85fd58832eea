"""Ranking a project: the order is kept, told, and the same for the same decisions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from click.testing import CliRunner

from curator.assessor import Assessed
from curator.audit_sample import in_audit
from curator.commands import JudgeFigure
from curator.errors import SettingsError
from curator.figure import FigureState
from data.embeddings import Embeddings, IndexedBy, IndexedFigure, IndexedNode
from data.store import Store
from data.store.assessors import AssessedFigure
from data.store.queue import QueueFilter
from tests.data.projects import HIERARCHY, add_figures
from ui.cli import main
from ui.learning.ranking import rerank, table_of

NOW = 1_000_000.0
OPEN = QueueFilter(states=(FigureState.PROPOSED,), auto=False)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Five figures outside the audit sample, the first the surest."""
    opened = Store(tmp_path / "project")
    figures = [figure_id for figure_id in add_figures(opened, 10) if not in_audit(figure_id)][:5]
    for index, figure_id in enumerate(figures):
        provenance = replace(HIERARCHY.panels[0].provenance, confidence=0.9 - 0.15 * index)
        panels = tuple(replace(panel, provenance=provenance) for panel in HIERARCHY.panels)
        opened.reviews.mined(figure_id, replace(HIERARCHY, panels=panels), "embedded 1")
    yield opened
    opened.close()


def listed(store: Store) -> list[str]:
    return [item.figure_id for item in store.queue.page(OPEN, 0, 20, NOW)]


def test_the_queue_follows_the_last_ranking(store: Store) -> None:
    figures = list(store.ranks.waiting().figure_ids)
    assert len(figures) == 5
    assert rerank(store).figures == 5
    assert listed(store) == figures[::-1]
    rerank(store, "fifo")
    assert listed(store) == figures
    assert store.queue.page(OPEN, 0, 1, NOW)[0].why.startswith("about 0.4 errors in ")


def test_what_has_to_be_drawn_and_read_takes_longer(store: Store) -> None:
    before = table_of(store)
    for figure_id, lacking, words in zip(before.figure_ids, (0.0, 2.0, 0.0), (100, 100, 400), strict=False):
        said = Assessed({}, 0.5, 3.0, lacking, words, 0.0)
        revision = store.reviews.load(figure_id, NOW).revision
        store.assessors.replace(0, [AssessedFigure(figure_id, revision, said)])
    plain, drawn, long, *unassessed = table_of(store).seconds.tolist()
    assert min(drawn, long) > plain > 0
    assert len(set(unassessed)) == 2  # as sure and unsure as they are, with captions as long as most
    assert max(unassessed) < long


def test_nothing_is_said_of_a_journal_that_is_not_known(store: Store) -> None:
    assert [set(store.ranks.journals().values()), table_of(store).nameless] == [{""}, 0]


def test_the_same_decisions_make_the_same_order(store: Store) -> None:
    rerank(store, "random", seed=4)
    first = listed(store)
    rerank(store, "random", seed=4)
    assert listed(store) == first
    orders = set()
    for seed in range(5):
        rerank(store, "random", seed)
        orders.add(tuple(listed(store)))
    assert len(orders) > 1


def test_what_was_reviewed_is_no_longer_ranked_but_counts_as_covered(store: Store) -> None:
    figure_id = listed(store)[0]
    revision = store.reviews.load(figure_id, NOW).revision
    store.reviews.decide(figure_id, revision, [JudgeFigure(op="judge_figure", state="accepted")], "ann", NOW, 10.0)
    table = table_of(store)
    assert figure_id not in table.figure_ids
    assert table.covered is not None
    assert table.covered.sum() == 2  # a microscopy and another panel
    assert rerank(store).figures == 4


def test_figures_are_told_apart_by_the_index_where_there_is_one(store: Store) -> None:
    embeddings = Embeddings(store.project)
    model = IndexedBy("drawn", "drawn", "drawn", 4, 14.3)
    embeddings.begin(model)
    figures = list(store.ranks.waiting().figure_ids)
    for index, figure_id in enumerate(figures[:3]):
        pictures = np.eye(4, dtype=np.float32)[[index, index]]
        nodes = (IndexedNode("p1", "panel", "k", "t"), IndexedNode("p2", "panel", "k", "t"))
        embeddings.save("drawn", IndexedFigure(figure_id, 1, nodes, pictures, pictures))
    embeddings.use("drawn")
    vectors = table_of(store).vectors
    assert callable(vectors)
    found = vectors(np.arange(5))
    assert found[:3] == pytest.approx(np.eye(4)[:3])
    assert not found[3:].any()
    assert rerank(store).figures == 5


def test_a_broken_index_does_not_keep_figures_from_being_ranked(store: Store) -> None:
    Embeddings(store.project).path.write_bytes(b"no database, but long enough to be looked at")
    assert rerank(store).figures == 5


@pytest.mark.parametrize("closed", ["accepted", "skipped"])
@pytest.mark.parametrize("every", [1, 7, 30])
def test_every_twentieth_review_is_of_the_sample_however_often_the_order_is_made_anew(
    tmp_path: Path, every: int, closed: Literal["accepted", "skipped"]
) -> None:
    store = Store(tmp_path / "large")
    figures = add_figures(store, 200)
    sample = [figure_id for figure_id in figures if in_audit(figure_id)]
    for figure_id in [*sample, *(one for one in figures if not in_audit(one))][: len(sample) + 60]:
        store.reviews.mined(figure_id, HIERARCHY, "embedded 1")
    reviewed: list[str] = []
    while len(reviewed) < 63:
        rerank(store)
        for figure_id, _ in store.ranks.ordered(min(every, 63 - len(reviewed))):
            decision = JudgeFigure(op="judge_figure", state=closed, reason="none")
            store.reviews.decide(figure_id, 1, [decision], "ann", NOW)
            reviewed.append(figure_id)
    assert [place for place, figure_id in enumerate(reviewed) if in_audit(figure_id)] == [19, 39, 59]
    store.close()


def test_an_empty_project_is_ranked_too(tmp_path: Path) -> None:
    assert rerank(Store(tmp_path / "empty")).figures == 0


def test_a_strategy_that_does_not_exist_is_named_with_those_that_do(store: Store) -> None:
    with pytest.raises(SettingsError, match=r"there is no strategy 'best'; expected one of \['default', "):
        rerank(store, "best")


def test_the_command_ranks_and_says_why(store: Store) -> None:
    arguments = ["--project", str(store.project), "rank", "--strategy", "errors_per_second", "--json"]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    document = json.loads(result.stdout)
    assert document["figures"] == 5
    assert [one["figure_id"] for one in document["first"]] == listed(store)
    assert all(one["why"] for one in document["first"])
