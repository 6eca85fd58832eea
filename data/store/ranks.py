"""The order of review as it was computed last, and the columns that it is computed from."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.store.auto import ACCEPTED_WITHOUT_A_PERSON
from data.store.database import Connections

_REVIEWS_READ = 1000
"""Latest reviews that tell how long one takes: enough for five weights, read in some 10 ms."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open figure; of those that were auto-accepted only the audit sample's."""

    figure_id: str
    number: int
    article_id: str
    confidence: float | None
    kinds: int
    panel_count: int
    marker_count: int
    region_count: int
    expected_errors: float | None
    """By the assessor; None where it has not seen the figure as it stands."""
    disagreement: float | None


class Ranks:
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def replace(self, figures: Iterable[tuple[str, str]]) -> None:
        """Makes this the order: figure ids from the first on, each with why it stands there.

        One transaction: nobody ever sees a part of the one order and a part of another.
        """
        rows = [(figure_id, position, why) for position, (figure_id, why) in enumerate(figures)]
        with self._connections.write() as conn:
            conn.execute("delete from ranks")
            conn.executemany("insert into ranks values (?, ?, ?)", rows)

    def ordered(self, limit: int) -> list[tuple[str, str]]:
        """The first figures of the order that still wait, with why each stands there."""
        rows = self._connections.rows(
            f"""select k.figure_id, k.why from ranks k cross join reviews r on r.figure_id = k.figure_id
            where r.current = 1 and r.state = 'proposed' and not {ACCEPTED_WITHOUT_A_PERSON}
            order by k.position limit ?""",
            (limit,),
        )
        return [(row["figure_id"], row["why"]) for row in rows]

    def why(self, figure_id: str) -> str:
        """Why the figure stands where it stands; empty where nobody said."""
        row = self._connections.row("select why from ranks where figure_id = ?", (figure_id,))
        return row["why"] if row else ""

    def waiting(self) -> list[sqlite3.Row]:
        """Rows with the fields of ``Waiting``: not made into that class, which would take as long as ranking."""
        return self._connections.rows(
            f"""select r.figure_id, r.number, r.article_id, r.confidence, r.kinds, r.panel_count, r.marker_count,
            r.region_count, s.expected_errors, s.disagreement from reviews r
            left join assessed_figures s on s.figure_id = r.figure_id and s.revision in (r.revision, -1)
            where r.current = 1 and r.state = 'proposed' and not {ACCEPTED_WITHOUT_A_PERSON} order by r.number"""
        )

    def journals(self) -> dict[str, str]:
        """Each article's journal."""
        return {row["id"]: row["journal"] for row in self._connections.rows("select id, journal from articles")}

    def reviewed(self) -> list[tuple[str, int, int]]:
        """Article, kinds and count of the figures that a person accepted."""
        rows = self._connections.rows(
            """select article_id, kinds, count(*) as n from reviews where current = 1 and state = 'accepted'
            group by article_id, kinds"""
        )
        return [(row["article_id"], row["kinds"], row["n"]) for row in rows]

    def latest_reviewed(self, limit: int) -> list[str]:
        """Figures that a person accepted, the latest last."""
        rows = self._connections.rows(
            "select figure_id from reviews where state = 'accepted' order by decided_at desc limit ?", (limit,)
        )
        return [row["figure_id"] for row in reversed(rows)]

    def doubted_panels(self, figure_ids: list[str]) -> dict[str, str]:
        """The label of each figure's least sure open panel that has one."""
        rows = self._connections.rows(
            f"""select n.figure_id, n.label, min(coalesce(s.confidence, n.confidence)) from nodes n
            left join assessed s on s.figure_id = n.figure_id and s.node_id = n.id
            where n.figure_id in ({", ".join("?" * len(figure_ids))}) and n.level = 'panel' and n.state = 'proposed'
            and n.label != '' group by n.figure_id""",
            tuple(figure_ids),
        )
        return {row["figure_id"]: row["label"] for row in rows}

    def review_times(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What the latest reviews were of (columns of ``curator.review_time``) and the seconds that they took."""
        rows = self._connections.rows(
            """select 1, r.panel_count, r.marker_count, r.region_count,
            (select count(*) from nodes n where n.figure_id = r.figure_id and n.agent glob 'person:*')
            + (select count(*) from outcomes o where o.figure_id = r.figure_id and not o.was_right),
            (select sum(e.seconds) from events e where e.figure_id = r.figure_id and e.kind = 'decide') as seconds
            from reviews r where r.state = 'accepted' order by r.decided_at desc limit ?""",
            (_REVIEWS_READ,),
        )
        timed = np.array([tuple(row) for row in rows if row["seconds"]], np.float64).reshape(-1, 6)
        return timed[:, :5], timed[:, 5]
