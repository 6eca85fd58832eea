"""Logging in through a provider that others wrote and that is certified: codes, PKCE, keys and UserInfo are its own.

TEST_OIDC_PROVIDER names the folder where it is installed (``npm install oidc-provider``); skipped without.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from curator.settings import FILE_NAME
from data.store import Store
from tests.e2e.conftest import served
from ui.accounts.oidc import SECRET_FILE

SCRIPT = Path(__file__).with_name("oidc_provider.mjs")
SECRET = "a secret of thirty-two letters ++"
_PATIENCE_MS = 120_000  # guess: three servers and a browser on two busy cores
PEOPLE = {
    "7": {"preferred_username": "Zoe", "groups": ["imaging-leads", "staff"]},
    "8": {"preferred_username": "Max", "groups": ["imaging"]},
    "9": {"preferred_username": "Eve", "groups": ["cooks"]},
}


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def more() -> tuple[str, ...]:
    """Other lines of the settings."""
    return ()


@pytest.fixture
def url(project: Store, port: int, tmp_path: Path, more: tuple[str, ...]) -> Iterator[str]:
    folder, node = os.environ.get("TEST_OIDC_PROVIDER"), shutil.which("node")
    if not folder or node is None:
        pytest.skip("TEST_OIDC_PROVIDER names no folder with npm's oidc-provider, or there is no node")
    project.users.add("ann", "admin", "")
    lines = (
        *("[oidc]", f'issuer = "http://127.0.0.1:{port}"', 'client_id = "curator"', 'roles_claim = "groups"'),
        'roles = { imaging = "curator", imaging-leads = "reviewer" }',
        *more,
    )
    (project.project / FILE_NAME).write_text("\n".join(lines))
    secret = project.project / SECRET_FILE
    secret.touch(0o600)
    secret.write_text(SECRET)
    with served(project, loopback=False) as address, (tmp_path / "provider.log").open("w+") as log:
        command = [node, str(SCRIPT), folder, str(port), f"{address}/login/oidc/callback", json.dumps(PEOPLE)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as provider:
            assert provider.stdout is not None
            said = provider.stdout.readline()
            log.seek(0)
            assert said == "ready\n", log.read()
            try:
                yield address
            finally:
                provider.terminate()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    context.set_default_timeout(_PATIENCE_MS)
    yield context.new_page()
    context.close()


def log_in_there(page: Page, subject: str) -> None:
    """As whoever has this subject; whatever password will do there."""
    page.get_by_placeholder("Enter any login").fill(subject)
    page.get_by_placeholder("and password").fill("a password")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()


def changed(page: Page, url: str, **parameters: str) -> str:
    """The provider's address for a login that this browser begins, with something of it changed on the way."""
    begun = page.request.get(f"{url}/login/oidc", max_redirects=0)
    there = urlsplit(begun.headers["location"])
    asked = {name: values[0] for name, values in parse_qs(there.query).items()}
    assert parameters.keys() <= asked.keys()
    return there._replace(query=urlencode(asked | parameters)).geturl()


def test_somebody_logs_in_with_the_role_of_their_group_logs_out_and_is_refused_once_disabled(
    page: Page, url: str, project: Store
) -> None:
    page.goto(f"{url}/#figure=PMC1:F4")
    page.get_by_role("link", name="Sign in with").click()
    log_in_there(page, "7")
    page.wait_for_selector("html[data-shell=ready]")
    expect(page.locator("#header .user")).to_have_text("zoe")
    expect(page.locator("#review .rv")).to_have_attribute("data-figure", "PMC1:F4")
    assert project.users.account("zoe").user.role == "reviewer"

    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert page.request.get(f"{url}/me").status == 401
    # who is still logged in there comes back without a password
    page.goto(f"{url}/login?next=/account")
    page.get_by_role("link", name="Sign in with").click()
    page.wait_for_url(f"{url}/account")
    assert [one.action for one in project.audit.records(who="zoe")] == ["user.add", "login", "logout", "login"]

    project.users.disable("zoe")
    assert page.request.get(f"{url}/me").status == 401
    page.goto(f"{url}/login")
    page.get_by_role("link", name="Sign in with").click()
    expect(page.get_by_role("alert")).to_contain_text("Zoe is disabled here")


@pytest.mark.parametrize("more", [("end_session = true",)], ids=["end_session"])
def test_who_logs_out_logs_out_there_too_where_the_settings_say_so(page: Page, url: str, more: object) -> None:
    page.goto(f"{url}/login?next=/account")
    page.get_by_role("link", name="Sign in with").click()
    log_in_there(page, "7")
    page.wait_for_url(f"{url}/account")
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Yes, sign me out").click()
    page.wait_for_url(f"{url}/login")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.get_by_role("link", name="Sign in with").click()
    expect(page.get_by_placeholder("Enter any login")).to_be_visible()  # a password is asked for again


def test_each_group_gives_its_role_and_who_is_in_none_of_them_stays_outside(
    chromium: Browser, url: str, project: Store
) -> None:
    for subject, seen in (("8", "max"), ("9", None)):
        context = chromium.new_context()
        page = context.new_page()
        page.goto(f"{url}/login?next=/account")
        page.get_by_role("link", name="Sign in with").click()
        log_in_there(page, subject)
        if seen:
            page.wait_for_url(f"{url}/account")
            assert page.request.get(f"{url}/me").json()["name"] == seen
        else:
            expect(page.get_by_role("alert")).to_contain_text("You have no account here yet")
        context.close()
    assert project.users.account("max").user.role == "curator"
    assert project.users.find("eve") is None


@pytest.mark.parametrize(
    ("parameter", "told"),
    [
        ("nonce", re.compile(r"cannot be believed \(.*nonce")),
        ("state", "The answer belongs to another login"),
        ("code_challenge", "refuses the login"),
    ],
)
def test_a_login_that_was_changed_on_the_way_is_refused(
    page: Page, url: str, project: Store, parameter: str, told: str | re.Pattern[str]
) -> None:
    page.goto(changed(page, url, **{parameter: "x" * 43}))
    log_in_there(page, "7")
    expect(page.get_by_role("alert")).to_contain_text(told)
    assert page.request.get(f"{url}/me").status == 401
    assert project.users.find("zoe") is None
