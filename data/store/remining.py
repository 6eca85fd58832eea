"""Rounds of mining again: which figures, which way, and what each changed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any

from curator.codec import Level, validated
from curator.errors import StoreError
from curator.remining_limits import Limits
from data.store.clock import now_iso
from data.store.database import Connections
from data.store.second_reading import UNDER_WAY

_BATCH = 500  # rows a transaction
_MOST_DOUBTED = "coalesce(a.expected_errors, 1) desc, r.number"
_COST = """coalesce((select sum(e.cost) from exchanges e where e.figure_id = d.figure_id and e.at >= o.begun_at
    and e.at <= coalesce(o.ended_at, e.at)), 0)"""
"""SQL: what the figure ``d`` took of models while the round ``o`` went on."""


@dataclass(frozen=True, slots=True)
class Round:
    id: int
    begun_at: str
    ended_at: str | None
    ended_early: str
    """Why figures were left: the budget was spent, the model was away, somebody stopped it."""
    limits: Limits
    figures: int
    done: int
    failed: int
    adopted: int
    """Figures of which some level was replaced."""
    gained: float
    """Right proposals more, or wrong ones less, by what was adopted, as far as confidences tell."""
    cost: float
    """Of every reply of a model about its figures while it went on, those of failed and unfinished ones too."""
    seconds: float
    """That it went on, all its runs together."""


@dataclass(frozen=True, slots=True)
class Remined:
    """What came of one figure."""

    figure_id: str
    way: str
    mining_id: int | None = None
    worth_before: float | None = None
    worth_after: float | None = None
    """Of what stands now where levels were adopted, else of what was found."""
    adopted: tuple[Level, ...] = ()
    """Levels whose open proposals were replaced; the rest stands beside, to be compared in the page."""
    reason: str = ""
    """Why there is no new mining, or why nothing of a better one was adopted."""
    cost: float = 0.0


class Remining:
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def begin(self, limits: Limits, planned: Iterable[tuple[str, str]]) -> int:
        """A new round of figures, each with the way to go; its id. A round that was not ended is ended."""
        with self._connections.write() as conn:
            for (earlier,) in conn.execute("select id from remine_rounds where ended_at is null").fetchall():
                _end(conn, earlier, "another round began")
            (round_id,) = conn.execute(
                "insert into remine_rounds (begun_at, doc) values (?, ?) returning id",
                (now_iso(), json.dumps(asdict(limits))),
            ).fetchone()
            waiting = iter(planned)
            while some := list(islice(waiting, _BATCH)):
                conn.executemany(
                    "insert into remined (round_id, figure_id, way) values (?, ?, ?)",
                    [(round_id, figure_id, way) for figure_id, way in some],
                )
        return int(round_id)

    def open_round(self) -> int | None:
        """The round that was begun and not ended: its process was stopped or killed."""
        row = self._connections.row("select id from remine_rounds where ended_at is null order by id desc limit 1")
        return row["id"] if row else None

    def waiting(self, round_id: int) -> list[tuple[str, str]]:
        """(figure, way) of those that are still to be mined, the most expected errors first."""
        rows = self._connections.rows(
            f"""select d.figure_id, d.way from remined d join reviews r on r.figure_id = d.figure_id
            left join assessed_figures a on a.figure_id = d.figure_id
            where d.round_id = ? and d.at is null and r.current = 1 and r.state = 'proposed'
            order by {_MOST_DOUBTED}""",
            (round_id,),
        )
        return [(row["figure_id"], row["way"]) for row in rows]

    def mined_before(self, round_id: int, way: str, agent: str, model: str | None) -> dict[str, int]:
        """The mining of each figure that the agent has mined since the round began, and that still waits to be noted:
        the round was killed in between."""
        rows = self._connections.rows(
            """select d.figure_id, max(m.id) as id from remine_rounds o join remined d on d.round_id = o.id
            join minings m on m.figure_id = d.figure_id and m.at >= o.begun_at
            where o.id = ? and d.way = ? and d.at is null and m.agent = ? and m.model is ? group by d.figure_id""",
            (round_id, way, agent, model),
        )
        return {row["figure_id"]: row["id"] for row in rows}

    def note(self, conn: Any, round_id: int, done: Remined, seconds: float = 0.0) -> Remined:
        """Keeps what came of a figure, and gives it with what it cost, by the exchanges that are kept.

        ``conn``: a write transaction. ``seconds``: that the round has gone on.
        """
        (cost,) = conn.execute(
            f"""update remined as d set at = ?, mining_id = ?, worth_before = ?, worth_after = ?, adopted = ?,
            reason = ?, cost = (select {_COST} from remine_rounds o where o.id = d.round_id)
            where round_id = ? and figure_id = ? returning cost""",
            (
                now_iso(),
                done.mining_id,
                done.worth_before,
                done.worth_after,
                ",".join(done.adopted),
                done.reason,
                round_id,
                done.figure_id,
            ),
        ).fetchone()
        conn.execute("update remine_rounds set seconds = ? where id = ?", (seconds, round_id))
        return replace(done, cost=cost)

    def end(self, round_id: int, ended_early: str = "") -> None:
        with self._connections.write() as conn:
            _end(conn, round_id, ended_early)

    def tried(self) -> dict[str, set[str]]:
        """The ways that were gone, by figure; one that failed may be tried again."""
        found: dict[str, set[str]] = {}
        for row in self._connections.rows("select figure_id, way from remined where mining_id is not null"):
            found.setdefault(row["figure_id"], set()).add(row["way"])
        return found

    def doubted(self, confidence_below: float) -> list[tuple[str, int]]:
        """Open figures that the assessor is less sure of, those with the most expected errors first, and how many
        agents have mined each; none that is read a second time."""
        rows = self._connections.rows(
            f"""select r.figure_id, (select count(*) from (select distinct agent, coalesce(model, '') from minings m
            where m.figure_id = r.figure_id and m.agent != 'consensus')) as n
            from reviews r left join assessed_figures a on a.figure_id = r.figure_id
            where r.current = 1 and r.state = 'proposed' and coalesce(r.confidence, 0) < ?
            and not exists (select 1 from second_readings s where s.figure_id = r.figure_id and {UNDER_WAY})
            order by {_MOST_DOUBTED}""",
            (confidence_below,),
        )
        return [(row["figure_id"], row["n"]) for row in rows]

    def rounds(self, round_id: int | None = None) -> list[Round]:
        """Newest first; of ``round_id`` that one alone, where there is one."""
        rows = self._connections.rows(
            f"""select o.*, count(d.figure_id) as figures, count(d.mining_id) as mined,
            coalesce(sum(d.at is not null and d.mining_id is null), 0) as failed,
            coalesce(sum(d.adopted != ''), 0) as n_adopted,
            coalesce(sum(case when d.adopted != '' then d.worth_after - d.worth_before end), 0) as gained,
            coalesce(sum(case when d.at is null and o.ended_at is null then {_COST} else d.cost end), 0) as cost
            from remine_rounds o left join remined d on d.round_id = o.id
            where :id is null or o.id = :id group by o.id order by o.id desc""",
            {"id": round_id},
        )
        return [
            Round(
                row["id"],
                row["begun_at"],
                row["ended_at"],
                row["ended_early"],
                validated(Limits, json.loads(row["doc"])),
                row["figures"],
                row["mined"],
                row["failed"],
                row["n_adopted"],
                row["gained"],
                row["cost"],
                row["seconds"],
            )
            for row in rows
        ]

    def round(self, round_id: int) -> Round:
        """One round; raises StoreError where there is none of that number."""
        for one in self.rounds(round_id):
            return one
        raise StoreError(f"there is no round {round_id!r}; `curator remine --list` names all")

    def changes(self, round_id: int) -> list[Remined]:
        """What the round did to each figure so far, in order of their ids."""
        rows = self._connections.rows(
            "select * from remined where round_id = ? and at is not null order by figure_id", (round_id,)
        )
        return [
            Remined(
                row["figure_id"],
                row["way"],
                row["mining_id"],
                row["worth_before"],
                row["worth_after"],
                tuple(filter(None, row["adopted"].split(","))),
                row["reason"],
                row["cost"],
            )
            for row in rows
        ]


def _end(conn: Any, round_id: int, ended_early: str) -> None:
    """Ends a round, and keeps what figures cost that were begun and not finished."""
    conn.execute(
        "update remine_rounds set ended_at = ?, ended_early = ? where id = ?", (now_iso(), ended_early, round_id)
    )
    conn.execute(
        f"""update remined as d set cost = (select {_COST} from remine_rounds o where o.id = d.round_id)
        where round_id = ? and at is null""",
        (round_id,),
    )
