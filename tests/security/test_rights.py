"""Who may do what, asked as somebody who knows the addresses would ask: past the page, through each door."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from data.store import Store
from tests.security.conftest import PASSWORD, SESSION, URL
from ui.accounts.attempts import MOST_BY_NAME
from ui.service.limits import MAX_BODY_BYTES

Clients = Callable[..., TestClient]
Call = Callable[..., dict[str, Any]]


def test_adopting_is_not_for_a_curator_who_may_edit(client: Clients, call: Call) -> None:
    edit = {"figure_id": "PMC1:F1", "revision": 1, "tab": "a", "key": "k"}
    adopt = {**edit, "action": "adopt", "mining_id": 1, "levels": ["panel"]}
    assert "this needs the role" in str(call(client("cleo"), "review", "edit", adopt)["error"])


@pytest.mark.parametrize("path", ["/account/users", "/account/users/role", "/account/users/disable"])
def test_no_form_of_the_account_page_makes_somebody_an_admin(client: Clients, store: Store, path: str) -> None:
    form = {"name": "cleo" if "/role" in path else "eve2", "role": "admin", "new": PASSWORD}
    assert client("rob").post(path, data=form).status_code == 400
    assert store.users.account("cleo").user.role == "curator"
    assert store.users.find("eve2") is None


def test_nobody_gets_a_token_for_more_or_ends_another_ones(client: Clients, store: Store) -> None:
    cleo = client("cleo")
    asked = cleo.post("/api/v1/tokens", json={"title": "x", "role": "admin"})
    assert asked.status_code in (403, 422)
    assert "cannot give a token the role" in asked.text
    token, _ = store.tokens.make(store.users.account("ann").user, "ann's", "admin")
    assert cleo.delete(f"/api/v1/tokens/{token.id}").status_code in (403, 404, 422)
    assert cleo.post("/account/tokens/revoke", data={"id": str(token.id)}).status_code == 400
    assert {one.id for one in store.tokens.listed("ann") if one.revoked_at is None} >= {token.id}


@pytest.mark.parametrize(
    "path", ["/", "/config", "/image/PMC1:F1", "/thumbnail/PMC1:F1", "/crop/PMC1:F1?node=p1", "/api/v1/figures", "/me"]
)
def test_nothing_is_answered_without_a_login(client: Clients, path: str) -> None:
    nobody = client()
    assert nobody.get(path).status_code == 401
    assert nobody.get(path, headers={"Accept": "text/html"}).status_code == 303
    assert nobody.get(path, headers={"X-Forwarded-User": "ann", "Remote-User": "ann"}).status_code == 401


@pytest.mark.parametrize("path", ["//", "/login/", "/login/../", "/login/oidc", "/login/oidc/callback", "/healthz/"])
def test_an_open_path_spelled_otherwise_opens_nothing(client: Clients, path: str) -> None:
    answer = client().get(path)
    assert answer.status_code in (303, 401, 404), answer.text
    assert "Podocyte" not in answer.text


def test_a_token_in_an_address_or_a_cookie_is_not_taken(client: Clients, store: Store) -> None:
    _, secret = store.tokens.make(store.users.account("ann").user, "t", "admin")
    nobody = client()
    for name in ("token", "access_token", "api_key", "__sign", "session"):
        assert nobody.get("/me", params={name: secret}).status_code == 401
    nobody.cookies.set(SESSION, secret)
    assert nobody.get("/me").status_code == 401


# --- other sites ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://curator.lab:7861", "http://curator.lab", ""]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/logout"),
        ("POST", "/login"),
        ("POST", "/account/password"),
        ("POST", "/account/tokens"),
        ("POST", "/gradio_api/component_server"),
        ("POST", "/gradio_api/queue/join"),
        ("POST", "/api/v1/decisions/PMC1:F1"),
        ("PUT", "/api/v1/leases/PMC1:F1"),
        ("DELETE", "/api/v1/leases/PMC1:F1"),
        ("POST", "/search/picture"),
    ],
)
def test_another_sites_page_changes_nothing(client: Clients, origin: str, method: str, path: str) -> None:
    ann = client("ann")
    headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"}
    assert ann.request(method, path, headers=headers, content=b"{}").status_code == 403
    del ann.headers["Origin"]
    if path != "/login":  # which refuses it in its own words
        assert ann.request(method, path, headers={"Sec-Fetch-Site": "cross-site"}, content=b"{}").status_code == 403
    assert ann.get("/me").status_code == 200


def test_a_page_that_came_without_tls_changes_nothing_over_it(client: Clients, app: FastAPI, store: Store) -> None:
    """Whoever sits on the way can answer for http://, not for https://."""
    browser = TestClient(app, base_url="https://curator.lab", follow_redirects=False)
    browser.cookies.set(f"__Host-{SESSION}", store.sessions.open("ann"), domain="curator.lab", path="/")
    for origin, status in (("http://curator.lab", 403), ("https://curator.lab", 303)):
        assert browser.post("/logout", headers={"Origin": origin}).status_code == status


def test_no_page_may_be_framed_or_shared_and_no_secret_travels_on(client: Clients) -> None:
    ann = client("ann")
    for path in ("/", "/login", "/account", "/image/PMC1:F1", "/api/v1/figures"):
        headers = ann.get(path, headers={"Origin": URL}).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] in ("no-referrer", "same-origin")
        assert headers.get("access-control-allow-origin") in (None, URL), path


