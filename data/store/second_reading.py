"""A figure that somebody reads a second time is that reader's alone."""

from __future__ import annotations

from typing import Any

from curator.errors import CuratorError, ReviewError

SECOND_READING = "second-reading:"
"""Starts the name under which the log opens a figure for its second reader, and ends that reading."""
UNDER_WAY = "begun_at is not null and settled_at is null"
"""SQL: a second reading has begun, and both are not settled yet."""


def is_settlement(conn: Any, figure_id: str, event_id: int) -> bool:
    """Whether the event made one of two readings of the figure."""
    row = conn.execute(
        "select 1 from second_readings where figure_id = ? and settled_event = ?", (figure_id, event_id)
    ).fetchone()
    return row is not None


def note_settlement(conn: Any, figure_id: str, stands: bool, at: str) -> None:
    """The settlement was undone, so that both readings wait for another, or (``stands``) made again."""
    conn.execute("update second_readings set settled_at = ? where figure_id = ?", (at if stands else None, figure_id))
    if not stands:  # what stands now is the second reader's
        conn.execute(
            """update reviews set decided_by = (select who from second_readings where figure_id = ?1)
            where figure_id = ?1""",
            (figure_id,),
        )


def change_places(conn: Any, figure_id: str, who: str) -> None:
    """Whoever was to read the figure second has closed it first: the second reading is the other's, to whom the figure
    was given, and the figure is theirs. Nothing where that is not so."""
    given = conn.execute(
        """select a.who from assignments a join second_readings s on s.figure_id = a.figure_id
        where a.figure_id = ? and s.who = ? and s.begun_at is null and a.who != s.who""",
        (figure_id, who),
    ).fetchone()
    if given is not None:
        conn.execute("update second_readings set who = ? where figure_id = ?", (given[0], figure_id))
        conn.execute("update assignments set who = ? where figure_id = ?", (who, figure_id))


def refuse_others(conn: Any, figure_id: str, who: str, error: type[CuratorError] = ReviewError) -> None:
    """Nothing, where nobody reads the figure a second time or ``who`` does; ``conn``: a write transaction.

    Raises:
        CuratorError: another one does, and both readings are not settled yet; of the class ``error``.
    """
    row = conn.execute(
        f"select 1 from second_readings where figure_id = ? and {UNDER_WAY} and who != ?", (figure_id, who)
    ).fetchone()
    if row is not None:
        raise error(
            "this figure is read by a second curator, and both readings are not settled; nothing was saved. "
            "The Team page says where it stands"
        )
