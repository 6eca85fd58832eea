"""The page of the own account, and of users."""

from __future__ import annotations

from data.store import Store
from tests.ui.accounts.routes.conftest import (
    PASSWORD,
    Browsers,
    actions,
    log_in,
)


def test_the_account_page_changes_the_password_and_ends_the_sessions(browser: Browsers, store: Store) -> None:
    client, elsewhere = browser(), browser()
    log_in(client, "cleo")
    log_in(elsewhere, "cleo")
    wrong = client.post("/account/password", data={"old": "wrong", "new": "another long password"})
    assert (wrong.status_code, elsewhere.get("/me").status_code) == (400, 200)
    assert "the password of now is wrong, and stays as it is" in wrong.text
    short = client.post("/account/password", data={"old": PASSWORD, "new": "short"})
    assert "a password of 5 characters cannot be used" in short.text
    assert client.post("/account/password", data={"old": PASSWORD, "new": "another long password"}).status_code == 303
    assert elsewhere.get("/me").status_code == 401
    assert log_in(client, "cleo").status_code == 401
    assert log_in(client, "cleo", "another long password").status_code == 303
    assert "user.password" in actions(store, "cleo")


def test_a_token_is_shown_once_and_revoked_on_the_account_page_by_its_owner_alone(
    browser: Browsers, store: Store
) -> None:
    cleo, rob = browser(), browser()
    log_in(cleo, "cleo")
    log_in(rob, "rob")
    made = cleo.post("/account/tokens", data={"title": "<b>script</b>", "role": "curator"}).text
    secret = made.split("<code>")[1].split("</code>")[0]
    assert store.tokens.user_of(secret) is not None
    assert "<b>script" not in made
    assert secret not in cleo.get("/account").text
    refused = cleo.post("/account/tokens", data={"title": "more", "role": "admin"})
    assert "cannot give a token the role" in refused.text
    (token,) = store.tokens.listed("cleo")
    assert rob.post("/account/tokens/revoke", data={"id": str(token.id)}).status_code == 400
    assert store.tokens.user_of(secret) is not None
    for number in ("", "1 or 1=1", "²", "9" * 30):
        assert cleo.post("/account/tokens/revoke", data={"id": number}).status_code == 400
    assert cleo.post("/account/tokens/revoke", data={"id": str(token.id)}).status_code == 200
    assert store.tokens.user_of(secret) is None


def test_users_are_changed_on_the_account_page_by_admins_alone(browser: Browsers, store: Store) -> None:
    forms = {
        "/account/users": {"name": "zoe", "new": PASSWORD, "role": "reviewer"},
        "/account/users/role": {"name": "zoe", "role": "curator"},
        "/account/users/disable": {"name": "zoe"},
        "/account/users/enable": {"name": "zoe"},
    }
    rob, ann = browser(), browser()
    log_in(rob, "rob")
    log_in(ann, "ann")
    assert "<h2>Users</h2>" not in rob.get("/account").text
    for path, fields in forms.items():
        assert "rob is a reviewer, and this needs the role" in rob.post(path, data=fields).text.replace("&#x27;", "'")
    assert store.users.find("zoe") is None
    for path, fields in forms.items():
        assert ann.post(path, data=fields).status_code == 200, path
    zoe = store.users.account("zoe")
    assert (zoe.user.role, zoe.disabled_at) == ("curator", None)
    assert actions(store, "ann") == ["login", "user.add", "user.role", "user.disable", "user.enable"]
    last = ann.post("/account/users/disable", data={"name": "ann"})
    assert "is the only admin" in last.text
