"""Users, sessions, tokens and the audit log in a real database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from curator.errors import AccountError, InputError, RightsError
from curator.user import ROLES, User, checked_name, checked_role
from data.store import Store
from data.store.sessions import IDLE, LONGEST
from data.store.tokens import PREFIX
from tests.data.projects import add_mined_figure

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A project with the admin ann, the reviewer rob and the curator cleo."""
    store = Store(tmp_path)
    store.users.add("ann", "admin", "hash of ann")
    store.users.add("rob", "reviewer", "hash of rob")
    store.users.add("cleo", "curator", "hash of cleo")
    yield store
    store.close()


def user(store: Store, secret: str, now: datetime = NOW) -> User | None:
    found = store.sessions.user_of(secret, now)
    return found[0] if found else None


def test_there_are_no_accounts_until_a_user_is_added_and_then_for_good(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert not store.users.any()
    store.users.add("ann", "admin", "hash")
    assert store.users.any()
    store.close()


def test_the_first_user_must_be_an_admin(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(AccountError, match=r"^the first user must be an admin, not a curator; add with --role admin$"):
        store.users.add("cleo", "curator", "hash")
    assert not store.users.any()
    store.close()


@pytest.mark.parametrize("name", ["", "Ann", "ann#1", "a b", "../ann", "a" * 65, "-ann", "änn", "ann\n", "=cmd()"])
def test_a_name_that_could_be_mistaken_for_something_else_is_refused(name: str) -> None:
    with pytest.raises(AccountError, match="cannot be a user's name"):
        checked_name(name)


@pytest.mark.parametrize("name", ["ann", "ann.lee", "ann@lab.org", "0-a_b", "a" * 64])
def test_plain_names_and_mail_addresses_are_names(name: str) -> None:
    assert checked_name(name) == name


def test_an_unknown_role_is_named_with_those_there_are() -> None:
    with pytest.raises(AccountError) as caught:
        checked_role("root")
    assert str(caught.value) == "there is no role 'root'; expected one of ['curator', 'reviewer', 'admin']"


def test_each_role_may_do_all_that_those_before_it_may() -> None:
    rights = [set(User("x", role).rights) for role in ROLES]
    assert rights[0] < rights[1] < rights[2]
    assert rights[0] == {"review"}
    assert rights[1] == {"review", "adopt", "auto", "mine", "export", "train", "sync", "team"}
    assert rights[2] - rights[1] == {"ingest", "model", "users", "backup"}


def test_a_name_cannot_be_used_twice(store: Store) -> None:
    with pytest.raises(AccountError, match=r"^there is a user 'rob' already"):
        store.users.add("rob", "admin", "another hash")
    assert store.users.account("rob").password_hash == "hash of rob"


def test_the_only_admin_stays_one(store: Store) -> None:
    changes: list[Callable[[], None]] = [
        lambda: store.users.set_role("ann", "curator"),
        lambda: store.users.disable("ann"),
    ]
    for change in changes:
        with pytest.raises(AccountError, match=r"^'ann' is the only admin"):
            change()
    store.users.set_role("rob", "admin")
    store.users.disable("ann")
    with pytest.raises(AccountError, match=r"^'rob' is the only admin"):
        store.users.set_role("rob", "reviewer")


def test_what_is_done_to_nobody_is_refused(store: Store) -> None:
    changes: list[Callable[[], None]] = [
        lambda: store.users.set_role("zoe", "admin"),
        lambda: store.users.set_password("zoe", "hash"),
        lambda: store.users.disable("zoe"),
        lambda: store.users.enable("zoe"),
    ]
    for change in changes:
        with pytest.raises(AccountError, match=r"^there is no user 'zoe'"):
            change()


def test_the_database_holds_no_secret_that_a_browser_or_program_shows(store: Store) -> None:
    session = store.sessions.open("cleo", NOW)
    _, token = store.tokens.make(User("cleo", "curator"), "script", "curator")
    held = "\n".join(store.connections.db.conn.iterdump())
    assert "hash of cleo" in held
    assert session not in held
    assert token not in held
    assert token.removeprefix(PREFIX) not in held


def test_a_session_knows_its_user_with_the_role_that_holds_now(store: Store) -> None:
    secret = store.sessions.open("cleo", NOW)
    assert user(store, secret) == User("cleo", "curator")
    store.users.set_role("cleo", "reviewer")
    assert user(store, secret) == User("cleo", "reviewer")
    for other in ("", secret[:-1], secret + "=", secret.swapcase(), "' or 1=1 --", "\ud800"):
        assert user(store, other) is None


def test_a_session_ends_when_it_is_idle_and_is_put_off_by_use(store: Store) -> None:
    secret = store.sessions.open("cleo", NOW)
    assert user(store, secret, NOW + IDLE) == User("cleo", "curator")
    assert user(store, secret, NOW + IDLE + timedelta(seconds=1)) is None
    store.sessions.seen(secret, NOW + timedelta(hours=6))
    assert user(store, secret, NOW + IDLE + timedelta(hours=6)) == User("cleo", "curator")


def test_a_session_ends_in_the_end_however_much_it_is_used(store: Store) -> None:
    secret = store.sessions.open("cleo", NOW)
    for hours in range(0, int(LONGEST.total_seconds() // 3600) + 24, 6):
        store.sessions.seen(secret, NOW + timedelta(hours=hours))
    assert user(store, secret, NOW + LONGEST) is not None
    assert user(store, secret, NOW + LONGEST + timedelta(seconds=1)) is None


def test_a_session_says_when_its_use_should_be_noted(store: Store) -> None:
    secret = store.sessions.open("cleo", NOW)
    assert store.sessions.user_of(secret, NOW + timedelta(minutes=4)) == (User("cleo", "curator"), False)
    assert store.sessions.user_of(secret, NOW + timedelta(minutes=6)) == (User("cleo", "curator"), True)


def test_sessions_that_have_ended_are_forgotten_at_the_next_login(store: Store) -> None:
    store.sessions.open("cleo", NOW)
    store.sessions.open("rob", NOW + LONGEST + timedelta(days=1))
    assert [row["user_name"] for row in store.connections.rows("select user_name from sessions")] == ["rob"]


def test_closing_one_session_leaves_the_user_s_others(store: Store) -> None:
    one, other = store.sessions.open("cleo", NOW), store.sessions.open("cleo", NOW)
    store.sessions.close(one)
    assert user(store, one) is None
    assert user(store, other) == User("cleo", "curator")


def test_a_new_password_and_disabling_end_all_sessions_of_that_user_alone(store: Store) -> None:
    of_rob = store.sessions.open("rob", NOW)
    changes: list[Callable[[], None]] = [
        lambda: store.users.set_password("cleo", "new"),
        lambda: store.users.disable("cleo"),
    ]
    for change in changes:
        secret = store.sessions.open("cleo", NOW)
        change()
        assert user(store, secret) is None
    assert user(store, of_rob) == User("rob", "reviewer")


def test_a_better_hash_of_the_same_password_ends_no_session(store: Store) -> None:
    secret = store.sessions.open("cleo", NOW)
    store.users.set_password("cleo", "better", keep_sessions=True)
    assert user(store, secret) == User("cleo", "curator")


def test_a_disabled_user_s_tokens_stay_revoked_when_they_are_enabled_again(store: Store) -> None:
    _, secret = store.tokens.make(User("cleo", "curator"), "script", "curator")
    store.users.disable("cleo")
    assert store.tokens.user_of(secret) is None
    store.users.enable("cleo")
    assert store.users.account("cleo").disabled_at is None
    assert store.tokens.user_of(secret) is None


def test_a_token_may_do_no_more_than_its_user_when_made_and_ever_after(store: Store) -> None:
    with pytest.raises(RightsError, match=r"^rob is a reviewer and cannot give a token the role 'admin'$"):
        store.tokens.make(User("rob", "reviewer"), "script", "admin")
    _, secret = store.tokens.make(User("rob", "reviewer"), "script", "reviewer")
    store.users.set_role("rob", "curator")
    assert store.tokens.user_of(secret, NOW) == (User("rob", "curator"), True)
    store.users.set_role("rob", "admin")
    assert store.tokens.user_of(secret, NOW) == (User("rob", "reviewer"), True)


def test_a_token_is_of_no_use_from_the_moment_it_is_revoked(store: Store) -> None:
    token, secret = store.tokens.make(User("rob", "reviewer"), "script", "curator")
    with pytest.raises(AccountError, match=r"^there is no token"):
        store.tokens.revoke(token.id, owner="cleo")
    assert store.tokens.user_of(secret) is not None
    revoked = store.tokens.revoke(token.id, owner="rob")
    assert revoked.revoked_at is not None
    assert store.tokens.user_of(secret) is None
    assert store.tokens.revoke(token.id) == revoked


def test_a_token_tells_when_it_was_used(store: Store) -> None:
    _, secret = store.tokens.make(User("rob", "reviewer"), "script", "curator")
    store.tokens.used(secret)
    found = store.tokens.user_of(secret)
    assert found is not None
    assert found[1] is False
    (token,) = store.tokens.listed("rob")
    assert token.used_at is not None
    assert store.tokens.listed("cleo") == []
    assert store.tokens.listed() == [token]


@pytest.mark.parametrize("title", ["", "  ", "x" * 101])
def test_a_token_says_what_it_is_for(store: Store, title: str) -> None:
    with pytest.raises(AccountError, match="cannot be a token's title"):
        store.tokens.make(User("rob", "reviewer"), title, "curator")


def test_the_audit_log_gives_decisions_and_all_else_in_one_stream_by_time(store: Store) -> None:
    store.audit.add("ann", "login", "ann", {"kind": "password"}, "10.0.0.7")
    figure_id = add_mined_figure(store)
    store.audit.add("ann", "export", "out", {"format": "coco"})
    records = list(store.audit.records())
    assert [(one.who, one.action, one.subject) for one in records if one.action != "mine"] == [
        ("ann", "login", "ann"),
        ("ann", "export", "out"),
    ]
    (mined,) = (one for one in records if one.action == "mine")
    assert mined.subject == figure_id
    assert mined.detail["state"] == "proposed"
    assert records[0].detail == {"kind": "password"}
    assert records[0].address == "10.0.0.7"
    assert [one.at for one in records] == sorted(one.at for one in records)
    assert [one.action for one in store.audit.records(who="ann")] == ["login", "export"]
    assert list(store.audit.records(since="9999-01-01")) == []


def test_a_time_is_understood_whatever_its_offset_and_what_is_none_is_refused_at_once(store: Store) -> None:
    store.audit.add("ann", "login")
    (at,) = [datetime.fromisoformat(one.at) for one in store.audit.records()]
    elsewhere = timezone(timedelta(hours=2))
    assert len(list(store.audit.records(since=at.astimezone(elsewhere).isoformat()))) == 1
    assert list(store.audit.records(since=(at + timedelta(seconds=1)).astimezone(elsewhere).isoformat())) == []
    assert len(list(store.audit.records(since=at.date().isoformat()))) == 1
    for wrong in ("yesterday", "2026-13-01", "9999-12-31T23:59-10:00"):
        with pytest.raises(InputError, match="is no day or time; expected ISO 8601"):
            store.audit.records(since=wrong)


def test_nobody_can_change_or_delete_what_the_audit_log_says(store: Store) -> None:
    store.audit.add("ann", "login")
    for statement in ("update audit set who = 'rob'", "delete from audit"):
        with pytest.raises(sqlite3.IntegrityError, match="the audit log is append-only"):
            store.connections.db.conn.execute(statement)
