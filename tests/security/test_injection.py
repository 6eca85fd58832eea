"""What people type stays what they typed: no query, no pattern and no order changes what a statement does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from data.store import Store

INJECTIONS = (
    "' or 1=1 --",
    '" or ""="',
    "'; drop table figures; --",
    "PMC1' union select password_hash from users --",
    "\\",
    "%",
    "_",
    "\x00",
    "1e999",
    "../",
    "${7*7}{{7*7}}",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "a" * 4000,
)
FTS = (
    *(
        '"',
        '""',
        '"a',
        "a*",
        "*",
        "^a",
        "a NEAR/0 b",
        "NEAR(",
        "a AND",
        "AND",
        "NOT",
        "(",
        ")",
        "a)",
        "caption:a",
        "-a",
    ),
    *("a -- b", "{a b}: c", "+", "a + ", ":", "'", "\\", "\x00", "a\x00b", "🦠" * 50, 'kidney" OR caption : "x'),
)
ORDERS = ("confidence; drop table figures", "random()", "(select password_hash from users)", "id desc")


@pytest.fixture(scope="session")
def ann(client: Callable[..., TestClient]) -> TestClient:
    return client("ann")


def _counts(store: Store) -> list[tuple[Any, ...]]:
    tables = ("articles", "figures", "reviews", "events", "users", "sessions", "tokens")
    return [tuple(store.connections.row(f"select count(*) from {table}")) for table in tables]  # type: ignore[arg-type]


@pytest.mark.parametrize("text", [*INJECTIONS, *FTS])
def test_a_search_text_finds_figures_or_none_and_never_fails(ann: TestClient, store: Store, text: str) -> None:
    before = _counts(store)
    answer = ann.get("/api/v1/figures", params={"text": text})
    assert answer.status_code in (200, 422), answer.text
    assert "syntax error" not in answer.text
    assert "$argon2" not in answer.text
    assert _counts(store) == before


@pytest.mark.parametrize("name", ["article_id", "kind", "problem", "after", "state", "order", "limit", "offset"])
def test_a_filter_that_is_none_is_refused_or_finds_nothing(ann: TestClient, store: Store, name: str) -> None:
    before = _counts(store)
    for value in (*INJECTIONS, *ORDERS):
        answer = ann.get("/api/v1/figures", params={name: value})
        assert answer.status_code in (200, 404, 414, 422), (value, answer.text)
        assert "$argon2" not in answer.text
        if name in ("order", "state", "limit", "offset"):
            assert answer.status_code in (414, 422), value
    assert _counts(store) == before


@pytest.mark.parametrize("path", ["figures", "articles", "crops", "leases", "minings", "exchanges", "sync/conflicts"])
def test_an_id_is_only_ever_looked_up(ann: TestClient, store: Store, path: str) -> None:
    before = _counts(store)
    for value in INJECTIONS:
        answer = ann.get(f"/api/v1/{path}/{value.encode('latin-1', 'ignore').hex()}")
        assert answer.status_code in (404, 405, 422)
        answer = ann.get(f"/api/v1/{path}/" + "".join(f"%{byte:02x}" for byte in value.encode()[:500]))
        assert answer.status_code in (307, 404, 405, 422), (value, answer.text)  # 307: "../" is no id but a way
    assert _counts(store) == before


@pytest.mark.parametrize("value", [*INJECTIONS[:8], *FTS[:12]])
def test_the_pages_own_functions_take_texts_as_texts(
    ann: TestClient, store: Store, call: Callable[..., dict[str, Any]], value: str
) -> None:
    before = _counts(store)
    for component, name, data in (
        ("gallery", "find", {"filter": {"text": value}}),
        ("review", "queue", {"filter": {"text": value}}),
        ("gallery", "articles", {"text": value}),
        ("review", "load", {"figure_id": value}),
        ("review", "trace", {"figure_id": value}),
        ("review", "exchange", {"key": value}),
        ("sync", "sync_figure", {"figure_id": value}),
        ("sync", "sync_figures", {"text": value}),
    ):
        document = call(ann, component, name, data)
        assert "syntax error" not in str(document), (name, document)
        assert "OperationalError" not in str(document), (name, document)
        assert "$argon2" not in str(document)
    assert _counts(store) == before


@pytest.mark.parametrize(
    "data", [None, [], "x", 1, {"figure_id": ["a"]}, {"figure_id": {"$ne": ""}}, {"__proto__": {}}]
)
def test_a_request_of_another_shape_is_told_so(ann: TestClient, call: Callable[..., dict[str, Any]], data: Any) -> None:
    assert call(ann, "review", "load", data)["error"]
