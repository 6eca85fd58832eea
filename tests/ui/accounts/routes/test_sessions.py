"""Sessions and tokens: what they open, and how they end."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient

from curator.errors import AccountError
from curator.user import User
from data.store import Store
from tests.ui.accounts.routes.conftest import (
    PASSWORD,
    QUICK,
    SESSION,
    URL,
    Browsers,
    actions,
    log_in,
    logged_in,
)
from ui.accounts.logins import Logins
from ui.accounts.passwords import Passwords


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


class Slow(Passwords):
    """Hashes so slowly that an admin changes the user in the meantime."""

    def __init__(self, store: Store, change: str, time_cost: int = 1) -> None:
        super().__init__(PasswordHasher(time_cost=time_cost, memory_cost=8, parallelism=1))
        self._store, self._change = store, change

    def fits(self, password: str, password_hash: str | None) -> bool:
        fitted = super().fits(password, password_hash)
        if self._change == "disable":
            self._store.users.disable("cleo")
        else:
            self._store.users.set_password("cleo", QUICK.hashed("what the admin chose"))
        return fitted


@pytest.mark.parametrize("change", ["disable", "password"])
@pytest.mark.parametrize("time_cost", [1, 2], ids=["as hashed today", "outdated hash"])
def test_who_logs_in_while_the_password_is_taken_away_has_no_session_afterwards(
    store: Store, change: str, time_cost: int
) -> None:
    with pytest.raises(AccountError, match="'cleo' was changed meanwhile"):
        Logins(store, Slow(store, change, time_cost)).log_in("cleo", PASSWORD, "")
    assert store.connections.rows("select 1 from sessions") == []
    if change == "password":
        assert QUICK.fits("what the admin chose", store.users.account("cleo").password_hash)


def test_who_changes_the_own_password_while_an_admin_sets_another_one_does_not_undo_that(store: Store) -> None:
    with pytest.raises(AccountError, match="'cleo' was changed meanwhile"):
        Logins(store, Slow(store, "password")).change_password("cleo", PASSWORD, "what an attacker chose", "")
    assert QUICK.fits("what the admin chose", store.users.account("cleo").password_hash)
