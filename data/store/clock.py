"""The time as the store writes it."""

from __future__ import annotations

from datetime import UTC, datetime


def now_iso() -> str:
    """UTC, ISO 8601, milliseconds."""
    return iso(datetime.now(UTC))


def iso(moment: datetime) -> str:
    """A moment as the store writes it: two of them as text are in the order of their times."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
