"""Reading figures, the queue and articles through the API."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from data.store import Store

ALL = ["PMC1:F1", "PMC1:F2", "PMC1:F3", "PMC1:F4", "PMC2:F1", "PMC2:fig 2/a", "PMC2:F3"]


def read(api: TestClient, path: str) -> list[dict[str, Any]]:
    """Every row of a list by its own links."""
    rows: list[dict[str, Any]] = []
    following: str | None = path
    while following is not None:
        answer = api.get(following.removeprefix("/api/v1"))
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert page["offset"] == len(rows)
        rows += page["items"]
        following = page["next"]
        assert answer.headers.get("link") == (f'<{following}>; rel="next"' if following else None)
    return rows


def test_a_figure_s_tag_is_its_revision(api: TestClient) -> None:
    assert api.get("/figures/PMC1:F1").headers["etag"] == '"1"'


def test_what_changes_beside_the_revision_is_told_to_who_has_the_tag_too(api: TestClient, store: Store) -> None:
    """Fits, assessed confidences and a newer version are no events of the figure."""
    tag = api.get("/figures/PMC1:F1").headers["etag"]
    store.fits.replace_all([("PMC1:F1", {"p1": 0.25})])
    again = api.get("/figures/PMC1:F1", headers={"If-None-Match": tag})
    assert (again.status_code, again.headers["etag"]) == (200, tag)
    assert again.json()["fits"] == {"p1": 0.25}


@pytest.mark.parametrize("figure_id", ALL)
def test_a_figure_is_found_by_its_id_whatever_that_holds(api: TestClient, figure_id: str) -> None:
    assert api.get(f"/figures/{quote(figure_id, safe='')}").json()["id"] == figure_id


@pytest.mark.parametrize("figure_id", ["nix", "../curator.db", "%2e%2e%2fcurator.db", "PMC1:F1/", "%00"])
def test_what_is_no_figure_is_404_as_a_problem(api: TestClient, figure_id: str) -> None:
    answer = api.get(f"/figures/{figure_id}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["kind"] == "missing"


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_the_queue_is_read_page_by_page_and_holds_each_figure_once(api: TestClient, limit: int) -> None:
    assert [row["id"] for row in read(api, f"/figures?order=number&limit={limit}")] == ALL
    least_sure_first = [row["id"] for row in read(api, f"/figures?limit={limit}")]
    assert sorted(least_sure_first) == sorted(ALL)
    assert least_sure_first[0] == "PMC2:F3"


def test_figures_that_leave_the_queue_while_it_is_read_make_none_be_left_out(api: TestClient, store: Store) -> None:
    first = api.get("/figures?state=proposed&limit=2").json()
    for row in first["items"]:
        body = {"commands": [{"op": "judge_figure", "state": "accepted"}]}
        assert api.post(f"/decisions/{quote(row['id'])}", json=body, headers={"If-Match": '"1"'}).status_code == 200
    rest = api.get(first["next"].removeprefix("/api/v1")).json()
    assert rest["total"] == 4
    found = [row["id"] for row in (*first["items"], *rest["items"])]
    assert len(set(found)) == 4
    after = api.get(rest["next"].removeprefix("/api/v1")).json()
    assert {*found, *(row["id"] for row in after["items"])} == set(ALL) - {"PMC2:F3"}
    assert after["next"] is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("state=unmined", ["PMC2:F3"]),
        ("state=unmined&state=accepted", ["PMC2:F3"]),
        ("article_id=PMC2&order=number", ["PMC2:F1", "PMC2:fig 2/a", "PMC2:F3"]),
        ("text=podocyte", ["PMC1:F1"]),
        ("kind=radiology", ["PMC2:F1"]),
        ("problem=true&order=number", ["PMC1:F4", "PMC2:F3"]),
        ("confidence_from=0.95", ["PMC2:F1"]),
        ("offset=5&limit=1&order=number", ["PMC2:fig 2/a"]),
        ("text=nothing-like-it", []),
    ],
)
def test_the_queue_is_filtered_and_ordered(api: TestClient, query: str, expected: list[str]) -> None:
    assert [row["id"] for row in api.get(f"/figures?{query}").json()["items"]] == expected


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "offset=-1",
        "state=lost",
        "order=sideways",
        "kind=cat",
        "confidence_from=2",
        "text=" + "x" * 201,
    ],
)
def test_a_filter_that_is_none_is_refused(api: TestClient, query: str) -> None:
    answer = api.get(f"/figures?{query}")
    assert (answer.status_code, answer.json()["kind"]) == (422, "invalid")
    assert answer.json()["faults"][0].startswith("query.")


@pytest.mark.parametrize("cursor", ["nix", "PMC1:F1", "W10", "x" * 3001, "", "%ff"])
def test_a_cursor_that_is_none_is_refused_instead_of_the_first_page_again(api: TestClient, cursor: str) -> None:
    assert api.get(f"/figures?after={cursor}").status_code == 422


def test_articles_are_listed_and_read(api: TestClient) -> None:
    assert [row["id"] for row in read(api, "/articles?limit=1")] == ["PMC1", "PMC2"]
    assert [row["id"] for row in read(api, "/articles?text=lungs")] == ["PMC2"]
    article = api.get("/articles/PMC1").json()
    assert (article["title"], article["doi"], article["figures"]) == ("Podocytes under stress", "10.1000/kidney", 4)
    assert api.get("/articles/PMC9").status_code == 404


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/images/PMC1:F1", "image/png"),
        ("/images/PMC2:fig%202%2Fa", "image/png"),
        ("/thumbnails/PMC1:F1", "image/webp"),
        ("/crops/PMC1:F1?node=p1", "image/jpeg"),
        ("/crops/PMC1:F1?node=r7", "image/jpeg"),
    ],
)
def test_images_have_tags_by_which_they_are_not_sent_twice(api: TestClient, path: str, media_type: str) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert len(answer.content) > 100
    again = api.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["/images/nix", "/thumbnails/..%2f..%2fcurator.db", "/crops/PMC1:F1?node=nix", "/crops/nix?node=p1", "/seen/abc"],
)
def test_images_that_are_not_there_are_404_as_a_problem(api: TestClient, path: str) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.json()["kind"]) == (404, "missing")
