"""Every route of the whole application and every function of the page, asked by each kind of asker.

A new route must be entered here, with the least role that may use it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from curator.user import ROLES, Role
from data.store import Store
from tests.security.conftest import USERS
from tests.ui.api.ways import BODIES, LEAST, WAYS, filled
from ui.api.app import PREFIX
from ui.service.guard import OWN_CHECKS
from ui.service.unused import USED

Clients = Callable[..., TestClient]
Call = Callable[..., dict[str, Any]]

OPEN = {"GET /login", "POST /login", "GET /healthz", "GET /readyz"}
OURS: dict[str, Role] = {
    "POST /logout": "curator",
    "GET /me": "curator",
    "GET /account": "curator",
    "POST /account/password": "curator",
    "POST /account/tokens": "curator",
    "POST /account/tokens/revoke": "curator",
    "POST /account/users": "admin",
    "POST /account/users/role": "admin",
    "POST /account/users/disable": "admin",
    "POST /account/users/enable": "admin",
    "GET /image/{figure_id}": "curator",
    "GET /thumbnail/{figure_id}": "curator",
    "GET /seen/{sha256}": "curator",
    "GET /crop/{figure_id}": "curator",
    "GET /runs/{name}/report/": "curator",
    "POST /search/picture": "curator",
    "GET /search/picture/{token}": "curator",
    "GET /metrics": "curator",
}
"""With the least role; ``OPEN`` need no login, ``OWN_CHECKS`` check a secret of their own (tests/ui/label_studio)."""
STREAMS = {"GET /gradio_api/heartbeat/{session_hash}", "GET /gradio_api/queue/data"}
"""Of the framework: never end."""
WHO = [("", False), *((name, token) for name in USERS for token in (False, True))]


def routes_of(app: Any, prefix: str = "") -> Iterator[tuple[str, bool]]:
    """Each ``METHOD /path``, and whether it is of the framework."""
    for route in app.routes:
        path = prefix + (getattr(route, "path", "") or "")
        inner = getattr(route, "original_router", None) or getattr(route, "app", route)
        if isinstance(route, APIRoute):
            for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
                yield f"{method} {path.replace(':path}', '}')}", route.endpoint.__module__.startswith("gradio")
        elif hasattr(inner, "routes"):
            yield from routes_of(inner, path.rstrip("/"))


@pytest.fixture(scope="module")
def routes(app: FastAPI) -> list[tuple[str, bool]]:
    found = [one for one in routes_of(app) if not one[0].partition(" ")[2].startswith(OWN_CHECKS)]
    assert len(found) > 150
    return found


def least_of(route: str) -> Role:
    return OURS.get(route) or LEAST.get(route.replace(PREFIX, ""), "curator")


def asked(browser: TestClient, route: str) -> Any:
    method, path = route.split(" ")
    body = BODIES.get(route.replace(PREFIX, ""))
    return browser.request(method, filled(path), json=body, headers={"If-Match": '"1"'})


def test_every_route_of_ours_is_in_the_table(routes: list[tuple[str, bool]]) -> None:
    ours = {route for route, foreign in routes if not foreign and f" {PREFIX}/" not in route}
    assert ours == OPEN | OURS.keys()
    api = {route.replace(PREFIX, "") for route, _ in routes if f" {PREFIX}/" in route}
    assert set(WAYS.values()) | LEAST.keys() <= api


@pytest.mark.parametrize(
    ("name", "token"), WHO, ids=lambda one: {"": "nobody", True: "token", False: "browser"}.get(one, one)
)
def test_each_route_is_for_whom_it_is_for(
    client: Clients, routes: list[tuple[str, bool]], name: str, token: bool
) -> None:
    for route, foreign in routes:
        if route in OPEN or (foreign and route in STREAMS and name):
            continue
        answer = asked(client(name, token=token), route)
        if not name:
            assert answer.status_code == 401, route
            continue
        assert answer.status_code != 401, route
        refused = "this needs the role" in answer.text
        assert refused == (not foreign and ROLES.index(USERS[name]) < ROLES.index(least_of(route))), (
            route,
            answer.text,
        )
        used = not (found := re.match(r"\w+ /gradio_api/(\w*)", route)) or found[1] in USED
        assert used or (answer.status_code, answer.text) == (404, "there is nothing at this address"), route


def test_a_token_may_do_what_it_was_made_for_and_not_what_its_user_may(
    client: Clients, routes: list[tuple[str, bool]], store: Store
) -> None:
    small = client()
    _, secret = store.tokens.make(store.users.account("ann").user, "small", "curator")
    small.headers["Authorization"] = f"Bearer {secret}"
    for route, foreign in routes:
        if not foreign and route not in OPEN and least_of(route) != "curator":
            assert "this needs the role" in asked(small, route).text, route


def test_no_route_is_changed_by_another_sites_page(client: Clients, routes: list[tuple[str, bool]]) -> None:
    for route, _ in routes:
        method, path = route.split(" ")
        if method == "GET":
            continue
        ann = client("ann")
        assert ann.request(method, filled(path), headers={"Origin": "https://evil.example"}).status_code == 403, route
        del ann.headers["Origin"]
        if route not in OPEN:  # /login refuses it in its own words
            assert ann.request(method, filled(path)).status_code == 403, route


@pytest.mark.parametrize("name", USERS)
def test_each_function_of_the_page_is_for_whom_it_is_for(client: Clients, call: Call, store: Store, name: str) -> None:
    browser, known, logged = client(name), 0, len(list(store.audit.records()))
    for part in browser.get("/config").json()["components"]:
        for function in part["props"].get("server_fns") or ():
            # with a field that no function knows: what may be done is refused for that
            told = call(browser, part["props"]["elem_id"], function, {"none of its fields": 1})
            refused = "this needs the role" in str(told.get("error"))
            least = LEAST.get(WAYS[function], "curator")
            assert refused == (ROLES.index(USERS[name]) < ROLES.index(least)), (function, told)
            known += 1
    assert known >= len(WAYS)
    assert len(list(store.audit.records())) == logged
