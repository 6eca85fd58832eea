"""Passwords and their hashes, with the real parameters: tests elsewhere hash cheaply."""

from __future__ import annotations

import argon2
import pytest

from curator.errors import AccountError
from ui.accounts.passwords import MAX_LENGTH, MIN_LENGTH, Passwords

PASSWORD = "a long enough password"


@pytest.fixture
def passwords(monkeypatch: pytest.MonkeyPatch) -> Passwords:
    monkeypatch.setattr("ui.accounts.passwords.PasswordHasher", argon2.PasswordHasher)
    return Passwords()


def test_a_password_is_hashed_slowly_and_each_time_otherwise(passwords: Passwords) -> None:
    first, second = passwords.hashed(PASSWORD), passwords.hashed(PASSWORD)
    assert first != second
    assert first.startswith("$argon2id$v=19$m=65536,t=3,p=4$")  # RFC 9106, second recommended option
    assert passwords.fits(PASSWORD, first)
    assert not passwords.fits(PASSWORD.upper(), first)
    assert not passwords.fits("x" * (MAX_LENGTH + 1), first)


@pytest.mark.parametrize("stored", [None, "", "no hash: nobody logs in"], ids=["nobody", "no password", "no hash"])
def test_nobody_and_what_is_no_hash_fit_no_password(stored: str | None) -> None:
    """Also not the one that is hashed in their place, so that it takes as long."""
    hashed: list[str] = []

    class Listening(argon2.PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            hashed.append(str(password))
            return super().hash(password, salt=salt)

    passwords = Passwords(Listening(time_cost=1, memory_cost=8, parallelism=1))
    assert not passwords.fits(PASSWORD, stored)
    (in_place_of_none,) = hashed
    for password in ("", in_place_of_none):
        assert not passwords.fits(password, stored)
    assert len(hashed) == 1


def test_a_hash_of_weaker_parameters_is_outdated(passwords: Passwords) -> None:
    weaker = Passwords(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)).hashed(PASSWORD)
    assert passwords.fits(PASSWORD, weaker)
    assert passwords.is_outdated(weaker)
    assert not passwords.is_outdated(passwords.hashed(PASSWORD))


@pytest.mark.parametrize("length", [0, MIN_LENGTH - 1, MAX_LENGTH + 1])
def test_a_password_too_short_or_too_long_is_refused(passwords: Passwords, length: int) -> None:
    with pytest.raises(AccountError, match=f"^a password of {length} characters cannot be used"):
        passwords.hashed("x" * length)
