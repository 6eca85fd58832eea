"""What the project's curators have done: pace, how good the proposals were, agreement."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby

from curator.figure import State
from data.store.database import Connections
from data.store.second_reading import SECOND_READING


@dataclass(frozen=True, slots=True)
class Outcome:
    """How persons decided on one agent's proposals of one level (accepted figures and single decisions)."""

    level: str
    agent: str
    accepted: int
    edited: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """Figures in which a second curator decided after a first."""

    figure_count: int
    node_count: int
    kept_count: int
    """Nodes of those figures that the second curator left as the first had them."""


class Dashboard:
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def verified_by_day(self) -> list[tuple[str, int]]:
        """(ISO day in UTC, figures whose acceptance of that day still stands), oldest first."""
        rows = self._connections.rows(
            """select substr(r.decided_at, 1, 10) as day, count(*) as n from reviews r
            where r.state = 'accepted' group by day order by day"""
        )
        return [(row["day"], row["n"]) for row in rows]

    def seconds_per_figure(self) -> float | None:
        """Median working time on an accepted figure, all its decisions together; None before the first."""
        row = self._connections.row(
            """with spent as (select sum(e.seconds) as s from events e join reviews r on r.figure_id = e.figure_id
            where r.state = 'accepted' and e.kind = 'decide' group by e.figure_id having s > 0 order by s)
            select avg(s) as median from (select s from spent limit 2 - (select count(*) from spent) % 2
            offset (select (count(*) - 1) / 2 from spent))"""
        )
        return None if row is None else row["median"]

    def outcomes(self) -> list[Outcome]:
        """Per level and agent, what became of proposals that a person decided on."""
        rows = self._connections.rows(
            """select level, agent, sum(state = 'accepted') as accepted, sum(state = 'edited') as edited,
            sum(state = 'rejected') as rejected from nodes where state != 'proposed' and agent not like 'person:%'
            group by level, agent order by level, agent"""
        )
        return [Outcome(row["level"], row["agent"], row["accepted"], row["edited"], row["rejected"]) for row in rows]

    def agreement(self) -> Agreement:
        """How much of the first curator's work a second one kept, over all figures where two decided.

        Without figures that two read without seeing each other's work (``data.store.comparisons`` is about those).
        """
        rows = self._connections.rows(
            """select figure_id, who, doc from events where kind = 'decide' and figure_id in (
            select figure_id from events where kind = 'decide' group by figure_id
            having count(distinct who) > 1 and max(who glob ?) = 0) order by figure_id, id""",
            (f"{SECOND_READING}*",),
        )
        figures = nodes = kept = 0
        for figure_id, events in groupby(rows, key=lambda row: row["figure_id"]):
            listed = list(events)
            first = listed[0]["who"]
            changed: set[str] = set()
            for event in listed:
                if event["who"] == first:
                    continue
                for before, after in json.loads(event["doc"])["changes"]:
                    # accepting what the first one left open is no disagreement
                    if before is None or after is None or {**before, "state": ""} != {**after, "state": ""}:
                        changed.add((before or after)["id"])
                    elif after["state"] == State.REJECTED:
                        changed.add(after["id"])
            present = {
                row["id"] for row in self._connections.rows("select id from nodes where figure_id = ?", (figure_id,))
            }
            figures += 1
            nodes += len(present | changed)
            kept += len(present - changed)
        return Agreement(figures, nodes, kept)
