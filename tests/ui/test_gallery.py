"""The Queue tab's answers to the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from curator.errors import HierarchyError
from curator.figure import FigureState, PanelKind
from data.store import Store
from data.store.queue import QueueFilter
from tests.e2e.project import make_project
from ui.tabs.gallery import gallery_answers, parse_filter


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_project(tmp_path_factory.mktemp("project"))


def test_the_filter_of_an_address_becomes_a_queue_filter() -> None:
    fields = {"states": ["proposed"], "confidence_below": 0.5, "kind": "gel", "text": "lumen", "order": "number"}
    assert parse_filter(fields) == QueueFilter(
        states=(FigureState.PROPOSED,), confidence_below=0.5, kind=PanelKind.GEL, text="lumen", order="number"
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"states": ["verified"]}, "states.0"),
        ({"confidence_from": "high"}, "confidence_from"),
        ({"sql": "drop table figures"}, "sql"),
        ({"order": "random"}, "order"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_a_field_that_is_wrong_is_named(fields: dict[str, object], said: str) -> None:
    with pytest.raises(HierarchyError, match=said):
        parse_filter(fields)


def test_a_page_holds_what_a_card_shows(store: Store) -> None:
    find, _, _ = gallery_answers(store)
    answer = find({"filter": {"text": "podocyte"}, "count": True})
    assert answer["count"] == 1
    (item,) = answer["items"]
    assert item["figure_id"] == "PMC1:F1"
    assert (item["panel_count"], item["marker_count"], item["region_count"]) == (4, 2, 1)
    assert answer["states"] == {"unmined": 1, "proposed": 6, "accepted": 0, "skipped": 0}
    assert answer["problem_count"] == 2


def test_pages_follow_each_other_without_gap_or_repeat(store: Store) -> None:
    find, _, _ = gallery_answers(store)
    pages = [find({"offset": offset, "limit": 3})["items"] for offset in (0, 3, 6)]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert len({item["figure_id"] for page in pages for item in page}) == 7


@pytest.mark.parametrize(
    "asked",
    [{"limit": 10_000}, {"offset": -1}, {"filter": {"kind": "unicorn"}}, {"filter": []}, {"columns": "*"}],
    ids=["too many", "before the first", "bad filter", "filter is a list", "unknown field"],
)
def test_a_bad_request_is_answered_with_the_reason(store: Store, asked: dict[str, object]) -> None:
    find, _, _ = gallery_answers(store)
    assert find(asked)["error"].startswith("the queue could not be read: ")


def test_articles_are_found_by_words_of_id_and_title(store: Store) -> None:
    _, articles, _ = gallery_answers(store)
    assert articles({"text": "STRESS pod"}) == {
        "more": 0,
        "articles": [{"id": "PMC1", "title": "Podocytes under stress", "count": 4}],
    }
    assert articles({"text": "unheard of"}) == {"more": 0, "articles": []}


def test_problems_are_listed_with_their_reasons(store: Store) -> None:
    _, _, problems = gallery_answers(store)
    listed = problems({})["problems"]
    assert [(row["stage"], row["place"], row["figure_id"]) for row in listed] == [
        ("ingest", "broken.tar.gz", None),
        ("mine", "PMC2:F3", "PMC2:F3"),
    ]
    assert listed[1]["reason"] == "no agent finished within 60 s"


def test_an_empty_project_has_an_answer_too(tmp_path: Path) -> None:
    find, articles, problems = gallery_answers(Store(tmp_path))
    answer = find({"count": True})
    assert (answer["count"], answer["items"], set(answer["states"].values())) == (0, [], {0})
    assert (articles({"text": ""})["articles"], problems({})["problems"]) == ([], [])
