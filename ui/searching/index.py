"""The embeddings of a project in memory, beside what is known of each node now."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from curator.figure import PanelKind
from data.embeddings import Embeddings, IndexedBy, IndexedFigure
from data.nearest import Nearest
from data.store import Store
from data.store.findable import FindableLevel, FindableNode

_LEVELS: tuple[FindableLevel, ...] = ("panel", "region")
_KINDS = tuple(PanelKind)


class SearchIndex:
    """All that one model made of the project, as it was at one moment.

    What is allowed to be found is read from the project and kept up with it: rejecting a node takes it out of the next
    search, though its features are still there. With 100,000 nodes of 192 numbers it is built in 2 s of computing
    (measured), mostly reading the project's nodes, and kept up in a few milliseconds.
    """

    def __init__(self, model: IndexedBy, generation: tuple[str, int], embeddings: Embeddings, store: Store) -> None:
        self.model = model
        self.generation = generation
        self.places: list[tuple[str, str]] = []
        """Figure and node of each row."""
        self._keys: list[str] = []
        self._rows: dict[str, range] = {}
        features: list[NDArray[np.float32]] = [np.zeros((0, model.dim), np.float32)]
        for figure in embeddings.figures(model.fingerprint):
            self._take(figure)
            features.append(figure.images)
        self.nearest = Nearest(np.concatenate(features))
        count = len(self.nearest)
        self._level = np.full(count, -1, np.int8)  # -1: not to be found
        self._kind = np.full(count, -1, np.int8)
        self._verified = np.zeros(count, np.bool_)
        self._store = store
        self._mark = store.findable.mark()
        self._read(store.findable.nodes())

    def _take(self, figure: IndexedFigure) -> None:
        first = len(self.places)
        self._rows[figure.figure_id] = range(first, first + len(figure.nodes))
        self.places += [(figure.figure_id, node.id) for node in figure.nodes]
        self._keys += [node.key for node in figure.nodes]

    def _read(self, nodes: list[FindableNode]) -> None:
        for figure_id, together in groupby(nodes, key=lambda node: node.figure_id):
            rows = {self.places[row][1]: row for row in self._rows.get(figure_id, ())}
            for node in together:
                if (row := rows.get(node.node_id)) is not None:
                    self._level[row] = _LEVELS.index(node.level)
                    self._kind[row] = -1 if node.kind is None else _KINDS.index(node.kind)
                    self._verified[row] = node.state.verified

    def keep_up(self) -> None:
        """Reads again what was decided, mined or replaced since the last time."""
        mark = self._store.findable.mark()
        if mark == self._mark:
            return
        for figure_id in self._store.findable.changed(self._mark):
            if rows := self._rows.get(figure_id):
                self._level[rows.start : rows.stop] = -1
                self._read(self._store.findable.nodes(figure_id))
        self._mark = mark

    def allowed(
        self, level: FindableLevel | None = None, kind: PanelKind | None = None, verified: bool = False
    ) -> NDArray[np.bool_]:
        """bool [n]: the rows that may be found."""
        found = self._level >= 0 if level is None else self._level == _LEVELS.index(level)
        if kind is not None:
            found &= self._kind == _KINDS.index(kind)
        if verified:
            found &= self._verified
        return found

    def row_of(self, figure_id: str, node_id: str) -> int | None:
        """None where the node is not indexed."""
        return next((row for row in self._rows.get(figure_id, ()) if self.places[row][1] == node_id), None)

    def key(self, row: int) -> str:
        """Hash of what the row's features were made of."""
        return self._keys[row]
