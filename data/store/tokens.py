"""Tokens: what a user gives a program, so that it may use the API."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from curator.errors import AccountError, RightsError
from curator.user import ROLES, Role, User, lesser
from data.store.clock import iso, now_iso
from data.store.database import Connections
from data.store.secrets import hash_of, new_secret

PREFIX = "curator_"
"""So that a token that leaked is known as one, by people and by scanners of source code."""
_MAX_TITLE = 100
_USED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Token:
    """All that is known of a token but its secret."""

    id: int
    user_name: str
    title: str
    """What it is for, in its owner's words."""
    role: Role
    """What it may do at most; never more than its user."""
    made_at: str
    """ISO 8601, UTC; also below."""
    used_at: str | None
    """To five minutes."""
    revoked_at: str | None


class Tokens:
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def make(self, user: User, title: str, role: Role) -> tuple[Token, str]:
        """A new token and its secret, which cannot be had again.

        Raises:
            RightsError: the role may do more than the user's. AccountError: it has no title, or a very long one.
        """
        if lesser(role, user.role) != role:
            raise RightsError(f"{user.name} is a {user.role} and cannot give a token the role {role!r}")
        if not title.strip() or len(title) > _MAX_TITLE:
            raise AccountError(
                f"{title!r} cannot be a token's title; say in 1 to {_MAX_TITLE} characters what it is for"
            )
        secret = PREFIX + new_secret()
        with self._connections.write() as conn:
            row = conn.execute(
                """insert into tokens (secret_sha256, user_name, title, role, made_at) values (?, ?, ?, ?, ?)
                returning *""",
                (hash_of(secret), user.name, title.strip(), role, now_iso()),
            ).fetchone()
        return _token(row), secret

    def listed(self, name: str | None = None) -> list[Token]:
        """Of one user or of all, oldest first; also those that were revoked."""
        rows = self._connections.rows("select * from tokens where ? is null or user_name = ? order by id", (name, name))
        return [_token(row) for row in rows]

    def revoke(self, token_id: int, owner: str | None = None) -> Token:
        """Ends it at once; with ``owner`` only where it is this user's.

        Raises:
            AccountError: there is no such token.
        """
        with self._connections.write() as conn:
            row = conn.execute(
                """update tokens set revoked_at = coalesce(revoked_at, ?)
                where id = ? and user_name = coalesce(?, user_name) returning *""",
                (now_iso(), token_id, owner),
            ).fetchone()
        if row is None:
            raise AccountError(f"there is no token {token_id!r} here; `curator users tokens` lists them")
        return _token(row)

    def user_of(self, secret: str, now: datetime | None = None) -> tuple[User, bool] | None:
        """The token's user with the lesser role of both, and whether ``used`` is due; None where it cannot be used."""
        row = self._connections.row(
            """select users.name, users.role, tokens.role as most, used_at from tokens
            join users on users.name = user_name
            where secret_sha256 = ? and revoked_at is null and disabled_at is null""",
            (hash_of(secret),),
        )
        if row is None:
            return None
        due = (row["used_at"] or "") < iso((now or datetime.now(UTC)) - _USED_EVERY)
        return User(row["name"], lesser(row["role"], row["most"])), due

    def used(self, secret: str) -> None:
        """Notes that it was used now."""
        with self._connections.write() as conn:
            conn.execute("update tokens set used_at = ? where secret_sha256 = ?", (now_iso(), hash_of(secret)))


def roles_up_to(role: Role) -> tuple[Role, ...]:
    """Those that a token of a user with this role may have."""
    return ROLES[: ROLES.index(role) + 1]


def _token(row: sqlite3.Row) -> Token:
    return Token(
        row["id"],
        row["user_name"],
        row["title"],
        row["role"],
        row["made_at"],
        row["used_at"],
        row["revoked_at"],
    )
