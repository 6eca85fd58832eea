"""The order of review as it was computed last, and the columns that it is computed from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curator.review_time import COLUMNS
from data.store.auto import ACCEPTED_WITHOUT_A_PERSON
from data.store.database import Connections

_REVIEWS_READ = 1000
"""Latest reviews that tell how long one takes: enough for five weights, read in some 10 ms."""


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """All open figures, as columns of equal length in order of ingest; of those that were auto-accepted only the audit
    sample's."""

    figure_ids: tuple[str, ...]
    article_ids: tuple[str, ...]
    numbers: NDArray[np.int64]
    confidences: NDArray[np.float64]
    """NaN where a figure has none."""
    kinds: NDArray[np.int64]
    panels: NDArray[np.int64]
    markers: NDArray[np.int64]
    regions: NDArray[np.int64]
    expected_errors: NDArray[np.float64]
    """By the assessor; NaN where it has not seen the figure as it stands."""
    disagreement: NDArray[np.float64]
    """NaN where that is so, as in what follows."""
    lacking: NDArray[np.float64]
    """Of the errors, nodes to be drawn."""
    words: NDArray[np.float64]
    """Of the caption."""

    def __len__(self) -> int:
        return len(self.figure_ids)


class Ranks:
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def replace(self, figure_ids: Sequence[str], reasons: Sequence[str] = ()) -> None:
        """Makes this the order, from the first on; ``reasons`` say of as many of the first why they stand there.

        One transaction: nobody ever sees a part of the one order and a part of another.
        """
        explained = [(figure_id, at, why) for at, (figure_id, why) in enumerate(zip(figure_ids, reasons, strict=False))]
        rest = json.dumps(list(figure_ids[len(explained) :]))
        with self._connections.write() as conn:
            conn.execute("delete from ranks")
            conn.executemany("insert into ranks values (?, ?, ?)", explained)
            # one statement: a row from Python at a time took twice as long
            conn.execute("insert into ranks select value, ? + key, '' from json_each(?)", (len(explained), rest))

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

    def waiting(self) -> Waiting:
        """Read in two walks through whole tables, by column, and put together here: to look up 100,000 rows by a text
        key, or to make a tuple of each, took longer than all else."""
        # the plus signs keep SQLite from an index, after which it would look up each row
        figure_ids, article_ids, numbers, revisions, confidences, *counts = self._columns(
            f"""reviews r where +r.current = 1 and +r.state = 'proposed' and not {ACCEPTED_WITHOUT_A_PERSON}""",
            "r.figure_id", "r.article_id", "r.number", "r.revision", "r.confidence", "r.kinds", "r.panel_count",
            "r.marker_count", "r.region_count",
        )  # fmt: skip
        ingested = np.argsort(np.array(numbers, np.int64))
        in_order = ingested.tolist()
        assessed = self._assessed(figure_ids, np.array(revisions, np.int64))[:, ingested]
        kinds, panels, markers, regions = (np.array(column, np.int64)[ingested] for column in counts)
        return Waiting(
            tuple([figure_ids[row] for row in in_order]),
            tuple([article_ids[row] for row in in_order]),
            np.array(numbers, np.int64)[ingested],
            np.array(confidences, np.float64)[ingested],
            kinds,
            panels,
            markers,
            regions,
            *assessed,
        )

    def _assessed(self, figure_ids: Sequence[str], revisions: NDArray[np.int64]) -> NDArray[np.float64]:
        """Expected errors, disagreement, lacking nodes and words [4, n] by the assessor; NaN where it has not seen that
        revision."""
        assessed_ids, *columns = self._columns(
            "assessed_figures", "figure_id", "revision", "expected_errors", "disagreement", "lacking", "words"
        )
        # the last column: for figures without a row, of no revision that there is
        seen, *values = np.column_stack([np.array(columns, np.float64), [-2.0, *[np.nan] * 4]])
        row_of = dict(zip(assessed_ids, range(len(assessed_ids)), strict=True))
        at = np.fromiter(map(row_of.get, figure_ids, repeat(-1)), np.int64, len(figure_ids))
        holds = (seen[at] == revisions) | (seen[at] == -1)
        return np.where(holds, np.array(values)[:, at], np.nan)

    def _columns(self, rest: str, *names: str) -> list[list[Any]]:
        """The query's columns, each packed into one text by SQLite: floats to 15 digits."""
        row = self._connections.row(f"select {', '.join(f'json_group_array({name})' for name in names)} from {rest}")
        assert row is not None
        return [json.loads(column) for column in row]

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

    def latest_closed(self, limit: int) -> list[str]:
        """Figures that a person accepted or skipped, the latest first; about ``limit`` of each."""
        rows = self._connections.rows(
            """with closed as (
            select * from (select figure_id from reviews where state = 'accepted' order by decided_at desc limit :limit)
            union all
            select * from (select figure_id from reviews where state = 'skipped' order by decided_at desc limit :limit))
            select figure_id from closed
            order by (select max(id) from events e where e.figure_id = closed.figure_id) desc""",
            {"limit": limit},
        )
        return [row["figure_id"] for row in rows]

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
            """select f.caption, r.panel_count, r.marker_count, r.region_count,
            (select count(*) from outcomes o where o.figure_id = r.figure_id and not o.was_right) as wrong,
            (select count(*) from nodes n where n.figure_id = r.figure_id and n.agent glob 'person:*') as drawn,
            (select sum(e.seconds) from events e where e.figure_id = r.figure_id and e.kind = 'decide') as seconds
            from reviews r join figures f on f.id = r.figure_id
            where r.state = 'accepted' order by r.decided_at desc limit ?""",
            (_REVIEWS_READ,),
        )
        timed = np.array(
            [(1, len(caption.split()), *counts) for caption, *counts in rows if counts[-1]], np.float64
        ).reshape(-1, len(COLUMNS) + 1)
        return timed[:, :-1], timed[:, -1]
