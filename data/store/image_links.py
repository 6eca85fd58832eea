"""Until when the links to images are valid that tasks in Label Studio hold."""

from __future__ import annotations

import sqlite3

from data.store.database import Connections


def save_image_link(conn: sqlite3.Connection, figure_id: str, source: str, until: int | None) -> None:
    """Notes the link that the figure's task holds; ``until``: Unix time, None where it never expires."""
    if until is None:
        conn.execute("delete from image_links where figure_id = ?", (figure_id,))
    else:
        conn.execute("insert or replace into image_links values (?, ?, ?)", (figure_id, source, until))


class ImageLinks:
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def ending(self, source: str, before: int, now_s: float) -> list[str]:
        """Figures with a task whose link ends before that Unix time or was made by another ``source`` ("": links that
        never expire), the first to end first; without those to be tried only after ``now_s``. Left-out figures too:
        their tasks are there as they were, for people to look at."""
        rows = self._connections.rows(
            """select s.figure_id from synced s left join image_links l on l.figure_id = s.figure_id
            left join sync_faults f on f.figure_id = s.figure_id
            where (coalesce(l.source, '') != ? or l.until < ?) and coalesce(f.next_at, 0) <= ?
            and not exists (select 1 from conflicts c where c.figure_id = s.figure_id and c.key = 'task')
            order by coalesce(l.until, 0), s.figure_id""",
            (source, before, now_s),
        )
        return [row["figure_id"] for row in rows]
