"""The hard corpus as a project exports it after a curator has worked at it for some of the time that it takes."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np

from bench.stand_ins.curators import SimulatedCurator
from bench.stand_ins.proposals import Agent, Proposals
from curator.figure import Article, Hierarchy
from data.export import export
from data.formats.record import split_of
from data.images import encode_thumbnail, load_image
from data.store import Store
from runs.corpora import Corpus
from runs.hard_corpus import LICENSE, hard_figures
from runs.review.corpora import JOURNALS
from runs.review.sessions import by_ingest, looped, review_all

AGENTS = (
    Agent("embedded", panel=0.3, marker=0.3, region=0.45),
    Agent("openai", "stand-in", panel=0.3, marker=0.3, region=0.45, bias=1.8, slope=0.45),
)
"""That err often enough for it to show in a model, as ``runs.noise`` spoils 40 % of the boxes."""
RANDOM = "random"
_EVERY = 20  # figures between two fits of the assessor


@dataclass(frozen=True, slots=True)
class ReviewedCorpus(Corpus):
    """Proposals with errors for the training figures, reviewed in one order for a share of the time that all take.

    Figures of the other splits are right and accepted beforehand, and cost nothing.
    """

    order: str = "default"
    """A strategy of ``curator.ranking``, with the assessor's loop; or ``RANDOM``, without."""
    effort: float = 0.0

    @property
    def name(self) -> str:
        verified = "-verified" if self.verified_only else ""
        return f"reviewed{self.figures}-seed{self.seed}-{self.order}-{self.effort:g}{verified}"

    def drawn(self, below: Path) -> Path:
        """The export's folder ``below / name``; made now where it is not there yet."""
        folder = below / self.name
        if not folder.is_dir():
            below.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=below, prefix=f".{self.name}-") as scratch:
                store = Store(Path(scratch) / "project")
                self._review(store)
                fresh = Path(scratch) / "export"
                export(store, "jsonl", fresh, self.verified_only)
                store.close()
                os.replace(fresh, folder)
        return folder

    def hours(self) -> float:
        """That the whole review takes."""
        with tempfile.TemporaryDirectory() as folder:
            store = Store(Path(folder))
            known = self._fill(store)
            curve, _ = by_ingest(store, SimulatedCurator(known), known)
            store.close()
        return float(curve.seconds.sum()) / 3600

    def _review(self, store: Store) -> None:
        known = self._fill(store)
        curator = SimulatedCurator(known)
        curve, _ = by_ingest(store, curator, known)
        seconds = self.effort * float(curve.seconds.sum())
        if self.order == RANDOM:
            lot = np.random.default_rng(self.seed).permutation(np.array(list(known)))
            review_all(store, curator, lot.tolist(), seconds)
        elif seconds:
            looped(store, curator, self.order, _EVERY, seconds)

    def _fill(self, store: Store) -> dict[str, Hierarchy]:
        """The truth of the figures that wait for a review."""
        proposals = Proposals(self.seed)
        known: dict[str, Hierarchy] = {}
        articles = groupby(hard_figures(self.figures, self.seed), key=lambda drawn: drawn[0].article_id)
        for number, (article_id, drawn) in enumerate(articles):
            journal = f"Journal {number % JOURNALS + 1}"
            figures = list(drawn)
            # the store makes ids of the article's and a key
            keyed = [replace(figure, id=figure.id.partition(":")[2]) for figure, _, _ in figures]
            store.articles.save(Article(article_id, journal=journal, license=LICENSE), keyed)
            for figure, truth, png in figures:
                store.images.save(figure.image_sha256, png, png, ".png", encode_thumbnail(load_image(png).rgb))
                if split_of(article_id) != "train":
                    store.reviews.mined(figure.id, truth, "truth")
                    review_all(store, SimulatedCurator({figure.id: truth}), [figure.id])
                    continue
                known[figure.id] = truth
                for agent in AGENTS:
                    mined = proposals.of(figure, truth, agent, journal)
                    store.minings.save(figure.id, agent.name, agent.model, mined)
                    if agent is AGENTS[0]:
                        store.reviews.mined(figure.id, mined, agent.name)
        return known
