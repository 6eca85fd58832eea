"""The routes of accounts, alone and through the whole page."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient

from curator.user import ROLES
from data.store import Store
from data.store.audit import AuditRecord
from tests.e2e.project import make_project
from ui.accounts.gate import Gate
from ui.accounts.logins import Logins
from ui.accounts.passwords import Passwords
from ui.accounts.routes import account_routes
from ui.app import build_app
from ui.images import image_routes
from ui.service.guard import Guard

URL = "http://curator.lab:7860"
PASSWORD = "a long enough password"
QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
SESSION = "curator_session"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the users ann (admin), rob (reviewer) and cleo (curator), all with the same password."""
    folder = tmp_path_factory.mktemp("kidneys")
    store = make_project(folder)
    hashed = QUICK.hashed(PASSWORD)
    for name, role in zip(("ann", "rob", "cleo"), reversed(ROLES), strict=True):
        store.users.add(name, role, hashed)
    store.close()
    return folder


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Iterator[Store]:
    store = Store(Path(shutil.copytree(made, tmp_path / "project")))
    yield store
    store.close()


@pytest.fixture
def app(store: Store) -> FastAPI:
    """The routes of accounts and images behind guard and gate, as the page has them: the page itself takes seconds."""
    app = FastAPI()
    app.add_middleware(Gate, store=store, local=None)
    app.add_middleware(Guard, hosts=frozenset(), any_host=store.users.any)
    app.include_router(account_routes(store, Logins(store, QUICK)))
    app.include_router(image_routes(store))
    return app


@pytest.fixture(scope="module")
def whole(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The project of the whole page; the tests that use it change no user."""
    return Store(Path(shutil.copytree(made, tmp_path_factory.mktemp("whole") / "project")))


@pytest.fixture(scope="module")
def page(whole: Store) -> FastAPI:
    return build_app(whole, loopback=False)


Browsers: TypeAlias = Callable[..., TestClient]


@pytest.fixture
def browser(app: FastAPI) -> Browsers:
    """Makes browsers, each with cookies of its own, that name their origin with what they send."""
    return partial(browsing, app)


def browsing(app: FastAPI, url: str = URL) -> TestClient:
    return TestClient(app, base_url=url, headers={"Origin": url}, follow_redirects=False)


def logged_in(page: FastAPI, whole: Store, name: str) -> TestClient:
    client = browsing(page)
    client.cookies.set(SESSION, whole.sessions.open(name), domain="curator.lab", path="/")
    return client


def log_in(client: TestClient, name: str, password: str = PASSWORD, **fields: str) -> Any:
    return client.post("/login", data={"name": name, "password": password, **fields})


def actions(store: Store, name: str | None = None) -> list[str]:
    return [one.action for one in audit(store) if name in (None, one.who)]


def audit(store: Store) -> list[AuditRecord]:
    return [one for one in store.audit.records() if one.action != "mine"]


def call(client: TestClient, component: str, function: str, **request: Any) -> Any:
    """A server function of the page, as the page calls it."""
    parts = client.get("/config").json()["components"]
    (number,) = (part["id"] for part in parts if part["props"].get("elem_id") == component)
    body = {"data": request, "component_id": number, "fn_name": function, "session_hash": "test"}
    answer = client.post("/gradio_api/component_server", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def paths_of(routes: Any, prefix: str = "") -> Iterator[str]:
    """Every path of an application and of all that is included and mounted in it."""
    for route in routes:
        path = prefix + (getattr(route, "path", "") or "")
        inner = getattr(route, "original_router", route)
        if getattr(inner, "routes", None):
            yield from paths_of(inner.routes, path.rstrip("/"))
        elif path:
            yield path
