"""What search may find: the nodes of figures as they stand now, read anew only where something has changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from curator.figure import PanelKind, State
from data.store.database import Connections

FindableLevel: TypeAlias = Literal["panel", "region"]

_FINDABLE = """r.current = 1 and r.state in ('proposed', 'accepted') and f.replaced_by is null"""


class Mark(NamedTuple):
    """A moment in the project's life."""

    event: int
    """The newest of the log."""
    figure: int
    """The newest one's number: a new version takes an old one out without an event."""


@dataclass(frozen=True, slots=True)
class FindableNode:
    """A panel or region that nobody rejected, of a figure that is neither skipped nor replaced."""

    figure_id: str
    node_id: str
    level: FindableLevel
    kind: PanelKind | None
    """Of a region its panel's; None where it has none."""
    state: State


class Findable:
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def mark(self) -> Mark:
        row = self._connections.row(
            "select (select coalesce(max(id), 0) from events) as e, (select coalesce(max(number), 0) from figures) as f"
        )
        assert row is not None
        return Mark(row["e"], row["f"])

    def changed(self, since: Mark) -> set[str]:
        """Figures whose nodes may have become others since then."""
        rows = self._connections.rows(
            """select figure_id as id from events where id > ? union
            select old.id from figures new join figures old on old.article_id = new.article_id and old.key = new.key
            and old.number < new.number where new.number > ?""",
            since,
        )
        return {row["id"] for row in rows}

    def revisions(self) -> dict[str, int]:
        """Every figure that may be found, with its revision, in order of ingest."""
        rows = self._connections.rows(
            f"""select r.figure_id, r.revision from reviews r join figures f on f.id = r.figure_id
            where {_FINDABLE} order by r.number"""
        )
        return {row["figure_id"]: row["revision"] for row in rows}

    def nodes(self, figure_id: str | None = None) -> list[FindableNode]:
        """Of one figure, or of all, figure by figure."""
        one = "" if figure_id is None else "and n.figure_id = :id"
        rows = self._connections.rows(
            f"""select n.figure_id, n.id, n.level, n.state, coalesce(nullif(n.kind, ''), p.kind) as kind
            from nodes n join reviews r on r.figure_id = n.figure_id join figures f on f.id = n.figure_id
            left join nodes p on n.level = 'region' and p.figure_id = n.figure_id
                and p.id = json_extract(n.doc, '$.panel_id') and p.state != 'rejected'
            where n.level in ('panel', 'region') and n.state != 'rejected' and {_FINDABLE} {one}
            order by n.figure_id""",
            {"id": figure_id},
        )
        return [
            FindableNode(
                row["figure_id"],
                row["id"],
                row["level"],
                PanelKind(row["kind"]) if row["kind"] else None,
                State(row["state"]),
            )
            for row in rows
        ]
