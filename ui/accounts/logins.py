"""Logging in and out: password, limit, session, audit log."""

from __future__ import annotations

from curator.errors import AccountError
from data.store import Store
from ui.accounts.attempts import Attempts
from ui.accounts.passwords import Passwords


class LoginError(AccountError):
    """The name or the password is wrong, or the user is disabled: which of them is told to nobody."""

    def __init__(self) -> None:
        super().__init__("the name or the password is wrong")


class Logins:
    def __init__(self, store: Store, passwords: Passwords | None = None, attempts: Attempts | None = None) -> None:
        self._store = store
        self._passwords = passwords or Passwords()
        self._attempts = attempts or Attempts()

    def log_in(self, name: str, password: str, address: str, old_secret: str | None = None) -> str:
        """The secret of a session made now; the one that the browser had ends, whoever put it there.

        Raises:
            LoginError: name and password are not those of a user. TooManyAttemptsError: wait. AccountError: the user
                was changed meanwhile.
        """
        name = name.strip().lower()
        known = self._checked(name, password, address)
        return self.open_for(name, address, old_secret, password_hash=known)

    def open_for(
        self, name: str, address: str, old_secret: str | None, issuer: str = "", *, password_hash: str | None = None
    ) -> str:
        """The secret of a session of somebody who is known to be this user, by the password of this hash or by the
        provider ``issuer``; the session that the browser had ends.

        Raises:
            AccountError: the user was disabled, or got another password, since that was found out.
        """
        if old_secret:
            self._store.sessions.close(old_secret)
        secret = self._store.sessions.open(name, password_hash=password_hash)
        self._store.audit.add(name, "login", name, {"issuer": issuer} if issuer else None, address)
        return secret

    def log_out(self, secret: str, name: str, address: str) -> None:
        self._store.sessions.close(secret)
        self._store.audit.add(name, "logout", name, address=address)

    def change_password(self, name: str, old: str, new: str, address: str) -> None:
        """Changes one's own password, which ends all one's sessions.

        Raises:
            TooManyAttemptsError: wait. AccountError: the old one is wrong, the new one cannot be used, or somebody else
                has set one meanwhile.
        """
        try:
            known = self._checked(name, old, address)
        except LoginError as error:  # who is logged in gave no name that could be wrong
            raise AccountError("the password of now is wrong, and stays as it is") from error
        self._store.users.set_password(name, self._passwords.hashed(new), instead_of=known)
        self._store.audit.add(name, "user.password", name, address=address)

    def hashed(self, password: str) -> str:
        """The hash of a new password; see ``Passwords.hashed``."""
        return self._passwords.hashed(password)

    def _checked(self, name: str, password: str, address: str) -> str:
        """The hash that the password fits. Hashing takes long: whoever goes on names it, so that a password that was
        taken away meanwhile counts for nothing."""
        self._attempts.begin(name, address)  # the log has the failures; refusals would fill the disk
        account = self._store.users.find(name)
        known = account.password_hash if account and account.disabled_at is None else None
        if not self._passwords.fits(password, known) or known is None:
            self._store.audit.add(name, "login.failed", name, address=address)
            raise LoginError
        self._attempts.succeeded(name, address)
        if not self._passwords.is_outdated(known):
            return known
        renewed = self._passwords.hashed(password)
        self._store.users.set_password(name, renewed, keep_sessions=True, instead_of=known)
        return renewed
