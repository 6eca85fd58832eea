"""Switching figures and saving edits in the real page, over a database of 100,000 figures."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench.queue import FIGURES, fill
from curator.figure import Figure, Hierarchy, Panel, PanelKind, Provenance, State
from data.demo.corpus import draw_corpus
from data.ingest import ingest
from data.sources import SourceSettings, read_sources
from data.store import Store

DRAWN = 40
EDITS = 60
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking")

# Presses a key and waits until an attribute of the review screen changes and the server has confirmed; milliseconds.
_TIMED = """
async ([key, attribute]) => {
    const screen = document.querySelector("#review .rv");
    const before = screen.dataset[attribute];
    const began = performance.now();
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    await new Promise((resolve) => {
        const seen = new MutationObserver(() => {
            if (screen.dataset[attribute] === before || screen.dataset.saved !== "true") return;
            seen.disconnect();
            resolve();
        });
        seen.observe(screen, { attributes: true });
    });
    return performance.now() - began;
}
"""
_ROUND_TRIP = (
    "async () => { const t = performance.now(); await (await fetch('/healthz')).text(); return performance.now() - t; }"
)


def run() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        print("skipped: Chromium is absent")
        return
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        _fill(project, Path(folder) / "corpus")
        command = [sys.executable, "-u", "-m", "ui", "--project", str(project), "ui", "--port", "0", "--no-browser"]
        with subprocess.Popen([*command, "--no-mine"], stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            address = re.search(r"http://\S+/", server.stdout.readline())
            assert address is not None
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=list(_ARGUMENTS))
                _measure(browser.new_page(viewport={"width": 1600, "height": 1000}), address[0])
                browser.close()
            server.terminate()


def _measure(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("#review .rv[data-ready=true][data-lease=mine]", timeout=60_000)
    baseline = [page.evaluate(_ROUND_TRIP) for _ in range(EDITS)]
    switches = []
    for _ in range(DRAWN - 2):
        switches.append(page.evaluate(_TIMED, ["j", "figure"]))
        page.wait_for_selector("#review .rv[data-lease=mine]")
    page.locator('.rv-tree [data-row="p1"]').click()
    edits = [page.evaluate(_TIMED, ["xa"[index % 2], "revision"]) for index in range(EDITS)]
    print(f"database: {FIGURES:,} figures; baseline, an empty request: p95 {_p95(baseline):.0f} ms")
    print(f"figure switch: p50 {_p50(switches):.0f}, p95 {_p95(switches):.0f} ms ({len(switches)} switches)")
    print(
        f"edit, confirmed by the server: p50 {_p50(edits):.0f}, p95 {_p95(edits):.0f} ms "
        f"({_p95(edits) / _p95(baseline):.1f} x baseline)"
    )


def _fill(project: Path, corpus: Path) -> None:
    """Many figures in the database; the drawn ones, with their true panels as proposals, come first in the queue."""
    store = Store(project)
    fill(store, FIGURES)
    draw_corpus(corpus, DRAWN, seed=7)
    ingest(store, read_sources(corpus, SourceSettings()))
    truths = {Path(truth["image"]).stem: truth for truth in json.loads((corpus / "truth.json").read_text())}
    for figure_id in store.reviews.to_mine()[-DRAWN:]:
        figure = store.reviews.figure(figure_id)
        store.reviews.mined(figure_id, _hierarchy(truths[Path(figure.image_name).stem], figure), "truth 1")
    store.close()


def _hierarchy(truth: dict[str, Any], figure: Figure) -> Hierarchy:
    provenance = Provenance("truth", "1", "", 1e-6)
    return Hierarchy(
        tuple(
            Panel(
                f"p{n}", tuple(p["box_xyxy"]), provenance, p["label"], kind=PanelKind(p["kind"]), state=State.PROPOSED
            )
            for n, p in enumerate(truth["panels"], start=1)
        )
    )


def _p50(times: list[float]) -> float:
    return sorted(times)[len(times) // 2]


def _p95(times: list[float]) -> float:
    return sorted(times)[int(0.95 * len(times))]
