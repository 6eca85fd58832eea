"""Backup, restore and check of 10,000 figures with an image of their own each: seconds of the clock and of one core."""

from __future__ import annotations

import hashlib
import io
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

import numpy as np
from PIL import Image

from curator.figure import Article, Figure, Hierarchy, Panel, PanelKind, Provenance
from data.backup import restore, take_backup, verify
from data.check import Checked, Flaw, check_project
from data.images import encode_thumbnail, encode_web, load_image
from data.store import Store

_T = TypeVar("_T")

FIGURES = 10_000
FIGURES_AN_ARTICLE = 10
CAPTION = "Cells. (A) Red cells, stained and merged. (B) Control. Scale bar, 5 um. " * 3
_AGENT = Provenance("embedded", "1", "2026-01-01T00:00:00+00:00", 0.9)
HIERARCHY = Hierarchy(
    tuple(
        Panel(f"p{n}", (200.0 * n, 0, 200.0 * n + 200, 900), _AGENT, "ABCDEF"[n], None, PanelKind.MICROSCOPY, True)
        for n in range(6)
    )
)


def run() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with patch("os.fsync"):  # what is drawn need not outlive a power cut; 30,000 waits for the disk take minutes
            draw(folder / "project", FIGURES)
        size = sum(path.stat().st_size for path in (folder / "project").rglob("*") if path.is_file())
        print(f"{FIGURES:,} figures, {size / 1e9:.1f} GB")
        shelf = folder / "backups"
        _timed("first backup, images linked", partial(take_backup, folder / "project", shelf))
        _timed("second backup", partial(take_backup, folder / "project", shelf))
        _timed("verify", partial(verify, shelf))
        _timed("restore, images linked", partial(restore, shelf, folder / "again"))
        store = Store(folder / "again")
        for fast in (True, False):
            flaws = _timed("check --fast" if fast else "check", partial(_flaws, store, fast))
            assert flaws == []
        store.close()
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def draw(project: Path, figures: int) -> None:
    """A project of mined figures; their images differ in bytes behind the end of one and the same JPEG."""
    store = Store(project)
    store.connections.db.conn.execute("pragma synchronous = off")
    noise = np.random.default_rng(1).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).resize((1200, 900)).save(buffer, "JPEG", quality=80)
    jpeg = buffer.getvalue()
    loaded = load_image(jpeg)
    _, suffix = encode_web(loaded.rgb, jpeg, loaded.format)
    thumbnail = encode_thumbnail(loaded.rgb)
    for first in range(0, figures, FIGURES_AN_ARTICLE):
        article_id = f"article-{first}"
        drawn = []
        for number in range(first, first + FIGURES_AN_ARTICLE):
            content = jpeg + number.to_bytes(8, "big")
            sha256 = hashlib.sha256(content).hexdigest()
            store.images.save(sha256, content, content, suffix, thumbnail)
            drawn.append(Figure(f"f{number}", article_id, "f.jpg", sha256, loaded.wh, "Figure", CAPTION))
        for figure_id in store.articles.save(Article(article_id, "Title"), drawn).added:
            store.reviews.mined(figure_id, HIERARCHY, "embedded 1")
    store.close()


def _flaws(store: Store, fast: bool) -> list[Flaw]:
    return list(check_project(store, Checked(), fast))


def _timed(what: str, work: Callable[[], _T]) -> _T:
    wall, core = time.perf_counter(), time.process_time()
    result = work()
    print(f"{what}: {time.perf_counter() - wall:.1f} s, {time.process_time() - core:.1f} s of one core", flush=True)
    return result
