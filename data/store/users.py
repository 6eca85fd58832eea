"""Users: names, roles, and hashes of passwords. How a password is hashed is the caller's."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from curator.errors import AccountError
from curator.user import Role, User, checked_name
from data.store.clock import now_iso
from data.store.database import Connections


@dataclass(frozen=True, slots=True)
class Account:
    """A user as stored."""

    user: User
    password_hash: str
    made_at: str
    """ISO 8601, UTC; also below."""
    disabled_at: str | None


class Users:
    """There is always an admin who is not disabled once there is a user."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def any(self) -> bool:
        """Whether there are accounts; disabled ones count, so that disabling never opens the page to everybody."""
        return self._connections.row("select 1 from users limit 1") is not None

    def listed(self) -> list[Account]:
        """All, by name."""
        return [_account(row) for row in self._connections.rows("select * from users order by name")]

    def find(self, name: str) -> Account | None:
        row = self._connections.row("select * from users where name = ?", (name,))
        return None if row is None else _account(row)

    def account(self, name: str) -> Account:
        """Raises AccountError where there is none."""
        found = self.find(name)
        if found is None:
            raise AccountError(f"there is no user {name!r}; `curator users list` names them")
        return found

    def add(self, name: str, role: Role, password_hash: str) -> None:
        """Adds a user.

        Raises:
            AccountError: the name is taken or cannot be one, or the first user would be no admin.
        """
        with self._connections.write() as conn:
            self.check_new(name, role)
            conn.execute("insert into users values (?, ?, ?, ?, null)", (name, role, password_hash, now_iso()))

    def check_new(self, name: str, role: Role) -> None:
        """Passes where a user of this name and role may be added.

        Raises:
            AccountError: the name is taken or cannot be one, or the first user would be no admin.
        """
        if self.find(checked_name(name)) is not None:
            raise AccountError(f"there is a user {name!r} already; names cannot be used again")
        if role != "admin" and not self.any():
            raise AccountError(f"the first user must be an admin, not a {role}; add with --role admin")

    def set_role(self, name: str, role: Role) -> None:
        """Holds from the next request on, also for the user's sessions and tokens.

        Raises:
            AccountError: there is no such user, or no admin would be left.
        """
        with self._connections.write() as conn:
            self.account(name)
            if role != "admin":
                self._keep_an_admin_beside(name)
            conn.execute("update users set role = ? where name = ?", (role, name))

    def set_password(
        self, name: str, password_hash: str, *, keep_sessions: bool = False, instead_of: str | None = None
    ) -> None:
        """Also ends the user's sessions, except where only the way of hashing has changed.

        Raises:
            AccountError: there is no such user, or the hash that stands there is not ``instead_of``: somebody has set
                another password since that was checked.
        """
        with self._connections.write() as conn:
            if instead_of not in (None, self.account(name).password_hash):
                raise AccountError(f"{name!r} was changed meanwhile; log in again")
            conn.execute("update users set password_hash = ? where name = ?", (password_hash, name))
            if not keep_sessions:
                conn.execute("delete from sessions where user_name = ?", (name,))

    def disable(self, name: str) -> None:
        """Ends the user's sessions and tokens for good; what they decided stays.

        Raises:
            AccountError: there is no such user, or no admin would be left.
        """
        with self._connections.write() as conn:
            self.account(name)
            self._keep_an_admin_beside(name)
            now = now_iso()
            conn.execute("update users set disabled_at = coalesce(disabled_at, ?) where name = ?", (now, name))
            conn.execute("delete from sessions where user_name = ?", (name,))
            conn.execute("update tokens set revoked_at = coalesce(revoked_at, ?) where user_name = ?", (now, name))

    def enable(self, name: str) -> None:
        """Lets a disabled user log in again; tokens stay revoked.

        Raises:
            AccountError: there is no such user.
        """
        with self._connections.write() as conn:
            self.account(name)
            conn.execute("update users set disabled_at = null where name = ?", (name,))

    def _keep_an_admin_beside(self, name: str) -> None:
        admins = [one.user.name for one in self.listed() if one.user.role == "admin" and one.disabled_at is None]
        if admins == [name]:
            raise AccountError(f"{name!r} is the only admin; make another one first: `curator users role NAME admin`")


def _account(row: sqlite3.Row) -> Account:
    return Account(User(row["name"], row["role"]), row["password_hash"], row["made_at"], row["disabled_at"])
