"""What could not be read or mined, with its reason, until it could."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from data.store.clock import now_iso
from data.store.database import Connections

Stage = Literal["ingest", "mine"]


@dataclass(frozen=True, slots=True)
class ProblemRow:
    stage: Stage
    place: str
    """The article, file or figure that it is about."""
    reason: str
    at: str
    figure_id: str | None = None


class Problems:
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def add(self, stage: Stage, place: str, reason: str, figure_id: str | None = None) -> None:
        """Lists a problem; the same place again replaces the reason."""
        with self._connections.write() as conn:
            conn.execute(
                """insert into problems (stage, place, figure_id, reason, at) values (?, ?, ?, ?, ?)
                on conflict (stage, place) do update set reason = excluded.reason, at = excluded.at""",
                (stage, place, figure_id, reason, now_iso()),
            )

    def solve(self, stage: Stage, place: str) -> None:
        """Takes the problems of a place, and of what is inside it ("PLACE figure"), off the list."""
        with self._connections.write() as conn:
            conn.execute(
                "delete from problems where stage = ? and (place = ? or substr(place, 1, ?) = ?)",
                (stage, place, len(place) + 1, place + " "),
            )

    def listed(self) -> list[ProblemRow]:
        rows = self._connections.rows("select * from problems order by stage, place")
        return [ProblemRow(row["stage"], row["place"], row["reason"], row["at"], row["figure_id"]) for row in rows]
