"""Errors that say that the disk, or another process, is in the way: no fault of ours, and gone when that is mended."""

from __future__ import annotations

import errno
import sqlite3

MEND = "See that the disks have room and can be written to, and that no other process holds the database"
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})


def is_of_the_disk(error: OSError | sqlite3.OperationalError) -> bool:
    """Whether a file could not be written, or the database not be used, for want of room or of the right to write, or
    because another process holds it."""
    if isinstance(error, OSError):
        return error.errno in _DISK
    # a statement that cannot be carried out at all has the plain code
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) != sqlite3.SQLITE_ERROR


def unexpected(error: Exception, of: str = "") -> str:
    """What the page tells of an error that ended work beside it; ``of``: whose fault it is, where the disk is not."""
    if isinstance(error, OSError | sqlite3.OperationalError) and is_of_the_disk(error):
        return f"{error}: what was done so far stays. {MEND}, then begin it again"
    return f"{type(error).__name__}: {error}; please report this as a bug{of}"
