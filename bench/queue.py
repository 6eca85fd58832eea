"""The queue and search with 100,000 figures, against reading the same page by primary key."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from curator.figure import FigureState, PanelKind
from data.store import Store
from data.store.queue import QueueFilter

FIGURES = 100_000
RUNS = 40


def run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        fill(store, FIGURES)
        baseline = _p95(lambda: store.connections.rows("select * from reviews where figure_id >= 'a:5' limit 60"))
        print(f"baseline, 60 rows by key: p95 {baseline * 1000:.1f} ms")
        open_ones = QueueFilter(states=(FigureState.PROPOSED,))
        for name, wanted, offset in (
            ("open, least sure first", open_ones, 0),
            ("open, page 100", open_ones, 6_000),
            ("all, in order", QueueFilter(order="number"), 0),
            ("open, most doubted first", QueueFilter(states=(FigureState.PROPOSED,), order="fit"), 0),
            ("doubted, page 1,000", QueueFilter(order="fit"), 60_000),
            ("one kind, half sure", QueueFilter(kind=PanelKind.GEL, confidence_below=0.5), 0),
            ("problems", QueueFilter(problem=True), 0),
            ("one article", QueueFilter(article_id="article-77"), 0),
            ("rare word", QueueFilter(text="mitochondri"), 0),
            ("common word", QueueFilter(text="cells"), 0),
        ):
            page = _p95(partial(store.queue.page, wanted, offset, 60, 0.0))
            count = _p95(partial(store.queue.count, wanted))
            print(
                f"{name}: page p95 {page * 1000:.1f} ms ({page / baseline:.0f} x baseline), "
                f"count of {store.queue.count(wanted):,} p95 {count * 1000:.1f} ms"
            )


def _p95(ask: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        ask()
        times.append(time.perf_counter() - started)
    return sorted(times)[int(0.95 * RUNS)]


def fill(store: Store, count: int) -> None:
    """Figures with summaries and captions but without nodes: what the queue reads."""
    rng = random.Random(1)
    words = ("cells", "stained", "merged", "axial", "lesion", "mice", "control", "protein", "nuclei", "blot")
    kinds = [1 << index for index in range(len(PanelKind))]
    with store.connections.write() as conn:
        conn.executemany(
            """insert into articles values (?, 1, '', 'Title', 'Journal', null, null, 'CC BY 4.0', '', '')""",
            [(f"article-{number}",) for number in range(count // 10)],
        )
        conn.executemany(
            """insert into figures (number, id, article_id, key, version, image_name, image_sha256, width, height,
            label, caption, bold_spans, mentions, ingested_at) values (?, ?, ?, ?, 1, 'f.png', ?, 1000, 800,
            'Figure 1', ?,
            '[]', '[]', '')""",
            [
                (
                    number,
                    f"a:{number}",
                    f"article-{number // 10}",
                    f"f{number}",
                    f"{number:064x}",
                    " ".join(rng.choices(words, k=80)) + (" mitochondria" if number % 500 == 0 else ""),
                )
                for number in range(count)
            ],
        )
        conn.executemany(
            """insert into reviews (figure_id, number, article_id, state, confidence, flag_count, kinds, fit)
            values (?, ?, ?, ?, ?, ?, ?, ?)""",
            [
                (
                    f"a:{number}",
                    number,
                    f"article-{number // 10}",
                    rng.choices(list(FigureState), (1, 6, 2, 1))[0],
                    rng.random(),
                    int(rng.random() < 0.05),
                    rng.choice(kinds) | rng.choice(kinds),
                    rng.random() if rng.random() < 0.9 else None,
                )
                for number in range(count)
            ],
        )
