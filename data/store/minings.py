"""Minings: what each agent proposed for a figure at one time, kept aside from the review."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from curator.codec import to_doc, validated
from curator.errors import StoreError
from curator.figure import Hierarchy, check
from data.store.articles import figure_from_row
from data.store.clock import now_iso
from data.store.database import Connections
from data.store.packing import packed, unpacked


@dataclass(frozen=True, slots=True)
class Mining:
    """One agent's proposals for one figure."""

    id: int
    figure_id: str
    agent: str
    model: str | None
    """None for an agent that asks no model."""
    at: str
    """ISO 8601, UTC."""
    seconds: float
    cost: float
    """In the currency of the settings' prices."""
    hierarchy: Hierarchy


class Minings:
    """Never changed; the newest of each agent and model is the current one."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def save(
        self,
        figure_id: str,
        agent: str,
        model: str | None,
        hierarchy: Hierarchy,
        *,
        seconds: float = 0.0,
        cost: float = 0.0,
    ) -> int:
        """Keeps a mining; its id.

        Raises:
            StoreError: there is no such figure.
            HierarchyError, GeometryError: the proposals are no hierarchy of the figure; nothing was saved.
        """
        row = self._connections.row("select * from figures where id = ?", (figure_id,))
        if row is None:
            raise StoreError(f"there is no figure {figure_id!r} in this project; `curator status` lists its articles")
        figure = figure_from_row(row)
        check(hierarchy, figure.image_wh, figure.caption)
        with self._connections.write() as conn:
            (mining_id,) = conn.execute(
                """insert into minings (figure_id, agent, model, at, seconds, cost, doc)
                values (?, ?, ?, ?, ?, ?, ?) returning id""",
                (figure_id, agent, model, now_iso(), seconds, cost, packed(to_doc(hierarchy))),
            ).fetchone()
            # another witness: what was assessed without it is assessed again
            conn.execute("update assessed_figures set revision = -1 where figure_id = ?", (figure_id,))
        return int(mining_id)

    def mining(self, mining_id: int) -> Mining:
        """Raises StoreError where there is none."""
        row = self._connections.row("select * from minings where id = ?", (mining_id,))
        if row is None:
            raise StoreError(f"there is no mining {mining_id!r} in this project; reload the figure")
        return _mining(row)

    def of_figure(self, figure_id: str) -> list[Mining]:
        """Every mining of the figure, newest first."""
        rows = self._connections.rows("select * from minings where figure_id = ? order by id desc", (figure_id,))
        return [_mining(row) for row in rows]

    def current(self, figure_id: str) -> list[Mining]:
        """The newest mining of each agent and model, newest first."""
        rows = self._connections.rows(
            """select * from minings where id in (select max(id) from minings where figure_id = ? group by agent, model)
            order by id desc""",
            (figure_id,),
        )
        return [_mining(row) for row in rows]

    def mined_by(self, agent: str, model: str | None) -> set[str]:
        """Ids of the figures that this agent has mined with this model."""
        rows = self._connections.rows(
            "select distinct figure_id from minings where agent = ? and model is ?", (agent, model)
        )
        return {row["figure_id"] for row in rows}


def _mining(row: sqlite3.Row) -> Mining:
    return Mining(
        row["id"],
        row["figure_id"],
        row["agent"],
        row["model"],
        row["at"],
        row["seconds"],
        row["cost"],
        validated(Hierarchy, unpacked(row["doc"])),
    )
