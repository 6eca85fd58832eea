"""A project, the API over it without the page, and clients of each role."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from curator.errors import MiningError
from curator.user import ROLES, User
from data.store import Store
from tests.e2e.project import make_project
from ui.accounts.gate import Gate
from ui.api.app import PREFIX, api_app
from ui.searching.model import load_model
from ui.segmenting import opencv_only, segmenting_of
from ui.servers import Servers

URL = "http://curator.lab"
Clients: TypeAlias = Callable[[str], TestClient]


def no_miner(*_: object) -> Iterator[object]:
    raise MiningError("no agents here")
    yield


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn once; no test changes it."""
    folder = tmp_path_factory.mktemp("api") / "project"
    make_project(folder).close()
    return folder


@pytest.fixture(scope="session")
def shared(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The project that ``app`` is over."""
    return Store(Path(shutil.copytree(made, tmp_path_factory.mktemp("api") / "shared")))


@pytest.fixture(scope="session")
def app(shared: Store) -> FastAPI:
    """Built once: describing a hundred routes takes longer than most tests."""
    return app_of(shared)


@pytest.fixture
def store(made: Path, shared: Store) -> Store:
    """The project of ``app``, as it was made."""
    for path in shared.project.iterdir():
        if path.is_dir() and path.name != "images":
            shutil.rmtree(path)
        elif path.is_file() and not path.name.startswith(shared.connections.path.name):
            path.unlink()
    with closing(sqlite3.connect(made / shared.connections.path.name)) as fresh:
        fresh.backup(shared.connections.db.conn)
    return shared


def servers_of(store: Store) -> Servers:
    return Servers.of(store, no_miner, segmenting_of(store, opencv_only), load_model)  # type: ignore[arg-type]


def routes_of(router: Any) -> Iterator[APIRoute]:
    """Also those of routers that are included."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from routes_of(route.original_router)


def app_of(store: Store) -> FastAPI:
    """The API as the page mounts it, without the page."""
    app = FastAPI()
    app.add_middleware(Gate, store=store, local=User("ada", "admin"))
    app.mount(PREFIX, api_app(servers_of(store)))
    return app


@pytest.fixture
def api(app: FastAPI, store: Store) -> TestClient:
    """Without users: whoever reaches the machine is an admin."""
    return TestClient(app, base_url=f"{URL}{PREFIX}", raise_server_exceptions=False)


@pytest.fixture
def as_role(app: FastAPI, store: Store) -> Clients:
    """A client of a user of each role, by a token; the users are called as their roles."""
    for role in reversed(ROLES):
        store.users.add(role, role, "no hash: nobody logs in")

    def client(role: str) -> TestClient:
        user = store.users.account(role).user
        _, secret = store.tokens.make(user, "tests", user.role)
        headers = {"Authorization": f"Bearer {secret}"}
        return TestClient(app, base_url=f"{URL}{PREFIX}", headers=headers, raise_server_exceptions=False)

    return client
