"""Mining 10,000 figures with a model, killed on the way: what was asked twice."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench.stand_ins.server import ModelServer
from curator.figure import Article, Figure, Hierarchy, Panel, PanelKind, Provenance, Shared
from data.ingest import keep_image
from data.store import Store

FIGURES = 10_000
IN_FLIGHT = 8
KILLED_AT = (2_500, 6_000)  # requests
SETTINGS = """
[prompting]
views = 1
examples = 0
caption = false
regions = false
texts = false
[model]
coordinates = "0-1000"
in_flight = 8
temperature = 0.0
"""


def run() -> None:
    asked: Counter[str] = Counter()
    lock = threading.Lock()

    def respond(body: dict[str, Any]) -> str:
        digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        with lock:
            asked[digest] += 1
        return _REPLY

    with tempfile.TemporaryDirectory() as folder, ModelServer(respond) as server:
        project = Path(folder)
        _fill(project, FIGURES)
        (project / "curator.toml").write_text(SETTINGS, encoding="utf-8")
        started = time.perf_counter()
        for killed_at in KILLED_AT:
            process = _mining(project, server.base_url)
            while asked.total() < killed_at and process.poll() is None:
                time.sleep(0.05)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            print(f"killed after {asked.total()} requests, {_mined(project)} mined")
        process = _mining(project, server.base_url)
        if process.wait() != 0:
            raise RuntimeError("the last run failed")
        seconds, mined = time.perf_counter() - started, _mined(project)
        twice = sum(count - 1 for count in asked.values())
    print(f"{mined} of {FIGURES} figures mined in {seconds:.0f} s ({1000 * seconds / FIGURES:.0f} ms a figure)")
    print(
        f"{asked.total()} requests, {twice} of them asked again after {len(KILLED_AT)} kills "
        f"(at most {len(KILLED_AT) * IN_FLIGHT} were under way)"
    )


def _mined(project: Path) -> int:
    return len(Store(project).minings.mined_by("openai", "stand-in"))


def _mining(project: Path, base_url: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ui", "--project", str(project), "mine", "--agent", "openai"]
    return subprocess.Popen(
        [*command, "--base-url", base_url, "--model", "stand-in", "--json"], stdout=subprocess.DEVNULL
    )


def _fill(project: Path, count: int) -> None:
    """Figures that share one picture, each with a caption of its own, mined by the embedded agent."""
    store = Store(project)
    rgb = np.full((300, 400, 3), 230, np.uint8)
    rgb[20:280, 20:190], rgb[20:280, 210:380] = (120, 60, 90), (60, 90, 120)
    picture = project / "picture.png"
    cv2.imwrite(str(picture), rgb)
    sha256, image_wh = keep_image(store, picture)
    found = Provenance("embedded", "1", "2026-01-01T00:00:00+00:00", 0.9)
    candidates = Hierarchy(
        (
            Panel("p1", (20, 20, 190, 280), found, "A", kind=PanelKind.PHOTO, photographic=True),
            Panel("p2", (210, 20, 380, 280), found, "B", kind=PanelKind.PHOTO, photographic=True),
        ),
        shared=Shared(promised_labels=("A", "B")),
    )
    for start in range(0, count, 500):
        figures = [
            Figure(f"f{n}", f"article-{start}", "picture.png", sha256, image_wh, caption=_CAPTION.format(n))
            for n in range(start, start + 500)
        ]
        for figure_id in store.articles.save(Article(f"article-{start}"), figures).added:
            store.minings.save(figure_id, "embedded", None, candidates)


_CAPTION = "Patient {}. (A) Before treatment. (B) After treatment."
_REPLY = json.dumps(
    {
        "panels": [
            {"marks": [1], "label": "A", "kind": "photo", "description": "a", "box": None},
            {"marks": [2], "label": "B", "kind": "photo", "description": "b", "box": None},
        ],
        "not_panels": [],
    }
)
