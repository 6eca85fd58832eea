"""Connections to the project's SQLite file: one a thread, write-ahead log, foreign keys on."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from curator.errors import StoreError
from data.store.schema import migrations

BUSY_TIMEOUT_MS = 10_000  # guess: a writer waits for another this long before it gives up


class Connections:
    """The project's database, opened once in each thread that asks (sqlite3 connections are bound to their thread).

    Raises:
        StoreError: the file is no database, or was written by a newer Curator.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        # SQLite has waiting writers look again after pauses of up to 100 ms; this process's threads wait in line here
        self._turn = threading.RLock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._migrate()

    def _migrate(self) -> None:
        try:
            known = {migration.name for migration in migrations.pending(Database(memory=True))}
            applied = {migration.name for migration in migrations.applied(self.db)}
            if applied - known:
                raise StoreError(
                    f"{self.path} was written by a newer Curator (it has {sorted(applied - known)!r}); update Curator"
                )
            if known - applied:
                with self.write():
                    migrations.apply(self.db)
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"{self.path} cannot be read as a Curator database ({error}); restore it from a backup, "
                "or name another folder with --project"
            ) from error

    @property
    def db(self) -> Database:
        """This thread's connection."""
        if not hasattr(self._local, "db"):
            conn = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)
            conn.row_factory = sqlite3.Row
            conn.execute("pragma journal_mode = wal")
            conn.execute("pragma foreign_keys = on")
            # full: a decision that the page called saved survives a power cut too
            conn.execute("pragma synchronous = full")
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
        """One write transaction; takes the write lock first, so that what is read inside cannot be overtaken."""
        conn = self.db.conn
        with self._turn:
            conn.execute("begin immediate")
            try:
                yield conn
            except BaseException:
                conn.rollback()
                raise
            conn.execute("commit")

    def close(self) -> None:
        """Closes this thread's connection."""
        if hasattr(self._local, "db"):
            self._local.db.conn.close()
            del self._local.db
