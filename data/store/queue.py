"""The queue: which figures a curator sees, in which order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from curator.figure import FigureState, PanelKind
from data.store.auto import ACCEPTED_WITHOUT_A_PERSON, AUTO_ACCEPTED
from data.store.database import Connections
from data.store.events import KIND_BITS

_ALL = 2**62  # figures; more than there can be
_PREFIX_LENGTH = 3  # shorter starts of words are in nearly every caption: 300 ms with 100,000 figures (measured)

Order = Literal["next", "confidence", "number", "fit"]


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
    auto: bool | None = None
    """True: only figures that were accepted without a person. False: without them, save those of the audit sample."""
    assigned_to: str | None = None
    """Only figures that this curator was given (``data.store.readings``), with those whose second reading they have
    begun, and without those that another one reads now."""
    order: Order = "next"
    """As they were ranked (``data.store.ranks``), those that were not after them, least sure first; least sure first;
    in order of ingest; or first where a model doubts most that a text belongs to its picture (``data.store.fits``),
    those of which nothing is known last."""


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
    why: str
    """Why it stands where it stands in the order "next"; empty where nobody said."""
    auto: bool
    """Accepted without a person."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a figure is ordered by; kept, it stays the place when the figure goes elsewhere or leaves."""

    rank: int | None
    """In the order "next"; None where it has none."""
    confidence: float | None
    number: int
    fit: float | None


class Queue:
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def page(self, wanted: QueueFilter, offset: int, limit: int, now_s: float) -> list[QueueItem]:
        """``limit`` figures from ``offset`` on."""
        # rows are chosen on an index alone; only the chosen ones are looked up
        chosen = self._chosen(wanted, offset, limit)
        rows = self._connections.rows(
            f"""select f.id, f.label, f.image_sha256, coalesce(k.why, '') as why, {AUTO_ACCEPTED} as auto, r.*
            from reviews r join figures f on f.id = r.figure_id left join ranks k on k.figure_id = r.figure_id
            where r.figure_id in ({", ".join("?" * len(chosen))})""",
            tuple(chosen),
        )
        place = {figure_id: index for index, figure_id in enumerate(chosen)}
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
                row["why"],
                bool(row["auto"]),
            )
            for row in sorted(rows, key=lambda row: place[row["id"]])
        ]

    def ids(self, wanted: QueueFilter) -> list[str]:
        """All figures of the filter in its order."""
        return self._chosen(wanted, 0, _ALL)

    def _chosen(self, wanted: QueueFilter, offset: int, limit: int) -> list[str]:
        """Ids of the page's figures in its order."""
        where, values = _where(wanted)
        if not _by_rank(wanted):
            return self._ids(f"from reviews r {where} {_order(wanted)}", values, offset, limit)
        if wanted.article_id is not None or wanted.text:
            # few: found first, then put in order
            ranks = "left join ranks k on k.figure_id = r.figure_id and r.state = 'proposed'"
            return self._ids(
                f"from reviews r {ranks} {where} order by k.position nulls last, r.confidence, r.number",
                values,
                offset,
                limit,
            )
        ranked = f"{_RANKED} {where} and r.state = 'proposed'"
        found = self._ids(f"{ranked} order by k.position", values, offset, limit)
        if len(found) < limit:
            before = 0 if found or not offset else self._count(ranked, values)
            rest = f"from reviews r {where} and {_UNRANKED} order by r.confidence, r.number"
            found += self._ids(rest, values, max(offset - before, 0) if not found else 0, limit - len(found))
        return found

    def _ids(self, rest: str, values: dict[str, Any], offset: int, limit: int) -> list[str]:
        rows = self._connections.rows(
            f"select r.figure_id {rest} limit :limit offset :offset", {**values, "limit": limit, "offset": offset}
        )
        return [row["figure_id"] for row in rows]

    def _count(self, rest: str, values: dict[str, Any]) -> int:
        row = self._connections.row(f"select count(*) as n {rest}", values)
        assert row is not None
        return int(row["n"])

    def count(self, wanted: QueueFilter) -> int:
        where, values = _where(wanted)
        return self._count(f"from reviews r {where}", values)

    def place(self, figure_id: str) -> Place:
        """What puts the figure where it is in every order now."""
        row = self._connections.row(
            """select k.position, r.confidence, r.number, r.fit from reviews r
            left join ranks k on k.figure_id = r.figure_id and r.state = 'proposed' where r.figure_id = ?""",
            (figure_id,),
        )
        return Place(None, None, 0, None) if row is None else Place(*row)

    def position(self, wanted: QueueFilter, figure_id: str) -> int:
        """How many figures of the filter come before this one (which need not match it any more)."""
        return self.before(wanted, self.place(figure_id))

    def before(self, wanted: QueueFilter, place: Place) -> int:
        """How many figures of the filter come before a place."""
        where, values = _where(wanted)
        values |= {"rank": place.rank, "c": place.confidence, "k": place.number, "f": place.fit}
        ranked_before = 0
        if _by_rank(wanted):
            ranked = f"{_RANKED if wanted.article_id is None else _RANKED_OF_FEW} {where} and r.state = 'proposed'"
            if place.rank is not None:
                return self._count(f"{ranked} and k.position < :rank", values)
            ranked_before = self._count(ranked, values)
            where += f" and {_UNRANKED}"
        return ranked_before + self._count(f"from reviews r {where} and {_BEFORE[wanted.order]}", values)

    def states(self) -> dict[FigureState, int]:
        """How many current figures stand in each state."""
        rows = self._connections.rows("select state, count(*) as n from reviews where current = 1 group by state")
        found = {FigureState(row["state"]): row["n"] for row in rows}
        return {state: found.get(state, 0) for state in FigureState}


