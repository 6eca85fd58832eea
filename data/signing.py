"""Signatures of this project: what it hands out and must know again, such as addresses of images that expire."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from filelock import FileLock

from curator.errors import SettingsError

FILE_NAME: Final = "secret.key"
_KEY_BYTES: Final = 32  # as long as the hash: a longer key adds nothing (RFC 2104, section 3)


class Signer:
    """Signs with HMAC-SHA256 (RFC 2104). The first of ``parts`` says what the signature is for, so that one made for
    an image is worth nothing elsewhere."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, parts: tuple[str, ...], expires: int) -> str:
        """43 characters of letters, digits, ``-`` and ``_``; ``expires``: Unix time in seconds."""
        # JSON keeps ("a", "bc") and ("ab", "c") apart
        message = json.dumps([*parts, expires]).encode("ascii")
        digest = hmac.digest(self._key, message, hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")

    def genuine(self, parts: tuple[str, ...], expires: int, signature: str) -> bool:
        """Whether this project signed it, expired or not. Takes as long for a nearly right signature as for any."""
        given = signature.encode("utf-8", "surrogatepass")
        return hmac.compare_digest(self.sign(parts, expires).encode("ascii"), given)

    def check(self, parts: tuple[str, ...], expires: int, signature: str, now_s: float) -> bool:
        """Whether this project signed it and it has not expired; ``now_s``: Unix time."""
        return self.genuine(parts, expires, signature) and now_s < expires


def load_secret(project: Path) -> bytes:
    """The project's own key, 32 bytes, which its owner alone may read; made at the first call.

    Whoever has it can sign. Without it a new one is made: what was signed before is then refused.

    Raises:
        SettingsError: the file cannot be read or written, is no key, or others may read it.
    """
    path = project / FILE_NAME
    try:
        # two processes that start at once shall agree on one
        with FileLock(project / f".{FILE_NAME}.lock"):
            if not path.exists():
                _write(path, secrets.token_bytes(_KEY_BYTES))
            mode, key = path.stat().st_mode, path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}, the key that signs links, cannot be read or written: {error}") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(f"{path} may be read by others (mode {stat.S_IMODE(mode):o}); run chmod 600 {path}")
    if len(key) != _KEY_BYTES:
        raise SettingsError(f"{path} has {len(key)} bytes, expected {_KEY_BYTES}; delete it and a new key is made")
    return key


def _write(path: Path, key: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)  # left by a process that was killed
    with open(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
