"""Parts of the Train tab."""

from __future__ import annotations

from playwright.sync_api import Locator, Page


def chip(page: Page) -> Locator:
    return page.locator(".top .c-chip").first


def train_button(page: Page) -> Locator:
    return page.get_by_role("button", name="Train", exact=True)
