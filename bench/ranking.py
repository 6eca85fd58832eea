"""Ranking 100,000 figures again, and the next figure after it, against a plain order by confidence in SQL."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

from bench.queue import fill
from curator.figure import FigureState
from curator.ranking import STRATEGIES, rank
from data.embeddings import Embeddings, IndexedBy
from data.store import Store
from data.store.queue import QueueFilter
from ui.learning.ranking import rerank, table_of

FIGURES = 100_000
DIM = 512
RUNS = 5
ASKED = 200
_REVIEWED = 2_000
_BASELINE = """select figure_id from reviews where current = 1 and state = 'proposed' order by confidence, number"""


def run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        _project(store)
        baseline = _median(lambda: store.connections.rows(_BASELINE))
        print(f"baseline, {FIGURES - _REVIEWED:,} ids by confidence in SQL, nothing written: {baseline:.2f} s")
        walls, works = [], []
        for _ in range(RUNS):
            began = time.process_time()
            done = rerank(store)
            works.append(time.process_time() - began)
            walls.append((done.read_s + done.rank_s + done.write_s, done))
        wall, middle = sorted(walls, key=lambda one: one[0])[RUNS // 2]
        print(
            f"ranked again by default, {middle.figures:,} figures, embeddings of {DIM}: {wall:.2f} s (read "
            f"{middle.read_s:.2f}, rank {middle.rank_s:.2f}, write {middle.write_s:.2f}; {wall / baseline:.0f} x "
            f"baseline), of which {sorted(works)[RUNS // 2]:.2f} s of processor time; bound 2 s"
        )
        table = table_of(store)
        for name, strategy in STRATEGIES.items():
            began = time.perf_counter()
            rank(table, strategy)
            print(f"  {name}: {time.perf_counter() - began:.3f} s to rank")
        _next(store)


def _next(store: Store) -> None:
    """The page's own question, and the same in the order by confidence, each right after a figure was accepted."""
    for order in ("confidence", "next"):
        wanted = QueueFilter(states=(FigureState.PROPOSED,), auto=False, order=order)
        times = []
        for _ in range(ASKED):
            began = time.perf_counter()
            (item,) = store.queue.page(wanted, 0, 1, 0.0)
            times.append(time.perf_counter() - began)
            with store.connections.write() as conn:
                conn.execute("update reviews set state = 'accepted' where figure_id = ?", (item.figure_id,))
        p95 = sorted(times)[int(0.95 * ASKED)] * 1000
        print(f"next figure, order {order}: p95 {p95:.1f} ms{'; bound 20 ms' if order == 'next' else ' (baseline)'}")


def _project(store: Store) -> None:
    """All figures open and assessed but some that were reviewed, in 300 journals, with an index."""
    fill(store, FIGURES)
    with store.connections.write() as conn:
        conn.execute("update articles set journal = 'Journal ' || abs(random()) % 300")
        conn.execute(
            """update reviews set state = 'proposed', revision = 1, panel_count = 1 + abs(random()) % 8,
            marker_count = abs(random()) % 5, region_count = abs(random()) % 4"""
        )
        conn.execute(
            f"update reviews set state = 'accepted', decided_at = '2026' where number % {FIGURES // _REVIEWED} = 0"
        )
        conn.execute(
            """insert into assessed_figures (figure_id, assessor, revision, confidence, expected_errors, disagreement,
            lacking, words) select figure_id, 0, 1, confidence, (1 - confidence) * panel_count,
            abs(random()) % 100 / 100.0, (1 - confidence) / 4, 40 + abs(random()) % 200
            from reviews where state = 'proposed'"""
        )
    embeddings = Embeddings(store.project)
    embeddings.begin(IndexedBy("drawn", "drawn", "drawn", DIM, 14.3))
    embeddings.use("drawn")
    pictures = np.random.default_rng(0).standard_normal((FIGURES, DIM)).astype(np.float16)
    # straight into the file: saving one by one, as indexing does, would take minutes
    with closing(sqlite3.connect(embeddings.path)) as conn, conn:
        conn.executemany(
            "insert into figures values (1, ?, 1, '[]', ?, x'')",
            ((f"a:{number}", picture.tobytes()) for number, picture in enumerate(pictures)),
        )


def _median(ask: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        ask()
        times.append(time.perf_counter() - began)
    return sorted(times)[RUNS // 2]
