"""The whole page over a project with users, and a real server for what an HTTP client would tidy up."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient

from curator.user import ROLES
from data.store import Store
from tests.e2e.conftest import served
from tests.e2e.project import make_project
from ui.accounts.passwords import Passwords
from ui.app import build_app

URL = "http://curator.lab:7860"
PASSWORD = "a long enough password"
SESSION = "curator_session"
USERS = dict(zip(("ann", "rob", "cleo"), reversed(ROLES), strict=True))


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with ann (admin), rob (reviewer), cleo and cyd (curators), all with the same password."""
    folder = tmp_path_factory.mktemp("guarded")
    store = make_project(folder)
    hashed = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)).hashed(PASSWORD)
    for name, role in {**USERS, "cyd": "curator"}.items():
        store.users.add(name, role, hashed)
    store.close()
    return folder


@pytest.fixture(scope="session")
def store(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The project of ``app``; what a test changes in it no other test looks at."""
    return Store(Path(shutil.copytree(made, tmp_path_factory.mktemp("whole") / "project")))


@pytest.fixture(scope="session")
def app(store: Store) -> FastAPI:
    return build_app(store, loopback=False)


Client = Callable[..., TestClient]


@pytest.fixture(scope="session")
def client(app: FastAPI, store: Store) -> Client:
    """A browser in which a user is logged in, or nobody; ``token``: a program of the user's instead."""

    def make(name: str = "", *, token: bool = False) -> TestClient:
        client = TestClient(app, base_url=URL, follow_redirects=False)
        if token:
            _, secret = store.tokens.make(store.users.account(name).user, "a test", store.users.account(name).user.role)
            client.headers["Authorization"] = f"Bearer {secret}"
        elif name:
            client.cookies.set(SESSION, store.sessions.open(name))
            client.headers["Origin"] = URL
        return client

    return make


@pytest.fixture(scope="session")
def call(client: Client) -> Callable[..., dict[str, Any]]:
    """Calls one of the page's functions in the browser of a user; its answer."""
    ids = {part["props"].get("elem_id"): part["id"] for part in client("ann").get("/config").json()["components"]}

    def called(browser: TestClient, component: str, name: str, data: Any) -> dict[str, Any]:
        body = {"data": data, "component_id": ids[component], "fn_name": name, "session_hash": "a test"}
        answer = browser.post("/gradio_api/component_server", json=body)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    return called


@pytest.fixture(scope="session")
def raw(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], tuple[int, bytes]]]:
    """Sends a path as it is, byte for byte, to a page without users; status and body of the answer."""
    folder = tmp_path_factory.mktemp("raw") / "project"
    store = make_project(folder)
    (store.project / "images" / "leak.png").symlink_to("/etc/passwd")
    with served(store) as address:
        port = int(address.rpartition(":")[2])

        def sent(path: str) -> tuple[int, bytes]:
            with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
                head = f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
                connection.sendall(head.encode("latin-1"))
                answer = b"".join(iter(lambda: connection.recv(65_536), b""))
            head_bytes, _, body = answer.partition(b"\r\n\r\n")
            return int(head_bytes.split()[1]), body

        yield sent
    store.close()
