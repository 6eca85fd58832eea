"""Which verified figures a model is shown as examples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from curator.commands import parse_commands
from curator.errors import StoreError
from curator.figure import Hierarchy, State
from data.embeddings import Embeddings
from data.store import Store
from tests.e2e.green_model import GreenModel
from tests.ui.greens import add_green_figure
from ui.mining.examples import VerifiedFigures
from ui.searching.indexing import index_project

NOW = 1_000_000.0
GREENS = (250, 200, 132, 60, 10)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Five accepted figures, each of one green, and an open one; all are laid out alike and of the same kinds."""
    opened = Store(tmp_path / "project")
    for number, green in enumerate(GREENS):
        accept(opened, add_green_figure(opened, f"PMC{number}", green, green, green))
    add_green_figure(opened, "PMC9", 128, 128, 128)
    yield opened
    opened.close()


def accept(store: Store, figure_id: str, *commands: object) -> None:
    revision = store.reviews.load(figure_id, NOW).revision
    decided = parse_commands([*commands, {"op": "judge_figure", "state": "accepted"}])
    store.reviews.decide(figure_id, revision, decided, "ann#1", NOW)


def index(store: Store) -> None:
    index_project(store, Embeddings(store.project), GreenModel(), "/runs/green")


def nearest(examples: VerifiedFigures, store: Store, figure_id: str, n: int) -> list[str]:
    review = store.reviews.load(figure_id, NOW).review
    return [example.figure.id for example in examples.nearest(review.figure, review.hierarchy, n)]


def test_where_there_is_an_index_examples_are_neighbours_in_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.mining.examples._NEAR", 1)
    index(store)
    examples = VerifiedFigures(store)
    assert nearest(examples, store, "PMC9:f1", 1) == ["PMC2:f1"]
    assert sorted(nearest(examples, store, "PMC9:f1", 3)) == ["PMC1:f1", "PMC2:f1", "PMC3:f1"]
    assert "PMC2:f1" not in nearest(examples, store, "PMC2:f1", 4)


def test_among_neighbours_those_that_are_laid_out_alike_are_chosen(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = {"op": "resize", "id": "p1", "box_xyxy": [0, 0, 50, 30]}
    accept(store, add_green_figure(store, "PMC6", 129, 129, 129), moved)
    index(store)
    monkeypatch.setattr("ui.mining.examples._NEAR", 2)
    assert nearest(VerifiedFigures(store), store, "PMC9:f1", 1) == ["PMC2:f1"]
    monkeypatch.setattr("ui.mining.examples._NEAR", 1)
    assert nearest(VerifiedFigures(store), store, "PMC9:f1", 1) == ["PMC6:f1"]


def test_without_an_index_or_outside_of_it_layout_and_kinds_choose_alone(store: Store) -> None:
    kind = {"op": "update", "id": "p2", "fields": {"kind": "plot"}}
    accept(store, add_green_figure(store, "PMC6", 129, 129, 129), kind)
    alike = [f"PMC{number}:f1" for number in range(len(GREENS))]
    assert nearest(VerifiedFigures(store), store, "PMC9:f1", 5) == alike
    index(store)
    add_green_figure(store, "PMC7", 11, 11, 11)
    assert nearest(VerifiedFigures(store), store, "PMC7:f1", 5) == alike


def test_the_questions_of_one_run_do_not_change_while_curators_go_on(store: Store) -> None:
    index(store)
    examples = VerifiedFigures(store)
    before = nearest(examples, store, "PMC9:f1", 8)
    accept(store, add_green_figure(store, "PMC6", 129, 129, 129))
    index(store)
    assert nearest(examples, store, "PMC9:f1", 8) == before
    assert "PMC6:f1" in nearest(VerifiedFigures(store), store, "PMC9:f1", 8)


def test_examples_hold_what_was_verified_or_rejected_and_no_open_proposal(store: Store) -> None:
    accept(
        store,
        add_green_figure(store, "PMC6", 129, 129, 129),
        {"op": "judge", "id": "p2", "state": "rejected"},
    )
    review = store.reviews.load("PMC9:f1", NOW).review
    shown = {one.figure.id: one for one in VerifiedFigures(store).nearest(review.figure, review.hierarchy, 8)}
    states = {node.id: node.state for node in shown["PMC6:f1"].hierarchy.nodes()}
    assert states["p1"] == State.ACCEPTED
    assert states["p2"] == State.REJECTED
    assert State.PROPOSED not in states.values()


def test_a_broken_index_is_told_with_its_mend(store: Store) -> None:
    index(store)
    Embeddings(store.project).path.write_bytes(b"no database" * 100)
    review = store.reviews.load("PMC9:f1", NOW).review
    with pytest.raises(StoreError, match="curator index --rebuild"):
        VerifiedFigures(store).nearest(review.figure, Hierarchy(), 1)
