"""The simulated curator of a demo project: what ``curator loop --reviewer`` calls."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.stand_ins.demo_curator import demo_truth, review
from bench.stand_ins.differences import errors
from bench.stand_ins.proposals import EMBEDDED, Proposals
from curator.errors import StoreError
from curator.figure import Article, Figure, FigureState, Hierarchy
from data.demo.corpus import draw_corpus
from data.ingest import ingest
from data.sources import SourceSettings, read_sources
from data.store import Store

FIGURES = 4


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo project as ``curator demo`` leaves it, mined by an agent that errs; each test works on a copy."""
    project = tmp_path_factory.mktemp("made")
    folder = project / f"demo-{FIGURES}-5"
    draw_corpus(folder, FIGURES, seed=5)
    store = Store(project)
    ingest(store, read_sources(folder, SourceSettings()))
    for figure_id, truth in demo_truth(project).items():
        figure = store.reviews.figure(figure_id)
        store.reviews.mined(figure_id, Proposals(1).of(figure, truth, EMBEDDED), "embedded")
    store.close()
    return project


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Iterator[Store]:
    store = Store(Path(shutil.copytree(made, tmp_path, dirs_exist_ok=True)))
    yield store
    store.close()


def test_the_first_figures_of_the_queue_become_their_truth(store: Store) -> None:
    review(store, FIGURES - 1)
    assert store.queue.states()[FigureState.ACCEPTED] == FIGURES - 1
    known = demo_truth(store.project)
    assert len(known) == FIGURES
    for figure_id, truth in known.items():
        found = store.reviews.load(figure_id, 0.0).review
        assert found.state != FigureState.ACCEPTED or errors(truth, found.hierarchy) == 0


def test_a_figure_of_another_corpus_is_not_guessed_at(store: Store) -> None:
    review(store, FIGURES)
    figure = Figure("f1", "other", "f1.png", "0" * 64, (100, 100), caption="Cells.")
    (figure_id,) = store.articles.save(Article("other"), [figure]).added
    store.reviews.mined(figure_id, Hierarchy(), "embedded")
    with pytest.raises(StoreError) as raised:
        review(store, 1)
    assert str(raised.value) == "nobody knows the truth of 'other:f1'; only demo figures can be reviewed this way"
