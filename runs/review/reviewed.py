"""The hard corpus as a project exports it after a curator has worked at it for some of the time that it takes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np

from bench.stand_ins.curators import SimulatedCurator
from bench.stand_ins.proposals import Agent, Proposals
from curator.figure import Article, Hierarchy, Region
from curator.geometry import Box, iou
from curator.merge import SAME_IOU
from data.export import export
from data.formats.record import split_of
from data.images import encode_thumbnail, load_image
from data.store import Store
from runs.corpora import Corpus
from runs.hard_corpus import LICENSE, hard_figures
from runs.review.corpora import JOURNALS
from runs.review.sessions import by_ingest, looped, review_all
from ui.learning.assessing import assess_waiting, fit_now

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
    sure: float = 0.0
    """Least confidence, by the assessor, of what nobody has reviewed and is trained on all the same."""

    @property
    def name(self) -> str:
        verified = "-verified" if self.verified_only else ""
        sure = f"-sure{self.sure:g}" if self.sure else ""
        return f"reviewed{self.figures}-seed{self.seed}-{self.order}-{self.effort:g}{verified}{sure}"

    def drawn(self, below: Path) -> Path:
        """The export's folder ``below / name``; made now where it is not there yet."""
        folder = below / self.name
        if not folder.is_dir():
            below.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=below, prefix=f".{self.name}-") as scratch:
                store = Store(Path(scratch) / "project")
                self._review(store)
                fresh = Path(scratch) / "export"
                export(store, "jsonl", fresh, self.verified_only, sure=self.sure)
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
        if self.sure:
            fit_now(store)
            for _ in assess_waiting(store):
                pass

    def _fill(self, store: Store) -> dict[str, Hierarchy]:
        """The truth of the figures that wait for a review."""
        proposals = Proposals(self.seed)
        known: dict[str, Hierarchy] = {}
        articles = groupby(hard_figures(self.figures, self.seed), key=lambda drawn: drawn[0].article_id)
        for number, (article_id, drawn) in enumerate(articles):
            journal = f"Journal {number % JOURNALS + 1}"
            figures = [(figure, _reworded(truth), png) for figure, truth, png in drawn]
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
                    mined = _strayed(proposals.of(figure, truth, agent, journal), truth)
                    store.minings.save(figure.id, agent.name, agent.model, mined)
                    if agent is AGENTS[0]:
                        store.reviews.mined(figure.id, mined, agent.name)
        return known


def _reworded(truth: Hierarchy) -> Hierarchy:
    """Each region with its description as the words that a curator types for one that was missed: the same words."""
    return truth.with_nodes(
        replace(node, caption=node.description, description="") if isinstance(node, Region) else node
        for node in truth.nodes()
    )


def _strayed(mined: Hierarchy, truth: Hierarchy) -> Hierarchy:
    """Wrong regions elsewhere on their panel, as in ``runs.noise``: half a cell of the feature map aside, a box would
    teach nearly what the right one does. Agents that agree on a wrong box agree on where it strays to."""
    right = [node.box_xyxy for node in truth.regions]
    panels = [panel.box_xyxy for panel in truth.panels]
    return mined.with_nodes(
        replace(node, box_xyxy=_elsewhere(node.box_xyxy, panels))
        if isinstance(node, Region) and all(iou(node.box_xyxy, box) < SAME_IOU for box in right)
        else node
        for node in mined.nodes()
    )


def _elsewhere(box_xyxy: Box, panels: Sequence[Box]) -> Box:
    """A box as large at a random place, the same for the same box, of the true panel that it is nearest to."""
    x0, y0, x1, y1 = box_xyxy
    left, top, right, bottom = min(panels, key=lambda panel: abs((panel[0] + panel[2]) - (x0 + x1)))
    rng = np.random.default_rng([round(64 * edge) for edge in box_xyxy])
    x = rng.uniform(left, max(left, right - (x1 - x0)))
    y = rng.uniform(top, max(top, bottom - (y1 - y0)))
    return (x, y, x + x1 - x0, y + y1 - y0)
