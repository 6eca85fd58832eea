"""Search over a project that is indexed by a model that sees how green things are."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from curator.commands import parse_commands
from curator.errors import CuratorError, ImageError, InputError, ModelError, StoreError
from curator.figure import Article, Figure, PanelKind, State
from curator.wording import normalised
from data.embeddings import Embeddings
from data.formats.record import to_record
from data.store import Store
from tests.e2e.green_model import GreenModel
from tests.ui.greens import SPOT, add_green_figure, green_project, png_of
from trainer.records import parse_record
from trainer.wording import own_text, region_texts
from ui.searching.indexing import index_project
from ui.searching.parts import text_of_node
from ui.searching.search import Hits, SearchFilter, Searching

NOW = 1_000_000.0


class Shelf:
    """A place of models, by their paths."""

    def __init__(self) -> None:
        self.models: dict[str, GreenModel] = {}
        self.loaded: list[str] = []

    def load(self, place: str) -> GreenModel:
        self.loaded.append(place)
        if place not in self.models:
            raise ModelError(f"{place} is no model")
        return self.models[place]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = green_project(tmp_path / "project")
    yield opened
    opened.close()


@pytest.fixture
def place(tmp_path: Path) -> str:
    (tmp_path / "run").mkdir()
    return str(tmp_path / "run")


@pytest.fixture
def shelf(place: str) -> Shelf:
    shelf = Shelf()
    shelf.models[place] = GreenModel()
    return shelf


@pytest.fixture
def searching(store: Store, shelf: Shelf, place: str) -> Searching:
    index_project(store, Embeddings(store.project), shelf.models[place], place)
    return Searching(store, Embeddings(store.project), shelf.load)


def decide(store: Store, figure_id: str, *commands: object) -> None:
    revision = store.reviews.load(figure_id, NOW).revision
    store.reviews.decide(figure_id, revision, parse_commands(list(commands)), "ann#1", NOW)


def names(found: Hits) -> list[str]:
    return [f"{hit.figure_id}/{hit.node_id}" for hit in found.hits]


def test_a_model_is_loaded_before_it_is_searched_with(store: Store, shelf: Shelf, place: str) -> None:
    index_project(store, Embeddings(store.project), shelf.models[place], place)
    loaded = threading.Event()

    def load(place: str) -> GreenModel:
        loaded.set()
        return shelf.load(place)

    searching = Searching(store, Embeddings(store.project), load)
    searching.prepare()
    assert loaded.wait(120)
    searching.by_text("green 200")
    searching.prepare()
    assert shelf.loaded == [place]


def test_a_text_finds_what_it_says(searching: Searching) -> None:
    found = searching.by_text("GREEN 200!", limit=3)
    assert names(found)[0] == "PMC2:f1/p1"
    assert found.total == 9
    first = found.hits[0]
    assert (first.level, first.label, first.panel, first.kind) == ("panel", "A", "A", PanelKind.MICROSCOPY)
    assert (first.text, first.box_xyxy, first.image_wh) == ("(A) Green 200.", (0, 0, 50, 80), (100, 80))
    assert (first.state, first.article_id, first.stale) == (State.PROPOSED, "PMC2", False)
    assert first.score == pytest.approx(1, abs=1e-3)
    assert [hit.score for hit in found.hits] == sorted((hit.score for hit in found.hits), reverse=True)


def test_a_region_is_told_with_its_clause_its_panels_letter_and_kind(searching: Searching) -> None:
    (hit,) = searching.by_text("green 130", "region", limit=1).hits
    assert (hit.figure_id, hit.node_id, hit.label, hit.panel, hit.kind) == (
        "PMC1:f1",
        "r3",
        "spot",
        "B",
        PanelKind.GEL,
    )
    assert hit.text == "The spot, green 130."


def test_levels_kinds_and_verified_filter_and_count(searching: Searching, store: Store) -> None:
    decide(store, "PMC2:f1", {"op": "judge", "id": "r3", "state": "accepted"})

    def found(level: object = None, **fields: object) -> tuple[int, set[str]]:
        hits = searching.by_text("green 100", level, 50, 0, SearchFilter(**fields))  # type: ignore[arg-type]
        assert len(hits.hits) == hits.total
        return hits.total, {hit.node_id for hit in hits.hits}

    assert found("panel") == (6, {"p1", "p2"})
    assert found("region") == (3, {"r3"})
    assert found(kind=PanelKind.GEL) == (6, {"p2", "r3"})
    assert found("region", kind=PanelKind.MICROSCOPY) == (0, set())
    assert found(verified=True)[0] >= 1
    assert found("region", verified=True) == (1, {"r3"})


def test_pages_follow_one_another(searching: Searching) -> None:
    whole = names(searching.by_text("green 100", limit=50))
    pages = [names(searching.by_text("green 100", None, 4, offset)) for offset in (0, 4, 8, 12)]
    assert [len(page) for page in pages] == [4, 4, 1, 0]
    assert [name for page in pages for name in page] == whole


def test_a_picture_finds_what_looks_like_it(searching: Searching) -> None:
    assert names(searching.by_picture(png_of(250), limit=1)) == ["PMC1:f1/p1"]
    with pytest.raises(ImageError, match="is not an image"):
        searching.by_picture(b"no picture at all, but long enough")


def test_what_is_like_a_node_is_found_without_the_node_and_without_a_model(searching: Searching, shelf: Shelf) -> None:
    found = searching.by_node("PMC1:f1", "r3", limit=50)  # green 130
    assert (names(found)[0], found.total) == ("PMC3:f1/p2", 8)  # 110, and a spot of 160 in it
    assert "PMC1:f1/r3" not in names(found)
    assert shelf.loaded == []


def test_a_node_that_was_drawn_after_indexing_is_looked_at_on_the_spot(
    searching: Searching, store: Store, shelf: Shelf, place: str
) -> None:
    new = {"op": "add", "level": "region", "parent_id": "p1", "box_xyxy": [10, 10, 40, 40]}
    decide(store, "PMC2:f1", new)
    (added,) = (node.id for node in store.reviews.load("PMC2:f1", NOW).review.hierarchy.regions if node.id != "r3")
    assert names(searching.by_node("PMC2:f1", added, limit=1)) == ["PMC2:f1/p1"]  # all of that green
    assert shelf.loaded == [place]


def test_a_box_that_was_moved_is_looked_at_anew(searching: Searching, store: Store) -> None:
    decide(store, "PMC1:f1", {"op": "resize", "id": "p2", "box_xyxy": list(SPOT)})
    assert names(searching.by_node("PMC1:f1", "p2", limit=1)) == ["PMC1:f1/r3"]


def test_an_edited_node_is_stale_until_it_is_indexed_again(
    searching: Searching, store: Store, shelf: Shelf, place: str
) -> None:
    decide(store, "PMC1:f1", {"op": "move", "id": "p1", "dx": 1, "dy": 0})

    def stale() -> list[str]:
        return [f"{hit.figure_id}/{hit.node_id}" for hit in all_of(searching).hits if hit.stale]

    assert stale() == ["PMC1:f1/p1"]
    assert searching.state()["stale"] == 1
    index_project(store, Embeddings(store.project), shelf.models[place], place)
    assert stale() == []
    assert searching.state()["stale"] == 0


def all_of(searching: Searching) -> Hits:
    return searching.by_text("green 100", limit=100)


def test_what_is_decided_counts_in_the_next_search(searching: Searching, store: Store) -> None:
    assert len(names(all_of(searching))) == 9
    decide(store, "PMC1:f1", {"op": "judge", "id": "r3", "state": "rejected"})
    decide(store, "PMC2:f1", {"op": "judge_figure", "state": "skipped", "reason": "blurred"})
    left = {"PMC1:f1/p1", "PMC1:f1/p2", "PMC3:f1/p1", "PMC3:f1/p2", "PMC3:f1/r3"}
    assert set(names(all_of(searching))) == left
    store.reviews.undo("PMC2:f1", store.reviews.load("PMC2:f1", NOW).revision, "ann#1", NOW)
    assert len(names(all_of(searching))) == 8
    changed = Figure("f1", "PMC3", "f1.png", store.reviews.figure("PMC1:f1").image_sha256, (100, 80), caption="New.")
    store.articles.save(Article("PMC3", "A title"), [changed])
    assert {name.partition(":")[0] for name in names(all_of(searching))} == {"PMC1", "PMC2"}


def test_figures_that_are_indexed_while_the_page_is_open_are_found(
    searching: Searching, store: Store, shelf: Shelf, place: str
) -> None:
    assert all_of(searching).total == 9
    add_green_figure(store, "PMC4", 77, 1, 2)
    assert (all_of(searching).total, searching.state()["stale"]) == (9, 1)
    index_project(store, Embeddings(store.project), shelf.models[place], place)
    assert names(searching.by_text("green 77", limit=1)) == ["PMC4:f1/p1"]
    assert shelf.loaded == [place], "the model stays loaded"


def test_the_state_says_what_can_be_searched(searching: Searching) -> None:
    state = {"model": "green", "nodes": 9, "stale": 0, "loaded": False, "why_not": None}
    assert searching.state() == state
    searching.by_text("green")
    assert searching.state() == state | {"loaded": True}


@pytest.mark.parametrize("text", ["", "  ", "?!", "\u2026"])
def test_a_text_without_a_word_is_refused(searching: Searching, text: str) -> None:
    with pytest.raises(InputError, match="holds no word to search for"):
        searching.by_text(text)


def why(ask: Callable[[], object]) -> str:
    with pytest.raises(CuratorError) as caught:
        ask()
    return str(caught.value)


def test_without_an_index_it_says_what_makes_one(store: Store, shelf: Shelf) -> None:
    searching = Searching(store, Embeddings(store.project), shelf.load)
    mend = "this project is not indexed yet; `curator index --model RUN` does so with the model of a training run"
    assert searching.state() == {"model": None, "nodes": 0, "stale": 0, "loaded": False, "why_not": mend}
    assert why(lambda: searching.by_text("green")) == mend


def test_a_model_that_was_moved_is_missed_by_name_and_likeness_still_works(searching: Searching, place: str) -> None:
    shutil.move(place, f"{place}-2")
    mend = (
        f"the model 'green' that indexed this project is no longer in {place}; put the folder back, or index with "
        "another model: `curator index --model RUN`"
    )
    assert searching.state()["why_not"] == mend
    assert why(lambda: searching.by_text("green")) == mend
    assert searching.by_node("PMC1:f1", "p1").total == 8


def test_a_model_that_cannot_be_loaded_says_why(searching: Searching, shelf: Shelf, place: str) -> None:
    del shelf.models[place]
    assert why(lambda: searching.by_text("green")) == (
        f"the model 'green' that indexed this project cannot be loaded ({place} is no model); mend that, or index with "
        "another model: `curator index --model RUN`"
    )


def test_a_run_that_went_on_since_is_not_taken_for_the_same_model(
    searching: Searching, shelf: Shelf, place: str
) -> None:
    shelf.models[place].fingerprint = "green-2"
    assert why(lambda: searching.by_text("green")) == (
        f"the model in {place} is not the one any more that indexed this project; `curator index --model {place}` "
        "indexes with it as it is now"
    )


def test_a_broken_file_is_told_with_its_mend(store: Store, searching: Searching) -> None:
    Embeddings(store.project).path.write_bytes(b"not a database" * 100)
    for said in (searching.state()["why_not"], why(lambda: searching.by_text("green"))):
        assert said.endswith("nothing is lost that cannot be made again: `curator index --rebuild` makes it anew")


def test_unknown_figures_and_nodes_are_named(searching: Searching) -> None:
    with pytest.raises(StoreError, match="there is no figure 'PMC9:f1'"):
        searching.by_node("PMC9:f1", "p1")
    with pytest.raises(StoreError, match="figure 'PMC1:f1' has no node 'p9'; reload the figure"):
        searching.by_node("PMC1:f1", "p9")


def test_texts_are_those_that_the_trainer_reads(store: Store) -> None:
    decide(
        store,
        "PMC1:f1",
        {"op": "update", "id": "p2", "fields": {"own_text": " - "}},
        {"op": "add", "level": "region", "parent_id": "p1", "box_xyxy": [10, 10, 40, 40]},
    )
    review = store.reviews.load("PMC1:f1", NOW).review
    record = parse_record(json.dumps(to_record(review, None, False)).encode(), "here")
    nodes = review.hierarchy.by_id()
    compared = 0
    for panel in record.panels:
        pairs = [(own_text(panel), panel.id)]
        pairs += [(next(iter(region_texts(region)), ""), region.id) for region in panel.regions]
        for text, node_id in pairs:
            assert normalised(text_of_node(review.figure.caption, nodes[node_id])) == text
            compared += 1
    assert compared == 4
