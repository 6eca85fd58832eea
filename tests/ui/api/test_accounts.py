"""Users, tokens and the audit log through the API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from data.store import Store
from tests.ui.api.conftest import Clients

PASSWORD = "a long enough password"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("curator", {"role": "admin", "password": "short"}),
        ("curator", {"disabled": True, "password": "short"}),
        ("admin", {"password": PASSWORD, "disabled": True}),
        ("admin", {"password": PASSWORD, "role": "curator"}),
        ("admin", {"disabled": True, "role": "admin"}),
    ],
    ids=str,
)
def test_a_change_of_which_a_part_is_refused_changes_nothing(
    as_role: Clients, store: Store, name: str, change: dict[str, Any]
) -> None:
    admin, before = as_role("admin"), store.users.account(name)
    logged = len(list(store.audit.records()))
    answer = admin.patch(f"/users/{name}", json=change)
    assert (answer.status_code, answer.json()["kind"]) == (422, "refused")
    assert store.users.account(name) == before
    assert len(list(store.audit.records())) == logged


def test_a_change_of_several_things_is_made_and_noted_whole(as_role: Clients, store: Store) -> None:
    admin, session = as_role("admin"), store.sessions.open("curator")
    change = {"role": "reviewer", "password": PASSWORD, "disabled": False}
    answer = admin.patch("/users/curator", json=change)
    assert (answer.status_code, answer.json()["role"]) == (200, "reviewer")
    assert store.users.account("curator").password_hash.startswith("$argon2id$")
    assert store.sessions.user_of(session) is None
    noted = {one.action for one in store.audit.records(who="admin") if one.subject == "curator"}
    assert noted == {"user.enable", "user.role", "user.password"}


def test_who_may_not_make_anothers_token_is_not_told_who_there_is(as_role: Clients) -> None:
    curator = as_role("curator")
    asked = [{"title": "x", "role": "curator", "user": name} for name in ("admin", "nobody-at-all")]
    known, unknown = (curator.post("/tokens", json=one) for one in asked)
    assert (known.status_code, known.json()["kind"]) == (403, "rights")
    assert known.json() == unknown.json()


def test_a_token_is_worth_no_more_than_the_token_that_made_it(as_role: Clients, store: Store) -> None:
    small = as_role("admin")
    _, secret = store.tokens.make(store.users.account("admin").user, "small", "curator")
    small.headers["Authorization"] = f"Bearer {secret}"
    assert small.post("/tokens", json={"title": "x", "role": "admin"}).status_code == 403
    made = small.post("/tokens", json={"title": "x", "role": "curator"})
    assert (made.status_code, made.json()["token"]["role"]) == (201, "curator")
    assert small.get("/tokens", params={"everybody": True}).status_code == 403


def test_the_audit_log_is_one_object_a_line_from_a_time_on_and_of_one_user(as_role: Clients) -> None:
    admin = as_role("admin")
    assert admin.post("/users", json={"name": "=cmd", "role": "curator", "password": PASSWORD}).status_code == 422
    assert admin.post("/users", json={"name": "zoe", "role": "curator", "password": PASSWORD}).status_code == 201
    answer = admin.get("/audit", params={"who": "admin"})
    assert answer.headers["content-type"] == "application/x-ndjson"
    (line,) = map(json.loads, answer.text.splitlines())
    assert (line["who"], line["action"], line["subject"], line["detail"]) == (
        "admin",
        "user.add",
        "zoe",
        {"role": "curator"},
    )
    assert admin.get("/audit", params={"who": "admin", "since": "9999-01-01"}).text == ""
    wrong = admin.get("/audit", params={"since": "yesterday"})
    assert wrong.status_code == 422
    assert "'yesterday' is no day or time" in wrong.json()["detail"]
