"""A live page whose runs are scripted."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from data.store import Store
from tests.e2e.conftest import served
from tests.e2e.scripted_training import ScriptedTraining


@pytest.fixture(scope="session")
def scripted(drawn_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ScriptedTraining]]:
    """A live page whose runs are scripted; tests share it, each with a script of its own."""
    double = ScriptedTraining()
    folder = tmp_path_factory.mktemp("scripted") / "kidneys"
    with served(Store(Path(shutil.copytree(drawn_project, folder))), training=double) as address:
        yield address, double


@pytest.fixture
def training(scripted: tuple[str, ScriptedTraining]) -> ScriptedTraining:
    """The double, without any run."""
    scripted[1].script()
    return scripted[1]


@pytest.fixture
def open_tab(scripted: tuple[str, ScriptedTraining], open_page: Callable[..., Page]) -> Callable[..., Page]:
    """Opens the tab at a place of its address, with timers that a test can wind on."""

    def opener(place: str = "", **options: Any) -> Page:
        page = open_page(f"{scripted[0]}/#train{place}", **options)
        expect(page.locator(".train")).to_have_attribute("data-ready", "true")
        return page

    return opener
