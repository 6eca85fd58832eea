"""Assessors, every version of them, and the latest's word on each figure."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from curator.assessor import Assessed, Assessor, from_doc, to_doc
from curator.figure import FigureState
from data.store.clock import now_iso
from data.store.database import Connections

PRIOR = 0
"""Stands for the assessor before any decision, which has no row."""


@dataclass(frozen=True, slots=True)
class Version:
    """One that was fitted."""

    id: int
    at: str
    """ISO 8601, UTC."""
    decisions: int
    """On so many."""


@dataclass(frozen=True, slots=True)
class AssessedFigure:
    """An assessor's word on a figure at a revision."""

    figure_id: str
    revision: int
    assessed: Assessed


class Assessors:
    """Versions are never changed; what they say of figures is derived and may be deleted."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._lock = threading.Lock()
        self._read: tuple[int, Assessor | None] = (PRIOR, None)

    def latest(self) -> Assessor | None:
        """The one in use; None before the first was fitted, and where a Curator with other evidence fitted it."""
        return self.in_use()[1]

    def in_use(self) -> tuple[int, Assessor | None]:
        """Its number too."""
        row = self._connections.row("select coalesce(max(id), 0) as id from assessors")
        latest = int(row["id"]) if row else PRIOR
        with self._lock:
            if self._read[0] != latest:
                self._read = latest, self.version(latest)
            return self._read

    def version(self, assessor_id: int) -> Assessor | None:
        row = self._connections.row("select doc from assessors where id = ?", (assessor_id,))
        return from_doc(json.loads(row["doc"])) if row else None

    def versions(self) -> list[Version]:
        """Newest first."""
        rows = self._connections.rows("select id, at, decisions from assessors order by id desc")
        return [Version(row["id"], row["at"], row["decisions"]) for row in rows]

    def save(self, assessor: Assessor) -> int:
        """Makes it the latest; its number."""
        document = json.dumps(to_doc(assessor))
        with self._connections.write() as conn:
            (assessor_id,) = conn.execute(
                "insert into assessors (at, decisions, doc) values (?, ?, ?) returning id",
                (now_iso(), assessor.decisions, document),
            ).fetchone()
        return int(assessor_id)

    def of_figure(self, figure_id: str) -> dict[str, float]:
        """Confidences of the figure's open proposals by their ids, as they were assessed last."""
        rows = self._connections.rows("select node_id, confidence from assessed where figure_id = ?", (figure_id,))
        return {row["node_id"]: row["confidence"] for row in rows}

    def waiting(self, assessor_id: int, limit: int) -> list[str]:
        """Open figures that this version has not assessed as they stand, in order of ingest."""
        rows = self._connections.rows(
            """select r.figure_id from reviews r left join assessed_figures a on a.figure_id = r.figure_id
            where r.current = 1 and r.state = ? and (a.revision is not r.revision or a.assessor is not ?)
            order by r.number limit ?""",
            (FigureState.PROPOSED, assessor_id, limit),
        )
        return [row["figure_id"] for row in rows]

    def replace(self, assessor_id: int, batch: Iterable[AssessedFigure]) -> None:
        """Saves what a version says of these figures, and their confidence where the queue reads it.

        One that has been changed since is left as it is: it still waits.
        """
        with self._connections.write() as conn:
            for one in batch:
                changed = conn.execute(
                    "update reviews set confidence = ? where figure_id = ? and revision = ?",
                    (one.assessed.confidence, one.figure_id, one.revision),
                )
                if not changed.rowcount:
                    continue
                conn.execute("delete from assessed where figure_id = ?", (one.figure_id,))
                conn.executemany(
                    "insert into assessed values (?, ?, ?)",
                    [(one.figure_id, node_id, confidence) for node_id, confidence in one.assessed.nodes.items()],
                )
                conn.execute(
                    """insert or replace into assessed_figures (figure_id, assessor, revision, confidence,
                    expected_errors, disagreement, lacking, words) values (?, ?, ?, ?, ?, ?, ?, ?)""",
                    (
                        one.figure_id,
                        assessor_id,
                        one.revision,
                        one.assessed.confidence,
                        one.assessed.expected_errors,
                        one.assessed.disagreement,
                        one.assessed.lacking,
                        one.assessed.words,
                    ),
                )
