"""Published figures with hand-made truth as the embedded agent mines them, where this checkout has them beside it.

Panels are judged by box and letter, markers by box and kind; words and panels' kinds are not, and regions are left out,
since the hand-made truth has none. Where only the first markers of a figure are listed, what is proposed beside them is
right, as the scorer has it: errors there are a lower bound.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from agents.embedded.agent import EmbeddedAgent
from bench.shared import SETS, SHARED, stem, truth_of
from bench.stand_ins.differences import differences
from curator.codec import to_doc, validated
from curator.figure import Article, Figure, Hierarchy, Marker, MarkerKind, Panel, Provenance, Shared
from curator.geometry import iou
from curator.settings import MiningSettings
from data.images import load_image
from data.sources import ArticleSource, SourceSettings, read_sources
from data.store import Store
from runs.review.mined import AGENT

_TRUTH = Provenance("truth", "1", "2026-01-01T00:00:00+00:00")
_KINDS = {kind.value for kind in MarkerKind}
_SAME_IOU = 0.3  # from which a true node takes what is not judged from a proposal

NodeT = TypeVar("NodeT", Panel, Marker)


@dataclass(frozen=True, slots=True)
class PublishedCorpus:
    """All of them, ingested in an order that depends on the seed; the seed is also in the articles' names, by which the
    audit sample is drawn."""

    seed: int

    def fill(self, store: Store, below: Path) -> dict[str, Hierarchy]:
        """Ingests the figures, without their pictures, with the agent's proposals; the truth of each by its id.

        Mined once into ``below``.
        """
        entries = _entries(below)
        known: dict[str, Hierarchy] = {}
        for index in np.random.default_rng(self.seed).permutation(len(entries)).tolist():
            figure, found, truth = entries[index]
            article = Article(f"published-{self.seed}-{index}", journal=figure.article_id)
            (figure_id,) = store.articles.save(article, [replace(figure, article_id=article.id)]).added
            known[figure_id] = truth
            store.minings.save(figure_id, AGENT, None, found)
            store.reviews.mined(figure_id, found, EmbeddedAgent.signature)
        return known


def judged(truth: Mapping[str, Any], mined: Hierarchy) -> tuple[Hierarchy, Hierarchy]:
    """What the agent proposed, without what cannot be judged; and the truth, as an entry of the hand-made lists has it,
    with the words and panel kinds of the proposals that lie where it does."""
    found = Hierarchy(mined.panels, mined.markers, (), mined.shared)
    panels = [
        _like(Panel(f"p{n}", tuple(panel["box_xyxy"]), _TRUTH, panel["label"] or None), found.panels)
        for n, panel in enumerate(truth["panels"], start=1)
    ]
    of_label = {panel.label: panel.id for panel in panels}
    true_markers = [
        _like(
            Marker(
                f"m{n}",
                of_label.get(marker["panel"]),
                MarkerKind(marker["kind"]),
                tuple(marker["box_xyxy"]),
                _TRUTH,
                tip_xy=tuple(marker["tip_xy"]) if marker["tip_xy"] else None,
            ),
            found.markers,
        )
        for n, marker in enumerate(truth["markers"], start=len(panels) + 1)
        if marker["kind"] in _KINDS
    ]
    labels = tuple(panel.label for panel in panels if panel.label)
    true = Hierarchy(tuple(panels), tuple(true_markers), (), Shared(promised_labels=labels))
    return found, _with_unlisted(true, found) if truth.get("markers_capped") else true


def _with_unlisted(true: Hierarchy, found: Hierarchy) -> Hierarchy:
    """The truth with each proposed marker that stands for none of those listed: whether it is right nobody wrote down.

    To leave all markers of such a figure out would wrong the queue, which expects missing ones where a caption speaks
    of arrows, and is right to.
    """
    pairs = differences(true, found)
    true_of = {pair.found.id: pair.true.id for pair in pairs if pair.found is not None and pair.true is not None}
    unlisted = [
        replace(pair.found, id=f"unlisted-{pair.found.id}", panel_id=true_of.get(pair.found.panel_id or ""))
        for pair in pairs
        if pair.true is None and isinstance(pair.found, Marker)
    ]
    return replace(true, markers=(*true.markers, *unlisted))


def _like(true: NodeT, found: Sequence[NodeT]) -> NodeT:
    """The true node with what is not judged taken from the proposal that overlaps it most."""
    twin = max(found, key=lambda node: iou(true.box_xyxy, node.box_xyxy), default=None)
    if twin is None or iou(true.box_xyxy, twin.box_xyxy) < _SAME_IOU:
        return true
    if isinstance(true, Panel) and isinstance(twin, Panel):
        return replace(true, kind=twin.kind, photographic=twin.photographic, own_spans=twin.own_spans)
    if isinstance(true, Marker) and isinstance(twin, Marker):
        return replace(true, color=twin.color, clause_span=twin.clause_span)
    raise TypeError(f"{true.id!r} and {twin.id!r} are of two levels")


def _entries(below: Path) -> list[tuple[Figure, Hierarchy, Hierarchy]]:
    """Each figure, what was found and what is true; mined into ``below`` where it is not there yet."""
    path = below / "mined-published.json"
    if not path.is_file():
        below.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        documents = [[name, image, to_doc(hierarchy)] for name, image, hierarchy in _mine()]
        fresh.write_text(json.dumps(documents), encoding="utf-8")
        os.replace(fresh, path)
    mined = {(name, image): document for name, image, document in json.loads(path.read_text(encoding="utf-8"))}
    entries = []
    for name, truth, figure, _ in _sources():
        hierarchy: Hierarchy = validated(Hierarchy, mined[name, figure.image_name])
        entries.append((figure, *judged(truth, hierarchy)))
    return entries


def _mine() -> Iterator[tuple[str, str, Hierarchy]]:
    agent = EmbeddedAgent(MiningSettings())
    for name, _, figure, path in _sources():
        yield name, figure.image_name, agent.propose(figure, load_image(path).rgb)


def _sources() -> Iterator[tuple[str, dict[str, Any], Figure, Path]]:
    """Set, truth, figure and image of each."""
    for name in SETS:
        wanted = {stem(truth["image"]): truth for truth in truth_of(name)}
        for source in read_sources(SHARED / "figures" / name, SourceSettings()):
            if not isinstance(source, ArticleSource):
                continue
            for found in source.figures:
                truth = wanted.get(stem(found.image_name))
                if truth is None:
                    continue
                image = load_image(found.image_path)
                figure = Figure(
                    found.figure_key,
                    name,
                    found.image_name,
                    image.sha256,
                    image.wh,
                    found.label,
                    found.caption,
                    found.bold_spans,
                )
                yield name, truth, figure, found.image_path
