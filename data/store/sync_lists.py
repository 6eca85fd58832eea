"""Where figures stand between here and Label Studio, as lists and counts that are quick for 100,000 of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, get_args

from curator.figure import FigureState
from data.store.database import Connections
from data.store.syncs import JOINED, KEPT, STATUS, WRITTEN_OVER, SyncStatus

STATUSES: Final[tuple[SyncStatus, ...]] = get_args(SyncStatus)
_BY_STATUS: Final[dict[SyncStatus, str]] = {
    # the few figures that can have the status, each from an index of its own
    "conflict": "select distinct figure_id from conflicts",
    "failed": "select figure_id from sync_faults",
    "waiting": "select figure_id from outbox",
    "changed there": "select figure_id from synced where changed_there",
    "left out": "select figure_id from synced where left_out union select figure_id from kept_back",
}


@dataclass(frozen=True, slots=True)
class SyncItem:
    """One figure of the list."""

    figure_id: str
    number: int
    label: str
    article_id: str
    image_sha256: str
    state: FigureState
    confidence: float | None
    status: SyncStatus
    task_id: int | None
    """There; None where there is none."""
    waiting_since: str | None
    """When what waits to be sent was changed."""
    tries: int
    """In vain."""
    next_at: float | None
    """Unix time of the next try, where there were some."""
    reason: str
    """Why the last try was in vain."""
    conflicts: int
    decided: int
    """Conflicts that persons have decided on, and may decide on again."""


@dataclass(frozen=True, slots=True)
class SyncChoice:
    """Current, mined figures of which each of these is true; all where none is given."""

    states: tuple[FigureState, ...] = ()
    article_id: str | None = None
    confidence_from: float | None = None
    confidence_below: float | None = None
    agent: str | None = None
    """Which made the proposals, such as "embedded 1"."""
    figure_ids: tuple[str, ...] | None = None
    """Picked by hand."""
    not_there: bool = False
    """Only such as have no task there and do not wait for one."""


class SyncLists:
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def counts(self) -> dict[SyncStatus, int]:
        """How many figures have each status."""
        rows = self._connections.rows(
            f"select {STATUS} as status, count(*) as n from reviews r {JOINED} where {KEPT} group by 1"
        )
        found = {row["status"]: row["n"] for row in rows}
        return {status: found.get(status, 0) for status in STATUSES}

    def page(self, status: SyncStatus | None, text: str, offset: int, limit: int) -> list[SyncItem]:
        """``limit`` figures from ``offset`` on, oldest first; those whose id has ``text`` in it."""
        return self._items(*_listed(status, text), offset, limit)

    def item(self, figure_id: str) -> SyncItem | None:
        """One figure; None where it is neither mined nor there."""
        found = self._items("reviews r", f"{KEPT} and r.figure_id = :id", {"id": figure_id}, 0, 1)
        return found[0] if found else None

    def count(self, status: SyncStatus | None, text: str) -> int:
        """How many figures all pages have."""
        source, where, values = _listed(status, text)
        row = self._connections.row(f"select count(*) from {source} {JOINED} where {where}", values)
        assert row is not None
        return int(row[0])

    def chosen(self, choice: SyncChoice) -> list[str]:
        """Their ids, oldest first."""
        where, values = _where(choice)
        rows = self._connections.rows(f"select r.figure_id from reviews r where {where} order by r.number", values)
        return [row["figure_id"] for row in rows]

    def chosen_counts(self, choice: SyncChoice) -> dict[SyncStatus, int]:
        """How many of them have each status."""
        where, values = _where(choice)
        rows = self._connections.rows(
            f"select {STATUS} as status, count(*) as n from reviews r {JOINED} where {where} group by 1", values
        )
        found = {row["status"]: row["n"] for row in rows}
        return {status: found.get(status, 0) for status in STATUSES}

    def agents(self) -> list[tuple[str, int]]:
        """Agents whose proposals current figures hold, and of how many; the most first."""
        rows = self._connections.rows(
            """select mined_by, count(*) as n from reviews where current = 1 and mined_by is not null
            group by mined_by order by n desc, mined_by"""
        )
        return [(row["mined_by"], row["n"]) for row in rows]

    def _items(self, source: str, where: str, values: dict[str, Any], offset: int, limit: int) -> list[SyncItem]:
        # rows are chosen on indexes alone; only the chosen ones are looked up
        rows = self._connections.rows(
            f"""select f.label, f.image_sha256, r.*, {STATUS} as status, s.task_id, o.at as waiting_since,
                coalesce(x.tries, 0) as tries, x.next_at, coalesce(x.reason, '') as why,
                (select count(*) from conflicts c where c.figure_id = r.figure_id) as conflicts,
                (select count(distinct d.key) from conflict_decisions d
                    where d.figure_id = r.figure_id and d.key != :over) as decided
            from (
                select r.figure_id from {source} {JOINED} where {where} order by r.number limit :limit offset :offset
            ) chosen join reviews r on r.figure_id = chosen.figure_id join figures f on f.id = r.figure_id {JOINED}
            order by r.number""",
            {**values, "limit": limit, "offset": offset, "over": WRITTEN_OVER},
        )
        return [
            SyncItem(
                row["figure_id"],
                row["number"],
                row["label"],
                row["article_id"],
                row["image_sha256"],
                FigureState(row["state"]),
                row["confidence"],
                row["status"],
                row["task_id"],
                row["waiting_since"],
                row["tries"],
                row["next_at"],
                row["why"],
                row["conflicts"],
                row["decided"],
            )
            for row in rows
        ]


def _listed(status: SyncStatus | None, text: str) -> tuple[str, str, dict[str, Any]]:
    """From where, by what and with what values a list is read."""
    terms, values = [KEPT], dict[str, Any]()
    source = "reviews r"
    if status in _BY_STATUS:
        source = f"({_BY_STATUS[status]}) few join reviews r on r.figure_id = few.figure_id"
    elif status == "new":
        terms = ["r.current = 1 and r.state != 'unmined'"]
    if status is not None:
        terms.append(f"{STATUS} = :status")
        values["status"] = status
    if text:
        terms.append("instr(lower(r.figure_id), :text)")
        values["text"] = text.lower()
    return source, " and ".join(terms), values


def _where(choice: SyncChoice) -> tuple[str, dict[str, Any]]:
    terms, values = ["r.current = 1 and r.state != 'unmined'"], dict[str, Any]()
    if choice.states:
        names = [f":state{index}" for index in range(len(choice.states))]
        terms.append(f"r.state in ({', '.join(names)})")
        values |= {f"state{index}": str(state) for index, state in enumerate(choice.states)}
    for name, term in (
        ("article_id", "r.article_id = :article_id"),
        ("confidence_from", "r.confidence >= :confidence_from"),
        ("confidence_below", "r.confidence < :confidence_below"),
        ("agent", "r.mined_by = :agent"),
    ):
        if (value := getattr(choice, name)) is not None:
            terms.append(term)
            values[name] = value
    if choice.figure_ids is not None:
        names = [f":id{index}" for index in range(len(choice.figure_ids))]
        terms.append(f"r.figure_id in ({', '.join(names)})")
        values |= {f"id{index}": figure_id for index, figure_id in enumerate(choice.figure_ids)}
    if choice.not_there:
        terms.append(
            """not exists (select 1 from synced where figure_id = r.figure_id)
            and not exists (select 1 from outbox where figure_id = r.figure_id)"""
        )
    return " and ".join(terms), values
