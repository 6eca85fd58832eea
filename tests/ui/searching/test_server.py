"""The Search tab's server functions: whatever the browser sends, a document comes back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from curator.errors import InputError
from data.embeddings import Embeddings
from data.store import Store
from tests.e2e.green_model import GreenModel
from tests.ui.greens import green_project, png_of
from ui.searching.indexing import index_project
from ui.searching.search import Searching
from ui.searching.server import SearchServer


class Kept:
    def picture(self, token: str) -> bytes:
        if token != "a picture":
            raise InputError(f"the picture {token!r} is no longer kept; drop it again")
        return png_of(250)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("search")
    opened = green_project(folder / "project")
    index_project(opened, Embeddings(opened.project), GreenModel(), "green")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def call(store: Store) -> Callable[..., dict[str, Any]]:
    searching = Searching(store, Embeddings(store.project), lambda place: GreenModel())
    functions = {one.__name__: one for one in SearchServer(store, searching, Kept()).functions()}
    assert list(functions) == ["search_state", "search_find"]

    def asked(name: str, **request: Any) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(json.dumps(functions[name](request)))
        return answer

    return asked


def test_the_state_is_told(call: Callable[..., dict[str, Any]]) -> None:
    state = call("search_state")
    assert (state["model"], state["nodes"], state["stale"], state["why_not"]) == ("green", 9, 0, None)


def test_a_page_of_hits_comes_as_json(call: Callable[..., dict[str, Any]]) -> None:
    answer = call("search_find", text="green 200", level="panel", kind="microscopy", verified=False, limit=2, offset=0)
    assert (answer["total"], len(answer["hits"])) == (3, 2)
    assert answer["seconds"] >= 0
    assert answer["query"] == {"text": "green 200", "level": "panel", "kind": "microscopy", "limit": 2}
    first = answer["hits"][0]
    assert first.pop("score") == pytest.approx(1, abs=1e-3)
    assert first == {
        "figure_id": "PMC2:f1",
        "node_id": "p1",
        "level": "panel",
        "label": "A",
        "panel": "A",
        "kind": "microscopy",
        "text": "(A) Green 200.",
        "box_xyxy": [0, 0, 50, 80],
        "image_wh": [100, 80],
        "state": "proposed",
        "article_id": "PMC2",
        "stale": False,
    }


@pytest.mark.parametrize(
    ("request_", "first"),
    [({"picture": "a picture"}, "PMC1:f1"), ({"figure_id": "PMC1:f1", "node_id": "r3"}, "PMC3:f1")],
    ids=["a picture", "a node"],
)
def test_pictures_and_nodes_are_queries_too(
    call: Callable[..., dict[str, Any]], request_: dict[str, Any], first: str
) -> None:
    assert call("search_find", **request_)["hits"][0]["figure_id"] == first


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({}, "a search needs one thing to look for"),
        ({"text": "a", "picture": "a picture"}, "a search needs one thing to look for"),
        ({"figure_id": "PMC1:f1"}, "a search needs one thing to look for"),
        ({"text": "?"}, "'?' holds no word to search for"),
        ({"text": 7}, "text: Input should be a valid string"),
        ({"text": "a" * 2001}, "text: String should have at most 2000 characters"),
        ({"text": "a", "level": "marker"}, "level: Input should be 'panel' or 'region'"),
        ({"text": "a", "limit": 0}, "limit: Input should be greater than or equal to 1"),
        ({"text": "a", "offset": -1}, "offset: Input should be greater than or equal to 0"),
        ({"text": "a", "sql": "drop"}, "sql: Extra inputs are not permitted"),
        ({"picture": "another"}, "the picture 'another' is no longer kept"),
        ({"figure_id": "x", "node_id": "p1"}, "there is no figure 'x' in this project"),
        ({"figure_id": "PMC1:f1", "node_id": "p9"}, "has no node 'p9'"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_met_is_answered_with_a_sentence(
    call: Callable[..., dict[str, Any]], request_: dict[str, Any], said: str
) -> None:
    answer = call("search_find", **request_)
    assert list(answer) == ["error"]
    assert said in answer["error"]


def test_a_busy_database_is_answered_too(store: Store) -> None:
    class Busy(Searching):
        def state(self) -> dict[str, Any]:
            raise sqlite3.OperationalError("database is locked")

    server = SearchServer(store, Busy(store, Embeddings(store.project)), Kept())
    answer = server.functions()[0]({})
    assert answer == {"error": "the database did not answer (database is locked); try again"}
