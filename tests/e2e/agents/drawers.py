"""The drawers of the Review tab that are about agents."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.e2e.review_screen import FIRST


def drawer(page: Page, name: str) -> Locator:
    return page.locator(f".rv-drawer.{name}")


def open_agents(page: Page) -> Locator:
    page.keyboard.press("g")
    expect(drawer(page, "agents")).to_have_attribute("data-shown", FIRST)
    return drawer(page, "agents")


def compare(page: Page) -> Locator:
    page.keyboard.press("c")
    expect(page.locator(".rv-there .rv-canvas")).to_have_attribute("data-image", "ready")
    expect(page.locator(".rv-there .rv-node").first).to_be_attached()
    return drawer(page, "compare")
