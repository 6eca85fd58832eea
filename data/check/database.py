"""The database as SQLite sees it, and the search index."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from data.check.flaw import REBUILD, RESTORE, Flaw
from data.store.copying import copy_database
from data.store.database import Connections

_MOST = 100  # flaws of SQLite itself; more say the same of a file that is broken anyway
_SCRATCH = ".check-"
_AT_WORK_S = 3600.0  # guess: another check or export may be at work for so long


def check_database(connections: Connections, fast: bool) -> Iterator[Flaw]:
    """SQLite's integrity check (``fast``: without comparing indexes with tables), foreign keys, the search index.

    Raises:
        StoreError: there is no room for a copy of the database in the project's folder.
    """
    pragma = "quick_check" if fast else "integrity_check"
    told = [what for (what,) in connections.rows(f"pragma {pragma}({_MOST})") if what != "ok"]
    for what in told:
        yield Flaw("database", str(connections.path), what, RESTORE)
    if told:  # whatever else is asked of it may break off
        return
    for table, row, parent, _ in connections.db.conn.execute("pragma foreign_key_check"):
        what = f"row {row} names a row of {parent!r} that is not there" if row else f"a row names none of {parent!r}"
        yield Flaw("database", table, what, RESTORE)
    yield from _search(connections.path)
    yield from _leftovers(connections.path.parent)


def _search(path: Path) -> Iterator[Flaw]:
    """Lets FTS5 compare its index with the captions, in a copy: it asks for the right to write while it does so.

    At 100,000 captions that would keep the page waiting for three seconds (measured), and for ten times as long on a
    busy machine.
    """
    with TemporaryDirectory(dir=path.parent, prefix=_SCRATCH) as scratch:
        copy_database(path, Path(scratch) / path.name)
        with closing(sqlite3.connect(Path(scratch) / path.name)) as conn:
            try:
                conn.execute("insert into figures_fts (figures_fts, rank) values ('integrity-check', 1)")
            except sqlite3.DatabaseError:  # "malformed" is all it says
                what = "searching finds other figures than those whose captions have the words"
                yield Flaw("search", "figures_fts", what, REBUILD)


def _leftovers(project: Path) -> Iterator[Flaw]:
    for path in sorted([*project.glob(f"{_SCRATCH}*"), *project.glob(".export-*")]):
        if time.time() - path.stat().st_mtime > _AT_WORK_S:
            yield Flaw("database", str(path), "a check or export that was killed left it", "delete it", wrong=False)
