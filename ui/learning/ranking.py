"""Ranks all figures that wait: reads the table, orders it by a strategy, writes the order."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curator.audit_sample import SHARE, in_audit, places_of
from curator.errors import SettingsError, StoreError
from curator.ranking import AUDIT_EVERY, KINDS, STRATEGIES, FigureTable, Indices, Strategy, VectorsOf, rank, why
from curator.review_time import ReviewTime
from data.embeddings import Embeddings
from data.store import Store

DEFAULT = "default"
_EXPLAINED = 2_000
"""Figures at the front whose place is explained: many days of reviews, and all are ranked again long before."""
_NAMED = 200
"""Of them, those of which the doubted panel is looked up."""
_SEEN = 2_048  # latest reviewed figures that new ones are compared with
_WORDS = 100.0  # guess: of a caption, where no figure was assessed
_UNASSESSED_ERRORS = 1.0  # guess: of a figure without anything to assess something will be missing


@dataclass(frozen=True, slots=True)
class Ranked:
    """What one ranking did."""

    figures: int
    read_s: float
    rank_s: float
    write_s: float


def rerank(store: Store, strategy: str = DEFAULT, seed: int = 0) -> Ranked:
    """Computes the order of review anew and keeps it; the same decisions make the same order.

    Raises:
        SettingsError: there is no such strategy.
    """
    chosen = strategy_named(strategy)
    began = time.perf_counter()
    table = table_of(store)
    read = time.perf_counter()
    order = rank(table, chosen, seed, _since_audit(store))
    ordered = [table.figure_ids[index] for index in order.tolist()]
    doubted = store.ranks.doubted_panels(ordered[:_NAMED])
    labels = [doubted.get(figure_id, "") for figure_id in ordered[:_EXPLAINED]]
    reasons = [
        why(table, index, label and f"panel {label}")
        for index, label in zip(order[:_EXPLAINED].tolist(), labels, strict=True)
    ]
    ranked = time.perf_counter()
    store.ranks.replace(ordered, reasons)
    return Ranked(len(order), read - began, ranked - read, time.perf_counter() - ranked)


def _since_audit(store: Store) -> int:
    """Figures that persons closed since the last one of the audit sample; of so many that its next one is due, all."""
    closed = store.ranks.latest_closed(AUDIT_EVERY)
    return next((place for place, figure_id in enumerate(closed) if in_audit(figure_id)), len(closed))


def strategy_named(name: str) -> Strategy:
    """Raises SettingsError where there is none of that name."""
    if name not in STRATEGIES:
        raise SettingsError(f"there is no strategy {name!r}; expected one of {list(STRATEGIES)!r}")
    return STRATEGIES[name]


def table_of(store: Store) -> FigureTable:
    """All figures that wait, as the strategies see them."""
    found = store.ranks.waiting()
    codes, covered, nameless = _journals(store)
    uncertainty = np.where(np.isnan(found.confidences), 1.0, 1 - found.confidences)
    nodes = found.panels + found.markers + found.regions
    # before any assessment: as if each node were as sure as the figure
    guessed = np.where(nodes > 0, uncertainty * nodes, _UNASSESSED_ERRORS)
    expected = np.where(np.isnan(found.expected_errors), guessed, found.expected_errors)
    lacking = np.where(np.isnan(found.lacking), 0.0, found.lacking)
    words = np.where(np.isnan(found.words), _usual(found.words), found.words)
    features = np.column_stack(
        [np.ones(len(found)), words, found.panels, found.markers, found.regions, expected - lacking, lacking]
    )
    embedded = _Embedded(store, found.figure_ids)
    return FigureTable(
        found.figure_ids,
        found.numbers,
        expected,
        ReviewTime.fit(*store.ranks.review_times()).seconds(features),
        uncertainty,
        np.nan_to_num(found.disagreement),
        found.kinds,
        np.fromiter(map(codes.__getitem__, found.article_ids), np.int64, len(found)),
        places_of(found.figure_ids) < SHARE,
        embedded.reader,
        covered,
        embedded.covered,
        nameless,
    )


def _usual(words: NDArray[np.float64]) -> float:
    """Words of a caption that nobody has counted: as many as most have."""
    known = words[~np.isnan(words)]
    return float(np.median(known)) if len(known) else _WORDS


def _journals(store: Store) -> tuple[dict[str, int], Indices, int | None]:
    """The code of each article's journal, how many figures of each journal and kind were reviewed, and which code
    stands for no journal."""
    of_article = store.ranks.journals()
    code = {journal: index for index, journal in enumerate(sorted(set(of_article.values())))}
    codes = {article_id: code[journal] for article_id, journal in of_article.items()}
    covered = np.zeros((len(code), len(KINDS)), np.int64)
    for article_id, kinds, count in store.ranks.reviewed():
        for bit in range(len(KINDS)):
            covered[codes[article_id], bit] += count * (kinds >> bit & 1)
    return codes, covered, code.get("")


class _Embedded:
    """Embeddings of figures by the model in use, where the project was indexed: a broken index costs diversity only."""

    def __init__(self, store: Store, figure_ids: tuple[str, ...]) -> None:
        self._embeddings = Embeddings(store.project)
        self._figure_ids = figure_ids
        try:
            self._model = self._embeddings.in_use()
            self.covered = self._of(store.ranks.latest_reviewed(_SEEN)) if self._model else None
        except StoreError:  # `curator search` and `curator check` tell it
            self._model = self.covered = None

    @property
    def reader(self) -> VectorsOf | None:
        return self._rows if self._model else None

    def _rows(self, rows: Indices) -> NDArray[np.float32]:
        return self._of([self._figure_ids[row] for row in rows.tolist()])

    def _of(self, figure_ids: list[str]) -> NDArray[np.float32]:
        assert self._model is not None
        means = self._embeddings.means(self._model.fingerprint, figure_ids)
        none = np.zeros(self._model.dim, np.float32)
        return np.array([means.get(figure_id, none) for figure_id in figure_ids], np.float32).reshape(
            len(figure_ids), self._model.dim
        )
