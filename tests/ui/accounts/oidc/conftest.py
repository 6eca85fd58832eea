"""Logging in through a provider, against one that signs for real."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bench.stand_ins.oidc import OidcServer
from curator.settings import OidcSettings
from data.store import Store
from tests.e2e.project import make_project
from ui.accounts.gate import Gate
from ui.accounts.logins import Logins
from ui.accounts.oidc import Provider
from ui.accounts.passwords import Passwords
from ui.accounts.routes import account_routes
from ui.service.guard import Guard

URL = "http://curator.lab:7860"
PASSWORD = "a long enough password"
QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
SESSION = "curator_session"
ZOE = {"sub": "7", "preferred_username": "Zoe", "email": "zoe@lab.org", "email_verified": True}
Apps = Callable[..., FastAPI]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kidneys")
    store = make_project(folder)
    store.users.add("ann", "admin", QUICK.hashed(PASSWORD))
    store.close()
    return folder


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Iterator[Store]:
    store = Store(Path(shutil.copytree(made, tmp_path / "project")))
    yield store
    store.close()


@pytest.fixture
def provider() -> Iterator[OidcServer]:
    with OidcServer("curator", "the client's secret") as server:
        server.claims = dict(ZOE)
        yield server


@pytest.fixture
def app(store: Store, provider: OidcServer) -> Apps:
    def make(now_s: Callable[[], float] = time.time, **named: Any) -> FastAPI:
        settings = OidcSettings(**{"issuer": provider.issuer, "client_id": "curator", "new_users": "curator", **named})
        app = FastAPI()
        app.add_middleware(Gate, store=store, local=None)
        app.add_middleware(Guard, hosts=frozenset(), any_host=store.users.any)
        known = Provider(settings, provider.client_secret, now_s=now_s)
        app.include_router(account_routes(store, Logins(store, QUICK), known))
        return app

    return make


def browser(app: FastAPI) -> TestClient:
    return TestClient(app, base_url=URL, follow_redirects=False)


def answered(client: TestClient, there: str = "/") -> str:
    """The address that the provider sends the browser back to, for a login that this browser begins."""
    begun = client.get("/login/oidc", params={"next": there})
    assert begun.status_code == 303, begun.text
    return str(httpx.get(begun.headers["location"]).headers["location"])


def log_in(client: TestClient, there: str = "/") -> Any:
    return client.get(answered(client, there))


def refusal(answer: Any) -> str:
    assert answer.status_code == 401
    assert SESSION not in answer.cookies
    return str(answer.text).partition('role="alert">')[2].partition("</p>")[0]
