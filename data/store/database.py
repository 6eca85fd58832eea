"""Connections to the project's SQLite file: one a thread, write-ahead log, foreign keys on."""

from __future__ import annotations

import filecmp
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlite_utils import Database

from curator.errors import StoreError
from data.store.copying import copy_database
from data.store.disk import DiskSync
from data.store.schema import migrations

DATABASE = "curator.db"
"""The database's file in a project's folder, and in a backup of it."""
BUSY_TIMEOUT_MS = 10_000  # guess: a writer waits for another this long before it gives up
_PRIMARY = 0xFF
"""Bits of SQLite's result codes that say the kind; those above say more of it."""
_NOT_WRITABLE = frozenset(
    {sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN}
)
"""Kinds that speak of the folder or the disk, and not of what the file holds."""


def require_project(project: Path) -> None:
    """For what only reads a project: opening one that is not there makes it, and a mistyped folder would be a new one.

    Raises:
        StoreError: the folder holds no project.
    """
    if not (project / DATABASE).is_file():
        raise StoreError(
            f"there is no project in {project}: it has no {DATABASE}; name one with --project, or make one with "
            "`curator ingest`"
        )


class Connections:
    """The project's database, opened once in each thread that asks (sqlite3 connections are bound to their thread).

    One that an older Curator wrote is upgraded; as it was before, it stays beside it as ``curator.before-m003.db``, by
    the first step of the upgrade.

    Raises:
        StoreError: the folder cannot be written to or its disk is full; the file is no database, was written by a newer
            Curator, or cannot be copied before its upgrade.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        # SQLite has waiting writers look again after pauses of up to 100 ms; this process's threads wait in line here
        self._turn = threading.RLock()
        self._disk = DiskSync(path.with_name(path.name + "-wal"))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"the project folder {path.parent} cannot be made ({error.strerror}); name another with --project"
            ) from error
        self._migrate()

    def _migrate(self) -> None:
        try:
            newer = unknown_migrations(migration.name for migration in migrations.applied(self.db))
            if newer:
                raise StoreError(f"{self.path} was written by a newer Curator (it has {newer!r}); update Curator")
            if migrations.pending(self.db):
                with self.write():  # whoever opens it too waits here, and finds it done
                    if (pending := migrations.pending(self.db)) and migrations.applied(self.db):
                        self._keep_as_it_is(pending[0].name.partition("_")[0])
                    migrations.apply(self.db)
        except sqlite3.DatabaseError as error:
            kind = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
            if kind == sqlite3.SQLITE_BUSY:
                raise StoreError(
                    f"{self.path} is being written to by another process, perhaps upgraded; try again when it is done"
                ) from error
            if kind in _NOT_WRITABLE:
                raise StoreError(
                    f"{self.path} cannot be written to ({error}); see that its disk has room and that you may write "
                    f"to {self.path.parent}. What was saved there is as it was"
                ) from error
            raise StoreError(
                f"{self.path} cannot be read as a Curator database ({error}); restore it from a backup, "
                "or name another folder with --project"
            ) from error

    def _keep_as_it_is(self, step: str) -> None:
        """Copies the database beside itself; a copy of the same from an upgrade that was killed is kept as it is."""
        fresh = self.path.with_name(f".{self.path.stem}.before-{step}.db")
        fresh.unlink(missing_ok=True)  # of an upgrade that was killed: the write lock lets one copy at a time
        try:
            copy_database(self.path, fresh)
        except StoreError:
            fresh.unlink(missing_ok=True)  # half a copy would keep the disk full
            raise
        for number in count(1):
            kept = self.path.with_name(f"{self.path.stem}.before-{step}{f'-{number}' if number > 1 else ''}.db")
            if not kept.exists():
                fresh.replace(kept)
                return
            if filecmp.cmp(fresh, kept, shallow=False):
                fresh.unlink()
                return

    @property
    def db(self) -> Database:
        """This thread's connection."""
        if not hasattr(self._local, "db"):
            conn = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)
            conn.row_factory = sqlite3.Row
            conn.execute("pragma journal_mode = wal")
            conn.execute("pragma foreign_keys = on")
            # a decision that the page called saved survives a power cut too: ``write`` waits for the disk itself
            conn.execute("pragma synchronous = normal")
            self._local.db = Database(conn)
        db: Database = self._local.db
        return db

    def rows(self, sql: str, parameters: tuple[object, ...] | dict[str, object] = ()) -> list[sqlite3.Row]:
        return self.db.conn.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: tuple[object, ...] | dict[str, object] = ()) -> sqlite3.Row | None:
        found: sqlite3.Row | None = self.db.conn.execute(sql, parameters).fetchone()
        return found

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One write transaction, which is on the disk when this ends; takes the write lock first, so that what is read
        inside cannot be overtaken."""
        conn = self.db.conn
        with self._turn:
            conn.execute("begin immediate")
            try:
                yield conn
            except BaseException:
                conn.rollback()
                raise
            conn.execute("commit")
        self._disk.wait()  # others may write meanwhile, and share the next wait

    def close(self) -> None:
        """Closes this thread's connection."""
        if hasattr(self._local, "db"):
            self._local.db.conn.close()
            del self._local.db


def unknown_migrations(applied: Iterable[str]) -> list[str]:
    """Those of a database's migrations that a newer Curator made, in order of name."""
    known = {migration.name for migration in migrations.pending(Database(memory=True))}
    return sorted(set(applied) - known)
