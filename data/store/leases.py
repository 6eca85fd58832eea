"""Leases: who edits a figure, so that nobody else changes it meanwhile.

A holder is ``NAME`` or ``NAME#TAB``. What writes runs inside the caller's write transaction.
"""

from __future__ import annotations

from typing import Any

from curator.errors import LeaseError
from data.store.clock import now_iso

LEASE_S = 60.0  # guess: three missed heartbeats of 20 s


def user_of(holder: str) -> str:
    """The holder's name without the tab."""
    return holder.partition("#")[0]


def take_lease(conn: Any, figure_id: str, holder: str, now_s: float, take_over: bool = False) -> str | None:
    """Takes or renews the lease for ``LEASE_S`` seconds; the holder afterwards, None where there is no such figure.

    Who takes over what another user holds stands in the audit log.
    """
    if take_over:
        conn.execute(
            """insert into audit (at, who, action, subject, detail, address)
            select ?1, ?2, 'lease.take', figure_id, json_object('from', user), '' from (
                select figure_id, substr(lease_by, 1, instr(lease_by || '#', '#') - 1) as user from reviews
                where figure_id = ?3 and lease_until >= ?4
            ) where user <> ?2""",
            (now_iso(), user_of(holder), figure_id, now_s),
        )
    conn.execute(
        """update reviews set lease_by = :holder, lease_until = :until where figure_id = :id
        and (lease_by is null or lease_by = :holder or lease_until < :now or :take_over)""",
        {
            "holder": holder,
            "until": now_s + LEASE_S,
            "id": figure_id,
            "now": now_s,
            "take_over": take_over,
        },
    )
    row = conn.execute("select lease_by from reviews where figure_id = ?", (figure_id,)).fetchone()
    return None if row is None else str(row["lease_by"])


def renew_lease(conn: Any, figure_id: str, holder: str, now_s: float) -> None:
    """Gives the figure to ``holder`` for ``LEASE_S`` seconds; after ``refuse_held``."""
    conn.execute(
        "update reviews set lease_by = ?, lease_until = ? where figure_id = ?", (holder, now_s + LEASE_S, figure_id)
    )


def give_back_lease(conn: Any, figure_id: str, holder: str) -> None:
    """Frees the figure where ``holder`` has it."""
    conn.execute(
        "update reviews set lease_by = null, lease_until = 0 where figure_id = ? and lease_by = ?",
        (figure_id, holder),
    )


def refuse_held(row: Any, holder: str, now_s: float) -> None:
    """Raises LeaseError where somebody but ``holder`` has the figure of this row of ``reviews``."""
    if row["lease_by"] in (None, holder) or row["lease_until"] <= now_s:
        return
    other = user_of(row["lease_by"])
    where = "you, in another tab," if other == user_of(holder) else other
    raise LeaseError(f"{where} is editing this figure; nothing was saved here. Take it over, or open another")
