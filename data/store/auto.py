"""Figures that were accepted without a person, in batches that can be taken back.

Nothing of such a figure changes: it stays proposed, its nodes open. A row says that it was accepted, and holds only
while the figure stands as it stood then; whatever a person or a mining does to it ends that.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curator.audit_sample import in_audit
from curator.errors import StoreError
from data.store.clock import now_iso
from data.store.database import Connections

_ACCEPTED = "exists (select 1 from auto_accepted a where a.figure_id = r.figure_id and a.revision = r.revision"
AUTO_ACCEPTED = f"{_ACCEPTED})"
"""SQL: the review ``r`` is of a figure that is auto-accepted now."""
ACCEPTED_WITHOUT_A_PERSON = f"{_ACCEPTED} and not a.audit)"
"""The same of figures that no person needs to see: not of the audit sample, which is reviewed all the same."""
AGENTS_OWN = -1
"""In place of an assessor's number: figures go by the confidence that the agents themselves gave."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Open figures that could be auto-accepted, or are: as they were assessed, untouched by persons, at rest."""

    figure_ids: tuple[str, ...]
    revisions: NDArray[np.int64]
    confidences: NDArray[np.float64]
    panels: NDArray[np.int64]
    audit: NDArray[np.bool_]
    accepted: NDArray[np.bool_]
    """In a batch that stands."""


@dataclass(frozen=True, slots=True)
class AutoBatch:
    id: int
    at: str
    """ISO 8601, UTC."""
    who: str
    error_rate: float
    threshold: float
    figures: int
    """That it accepted."""
    panels: int
    left: int
    """Of the figures, those that no person and no mining has touched since."""
    promise: Mapping[str, Any]
    """What it promised, as it was shown."""
    undone_at: str | None


