"""The queue: which figures a curator sees, in which order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from curator.figure import FigureState, PanelKind
from data.store.database import Connections
from data.store.reviews import KIND_BITS

_PREFIX_LENGTH = 3  # shorter starts of words are in nearly every caption: 300 ms with 100,000 figures (measured)

Order = Literal["confidence", "number", "fit"]


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which figures to list; a field left out filters nothing."""

    states: tuple[FigureState, ...] = ()
    confidence_below: float | None = None
    confidence_from: float | None = None
    article_id: str | None = None
    kind: PanelKind | None = None
    problem: bool = False
    """Only figures with flags (overlapping panels, missing letters, ...) or with a mining problem."""
    text: str = ""
    """Words of caption or label; the last may be the start of a word."""
    order: Order = "confidence"
    """Least sure first; in order of ingest; or first where a model doubts most that a text belongs to its picture
    (``data.store.fits``), those of which nothing is known last."""


@dataclass(frozen=True, slots=True)
class QueueItem:
    figure_id: str
    number: int
    label: str
    article_id: str
    state: FigureState
    confidence: float | None
    flag_count: int
    panel_count: int
    marker_count: int
    region_count: int
    image_sha256: str
    lease_by: str | None
    fit: float | None
    """Of its worst node, 0 to 1; None where no model was asked."""


class Queue:
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def page(self, wanted: QueueFilter, offset: int, limit: int, now_s: float) -> list[QueueItem]:
        """``limit`` figures from ``offset`` on."""
        where, values = _where(wanted)
        # rows are chosen on an index alone; only the chosen ones are looked up
        rows = self._connections.rows(
            f"""select f.id, f.label, f.image_sha256, r.* from (
                select r.figure_id from reviews r {where} {_order(wanted)} limit :limit offset :offset
            ) chosen join reviews r on r.figure_id = chosen.figure_id join figures f on f.id = r.figure_id
            {_order(wanted)}""",
            {**values, "limit": limit, "offset": offset},
        )
        return [
            QueueItem(
                row["id"],
                row["number"],
                row["label"],
                row["article_id"],
                FigureState(row["state"]),
                row["confidence"],
                row["flag_count"],
                row["panel_count"],
                row["marker_count"],
                row["region_count"],
                row["image_sha256"],
                row["lease_by"] if row["lease_until"] > now_s else None,
                row["fit"],
            )
            for row in rows
        ]

    def count(self, wanted: QueueFilter) -> int:
        where, values = _where(wanted)
        row = self._connections.row(f"select count(*) as n from reviews r {where}", values)
        assert row is not None
        return int(row["n"])

    def position(self, wanted: QueueFilter, figure_id: str) -> int:
        """How many figures of the filter come before this one (which need not match it any more)."""
        where, values = _where(wanted)
        row = self._connections.row(
            f"""select count(*) as n from reviews r, (select confidence as c, number as k, fit as f from reviews
            where figure_id = :id) here {where} and {_BEFORE[wanted.order]}""",
            {**values, "id": figure_id},
        )
        assert row is not None
        return int(row["n"])

    def states(self) -> dict[FigureState, int]:
        """How many current figures stand in each state."""
        rows = self._connections.rows("select state, count(*) as n from reviews where current = 1 group by state")
        found = {FigureState(row["state"]): row["n"] for row in rows}
        return {state: found.get(state, 0) for state in FigureState}


_UNKNOWN = 2  # as a fit: above any that there can be
_BEFORE = {
    # nulls (not mined) sort first in SQLite, and so they do here
    "confidence": "(coalesce(r.confidence, -1), r.number) < (coalesce(here.c, -1), here.k)",
    "number": "r.number < here.k",
    "fit": f"(coalesce(r.fit, {_UNKNOWN}), r.number) < (coalesce(here.f, {_UNKNOWN}), here.k)",
}
_ORDER = {"confidence": "r.confidence, r.number", "number": "r.number", "fit": "r.fit nulls last, r.number"}


def _order(wanted: QueueFilter) -> str:
    # the plus keeps SQLite from walking the whole queue in order for the few figures of one article
    plus = "+" if wanted.article_id is not None else ""
    return f"order by {plus}{_ORDER[wanted.order]}"


def _where(wanted: QueueFilter) -> tuple[str, dict[str, Any]]:
    terms = ["r.current = 1"]
    values: dict[str, Any] = {}
    if wanted.states:
        names = [f":state{index}" for index in range(len(wanted.states))]
        terms.append(f"r.state in ({', '.join(names)})")
        values |= {f"state{index}": state for index, state in enumerate(wanted.states)}
    if wanted.confidence_below is not None:
        terms.append("r.confidence < :below")
        values["below"] = wanted.confidence_below
    if wanted.confidence_from is not None:
        terms.append("r.confidence >= :from")
        values["from"] = wanted.confidence_from
    if wanted.article_id is not None:
        terms.append("r.article_id = :article")
        values["article"] = wanted.article_id
    if wanted.kind is not None:
        terms.append("r.kinds & :kind")
        values["kind"] = KIND_BITS[wanted.kind]
    if wanted.problem:
        terms.append(
            "(r.flag_count > 0 or r.figure_id in (select figure_id from problems where figure_id is not null))"
        )
    if words := re.findall(r"\w+", wanted.text):
        terms.append("r.number in (select rowid from figures_fts where figures_fts match :match)")
        # each word quoted: FTS operators in a search are words like any other
        prefix = "*" if len(words[-1]) >= _PREFIX_LENGTH else ""
        values["match"] = " ".join(f'"{word}"' for word in words) + prefix
    return "where " + " and ".join(terms), values
