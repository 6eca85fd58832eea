"""Which user somebody is whom an OpenID Connect provider vouches for."""

from __future__ import annotations

from dataclasses import dataclass

from curator.errors import AccountError
from curator.user import Role
from data.store.clock import now_iso
from data.store.database import Connections
from data.store.users import Account, Users

_MAX_CHARACTERS = 255
"""Of a subject (OpenID Connect Core, 2)."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody as a provider knows them; ``subject`` never changes and is never given to somebody else there."""

    issuer: str
    subject: str

    def __post_init__(self) -> None:
        if not 1 <= len(self.subject) <= _MAX_CHARACTERS:
            raise AccountError(
                f"a subject of {len(self.subject)} characters cannot be linked; expected 1 to {_MAX_CHARACTERS}"
            )


class Subjects:
    """A user may be linked with several subjects, a subject with one user."""

    def __init__(self, connections: Connections, users: Users) -> None:
        self._connections = connections
        self._users = users

    def user_of(self, subject: Subject) -> Account | None:
        """The user, also a disabled one; None where nobody is linked."""
        row = self._connections.row(
            "select user_name from subjects where issuer = ? and subject = ?", (subject.issuer, subject.subject)
        )
        return None if row is None else self._users.account(row["user_name"])

    def link(self, subject: Subject, name: str) -> None:
        """Lets the subject log in as the user.

        Raises:
            AccountError: there is no such user, or the subject is another one's.
        """
        with self._connections.write() as conn:
            self._users.account(name)
            known = self.user_of(subject)
            if known is not None and known.user.name != name:
                raise AccountError(
                    f"{subject.subject!r} of {subject.issuer} is {known.user.name} already; "
                    f"`curator users unlink {known.user.name}` first"
                )
            conn.execute(
                "insert or ignore into subjects values (?, ?, ?, ?)",
                (subject.issuer, subject.subject, name, now_iso()),
            )

    def add_user(self, subject: Subject, name: str, role: Role) -> None:
        """A new user without a password who is linked with the subject.

        Raises:
            AccountError: the name is taken or cannot be one, or the first user would be no admin.
        """
        now = now_iso()
        with self._connections.write() as conn:
            self._users.check_new(name, role)
            conn.execute("insert into users values (?, ?, '', ?, null)", (name, role, now))  # no password fits no hash
            conn.execute("insert into subjects values (?, ?, ?, ?)", (subject.issuer, subject.subject, name, now))

    def unlink(self, name: str) -> int:
        """Ends all links of a user, and their sessions; how many links there were."""
        with self._connections.write() as conn:
            self._users.account(name)
            conn.execute("delete from sessions where user_name = ?", (name,))
            return int(conn.execute("delete from subjects where user_name = ?", (name,)).rowcount)
