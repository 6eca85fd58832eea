"""Errors that say that the disk, or another process, is in the way: no fault of ours, and gone when that is mended."""

from __future__ import annotations

import errno
import sqlite3

_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})


def is_of_the_disk(error: OSError | sqlite3.OperationalError) -> bool:
    """Whether a file could not be written, or the database not be used, for want of room or of the right to write, or
    because another process holds it."""
    if isinstance(error, OSError):
        return error.errno in _DISK
    # a statement that cannot be carried out at all has the plain code
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) != sqlite3.SQLITE_ERROR
