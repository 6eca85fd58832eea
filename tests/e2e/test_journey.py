"""The whole way of a user: from articles to a verified export, by the commands and in the browser."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from data.demo.corpus import draw_corpus
from data.store import Store
from data.store.queue import QueueFilter

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "figures"


def curator(project: Path, *arguments: str | Path) -> str:
    command = [sys.executable, "-m", "ui", "--project", project, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout


@pytest.fixture(params=["drawn", "PMC2467486", "elife-67409"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder of figures: drawn ones, or published ones where they are beside this checkout."""
    if request.param != "drawn":
        folder = SHARED / str(request.param)
        if not folder.is_dir():
            pytest.skip(f"{folder} is absent")
        return folder
    draw_corpus(tmp_path / "corpus", 3, seed=14)
    return tmp_path / "corpus"


class Served:
    """``curator ui`` in a process of its own, that can be killed and started again."""

    def __init__(self, project: Path) -> None:
        command = [sys.executable, "-u", "-m", "ui", "--project", str(project), "ui", "--port", "0", "--no-browser"]
        self.process = subprocess.Popen(
            [*command, "--no-mine", "--user", "ada"], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert self.process.stdout is not None
        address = re.search(r"http://\S+?(?=/ )", self.process.stdout.readline())
        assert address is not None, "the page's address is the first thing that is printed"
        self.url = address[0]

    def kill(self) -> None:
        self.process.kill()
        with self.process:
            pass


@pytest.fixture
def serve() -> Iterator[Callable[[Path], Served]]:
    running: list[Served] = []

    def start(project: Path) -> Served:
        running.append(Served(project))
        return running[-1]

    yield start
    for served in running:
        served.kill()


def saved(page: Page, revision: int) -> None:
    expect(page.locator("#review .rv")).to_have_attribute("data-revision", str(revision))
    expect(page.locator("#review .rv")).to_have_attribute("data-saved", "true")


def shown(page: Page, address: str, figure_id: str) -> None:
    page.goto(f"{address}/#figure={figure_id}")
    expect(page.locator("#review .rv")).to_have_attribute("data-figure", figure_id)
    expect(page.locator("#review .rv")).to_have_attribute("data-lease", "mine")


def test_from_articles_to_a_verified_export(
    source: Path, tmp_path: Path, serve: Callable[[Path], Served], open_page: Callable[..., Page]
) -> None:
    project = tmp_path / "project"
    assert "figures added" in curator(project, "ingest", source)
    assert curator(project, "mine", "--limit", "3", "--workers", "1") == "3 figures mined\n"
    store = Store(project)
    (item, *_) = store.queue.page(QueueFilter(confidence_from=0), 0, 10, 0.0)
    figure_id = item.figure_id

    served = serve(project)
    page = open_page(f"{served.url}/#figure={figure_id}")
    shown(page, served.url, figure_id)
    page.locator('.rv-tree [data-row="p1"]').click()
    before = store.reviews.load(figure_id, 0).review.hierarchy.by_id()["p1"].box_xyxy
    page.keyboard.press("Enter")
    page.locator(".rv-inplace textarea").fill("What ada sees in panel one")
    page.keyboard.press("Enter")
    saved(page, 2)
    page.keyboard.press("Alt+ArrowUp")
    saved(page, 3)
    assert store.reviews.load(figure_id, 0).review.hierarchy.by_id()["p1"].box_xyxy != before
    page.keyboard.press("Control+z")
    saved(page, 4)
    assert store.reviews.load(figure_id, 0).review.hierarchy.by_id()["p1"].box_xyxy == before

    page.goto("about:blank")
    served.kill()
    again = serve(project)
    # the killed page's lease would run for a minute more
    store.connections.db.conn.execute("update reviews set lease_until = 0")
    shown(page, again.url, figure_id)
    saved(page, 4)
    page.keyboard.press("Enter")
    expect(page.locator(f'.rv-queue [data-figure="{figure_id}"]')).to_have_attribute("data-state", "accepted")
    expect(page.locator("#review .rv")).to_have_attribute("data-saved", "true")
    page.goto("about:blank")

    curator(project, "export", "--format", "jsonl", "-o", tmp_path / "out", "--verified-only")
    (record,) = [json.loads(line) for line in (tmp_path / "out" / "hierarchy.jsonl").read_text().splitlines()]
    assert (record["figure_id"], record["state"]) == (figure_id, "accepted")
    assert record["panels"][0]["own_caption"] == "What ada sees in panel one"
    assert record["panels"][0]["status"] == "edited"
    assert record["panels"][0]["box_xyxy"] == list(before)
    assert (tmp_path / "out" / record["image_path"]).is_file()