class Auto:
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def assessor(self) -> int:
        """Whose confidences figures go by now: the number of the assessor in use, or ``AGENTS_OWN``."""
        row = self._connections.row(
            """select case when exists (select 1 from assessed_figures) then
            (select coalesce(max(id), 0) from assessors) else ? end as assessor""",
            (AGENTS_OWN,),
        )
        assert row is not None
        return int(row["assessor"])

    def candidates(self, now_s: float) -> Candidates:
        """All figures from which a threshold may choose, in order of ingest."""
        assessor = self.assessor()
        source, confidence = (
            ("", "r.confidence")
            if assessor == AGENTS_OWN
            else (
                "join assessed_figures s on s.figure_id = r.figure_id and s.revision = r.revision "
                "and s.assessor = :assessor",
                "s.confidence",
            )
        )
        rows = self._connections.rows(
            f"""select r.figure_id, r.revision, {confidence} as confidence, r.panel_count, {AUTO_ACCEPTED} as accepted
            from reviews r {source} where r.current = 1 and r.state = 'proposed' and {confidence} is not null
            and r.panel_count > 0 and r.decided_by is null and r.lease_until < :now order by r.number""",
            {"assessor": assessor, "now": now_s},
        )
        return _candidates(rows)

    def apply(
        self,
        error_rate: float,
        threshold: float,
        max_panels: int,
        promise: Mapping[str, Any],
        who: str,
        now_s: float,
        assessor: int,
    ) -> AutoBatch:
        """Accepts every candidate of at most ``max_panels`` whose confidence is ``threshold`` or more, as one batch.

        Raises:
            StoreError: another assessor is in use by now than the threshold was chosen for, or none is left to accept.
        """
        with self._connections.write() as conn:
            if self.assessor() != assessor:
                raise StoreError("confidences were computed anew since the threshold was chosen; choose it again")
            found = self.candidates(now_s)
            taken = (found.confidences >= threshold) & (found.panels <= max_panels) & ~found.accepted
            chosen = np.flatnonzero(taken)
            if not len(chosen):
                raise StoreError(f"no open figure has a confidence of {threshold:.3f} or more; nothing was accepted")
            (batch_id,) = conn.execute(
                """insert into auto_batches (at, who, error_rate, threshold, figure_count, panel_count, doc)
                values (?, ?, ?, ?, ?, ?, ?) returning id""",
                (
                    now_iso(),
                    who,
                    error_rate,
                    threshold,
                    len(chosen),
                    int(found.panels[chosen].sum()),
                    json.dumps(dict(promise)),
                ),
            ).fetchone()
            conn.executemany(
                "insert or replace into auto_accepted values (?, ?, ?, ?, ?)",
                [
                    (
                        found.figure_ids[index],
                        batch_id,
                        int(found.revisions[index]),
                        int(found.audit[index]),
                        int(found.panels[index]),
                    )
                    for index in chosen.tolist()
                ],
            )
        return self.batch(batch_id)

    def undo(self, batch_id: int, who: str) -> int:
        """Takes a batch back: its figures wait for a person again. How many did.

        Raises:
            StoreError: there is no such batch, or it was undone before.
        """
        with self._connections.write() as conn:
            batch = self.batch(batch_id)
            if batch.undone_at is not None:
                raise StoreError(f"batch {batch_id} was undone at {batch.undone_at} already")
            conn.execute("delete from auto_accepted where batch_id = ?", (batch_id,))
            conn.execute(
                "update auto_batches set undone_at = ?, undone_by = ? where id = ?", (now_iso(), who, batch_id)
            )
        return batch.left

    def batch(self, batch_id: int) -> AutoBatch:
        """One batch.

        Raises:
            StoreError: there is none of that number.
        """
        for batch in self.batches():
            if batch.id == batch_id:
                return batch
        raise StoreError(f"there is no batch {batch_id!r}; `curator auto --list` names all")

    def batches(self) -> list[AutoBatch]:
        """Newest first."""
        rows = self._connections.rows(
            f"""select b.*, (select count(*) from auto_accepted x join reviews r on r.figure_id = x.figure_id
            where x.batch_id = b.id and {AUTO_ACCEPTED} and r.current = 1) as still from auto_batches b
            order by b.id desc"""
        )
        return [
            AutoBatch(
                row["id"],
                row["at"],
                row["who"],
                row["error_rate"],
                row["threshold"],
                row["figure_count"],
                row["panel_count"],
                row["still"],
                json.loads(row["doc"]),
                row["undone_at"],
            )
            for row in rows
        ]

    def count(self) -> tuple[int, int]:
        """Figures and panels that are auto-accepted now."""
        row = self._connections.row(
            """select count(*) as figures, coalesce(sum(a.panel_count), 0) as panels from auto_accepted a
            join reviews r on r.figure_id = a.figure_id and r.revision = a.revision where r.current = 1"""
        )
        assert row is not None
        return row["figures"], row["panels"]

    def figures(self) -> dict[str, int]:
        """The batch of each figure that is auto-accepted now."""
        rows = self._connections.rows(
            """select a.figure_id, a.batch_id from auto_accepted a
            join reviews r on r.figure_id = a.figure_id and r.revision = a.revision where r.current = 1"""
        )
        return {row["figure_id"]: row["batch_id"] for row in rows}

    def ever(self) -> frozenset[str]:
        """Figures that were auto-accepted in a batch that stands, whatever persons made of them since; not those that
        were mined again before, of which other proposals were reviewed than accepted."""
        rows = self._connections.rows(
            """select a.figure_id from auto_accepted a left join events e
            on e.figure_id = a.figure_id and e.revision = a.revision + 1 where e.kind is not 'mine'"""
        )
        return frozenset(row["figure_id"] for row in rows)


def _candidates(rows: list[sqlite3.Row]) -> Candidates:
    figure_ids = tuple(row["figure_id"] for row in rows)
    return Candidates(
        figure_ids,
        np.array([row["revision"] for row in rows], np.int64),
        np.array([row["confidence"] for row in rows], np.float64),
        np.array([row["panel_count"] for row in rows], np.int64),
        np.array([in_audit(figure_id) for figure_id in figure_ids], np.bool_),
        np.array([row["accepted"] for row in rows], np.bool_),
    )