_READ_SECOND = "select figure_id from second_readings where begun_at is not null and settled_at is null and who"
_GIVEN_TO = f"""r.figure_id in (select figure_id from assignments where who = :assigned_to union
    {_READ_SECOND} = :assigned_to except {_READ_SECOND} != :assigned_to)"""
_UNKNOWN = 2  # as a fit: above any that there can be
_BEFORE = {
    # nulls (not mined) sort first in SQLite, and so they do here
    "confidence": "(coalesce(r.confidence, -1), r.number) < (coalesce(:c, -1), :k)",
    "number": "r.number < :k",
    "fit": f"(coalesce(r.fit, {_UNKNOWN}), r.number) < (coalesce(:f, {_UNKNOWN}), :k)",
}
_BEFORE["next"] = _BEFORE["confidence"]  # among those that were not ranked
_ORDER = {"confidence": "r.confidence, r.number", "number": "r.number", "fit": "r.fit nulls last, r.number"}
_ORDER["next"] = _ORDER["confidence"]
# cross: SQLite keeps to the ranks' order and stops at the page's end, instead of sorting what a filter leaves
_RANKED = "from ranks k cross join reviews r on r.figure_id = k.figure_id"
_RANKED_OF_FEW = "from reviews r join ranks k on k.figure_id = r.figure_id"
_UNRANKED = "not (r.state = 'proposed' and exists (select 1 from ranks k where k.figure_id = r.figure_id))"


def _by_rank(wanted: QueueFilter) -> bool:
    """Only open figures are ranked."""
    return wanted.order == "next" and (not wanted.states or FigureState.PROPOSED in wanted.states)


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
    if wanted.assigned_to is not None:
        terms.append(_GIVEN_TO)
        values["assigned_to"] = wanted.assigned_to
    if wanted.problem:
        terms.append(
            "(r.flag_count > 0 or r.figure_id in (select figure_id from problems where figure_id is not null))"
        )
    if wanted.auto is not None:
        terms.append(AUTO_ACCEPTED if wanted.auto else f"not {ACCEPTED_WITHOUT_A_PERSON}")
    if words := re.findall(r"\w+", wanted.text):
        terms.append("r.number in (select rowid from figures_fts where figures_fts match :match)")
        # each word quoted: FTS operators in a search are words like any other
        prefix = "*" if len(words[-1]) >= _PREFIX_LENGTH else ""
        values["match"] = " ".join(f'"{word}"' for word in words) + prefix
    return "where " + " and ".join(terms), values
