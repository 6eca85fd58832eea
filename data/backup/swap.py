"""One folder put in another's place in one step."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # both from Linux's fcntl.h and fs.h
_NOT_EXCHANGED = {errno.ENOSYS, errno.EINVAL}  # an old kernel, a file system that cannot


def swap(fresh: Path, place: Path, aside: Path | None) -> None:
    """Renames ``fresh`` to ``place``; the folder that was there goes to ``aside`` (None: it is empty or missing).

    All on one file system. Where the system can exchange two names (Linux), a kill leaves either the old folder at
    ``place`` or the new one, and the other at ``aside``. Elsewhere there is a moment between two renames when the old
    one is only at ``aside``.
    """
    os.sync()  # what is renamed into place must be whole after a power cut too
    if aside is None:
        fresh.rename(place)
        return
    # under its later name first, so that the former project lies under it from the exchange on, and never elsewhere
    fresh.rename(aside)
    try:
        exchanged = _exchange(aside, place)
    except OSError:
        aside.rename(fresh)
        raise
    if not exchanged:
        aside.rename(fresh)
        place.rename(aside)
        fresh.rename(place)


def _exchange(first: Path, second: Path) -> bool:
    """Exchanges two names at once; False where the system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    if libc.renameat2(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _NOT_EXCHANGED:
        return False
    raise OSError(code, os.strerror(code), str(first))
