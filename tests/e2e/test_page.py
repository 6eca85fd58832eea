"""The page's frame in a browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect


def test_the_page_opens_without_an_error_or_a_request_to_another_host(page: Page) -> None:
    expect(page.get_by_role("tab", name="Queue")).to_be_visible()
    expect(page.locator("#header .project")).to_have_text("kidneys")
    expect(page.locator("#header .user")).to_have_text("ada")


def test_the_chosen_theme_survives_a_reload_and_beats_the_system(open_page: Callable[..., Page], read_url: str) -> None:
    page = open_page(read_url + "/", color_scheme="light")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.get_by_role("button", name="Switch between light and dark").click()
    page.reload()
    page.wait_for_selector("html[data-shell=ready]")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("document.body.classList.contains('dark')")


def test_the_theme_follows_the_system_until_one_is_chosen(open_page: Callable[..., Page], read_url: str) -> None:
    page = open_page(read_url + "/", color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_the_address_keeps_the_tab_over_a_reload_and_back_returns(page: Page) -> None:
    page.get_by_role("tab", name="Dashboard").click()
    assert page.evaluate("location.hash") == "#dashboard"
    page.reload()
    page.wait_for_selector("html[data-shell=ready]")
    expect(page.get_by_role("tab", name="Dashboard")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Queue").click()
    page.go_back()
    expect(page.get_by_role("tab", name="Dashboard")).to_have_attribute("aria-selected", "true")


def test_nothing_scrolls_sideways_or_leaves_the_window(page: Page) -> None:
    page.wait_for_selector("#review .rv[data-ready=true]")
    width, height = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert (width, height) == (1280, 800)


def test_a_tab_that_writes_its_address_late_does_not_take_the_page_from_the_tab_in_view(page: Page) -> None:
    page.wait_for_selector("#review .rv[data-ready=true]")
    page.get_by_role("tab", name="Dashboard").click()
    late = "#figure=PMC1%3AF2"
    page.evaluate("address => history.replaceState(null, '', address)", late)
    page.wait_for_function("location.hash === '#dashboard'")
    expect(page.get_by_role("tab", name="Dashboard")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Review").click()
    assert page.evaluate("location.hash") == late
