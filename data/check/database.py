"""The database as SQLite sees it, and the search index."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from data.check.finding import REBUILD, RESTORE, Finding
from data.store.database import Connections

_MOST = 100  # findings of SQLite itself; more say the same of a file that is broken anyway


def check_database(connections: Connections, fast: bool) -> Iterator[Finding]:
    """SQLite's integrity check (``fast``: without comparing indexes with tables), foreign keys, the search index."""
    pragma = "quick_check" if fast else "integrity_check"
    for (fault,) in connections.db.conn.execute(f"pragma {pragma}({_MOST})"):
        if fault != "ok":
            yield Finding("database", str(connections.path), fault, RESTORE)
    for table, row, parent, _ in connections.db.conn.execute("pragma foreign_key_check"):
        what = f"row {row} names a row of {parent!r} that is not there" if row else f"a row names none of {parent!r}"
        yield Finding("database", table, what, RESTORE)
    yield from _search(connections)


def _search(connections: Connections) -> Iterator[Finding]:
    """Asks FTS5 to compare its index with the captions: a write by its form, so that others wait for it.

    Three seconds at 100,000 captions (measured), of the ten that a writer waits.
    """
    try:
        with connections.write() as conn:
            conn.execute("insert into figures_fts (figures_fts, rank) values ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            yield Finding(
                "search",
                "figures_fts",
                "the search index could not be looked at, since another process writes all the time",
                "check again when it is done",
                wrong=False,
            )
            return
        yield Finding(
            "search", "figures_fts", "searching finds other figures than those whose captions have the words", REBUILD
        )
