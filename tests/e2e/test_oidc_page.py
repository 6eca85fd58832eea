"""Logging in through a provider in a real browser: its redirects, cookies and the page's policy are the browser's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from bench.stand_ins.oidc import OidcServer
from curator.settings import FILE_NAME
from data.store import Store
from tests.e2e.conftest import served


@pytest.fixture
def provider() -> Iterator[OidcServer]:
    with OidcServer("curator") as server:
        server.claims = {"sub": "7", "preferred_username": "Zoe"}
        yield server


@pytest.fixture
def url(project: Store, provider: OidcServer) -> Iterator[str]:
    project.users.add("ann", "admin", "")
    lines = ("[oidc]", f'issuer = "{provider.issuer}"', 'client_id = "curator"', 'new_users = "curator"')
    (project.project / FILE_NAME).write_text("\n".join((*lines, 'title = "Lab <b>login</b>"')))
    with served(project, loopback=False) as address:
        yield address


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    yield context.new_page()
    context.close()


def test_somebody_logs_in_elsewhere_and_lands_on_the_figure_that_was_asked_for(
    page: Page, url: str, project: Store
) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{url}/#figure=PMC1:F4")
    page.get_by_role("link", name="Sign in with Lab <b>login</b>").click()
    page.wait_for_selector("html[data-shell=ready]")
    expect(page.locator("#header .user")).to_have_text("zoe")
    expect(page.locator("#review .rv")).to_have_attribute("data-figure", "PMC1:F4")
    (cookie,) = page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("curator_session", True, "Lax")
    assert "code=" not in page.url
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert [one.action for one in project.audit.records(who="zoe")] == ["user.add", "login", "logout"]
    assert errors == []


def test_who_is_not_believed_is_told_on_the_login_page(page: Page, url: str, provider: OidcServer) -> None:
    provider.algorithm = "none"
    page.goto(f"{url}/login")
    page.get_by_role("link", name="Sign in with").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be believed")
    assert page.context.cookies() == []
