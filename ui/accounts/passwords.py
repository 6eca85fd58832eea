"""Passwords and their hashes (argon2id)."""

from __future__ import annotations

import secrets
import threading
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from curator.errors import AccountError

MIN_LENGTH = 10
"""Characters. NIST SP 800-63B asks for 8 at least; with the limit on attempts ten keep out whoever guesses."""
MAX_LENGTH = 1000
"""Characters: hashing takes time by length."""
_AT_ONCE = 2  # each takes 64 MiB for as long as it works; more at once help nobody on few cores


class Passwords:
    """Hashes with the package's own parameters (RFC 9106, low memory: 64 MiB, 3 passes), or another hasher's."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = threading.BoundedSemaphore(_AT_ONCE)

    @cached_property
    def _of_nobody(self) -> str:
        """Hashed when the first password comes, whoever's: not at each start."""
        return self._hasher.hash(secrets.token_urlsafe())

    def hashed(self, password: str) -> str:
        """The hash of a new password.

        Raises:
            AccountError: it is too short or too long.
        """
        if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
            raise AccountError(
                f"a password of {len(password)} characters cannot be used; expected at least {MIN_LENGTH} "
                f"and at most {MAX_LENGTH}"
            )
        with self._turns:
            return self._hasher.hash(password)

    def fits(self, password: str, password_hash: str | None) -> bool:
        """Whether it is the password. Without a hash (None: nobody; empty: a user of a provider, who has no password)
        it never is, and takes as long, so that nobody learns which names exist."""
        if len(password) > MAX_LENGTH:
            return False
        of_nobody = self._of_nobody
        try:
            with self._turns:
                self._hasher.verify(password_hash or of_nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return bool(password_hash)

    def is_outdated(self, password_hash: str) -> bool:
        """Whether it was made with other parameters than those of today."""
        return self._hasher.check_needs_rehash(password_hash)
