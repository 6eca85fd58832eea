"""The published description: complete, true of the answers, and every route behind the right it needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import TypeAdapter
from starlette.routing import Mount

from curator.user import ROLES, Role, User
from data.store import Store
from tests.ui.api.conftest import Clients, routes_of
from tests.ui.api.ways import BODIES, LEAST, WAYS, filled
from ui.app import build_app

ELSEWHERE = {"/team/differences", "/loop/changes"}
"""Answers of what this project has none of: tests/ui/api/test_filled_answers.py."""


def functions_of(store: Store) -> set[str]:
    """What the page's components can call."""
    page = TestClient(build_app(store), base_url="http://127.0.0.1:7860")
    found: set[str] = set()
    for component in page.get("/config").json()["components"]:
        found |= set(component["props"].get("server_fns") or ())
    return found


def mounted(app: FastAPI) -> FastAPI:
    (api,) = (route.app for route in app.routes if isinstance(route, Mount))
    assert isinstance(api, FastAPI)
    return api


def ways(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


@pytest.fixture(scope="module")
def document(app: FastAPI) -> dict[str, Any]:
    described: dict[str, Any] = mounted(app).openapi()
    return described


def test_all_that_the_page_can_do_has_a_way_in_the_api(store: Store, document: dict[str, Any]) -> None:
    functions = functions_of(store)
    assert {"load", "edit", "find", "train_start", "search_find"} <= functions
    assert functions <= set(WAYS), "the page can do what the API cannot; add a way in ui/api and here"
    assert set(WAYS.values()) <= set(ways(document))


def test_the_description_is_published(api: TestClient, document: dict[str, Any]) -> None:
    assert api.get("/openapi.json").json() == document


def test_every_way_says_what_it_does_what_it_takes_and_what_it_answers(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert len(ways(document)) > 60
    seen: set[str] = set()
    for way, operation in ways(document).items():
        assert operation["description"].endswith("."), way
        assert operation["tags"], way
        assert operation["operationId"] not in seen, way
        seen.add(operation["operationId"])
        assert any(status.startswith("2") for status in operation["responses"]), way
        assert "4XX" in operation["responses"], way
        for content in operation["responses"].get("200", {}).get("content", {}).values():
            assert content != {} or way.startswith(
                ("GET /images", "GET /thumb", "GET /crops", "GET /seen", "GET /export")
            ), way


def test_no_answer_is_described_loosely_without_a_reason(document: dict[str, Any]) -> None:
    found = {
        where: schema.get("x-free")
        for operation in ways(document).values()
        for response in operation["responses"].values()
        for content in response.get("content", {}).values()
        for where, schema in loose(content.get("schema", {}), "", document["components"]["schemas"], set())
    }
    assert [where for where, why in found.items() if not why and where] == []
    # whoever finds a shape for one of these takes it out
    assert set(found) - {""} == {
        "AuditShape.detail",
        "BatchShape.promise",
        "ExchangeShape.parsed",
        "ExchangeShape.settings",
        "RunDetail.config",
        "RunDetail.snapshot",
    }


def loose(
    schema: dict[str, Any], where: str, known: dict[str, dict[str, Any]], seen: set[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Parts of a schema that say nothing of what is in them, and where they are."""
    if "$ref" in schema:
        where = schema["$ref"].rpartition("/")[2]
        if where in seen:
            return
        seen.add(where)
        schema = known[where]
    if "x-free" in schema:
        yield where, schema
        return
    inner = [part for name in ("anyOf", "oneOf", "allOf", "prefixItems") for part in schema.get(name, ())]
    inner += [schema[name] for name in ("items", "additionalProperties") if isinstance(schema.get(name), dict)]
    for part in inner:
        yield from loose(part, where, known, seen)
    for name, part in schema.get("properties", {}).items():
        yield from loose(part, f"{where}.{name}", known, seen)
    is_open = schema.get("additionalProperties") is True or not (
        inner or schema.keys() & {"properties", "additionalProperties"}
    )
    if not inner and (schema.get("type", "object") == "object" and is_open and not schema.keys() & {"enum", "const"}):
        yield where, schema


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object"},
        {"type": "object", "additionalProperties": True},
        {"type": "object", "properties": {"a": {}}},
        {"type": "array", "items": {}},
        {"anyOf": [{"type": "string"}, {"type": "object"}]},
        {"type": "object", "additionalProperties": {"type": "object"}},
    ],
    ids=str,
)
def test_what_is_loose_is_found(schema: dict[str, Any]) -> None:
    assert len(list(loose(schema, "", {}, set()))) == 1
    assert list(loose({"type": "object", "properties": {"a": {"type": "string"}}}, "", {}, set())) == []


def test_every_answer_is_as_it_is_described(store: Store, app: FastAPI, api: TestClient) -> None:
    """Of the ways that need nothing but the project: the models refuse a field that they do not describe."""
    store.minings.save("PMC1:F1", "other", None, store.reviews.load("PMC1:F1", 0).review.hierarchy)
    asked = {
        "/figures/{figure_id:path}": "/figures/PMC1:F1",
        "/articles/{article_id:path}": "/articles/PMC1",
        "/minings": "/minings?figure_id=PMC1:F1",
        "/minings/{mining_id}": "/minings/1",
        "/exchanges": "/exchanges?figure_id=PMC1:F1",
        "/tokens": "/tokens",
    }
    checked = set()
    for route in routes_of(mounted(app)):
        if "GET" not in (route.methods or ()) or route.response_model is None:
            continue
        path = route.path
        if path in ELSEWHERE or ("{" in path and path not in asked):
            continue
        answer = api.get(asked.get(path, path))
        assert answer.status_code == 200, (path, answer.text)
        TypeAdapter(route.response_model).validate_json(answer.content)
        checked.add(path)
    assert {
        "/figures",
        "/figures/{figure_id:path}",
        "/minings/{mining_id}",
        "/dashboard",
        "/training",
        "/sync",
        "/team",
        "/auto",
        "/loop",
    } <= checked
    assert len(checked) > 20


def test_without_a_token_nothing_is_answered_and_the_refusal_is_a_problem(
    document: dict[str, Any], as_role: Clients
) -> None:
    stranger = as_role("curator")
    del stranger.headers["authorization"]
    for way in ways(document):
        method, path = way.split(" ")
        answer = stranger.request(method, filled(path))
        assert (answer.status_code, answer.json()["kind"]) == (401, "login"), way
        assert answer.headers["www-authenticate"] == "Bearer"
    assert stranger.get("/openapi.json").status_code == 401


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_do_what_it_may_and_no_more(document: dict[str, Any], as_role: Clients, role: Role) -> None:
    client = as_role(role)
    known = ways(document)
    assert set(LEAST) <= set(known)
    for way, least in LEAST.items():
        method, path = way.split(" ")
        answer = client.request(method, filled(path), json=BODIES.get(way), headers={"If-Match": '"1"'})
        allowed = ROLES.index(role) >= ROLES.index(least)
        refused = answer.status_code == 403 and answer.json()["kind"] == "rights"
        assert refused != allowed, (way, answer.status_code, answer.text[:200])


def test_every_right_of_a_role_is_asked_for_somewhere() -> None:
    assert set(LEAST.values()) == set(get_args(Role)) - {"curator"}
    assert not User("a", "curator").may("export")


def test_a_number_that_the_database_cannot_hold_is_a_fault_of_the_request(
    document: dict[str, Any], api: TestClient
) -> None:
    huge, asked = 2**63, 0
    for way, operation in ways(document).items():
        method, path = way.split(" ")
        given = {one["name"]: "PMC1:F1" for one in operation.get("parameters", ()) if one.get("required")}
        for one in operation.get("parameters", ()):
            if one["schema"].get("type") == "integer":
                there = re.sub(f"{{{one['name']}}}", str(huge), path)
                query = given | ({one["name"]: str(huge)} if one["in"] == "query" else {})
                answer = api.request(method, filled(there), params=query)
                assert 400 <= answer.status_code < 500, (way, one["name"], answer.text)
                asked += 1
    body = {"mining_id": huge, "levels": ["panel"]}
    answer = api.post("/adoptions/PMC1:F1", json=body, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["kind"]) == (422, "invalid")
    assert asked > 30


@pytest.mark.parametrize(("method", "path"), [("GET", "/nix"), ("DELETE", "/figures"), ("POST", "/me")])
def test_a_way_that_is_none_is_a_problem_too(api: TestClient, method: str, path: str) -> None:
    answer = api.request(method, path)
    assert answer.status_code in (404, 405)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "openapi.json" in answer.json()["detail"]
