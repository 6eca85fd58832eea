"""Sessions and tokens: what they open, and how they end."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.testclient import TestClient

from curator.user import User
from data.store import Store
from tests.ui.accounts.routes.conftest import (
    SESSION,
    URL,
    Browsers,
    actions,
    log_in,
    logged_in,
)


def test_a_session_opens_the_page_images_and_crops_for_its_user(page: FastAPI, whole: Store) -> None:
    client = logged_in(page, whole, "cleo")
    for path in ("/", "/config", "/image/PMC1:F1", "/thumbnail/PMC1:F1", "/crop/PMC1:F1?node=p1", "/theme.css"):
        assert client.get(path).status_code == 200, path
    me = {"name": "cleo", "role": "curator", "rights": ["review"], "accounts": True}
    assert client.get("/me").json() == me


def test_the_cookie_is_for_no_script_and_no_other_site_and_over_tls_only_for_tls(
    browser: Browsers,
) -> None:
    plain = log_in(browser(), "cleo").headers["set-cookie"]
    assert plain.startswith(f"{SESSION}=")
    assert "; HttpOnly; Path=/; SameSite=lax" in plain
    assert "Secure" not in plain
    secure = log_in(browser("https://curator.lab"), "cleo").headers["set-cookie"]
    assert secure.startswith(f"__Host-{SESSION}=")
    assert "; HttpOnly; Path=/; SameSite=lax; Secure" in secure


def test_a_session_that_was_planted_before_the_login_is_of_no_use_after_it(browser: Browsers) -> None:
    """Session fixation: the attacker knows the victim's cookie, invented or of a session of the attacker's own."""
    attacker, victim = browser(), browser()
    log_in(attacker, "rob")
    planted = attacker.cookies[SESSION]
    victim.cookies.set(SESSION, planted, domain="curator.lab", path="/")
    answer = log_in(victim, "ann")
    fresh = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
    assert fresh != planted
    assert attacker.get("/me").status_code == 401
    invented = browser()
    invented.cookies.set(SESSION, "x" * 43, domain="curator.lab", path="/")
    assert log_in(invented, "ann").status_code == 303
    other = browser()
    other.cookies.set(SESSION, "x" * 43, domain="curator.lab", path="/")
    assert other.get("/me").status_code == 401


def test_logging_out_ends_the_session_itself_and_not_only_the_cookie(browser: Browsers, store: Store) -> None:
    client = browser()
    log_in(client, "cleo")
    stolen = client.cookies[SESSION]
    answer = client.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert answer.headers["clear-site-data"] == '"cache"'
    assert SESSION not in client.cookies
    client.cookies.set(SESSION, stolen, domain="curator.lab", path="/")
    assert client.get("/me").status_code == 401
    assert actions(store, "cleo") == ["login", "logout"]


def test_a_token_acts_as_its_user_without_a_cookie_or_an_origin_until_it_is_revoked(app: FastAPI, store: Store) -> None:
    token, secret = store.tokens.make(User("rob", "reviewer"), "script", "curator")
    program = TestClient(app, base_url=URL, headers={"Authorization": f"Bearer {secret}"})
    me = program.get("/me").json()
    assert (me["name"], me["role"]) == ("rob", "curator")
    assert program.post("/anything").status_code == 404
    store.tokens.revoke(token.id)
    assert program.get("/me").status_code == 401


def test_a_wrong_token_is_not_made_good_by_a_session(browser: Browsers) -> None:
    client = browser()
    log_in(client, "ann")
    for value in ("Bearer wrong", "Bearer ", "Bearer", "Token wrong"):
        assert client.get("/me", headers={"Authorization": value}).status_code == 401


def test_a_role_changed_or_a_user_disabled_meanwhile_holds_from_the_next_request_on(
    browser: Browsers, store: Store
) -> None:
    client = browser()
    log_in(client, "cleo")
    store.users.set_role("cleo", "admin")
    assert client.get("/me").json()["role"] == "admin"
    store.users.disable("cleo")
    assert client.get("/me").status_code == 401
