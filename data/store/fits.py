"""How well each node's text fits what a model sees: what the model in use would bet on, written by `curator index`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

from curator.figure import State
from data.store.database import Connections

_BATCH = 200
"""Figures a transaction. Measured: 9 ms each, so that no editor waits; one transaction a figure would take ten times as
long in all, by its fsync."""


class Fits:
    """Probabilities from 0 to 1 that a node's own text is the right one among others (``curator.fit``)."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def of_figure(self, figure_id: str) -> dict[str, float]:
        """Fits of a figure's nodes by their ids, as they were when the figure was indexed; empty where it was not."""
        rows = self._connections.rows("select node_id, fit from fits where figure_id = ?", (figure_id,))
        return {row["node_id"]: row["fit"] for row in rows}

    def replace_all(self, fits: Iterable[tuple[str, Mapping[str, float]]]) -> None:
        """Makes these the only ones: each figure once, with the fits of its nodes; what stays the same is not written.

        In short transactions. Killed in between, some figures have the new ones and some the old ones.
        """
        waiting = iter(fits)
        kept: set[str] = set()
        while batch := list(islice(waiting, _BATCH)):
            self._save(dict(batch))
            kept.update(figure_id for figure_id, _ in batch)
        rows = self._connections.rows("select distinct figure_id from fits")
        gone = iter(sorted({row["figure_id"] for row in rows} - kept))
        while some := list(islice(gone, _BATCH)):
            self._save({figure_id: {} for figure_id in some})

    def _save(self, figures: Mapping[str, Mapping[str, float]]) -> None:
        changed = {figure_id: fits for figure_id, fits in figures.items() if self.of_figure(figure_id) != fits}
        if not changed:
            return
        with self._connections.write() as conn:
            conn.executemany("delete from fits where figure_id = ?", [(figure_id,) for figure_id in changed])
            conn.executemany(
                "insert into fits values (?, ?, ?)",
                [(figure_id, node_id, fit) for figure_id, fits in changed.items() for node_id, fit in fits.items()],
            )
            # of proposals only: when a person has decided, the model may have learned from it
            conn.executemany(
                """insert or replace into proposed_fits select f.* from fits f
                join nodes n on n.figure_id = f.figure_id and n.id = f.node_id where f.figure_id = ? and n.state = ?""",
                [(figure_id, State.PROPOSED) for figure_id in changed],
            )
            # what was assessed without them is assessed again
            conn.executemany(
                "update assessed_figures set revision = -1 where figure_id = ?", [(figure_id,) for figure_id in changed]
            )
            conn.executemany(
                "update reviews set fit = ? where figure_id = ?",
                [(min(fits.values(), default=None), figure_id) for figure_id, fits in changed.items()],
            )
