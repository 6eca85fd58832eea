"""The Dashboard tab in a browser."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from curator.commands import parse_commands
from curator.errors import StoreError
from curator.exchange import Exchange, Reply
from data.store import Store
from ui.learning.assessing import fit_now
from ui.tabs import dashboard


def test_a_project_without_decisions_shows_progress_and_says_what_is_missing(
    open_page: Callable[..., Page], read_url: str
) -> None:
    page = open_page(read_url + "/#dashboard")
    expect(page.locator(".tile.progress .value")).to_have_text("0% 0 of 7 figures")
    expect(page.locator(".outcomes .c-empty")).to_contain_text("No decisions yet")
    expect(page.locator(".reliability .c-empty")).to_contain_text("tells what its agent's confidence is worth")
    expect(page.locator(".assessor .c-empty")).to_contain_text("The next version is fitted after 20 decisions")
    expect(page.locator(".models .c-empty")).to_contain_text("No model was asked yet")
    expect(page.locator(".tile.pace .note")).to_have_text("Known after the first accepted figure")


def test_until_the_project_is_read_it_says_so_in_place_of_an_empty_frame(
    open_page: Callable[..., Page], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, answer = threading.Event(), dashboard.dashboard_document

    def held(store: Store, today: date) -> dict[str, Any]:
        read.wait()
        return answer(store, today)

    monkeypatch.setattr(dashboard, "dashboard_document", held)
    try:
        page = open_page(url + "/#dashboard")
        expect(page.locator(".dashboard .reading")).to_have_text("Reading the project…")
        expect(page.locator(".dashboard .reading")).to_be_visible()
        expect(page.locator(".tile.progress")).to_be_hidden()
    finally:
        read.set()
    expect(page.locator(".tile.progress .value")).to_have_text("0% 0 of 7 figures")
    expect(page.locator(".tile.progress")).to_be_visible()
    expect(page.locator(".dashboard .reading")).to_be_hidden()


def test_a_project_that_cannot_be_read_is_told_and_read_when_the_tab_is_opened_again(
    open_page: Callable[..., Page], url: str, monkeypatch: pytest.MonkeyPatch, expected_errors: list[str]
) -> None:
    def broken(store: Store, today: date) -> dict[str, Any]:
        raise StoreError("the disk is gone")

    expected_errors.append("500 (Internal Server Error)")
    with monkeypatch.context() as patched:
        patched.setattr(dashboard, "dashboard_document", broken)
        page = open_page(url + "/#dashboard")
        expect(page.locator(".dashboard .reading")).to_contain_text("Curator does not answer")
    page.get_by_role("tab", name="Queue").click()
    page.get_by_role("tab", name="Dashboard").click()
    expect(page.locator(".tile.progress .value")).to_have_text("0% 0 of 7 figures")
    expect(page.locator(".dashboard .reading")).to_be_hidden()


def test_decisions_appear_in_tiles_chart_and_table_when_the_tab_is_opened(
    open_page: Callable[..., Page], url: str, project: Store
) -> None:
    page = open_page(url + "/#dashboard")
    expect(page.locator(".dashboard")).to_have_attribute("data-ready", "true")
    page.get_by_role("tab", name="Queue").click()
    commands = [
        {"op": "resize", "id": "p1", "box_xyxy": [0, 0, 300, 230]},
        {"op": "judge_figure", "state": "accepted"},
    ]
    reply = Reply("{}", tokens_in=1200, tokens_out=30, seconds=2.5)
    asked = Exchange("k", "PMC1:F1", "panels", "panels", "0", "openai", "Qwen2.5-VL", {}, [], reply)
    project.exchanges.save(asked, [])
    project.reviews.decide("PMC1:F1", 1, parse_commands(commands), "ada#1", 0.0, seconds=42.0)
    page.get_by_role("tab", name="Dashboard").click()
    expect(page.locator(".tile.progress .value")).to_have_text("14% 1 of 7 figures")
    expect(page.locator(".tile.pace .value")).to_have_text("42 s median")
    expect(page.get_by_role("img", name="1 figure accepted in 30 days")).to_be_visible()
    panel = page.locator("tbody tr", has=page.get_by_role("rowheader", name="panel"))
    assert panel.locator("td").all_inner_texts()[:6] == ["embedded", "4", "3", "1", "0", "75%"]
    diagram = page.get_by_role("img", name="marker, embedded: calibration error 0.26 as the agent said")
    expect(diagram.locator(".said .bin")).to_have_count(2)
    expect(panel.get_by_role("img")).to_have_attribute("aria-label", "75%, 95% interval 30\u201395%")
    model = page.locator(".models tbody tr")
    assert model.locator("td").all_inner_texts() == ["openai", "1", "1,200", "30", "2.5 s", "\u2013", "0"]


def test_the_assessor_s_error_stands_beside_the_agents_own_and_its_versions_are_listed(
    open_page: Callable[..., Page], url: str, project: Store
) -> None:
    project.reviews.decide("PMC1:F1", 1, parse_commands([{"op": "judge_figure", "state": "accepted"}]), "ada", 0.0)
    fit_now(project)
    page = open_page(url + "/#dashboard")
    panel = page.locator(".panel.assessor")
    diagram = panel.get_by_role("img", name="as assessed on other figures")
    expect(diagram.locator(".assessed .bin").first).to_be_attached()
    expect(panel.locator("dt")).to_have_text(
        ["as the agent said", "as calibrated on other figures", "as assessed on other figures"]
    )
    row = panel.locator("tbody tr")
    expect(row.get_by_role("rowheader")).to_have_text("1")
    expect(row.locator("td").nth(1)).to_have_text(str(project.decisions.count()))
