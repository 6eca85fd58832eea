"""Drawn figures as the embedded agent mines them, each corpus drawn and mined once: real errors, exact truth."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agents.embedded.agent import EmbeddedAgent
from agents.engine import Job, mine
from curator.codec import to_doc, validated
from curator.errors import MiningError
from curator.figure import Figure, Hierarchy
from curator.settings import MiningSettings
from data.demo.corpus import draw_corpus
from data.store import Store
from runs.review.corpora import Truths

AGENT = "embedded"


@dataclass(frozen=True, slots=True)
class MinedCorpus:
    """``Truths`` of the same number and seed, with what the embedded agent proposes for them."""

    figures: int
    seed: int

    def fill(self, store: Store, below: Path) -> dict[str, Hierarchy]:
        """Ingests the figures, without their pictures, with the agent's proposals; the truth of each by its id."""
        mined = self._mined(below)
        known: dict[str, Hierarchy] = {}
        for article, figures in Truths(self.figures, self.seed).articles(below):
            saved = store.articles.save(article, [figure for figure, _ in figures]).added
            for figure_id, (figure, truth) in zip(saved, figures, strict=True):
                known[figure_id] = truth
                store.minings.save(figure_id, AGENT, None, mined[figure.id])
                store.reviews.mined(figure_id, mined[figure.id], EmbeddedAgent.signature)
        return known

    def _mined(self, below: Path) -> dict[str, Hierarchy]:
        """By the figure's key; mined into ``below`` where it is not there yet."""
        path = below / f"mined-{self.figures}-{self.seed}.json"
        if not path.is_file():
            below.mkdir(parents=True, exist_ok=True)
            documents = {key: to_doc(hierarchy) for key, hierarchy in self._mine()}
            fresh = path.with_suffix(f".{os.getpid()}")
            fresh.write_text(json.dumps(documents), encoding="utf-8")
            os.replace(fresh, path)
        read = json.loads(path.read_text(encoding="utf-8"))
        return {key: validated(Hierarchy, document) for key, document in read.items()}

    def _mine(self) -> Iterator[tuple[str, Hierarchy]]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            draw_corpus(folder, self.figures, self.seed)
            truths = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
            jobs = [
                Job(
                    Figure(f"f{n}", "drawn", truth["image"], "0" * 64, tuple(truth["image_wh"]), "", truth["caption"]),
                    folder / truth["image"],
                )
                for n, truth in enumerate(truths, start=1)
            ]
            for result in mine(jobs, partial(EmbeddedAgent, MiningSettings()), workers=1):
                if result.hierarchy is None:
                    raise MiningError(f"{result.figure_id} of the drawn corpus was not mined: {result.reason}")
                yield result.figure_id, result.hierarchy
