"""What Curator adds to a model's own time, at 8 requests in flight: against a bare client with the same requests."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import httpx

from bench.oracle import drawn
from bench.stand_ins.oracle import FRAME, ErrorRates, NoisyOracle
from bench.stand_ins.server import ModelServer, words_of
from curator.figure import Article
from curator.settings import ModelSettings, PromptingSettings, Settings
from data.ingest import keep_image
from data.store import Store
from ui.mining.mine import mine_figures

FIGURES = 25
IN_FLIGHT = 8
LATENCY_S = 0.25  # shorter than any real model's: what is added shows more


def run() -> None:
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "project")
        truths = _filled(store, Path(folder) / "corpus")
        oracle = NoisyOracle(truths, ErrorRates())
        with ModelServer(oracle.respond, latency_s=LATENCY_S) as server:
            settings = Settings(
                model=ModelSettings(
                    base_url=server.base_url, model="stand-in", coordinates=FRAME, in_flight=IN_FLIGHT, temperature=0.0
                ),
                prompting=PromptingSettings(examples=0),
            )
            asked: dict[str, list[dict[str, Any]]] = defaultdict(list)
            first, *ids = (truth["figure_id"] for truth in truths)
            list(mine_figures(store, settings, [first], "openai", aside=False))  # imports, and the client's connections
            server.history.clear()
            started, cpu = time.perf_counter(), time.process_time()
            outcomes = list(mine_figures(store, settings, ids, "openai", aside=False))
            ours_s, ours_cpu = time.perf_counter() - started, time.process_time() - cpu
            failed = [outcome.reason for outcome in outcomes if outcome.mining_id is None]
            if failed:
                raise RuntimeError(f"{len(failed)} figures failed: {failed[0]}")
            for one in server.history:
                words = words_of(one.body)
                quoted = (json.dumps(truth["caption"], ensure_ascii=False) for truth in truths)
                asked[next(caption for caption in quoted if caption in words)].append(one.body)
            requests = len(server.history)
            started, cpu = time.perf_counter(), time.process_time()
            _bare(f"{server.base_url}/chat/completions", list(asked.values()))
            bare_s, bare_cpu = time.perf_counter() - started, time.process_time() - cpu
        count = len(ids)
        print(
            f"{count} figures, {requests} requests ({requests / count:.1f} a figure), {LATENCY_S} s each, "
            f"{IN_FLIGHT} in flight"
        )
        print(f"bare client: {bare_s / count * 1000:.0f} ms a figure; Curator: {ours_s / count * 1000:.0f} ms")
        added_ms = (ours_s - bare_s) / count * 1000
        added_cpu_ms = (ours_cpu - bare_cpu) / count * 1000
        print(
            f"Curator adds {added_ms:.0f} ms a figure ({ours_s / bare_s:.2f} x the bare client), "
            f"{added_cpu_ms:.0f} ms of processor time"
        )


def _filled(store: Store, corpus: Path) -> list[dict[str, Any]]:
    """A project of drawn figures that the embedded agent has mined; their truths."""
    figures = []
    for one in drawn(corpus, FIGURES, seed=99):
        sha256, _ = keep_image(store, corpus / one.truth["image"])
        figures.append((one, replace(one.figure, image_sha256=sha256, article_id="demo")))
    added = store.articles.save(Article("demo"), [figure for _, figure in figures]).added
    truths = []
    for (one, _), figure_id in zip(figures, added, strict=True):
        store.minings.save(figure_id, "embedded", None, one.candidates)
        truths.append({**one.truth, "figure_id": figure_id})
    return truths


def _bare(url: str, figures: Sequence[Sequence[dict[str, Any]]]) -> None:
    """The same requests with nothing around them: 8 threads, each figure's requests one after the other."""
    local = threading.local()

    def ask(bodies: Sequence[dict[str, Any]]) -> None:
        if not hasattr(local, "client"):
            local.client = httpx.Client(timeout=60)
        for body in bodies:
            local.client.post(url, json=body).raise_for_status()

    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        list(pool.map(ask, figures))
