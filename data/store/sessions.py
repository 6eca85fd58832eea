"""Sessions: who logged in with which browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from curator.errors import AccountError
from curator.user import User
from data.store.clock import iso
from data.store.database import Connections
from data.store.secrets import hash_of, new_secret

IDLE = timedelta(hours=12)
"""Guess: from one working day's end to the next one's start one logs in again."""
LONGEST = timedelta(days=7)
"""Guess: whoever uses it every day logs in once a week."""
_SEEN_EVERY = timedelta(minutes=5)  # guess: that a write for each request would buy nothing


class Sessions:
    """Each ends ``IDLE`` after its last request and ``LONGEST`` after its login, at the latest."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def open(self, name: str, now: datetime | None = None, *, password_hash: str | None = None) -> str:
        """The secret of a new session, which is nowhere else; sessions of anybody that have ended are forgotten.

        Raises:
            AccountError: the user has been disabled, or has another password than ``password_hash`` is of: what ended
                all sessions since it was looked up ends this one too.
        """
        now = now or datetime.now(UTC)
        secret = new_secret()
        with self._connections.write() as conn:
            known = conn.execute(
                """select 1 from users
                where name = ? and disabled_at is null and password_hash = coalesce(?, password_hash)""",
                (name, password_hash),
            )
            if known.fetchone() is None:
                raise AccountError(f"{name!r} was changed meanwhile; log in again")
            conn.execute("delete from sessions where made_at < ? or seen_at < ?", _ended(now))
            conn.execute("insert into sessions values (?, ?, ?, ?)", (hash_of(secret), name, iso(now), iso(now)))
        return secret

    def user_of(self, secret: str, now: datetime | None = None) -> tuple[User, bool] | None:
        """The user with the role that holds now, and whether ``seen`` is due; None where no session runs."""
        now = now or datetime.now(UTC)
        row = self._connections.row(
            """select users.name, users.role, sessions.seen_at from sessions join users on users.name = user_name
            where secret_sha256 = ? and sessions.made_at >= ? and seen_at >= ? and disabled_at is null""",
            (hash_of(secret), *_ended(now)),
        )
        if row is None:
            return None
        return User(row["name"], row["role"]), row["seen_at"] < iso(now - _SEEN_EVERY)

    def seen(self, secret: str, now: datetime | None = None) -> None:
        """Puts the end of idleness off."""
        with self._connections.write() as conn:
            at = iso(now or datetime.now(UTC))
            conn.execute("update sessions set seen_at = max(seen_at, ?) where secret_sha256 = ?", (at, hash_of(secret)))

    def close(self, secret: str) -> None:
        """Ends one; nothing where there is none."""
        with self._connections.write() as conn:
            conn.execute("delete from sessions where secret_sha256 = ?", (hash_of(secret),))


def _ended(now: datetime) -> tuple[str, str]:
    """Made before the first or seen before the second: it has ended."""
    return iso(now - LONGEST), iso(now - IDLE)
