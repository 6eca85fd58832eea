"""The real page in a real browser: a project, a server on a free port, and a page that fails on any error."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from data.store import Store
from tests.e2e.project import make_project
from tests.e2e.review_screen import FIRST, shown

Scheme: TypeAlias = Literal["light", "dark"]

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
# a page opened in 15 s and more on two cores that ten processes shared; nothing waits longer when all is well
_EXPECT_MS = 60_000
_START_S = 60  # the framework alone takes ten seconds to import on two busy cores
_END_S = 60  # guess: a pass or a question of the page that is under way ends first


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        reason = "no `chromium` on the PATH; install it (Debian: apt-get install chromium) to run the browser tests"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    expect.set_options(timeout=_EXPECT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def drawn_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as drawn, to be copied: see ``tests.e2e.project``."""
    folder = tmp_path_factory.mktemp("drawn")
    make_project(folder).close()
    return folder


@pytest.fixture
def project(drawn_project: Path, tmp_path: Path) -> Iterator[Store]:
    """A fresh copy of the drawn project."""
    store = Store(Path(shutil.copytree(drawn_project, tmp_path / "kidneys")))
    yield store
    store.close()


@contextmanager
def served(store: Store, who: str = "ada", **parts: Any) -> Iterator[str]:
    """The page over a store, in a thread; its address without a slash at the end. ``parts`` as of ``build_app``."""
    import uvicorn

    from ui.app import build_app

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    app = build_app(store, who=who, **parts)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    end = time.monotonic() + _START_S
    try:
        while not server.started:
            assert thread.is_alive(), "the server ended before it answered"
            assert time.monotonic() < end, f"the server did not start within {_START_S} s"
            thread.join(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(_END_S)
        app.state.mining_jobs.close()
        listening.close()
    assert not thread.is_alive(), "the server did not end"


@pytest.fixture
def pages() -> list[Page]:
    """Every page that the test has open."""
    return []


def _close(pages: list[Page]) -> None:
    while pages:
        pages.pop().context.close()


@pytest.fixture
def url(project: Store, pages: list[Page]) -> Iterator[str]:
    """Address of a live page over ``project``."""
    with served(project) as address:
        yield address
        # before the server ends: a page that asks it once more would report an error
        _close(pages)


@pytest.fixture(scope="session")
def read_url(drawn_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a live page for tests that decide nothing; they share it."""
    folder = tmp_path_factory.mktemp("read") / "kidneys"
    with served(Store(Path(shutil.copytree(drawn_project, folder)))) as address:
        yield address


@pytest.fixture
def expected_errors() -> list[str]:
    """Texts of console errors that a test provokes on purpose: it adds parts of them here."""
    return []


@pytest.fixture
def open_page(chromium: Browser, pages: list[Page], expected_errors: list[str]) -> Iterator[Callable[..., Page]]:
    """Opens pages, each in a context (and so a browser profile) of its own.

    The test fails on a console error, a page error, or a request to anything but this machine.
    """
    wrong: list[str] = []

    def opener(address: str, *, width: int = 1280, height: int = 800, color_scheme: Scheme = "light") -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=color_scheme)
        context.set_default_timeout(_EXPECT_MS)
        context.route(lambda target: not _local(target), lambda route: route.abort())
        page = context.new_page()

        def on_request(request: Request) -> None:
            if not _local(request.url):
                wrong.append(f"request to {request.url}")

        def on_error(text: str) -> None:
            if not any(part in text for part in expected_errors):
                wrong.append(text)

        page.on("request", on_request)
        page.on("pageerror", lambda error: on_error(f"page error: {error}"))
        page.on("console", lambda line: on_error(f"console: {line.text}") if line.type == "error" else None)
        pages.append(page)
        page.goto(address)
        page.wait_for_selector("html[data-shell=ready]")
        return page

    yield opener
    _close(pages)
    assert wrong == []


@pytest.fixture
def page(open_page: Callable[..., Page], url: str) -> Page:
    """The live page, its frame drawn."""
    return open_page(url + "/")


@pytest.fixture
def review(open_page: Callable[..., Page], url: str) -> Callable[..., Page]:
    """Opens a figure in the Review tab and waits until it is shown and its lease is settled."""

    def opener(figure_id: str = FIRST, **options: Any) -> Page:
        page = open_page(f"{url}/#figure={figure_id}", **options)
        shown(page, figure_id)
        return page

    return opener


def _local(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in ("data", "blob", "about") or parts.hostname in ("127.0.0.1", "localhost")
