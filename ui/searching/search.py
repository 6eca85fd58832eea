"""Search in the page and the command line: text, a node or a picture -> panels and regions like it."""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curator.errors import InputError, ModelError, SettingsError, StoreError, TrainingError
from curator.figure import Panel, PanelKind, Region, State
from curator.geometry import Box, Size
from curator.review import Review
from curator.wording import normalised
from data.embeddings import Embeddings, IndexedBy
from data.images import load_image
from data.store import Store
from data.store.findable import FindableLevel
from ui.searching.index import SearchIndex
from ui.searching.model import SearchModel, load_model
from ui.searching.parts import features_of, part_of, picture_of

LIMIT = 24  # a page of hits, unless said otherwise
_NOT_INDEXED = "this project is not indexed yet; `curator index --model RUN` does so with the model of a training run"


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """Which nodes may be found; a field left out filters nothing."""

    kind: PanelKind | None = None
    """Of the panel, or of the panel around a region."""
    verified: bool = False
    """Only what a person accepted or edited."""


@dataclass(frozen=True, slots=True)
class Hit:
    figure_id: str
    node_id: str
    level: FindableLevel
    score: float
    """Cosine, -1 to 1."""
    label: str
    """A panel's letter as printed; a few words of what a region is. May be empty."""
    panel: str | None
    """The letter of the panel, or of the panel around a region."""
    kind: PanelKind | None
    """Of the panel, or of the panel around a region."""
    text: str
    """Own caption, clause or description."""
    box_xyxy: Box
    """In pixels of the figure."""
    image_wh: Size
    state: State
    article_id: str
    stale: bool
    """Edited since it was indexed: it was found by what it was."""


@dataclass(frozen=True, slots=True)
class Hits:
    hits: tuple[Hit, ...]
    """Nearest first."""
    total: int
    """All that the filter allows: every one of them has a place in the order."""