# --- sessions ---------------------------------------------------------------------------------------------------------


def _log_in(browser: TestClient, name: str, password: str = PASSWORD) -> Any:
    form = {"name": name, "password": password, "next": "/"}
    return browser.post("/login", data=form, headers={"Origin": URL})


def test_a_session_that_somebody_planted_is_not_the_one_after_the_login(client: Clients, store: Store) -> None:
    for planted in ("chosen-by-an-attacker", store.sessions.open("cyd")):
        browser = client()
        browser.cookies.set(SESSION, planted)
        done = _log_in(browser, "cleo")
        assert done.status_code == 303
        assert done.cookies[SESSION] != planted
        attacker = client()
        attacker.cookies.set(SESSION, planted)
        assert attacker.get("/me").status_code == 401


def test_a_cookie_of_a_session_cannot_be_read_by_scripts_or_sent_by_other_sites(client: Clients, app: FastAPI) -> None:
    cookie = _log_in(client(), "cleo").headers["set-cookie"]
    assert "; HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Domain" not in cookie
    secure = TestClient(app, base_url="https://curator.lab", follow_redirects=False)
    form = {"name": "cleo", "password": PASSWORD}
    cookie = secure.post("/login", data=form, headers={"Origin": "https://curator.lab"}).headers["set-cookie"]
    assert cookie.startswith("__Host-")
    assert "; Secure" in cookie


def test_a_password_cannot_be_guessed_at_will(client: Clients) -> None:
    answers = [_log_in(client(), "cyd", f"guess number {number}").status_code for number in range(MOST_BY_NAME + 1)]
    assert answers == [401] * MOST_BY_NAME + [429]
    assert _log_in(client(), "cyd").status_code == 429


# --- leases -----------------------------------------------------------------------------------------------------------


def test_what_another_user_holds_is_edited_by_nobody_else_until_it_is_taken_over_for_all_to_see(
    client: Clients, call: Call, store: Store
) -> None:
    cleo, rob = client("cleo"), client("rob")
    figure = "PMC1:F3"
    assert call(cleo, "review", "lease", {"figure_id": figure, "tab": "a"})["mine"]
    revision = call(rob, "review", "load", {"figure_id": figure})["figure"]["revision"]
    edit = {"figure_id": figure, "revision": revision, "tab": "a"}
    skip = {"commands": [{"op": "judge_figure", "state": "skipped", "reason": "x"}]}
    for action in (skip, {"action": "undo"}, {"action": "redo"}):
        told = call(rob, "review", "edit", {**edit, **action, "key": "k"})
        assert told["error"]["kind"] == "lease", told
    headers = {"If-Match": f'"{revision}"', "Curator-Client": "a"}
    assert rob.post(f"/api/v1/undo/{figure}", headers=headers).status_code in (409, 422, 423, 428)
    call(rob, "review", "release", {"figure_id": figure, "tab": "a"})
    rob.delete(f"/api/v1/leases/{figure}", headers={"Curator-Client": "a"})
    assert not call(rob, "review", "lease", {"figure_id": figure, "tab": "a"})["mine"]
    assert rob.put(f"/api/v1/leases/{figure}").status_code == 423
    assert rob.put(f"/api/v1/leases/{figure}", params={"take_over": True}).status_code == 200
    assert not call(cleo, "review", "lease", {"figure_id": figure, "tab": "a"})["mine"]
    taken = [one for one in store.audit.records(who="rob") if one.action == "lease.take"]
    assert [(one.subject, dict(one.detail)) for one in taken] == [(figure, {"from": "cleo"})]
    assert rob.put(f"/api/v1/leases/{figure}", params={"take_over": True}).status_code == 200
    assert len([one for one in store.audit.records(who="rob") if one.action == "lease.take"]) == 1


# --- size -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/gradio_api/component_server", "/gradio_api/queue/join", "/api/v1/search", "/login"])
def test_a_body_without_end_is_read_to_its_limit_and_no_further(
    client: Clients, app: FastAPI, store: Store, path: str
) -> None:
    status, read = asyncio.run(_endless(app, path, store.sessions.open("ann")))
    assert status == 413
    assert read <= MAX_BODY_BYTES + 65_536
    stated = client("ann").post(path, content=b"x" * (5 * 2**20), headers={"Content-Type": "application/json"})
    assert stated.status_code == 413


async def _endless(app: FastAPI, path: str, session: str) -> tuple[int, int]:
    """Sends without ever ending; the answer's status, and how many bytes were read. An HTTP client would collect them
    first."""
    read, statuses = 0, []

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += 65_536
        assert read < 2**26, "read on"
        return {"type": "http.request", "body": b" " * 65_536, "more_body": True}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    headers = {"host": "curator.lab:7860", "origin": URL, "cookie": f"{SESSION}={session}"}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "server": ("curator.lab", 7860),
        "client": ("127.0.0.1", 1),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()]
        + [(b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")],
    }
    await app(scope, receive, send)
    return statuses[0], read


def test_json_without_end_is_told_so(client: Clients) -> None:
    for path in ("/gradio_api/component_server", "/api/v1/search"):
        answer = client("ann").post(path, content=b"[" * 100_000, headers={"Content-Type": "application/json"})
        assert (answer.status_code, "nests deeper" in answer.text) == (400, True)
