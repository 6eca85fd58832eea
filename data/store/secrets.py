"""Secrets that are shown once and kept as hashes."""

from __future__ import annotations

import hashlib
import secrets

_BYTES = 32  # 256 bits: nobody guesses one, so a plain hash keeps it; passwords need a slow one


def new_secret() -> str:
    """43 characters of letters, digits, ``-`` and ``_``."""
    return secrets.token_urlsafe(_BYTES)


def hash_of(secret: str) -> str:
    """SHA-256 in hex. It is looked up as a whole, so the time of a comparison tells nothing of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
