"""curator users and curator audit as a user runs them."""

from __future__ import annotations

import csv
import json
import shutil
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from curator.errors import SettingsError
from data.store import Store
from data.store.subjects import Subject
from tests.data.projects import add_mined_figure
from ui.accounts.passwords import Passwords
from ui.cli import main
from ui.service.serving import serve_page

PASSWORD = "a long enough password"


def curator(project: Path, *arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, ["--project", str(project), *arguments], input=typed)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the admin ann; each test works on a copy."""
    folder = tmp_path_factory.mktemp("made")
    added = curator(folder, "users", "add", "ann", "--role", "admin", "--password-stdin", typed=f"{PASSWORD}\n")
    assert added.output == f"ann has the role admin in {folder}\n"
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path, dirs_exist_ok=True))


def test_users_are_added_listed_changed_and_disabled(project: Path) -> None:
    assert curator(project, "users", "add", "cleo", typed=f"{PASSWORD}\n{PASSWORD}\n").exit_code == 0
    assert curator(project, "users", "role", "cleo", "reviewer").output == "cleo has the role reviewer now\n"
    assert curator(project, "users", "password", "cleo", "--password-stdin", typed="quite another one\n").exit_code == 0
    store = Store(project)
    assert Passwords().fits("quite another one", store.users.account("cleo").password_hash)
    assert not Passwords().fits(PASSWORD, store.users.account("cleo").password_hash)
    assert curator(project, "users", "disable", "cleo").exit_code == 0
    rows = json.loads(curator(project, "users", "list", "--json").output)
    assert [(row["name"], row["role"], row["disabled_at"] is None) for row in rows] == [
        ("ann", "admin", True),
        ("cleo", "reviewer", False),
    ]
    assert ", disabled 2" in curator(project, "users", "list").output.splitlines()[1]
    assert curator(project, "users", "enable", "cleo").exit_code == 0
    assert store.users.account("cleo").disabled_at is None
    done = [record.action for record in store.audit.records()]
    assert done == ["user.add", "user.add", "user.role", "user.password", "user.disable", "user.enable"]
    assert all(record.who.endswith(" (shell)") for record in store.audit.records())
    store.close()


def test_no_command_prints_or_logs_a_password_or_its_hash(project: Path) -> None:
    store = Store(project)
    password_hash = store.users.account("ann").password_hash
    assert password_hash.startswith("$argon2id$")
    for shown in (("users", "list"), ("users", "list", "--json"), ("audit",), ("audit", "--json"), ("audit", "--csv")):
        output = curator(project, *shown).output
        assert "ann" in output
        assert PASSWORD not in output
        assert "argon2" not in output
    store.close()


def test_a_token_is_printed_once_and_ends_when_it_is_revoked(project: Path) -> None:
    made = curator(project, "users", "token", "ann", "--for", "nightly export", "--role", "reviewer")
    secret = made.stdout.strip()
    store = Store(project)
    found = store.tokens.user_of(secret)
    assert found is not None
    assert (found[0].name, found[0].role) == ("ann", "reviewer")
    listed = curator(project, "users", "tokens").output
    assert "reviewer  nightly export (never used)" in listed
    assert secret not in listed + curator(project, "audit", "--json").output
    assert curator(project, "users", "revoke", "1").output == "token 1 of ann is revoked\n"
    assert store.tokens.user_of(secret) is None
    assert "(revoked 2" in curator(project, "users", "tokens", "ann").output
    store.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add", "cleo", "--password-stdin"), "Error: a password of 5 characters cannot be used; expected at least 10"),
        (("add", "Cleo!", "--password-stdin"), "Error: 'Cleo!' cannot be a user's name"),
        (("add", "ann", "--password-stdin"), "Error: there is a user 'ann' already"),
        (("role", "ann", "curator"), "Error: 'ann' is the only admin"),
        (("disable", "zoe"), "Error: there is no user 'zoe'; `curator users list` names them"),
        (("revoke", "7"), "Error: there is no token 7 here"),
    ],
    ids=["short password", "name", "taken", "only admin", "unknown", "no token"],
)
def test_what_cannot_be_done_is_told_in_one_line(project: Path, arguments: tuple[str, ...], message: str) -> None:
    typed = f"{PASSWORD}\n" if "ann" in arguments else "short\n"
    answer = curator(project, "users", *arguments, typed=typed)
    assert answer.exit_code == 1
    assert answer.output.startswith(message)
    assert len(answer.output.splitlines()) == 1


def test_the_audit_log_holds_decisions_and_all_else_in_json_and_csv(project: Path) -> None:
    store = Store(project)
    figure_id = add_mined_figure(store)
    store.audit.add("=cmd|' /C calc'!A0", "login.failed", "\x1b[2Jann", {"a": 1}, "10.0.0.7")
    records = [json.loads(line) for line in curator(project, "audit", "--json").output.splitlines()]
    assert {(one["action"], one["subject"]) for one in records} == {  # all may be of one millisecond
        ("user.add", "ann"),
        ("mine", figure_id),
        ("login.failed", "\x1b[2Jann"),
    }
    assert len(records) == 3
    rows = list(csv.DictReader(StringIO(curator(project, "audit", "--csv").output)))
    assert list(rows[0]) == ["at", "who", "action", "subject", "detail", "address"]
    (failed,) = (row for row in rows if row["action"] == "login.failed")
    assert failed["who"] == "'=cmd|' /C calc'!A0"
    assert json.loads(failed["detail"]) == {"a": 1}
    text = curator(project, "audit").output
    assert "\x1b" not in text
    assert "\\x1b[2Jann" in text
    assert curator(project, "audit", "--since", "9999-01-01").output == ""
    assert curator(project, "audit", "--who", "nobody").output == ""
    wrong = curator(project, "audit", "--csv", "--since", "yesterday")
    assert wrong.exit_code == 1
    assert wrong.output.startswith("Error: 'yesterday' is no day or time; expected ISO 8601 such as 2026-11-22")
    store.close()


def test_exports_and_minings_from_the_shell_are_in_the_log(project: Path) -> None:
    assert curator(project, "mine", "--again").exit_code == 0
    store = Store(project)
    add_mined_figure(store)
    exported = curator(project, "export", "--format", "jsonl", "-o", str(project / "out"))
    assert exported.exit_code == 0, exported.output
    done = [(one.action, one.detail) for one in store.audit.records() if one.who.endswith(" (shell)")]
    assert done[1:] == [
        ("mining.start", {"agent": "embedded", "again": True, "limit": None}),
        ("export", {"format": "jsonl", "verified_only": False, "auto": False}),
    ]
    store.close()


def test_another_address_is_served_with_users_alone_and_the_refusal_names_the_mend(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(SettingsError) as caught:
        serve_page(store, "0.0.0.0", 0, False)
    assert str(caught.value) == (
        "host '0.0.0.0' is reachable from other machines, and the project has no users: anyone there could edit your "
        "figures. Add one (curator users add NAME --role admin), or use 127.0.0.1 and an SSH tunnel from elsewhere "
        "(ssh -L 7860:127.0.0.1:7860 ...)"
    )
    store.users.add("ann", "admin", "hash")
    with pytest.raises(SettingsError, match=r"^port 0 of 203.0.113.1 cannot be used"):
        serve_page(store, "203.0.113.1", 0, False)  # of no interface: it gets as far as binding
    store.close()


def test_a_user_is_linked_with_somebody_whom_a_provider_knows_and_unlinked(project: Path) -> None:
    refused = curator(project, "users", "link", "ann", "--subject", "7")
    assert "no provider is named" in refused.output
    (project / "curator.toml").write_text('[oidc]\nissuer = "https://login.lab"\nclient_id = "curator"\n')
    assert curator(project, "users", "link", "ann", "--subject", "7").output == (
        "7 of https://login.lab logs in as ann\n"
    )
    assert curator(project, "users", "link", "ann", "--subject", "8", "--issuer", "https://other.lab").exit_code == 0
    curator(project, "users", "add", "cleo", "--password-stdin", typed=f"{PASSWORD}\n")
    assert (
        "'7' of https://login.lab is ann already" in curator(project, "users", "link", "cleo", "--subject", "7").output
    )
    store = Store(project)
    links = [Subject("https://login.lab", "7"), Subject("https://other.lab", "8")]
    assert [found and found.user.name for found in map(store.subjects.user_of, links)] == ["ann", "ann"]
    session = store.sessions.open("ann")
    assert curator(project, "users", "unlink", "ann").output == "ann has 2 links less; a password still holds\n"
    assert [store.subjects.user_of(link) for link in links] == [None, None]
    assert store.sessions.user_of(session) is None
    store.close()
