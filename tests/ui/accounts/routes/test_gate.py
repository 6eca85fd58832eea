"""What is refused without a login, and to other sites."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse

from data.store import Store
from tests.e2e.project import make_project
from tests.ui.accounts.routes.conftest import (
    PASSWORD,
    SESSION,
    URL,
    audit,
    browsing,
    log_in,
    paths_of,
)
from ui.accounts.identity import identity
from ui.app import build_app
from ui.service.guard import OWN_CHECKS


def test_every_route_but_login_and_health_is_refused_without_a_session(page: FastAPI, whole: Store) -> None:
    client = browsing(page)
    before = audit(whole)
    paths = {path.replace("{figure_id:path}", "PMC1:F1") for path in paths_of(page.routes)}
    assert {"/image/PMC1:F1", "/crop/PMC1:F1", "/runs/{name}/report/", "/me", "/account", "/login"} <= paths
    assert any(path.startswith("/gradio_api/") for path in paths)
    assert len(paths) > 60
    # Label Studio has passwords of its own: tests/ui/label_studio
    for path in {one for one in paths if not one.startswith(OWN_CHECKS)} - {"/login", "/healthz", "/readyz"}:
        for method in ("GET", "POST", "OPTIONS"):
            answer = client.request(method, path)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"
    assert client.get("/healthz").status_code == 200
    assert client.get("/login").status_code == 200
    assert audit(whole) == before


@pytest.mark.parametrize(
    "path", ["/login/", "/LOGIN", "//login", "/login/../", "/healthz/x", "/%6cogin/..", "/login;x"]
)
def test_no_spelling_of_an_open_path_opens_another(page: FastAPI, path: str) -> None:
    assert browsing(page).get(path).status_code == 401


def test_a_page_of_another_site_can_neither_log_in_nor_change_anything(app: FastAPI, store: Store) -> None:
    client = TestClient(app, base_url=URL, follow_redirects=False)
    secret = store.sessions.open("ann")
    client.cookies.set(SESSION, secret, domain="curator.lab", path="/")
    for headers in ({}, {"Origin": "null"}, {"Origin": "https://evil.example"}, {"Origin": "http://curator.lab"}):
        assert client.get("/me", headers={} if headers == {} else headers).status_code == (200 if not headers else 403)
        fields = {"name": "mallory", "new": PASSWORD, "role": "admin"}
        assert client.post("/account/users", data=fields, headers=headers).status_code == 403
        assert client.post("/logout", headers=headers).status_code == 403
        assert client.post("/anything", json={}, headers=headers).status_code == 403
        assert log_in_with(client, headers).status_code in (400, 403)
    assert store.users.find("mallory") is None
    assert store.sessions.user_of(secret) is not None


def log_in_with(client: TestClient, headers: dict[str, str]) -> Any:
    return client.post("/login", data={"name": "ann", "password": PASSWORD}, headers=headers)


def test_a_web_socket_needs_a_session_too(app: FastAPI) -> None:
    @app.websocket("/socket")
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(identity(websocket).name)

    address = f"{URL.replace('http', 'ws')}/socket"
    client = browsing(app)
    with pytest.raises(WebSocketDenialResponse) as caught, client.websocket_connect(address):
        pass
    assert caught.value.status_code == 401
    log_in(client, "cleo")
    with client.websocket_connect(address, headers={"Cookie": f"{SESSION}={client.cookies[SESSION]}"}) as connected:
        assert connected.receive_text() == "cleo"


def test_without_users_this_machine_needs_no_login_and_another_is_let_nowhere(tmp_path: Path) -> None:
    store = make_project(tmp_path)
    here = TestClient(build_app(store, who="ada"), base_url="http://127.0.0.1:7860")
    me = here.get("/me").json()
    assert (me["name"], me["role"], me["accounts"]) == ("ada", "admin", False)
    assert here.get("/account").status_code == 404
    elsewhere = TestClient(build_app(store, loopback=False), base_url=URL, follow_redirects=False)
    assert elsewhere.get("/image/PMC1:F1").status_code == 401
    assert "curator users add NAME --role admin" in elsewhere.get("/login").text
    assert here.get("/me", headers={"Host": "proxy.example"}).status_code == 403
    store.users.add("ann", "admin", "hash")
    assert here.get("/me").status_code == 401
    assert here.get("/me", headers={"Host": "proxy.example"}).status_code == 401
    assert here.get("/login", headers={"Host": "proxy.example"}).status_code == 200
    assert here.post("/login", headers={"Host": "proxy.example", "Origin": "https://evil.example"}).status_code == 403
    store.close()
