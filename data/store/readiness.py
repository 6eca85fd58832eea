"""Whether a project can be worked on at this moment."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from data.store.database import DATABASE, unknown_migrations
from data.store.schema import migrations

_MB = 1_000_000
_WAIT_S = 2.0  # guess: whoever asks gives up after a few seconds


def not_ready(project: Path, min_free_mb: int) -> dict[str, str]:
    """Why it cannot be, by ``database``, ``images`` and ``disk``; empty where it can. Names no path: anybody may ask.

    The database is opened anew, so that one that was moved away is noticed by a process that still has it open.
    """
    checks = {
        "database": _database(project / DATABASE),
        "images": _images(project / "images"),
        "disk": _disk(project, min_free_mb),
    }
    return {name: reason for name, reason in checks.items() if reason}


def _database(path: Path) -> str:
    try:
        # rw: a file that is missing is not made
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=_WAIT_S)) as connection:
            database = Database(connection)
            pending = migrations.pending(database)
            newer = unknown_migrations(migration.name for migration in migrations.applied(database))
            connection.execute("select count(*) from label_studio").fetchone()
    except sqlite3.Error as error:
        return f"it does not answer ({error})"
    if newer:
        return "it was written by a newer Curator"
    return f"{len(pending)} upgrades are to be done; start Curator again" if pending else ""


def _images(folder: Path) -> str:
    try:
        with tempfile.TemporaryFile(dir=folder if folder.exists() else folder.parent) as file:
            file.write(b"x")
    except OSError as error:
        return f"nothing can be written there ({error.strerror})"
    return ""


def _disk(project: Path, min_free_mb: int) -> str:
    try:
        free_mb = shutil.disk_usage(project).free // _MB
    except OSError as error:
        return f"its room is not known ({error.strerror})"
    return f"{free_mb} MB are free, expected {min_free_mb}" if free_mb < min_free_mb else ""