class Searching:
    """Safe to share among threads. The model is loaded when it is first needed, or by ``prepare``, and kept."""

    def __init__(self, store: Store, embeddings: Embeddings, load: Callable[[str], SearchModel] = load_model) -> None:
        self._store = store
        self._embeddings = embeddings
        self._load = load
        self._model: SearchModel | None = None
        self._loading = threading.Lock()
        self._index: SearchIndex | None = None
        self._indexing = threading.Lock()
        self._prepared: threading.Thread | None = None
        self._preparing = threading.Lock()

    def state(self) -> dict[str, Any]:
        """``model`` (its name or None), ``nodes`` that can be found, figures that are ``stale`` (to be indexed again),
        whether the model is ``loaded``, and ``why_not``: None, or why no text can be searched for."""
        found: dict[str, Any] = {"model": None, "nodes": 0, "stale": 0, "loaded": False, "why_not": None}
        try:
            model = self._embeddings.in_use()
            if model is None:
                return found | {"why_not": _NOT_INDEXED}
            with self._indexing:
                nodes = int(self._fresh().allowed().sum())
            kept = self._embeddings.revisions(model.fingerprint)
        except StoreError as error:
            return found | {"why_not": str(error)}
        stale = sum(kept.get(figure_id) != now for figure_id, now in self._store.findable.revisions().items())
        loaded = self._model is not None and self._model.fingerprint == model.fingerprint
        why_not = None if loaded else self._missing(model)
        return {"model": model.name, "nodes": nodes, "stale": stale, "loaded": loaded, "why_not": why_not}

    def prepare(self) -> None:
        """Loads the model beside what goes on, so that the first search need not wait for it; that search says where
        it cannot be loaded."""
        with self._preparing:
            if self._prepared is None or not self._prepared.is_alive():
                self._prepared = threading.Thread(target=self._load_ahead, name="search model", daemon=True)
                self._prepared.start()

    def _load_ahead(self) -> None:
        with suppress(ModelError, StoreError):
            if (model := self._embeddings.in_use()) is not None:
                self._embedder(model)

    def by_text(
        self,
        text: str,
        level: FindableLevel | None = None,
        limit: int = LIMIT,
        offset: int = 0,
        filter: SearchFilter = SearchFilter(),
    ) -> Hits:
        """What the words describe.

        Raises:
            InputError: there is no word in the text.
            ModelError: the model cannot be loaded. StoreError: nothing is indexed, or the file is broken.
        """
        if not normalised(text):
            raise InputError(
                f"{text!r} holds no word to search for; write what is to be seen, such as 'dividing cells'"
            )
        return self._search(lambda index: self._embedder(index.model).texts([text])[0], level, limit, offset, filter)

    def by_picture(
        self,
        content: bytes,
        level: FindableLevel | None = None,
        limit: int = LIMIT,
        offset: int = 0,
        filter: SearchFilter = SearchFilter(),
    ) -> Hits:
        """What looks like a picture, given as the bytes of its file.

        Raises:
            ImageError: no picture that can be read. Else as ``by_text``.
        """
        from PIL import Image

        image = Image.fromarray(load_image(content, name="the picture").rgb)
        return self._search(
            lambda index: self._embedder(index.model).pictures([image])[0], level, limit, offset, filter
        )

    def by_node(
        self,
        figure_id: str,
        node_id: str,
        level: FindableLevel | None = None,
        limit: int = LIMIT,
        offset: int = 0,
        filter: SearchFilter = SearchFilter(),
    ) -> Hits:
        """What looks like a panel, region or marker of the project, without itself. No model is needed where its
        embedding is there and fresh.

        Raises:
            StoreError: there is no such figure or node. Else as ``by_text``.
        """
        review = self._store.reviews.load(figure_id, time.time()).review
        node = review.hierarchy.by_id().get(node_id)
        if node is None:
            raise StoreError(f"figure {figure_id!r} has no node {node_id!r}; reload the figure")
        part = part_of(review, node)

        def query(index: SearchIndex) -> NDArray[np.float32]:
            row = index.row_of(figure_id, node_id)
            if row is not None and index.key(row) == part.key:
                return index.nearest.feature(row)
            model = self._embedder(index.model)
            found: NDArray[np.float32] = features_of(model, picture_of(self._store, review.figure), [part])[0]
            return found

        return self._search(query, level, limit, offset, filter, (figure_id, node_id))

    def _search(
        self,
        query_of: Callable[[SearchIndex], NDArray[np.float32]],
        level: FindableLevel | None,
        limit: int,
        offset: int,
        filter: SearchFilter,
        without: tuple[str, str] | None = None,
    ) -> Hits:
        with self._indexing:
            index = self._fresh()
            allowed = index.allowed(level, filter.kind, filter.verified)
        if without is not None and (row := index.row_of(*without)) is not None:
            allowed[row] = False
        scores, rows = index.nearest.search(query_of(index), offset + limit, allowed)
        return Hits(self._hits(index, scores[offset:], rows[offset:]), int(allowed.sum()))

    def _hits(self, index: SearchIndex, scores: NDArray[np.float32], rows: NDArray[np.int64]) -> tuple[Hit, ...]:
        reviews: dict[str, Review] = {}
        hits = []
        for score, row in zip(scores.tolist(), rows.tolist(), strict=True):
            figure_id, node_id = index.places[row]
            if figure_id not in reviews:
                reviews[figure_id] = self._store.reviews.load(figure_id, 0.0).review
            node = reviews[figure_id].hierarchy.by_id().get(node_id)
            if isinstance(node, Panel | Region):  # else it was removed a moment ago
                hits.append(_hit(reviews[figure_id], node, score, index.key(row)))
        return tuple(hits)

    def _fresh(self) -> SearchIndex:
        """The index as the file and the project are now; to be called with ``_indexing`` held.

        Raises:
            StoreError: nothing is indexed, or the file is broken.
        """
        generation = self._embeddings.generation()
        if self._index is None or self._index.generation != generation:
            model = self._embeddings.in_use()
            if model is None:
                raise StoreError(_NOT_INDEXED)
            self._index = SearchIndex(model, generation, self._embeddings, self._store)
        self._index.keep_up()
        return self._index

    def _embedder(self, wanted: IndexedBy) -> SearchModel:
        with self._loading:
            if self._model is None or self._model.fingerprint != wanted.fingerprint:
                if (why_not := self._missing(wanted)) is not None:
                    raise ModelError(why_not)
                try:
                    found = self._load(wanted.place)
                except (ModelError, TrainingError, SettingsError) as error:
                    raise ModelError(
                        f"the model {wanted.name!r} that indexed this project cannot be loaded ({error}); mend that, "
                        "or index with another model: `curator index --model RUN`"
                    ) from error
                if found.fingerprint != wanted.fingerprint:
                    raise ModelError(
                        f"the model in {wanted.place} is not the one any more that indexed this project; "
                        f"`curator index --model {wanted.place}` indexes with it as it is now"
                    )
                self._model = found
            return self._model

    def _missing(self, model: IndexedBy) -> str | None:
        """Why the model could not be loaded, as far as can be told without trying."""
        folder = Path(model.place.removeprefix("local-dir:"))
        if folder.is_absolute() and not folder.is_dir():
            return (
                f"the model {model.name!r} that indexed this project is no longer in {folder}; put the folder back, or "
                "index with another model: `curator index --model RUN`"
            )
        if self._load is load_model and importlib.util.find_spec("open_clip") is None:
            return "search for texts and pictures needs 'open_clip', which is not installed; `make models` installs it"
        return None


def _hit(review: Review, node: Panel | Region, score: float, key: str) -> Hit:
    part = part_of(review, node)
    return Hit(
        review.figure.id,
        node.id,
        "panel" if isinstance(node, Panel) else "region",
        score,
        node.label or "",
        part.panel.label if part.panel else None,
        part.panel.kind if part.panel else None,
        part.text,
        node.box_xyxy,
        review.figure.image_wh,
        node.state,
        review.figure.article_id,
        part.key != key,
    )
