"""A copy of a database as it stands at one moment, taken while others go on writing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from curator.errors import StoreError

_PAGES_A_STEP = 1024  # 4 MB between two calls of ``progress``


def copy_database(source: Path, target: Path, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
    """Copies the database by SQLite's backup API into the new file ``target``: one file without a log beside it.

    ``progress`` gets pages done and in all. The copy has passed SQLite's quick check.

    Raises:
        StoreError: the database is damaged, or there is no room for the copy; ``target`` is then worth nothing.
    """
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)) as conn,
            closing(sqlite3.connect(target, isolation_level=None)) as copy,
        ):
            copy.execute("pragma journal_mode = off")  # a copy that is cut off is thrown away, not rolled back
            # a read transaction holds this moment: without it, every write of another process begins the copy anew
            conn.execute("begin")
            conn.execute("select 1 from sqlite_master").fetchone()
            conn.backup(
                copy, pages=_PAGES_A_STEP, progress=lambda _, remaining, total: progress(total - remaining, total)
            )
            conn.execute("rollback")
            copy.execute("pragma journal_mode = delete")
            faults = [row[0] for row in copy.execute("pragma quick_check(3)")]
    except sqlite3.Error as error:
        raise StoreError(
            f"{source} could not be copied to {target} ({error}); see that the disk has room and that "
            "`curator check` finds the database whole"
        ) from error
    if faults != ["ok"]:
        raise StoreError(f"{source} is damaged ({'; '.join(faults)}); `curator restore` brings an earlier backup back")
