"""Logging in and what each role sees, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Browser, Page, expect

from data.store import Store
from tests.e2e.conftest import served
from ui.accounts.passwords import Passwords

PASSWORD = "a long enough password"


@pytest.fixture
def url(project: Store) -> Iterator[str]:
    """The page of a project with the users ann (admin), rob (reviewer) and cleo (curator)."""
    hashed = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)).hashed(PASSWORD)
    project.users.add("ann", "admin", hashed)
    project.users.add("rob", "reviewer", hashed)
    project.users.add("cleo", "curator", hashed)
    with served(project) as address:
        yield address


@pytest.fixture
def open_login(chromium: Browser, url: str) -> Iterator[Callable[..., Page]]:
    """Opens an address in a browser profile of its own; ends on the login. Scripts that fail there fail the test."""
    wrong: list[str] = []
    opened: list[Page] = []

    def opener(where: str = "/") -> Page:
        page = chromium.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        opened.append(page)
        page.goto(url + where)
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        return page

    yield opener
    for page in opened:
        page.context.close()
    assert wrong == []


def log_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def in_page(page: Page, name: str) -> None:
    page.wait_for_selector("html[data-shell=ready]")
    expect(page.locator("#header .user")).to_have_text(name)


def reviewing(page: Page, figure_id: str) -> None:
    screen = page.locator("#review .rv")
    expect(screen).to_have_attribute("data-figure", figure_id)
    expect(screen).to_have_attribute("data-ready", "true")
    expect(screen).to_have_attribute("data-lease", "mine")


def test_a_curator_logs_in_after_a_wrong_password_reviews_under_the_own_name_and_logs_out(
    project: Store, open_login: Callable[..., Page], url: str
) -> None:
    page = open_login("/#figure=PMC1:F4")
    log_in(page, "cleo", "not the password")
    expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    expect(page.get_by_label("Name")).to_have_value("cleo")
    expect(page.get_by_label("Password")).to_be_focused()
    log_in(page, "cleo")
    in_page(page, "cleo")
    reviewing(page, "PMC1:F4")
    page.keyboard.press("Enter")
    expect(page.locator("#review .rv")).to_have_attribute("data-figure", "PMC1:F3")
    expect(page.locator("#review .rv")).to_have_attribute("data-saved", "true")
    (decided,) = (one for one in project.audit.records() if one.action == "decide")
    assert (decided.who, decided.subject) == ("cleo", "PMC1:F4")

    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.go_back()
    page.goto(url + "/")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert [one.action for one in project.audit.records(who="cleo")] == ["login.failed", "login", "decide", "logout"]


def test_what_a_role_may_not_do_is_not_shown_and_is_refused_where_it_is_asked_for_anyway(
    project: Store, open_login: Callable[..., Page]
) -> None:
    cleo = open_login("/#figure=PMC1:F1")
    log_in(cleo, "cleo")
    in_page(cleo, "cleo")
    reviewing(cleo, "PMC1:F1")
    expect(cleo.get_by_role("tab", name="Queue")).to_be_visible()
    expect(cleo.get_by_role("tab", name="Train")).to_be_hidden()
    cleo.keyboard.press("g")
    expect(cleo.get_by_role("list", name="Proposals kept aside")).to_be_attached()
    expect(cleo.locator('[data-act="mine"]')).to_be_hidden()
    expect(cleo.locator('[data-right="model"]')).to_be_hidden()
    refused = cleo.evaluate(
        """async () => {
            const config = await (await fetch("/config")).json();
            const id = (name) => config.components.find((one) => one.props.elem_id === name).id;
            const ask = async (name, fn_name, data) => {
                const body = JSON.stringify({ data, component_id: id(name), fn_name, session_hash: "x" });
                const headers = { "Content-Type": "application/json" };
                return (await fetch("/gradio_api/component_server", { method: "POST", headers, body })).json();
            };
            return [
                (await ask("review", "mine", { figure_ids: ["PMC1:F1"], agent: "embedded" })).error.message,
                (await ask("train", "train_start", {})).error,
            ];
        }"""
    )
    assert [re.sub(" \\(.*", "", one) for one in refused] == [
        "cleo is a curator, and this needs the role 'reviewer'"
    ] * 2
    cleo.goto(cleo.url.partition("#")[0] + "#train")
    expect(cleo.get_by_role("tab", name="Review")).to_have_attribute("aria-selected", "true")

    rob = open_login("/#figure=PMC1:F1")
    log_in(rob, "rob")
    in_page(rob, "rob")
    expect(rob.get_by_role("tab", name="Train")).to_be_visible()
    screen = rob.locator("#review .rv")
    expect(screen).to_have_attribute("data-figure", "PMC1:F1")
    expect(screen).to_have_attribute("data-lease", "other")
    rob.goto(rob.url.partition("#")[0] + "#figure=PMC1:F2")
    reviewing(rob, "PMC1:F2")
    rob.keyboard.press("g")
    expect(rob.locator('[data-act="mine"]')).to_be_visible()
    expect(rob.locator('[data-right="model"]')).to_be_hidden()
    assert [one.action for one in project.audit.records() if one.who in ("cleo", "rob")] == ["login", "login"]


def test_who_is_logged_out_meanwhile_is_told_in_the_page_and_goes_on_after_a_login_beside_it(
    project: Store, open_login: Callable[..., Page]
) -> None:
    page = open_login("/#figure=PMC1:F4")
    log_in(page, "cleo")
    in_page(page, "cleo")
    reviewing(page, "PMC1:F4")
    project.users.set_password("cleo", project.users.account("cleo").password_hash)
    page.keyboard.press("Enter")
    told = page.get_by_role("link", name="Logged out: log in again")
    expect(told).to_be_visible()
    with page.context.expect_page() as opening:
        told.click()
    log_in(opening.value, "cleo")
    expect(opening.value.get_by_role("heading", name="cleo")).to_be_visible()
    expect(page.locator("#review .rv")).to_have_attribute("data-saved", "true")
    in_page(page, "cleo")
    (decided,) = (one for one in project.audit.records() if one.action == "decide")
    assert (decided.who, decided.subject) == ("cleo", "PMC1:F4")


def test_an_admin_adds_a_user_and_a_token_on_the_account_page(project: Store, open_login: Callable[..., Page]) -> None:
    page = open_login("/account")
    log_in(page, "ann")
    expect(page.get_by_role("heading", name="ann")).to_be_visible()
    section = page.locator("section", has=page.get_by_role("heading", name="Users"))
    section.get_by_label("Name").fill("zoe")
    section.get_by_label("First password").fill(PASSWORD)
    section.get_by_role("button", name="Add").click()
    expect(page.get_by_role("status")).to_have_text("zoe has the role curator now.")
    assert project.users.account("zoe").user.role == "curator"
    page.get_by_label("What for").fill("nightly export")
    page.get_by_role("button", name="Make a token").click()
    secret = page.get_by_role("status").locator("code").text_content()
    assert secret is not None
    assert project.tokens.user_of(secret) is not None
