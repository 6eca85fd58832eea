"""What is told of an error that nobody foresaw."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ui.disk_errors import unexpected


def test_a_full_disk_is_no_bug_and_says_what_mends_it() -> None:
    told = unexpected(OSError(errno.ENOSPC, "No space left on device"), " of the reader")
    assert told.startswith("[Errno 28] No space left on device: what was done so far stays.")
    assert "bug" not in told


def test_a_database_that_another_process_holds_is_no_bug(tmp_path: Path) -> None:
    place = tmp_path / "held.db"
    with closing(sqlite3.connect(place)) as holder, closing(sqlite3.connect(place, timeout=0)) as other:
        holder.execute("begin exclusive")
        with pytest.raises(sqlite3.OperationalError) as caught:
            other.execute("create table t (a)")
    assert unexpected(caught.value).startswith("database is locked: what was done so far stays.")


@pytest.mark.parametrize("error", [ValueError("a box"), OSError(errno.ENOTDIR, "a box")])
def test_anything_else_is_a_bug_of_the_part_that_failed(error: Exception) -> None:
    assert unexpected(error, " of the agent").endswith("a box; please report this as a bug of the agent")


def test_sql_that_cannot_be_carried_out_is_a_bug() -> None:
    with closing(sqlite3.connect(":memory:")) as database, pytest.raises(sqlite3.OperationalError) as caught:
        database.execute("select absent")
    assert unexpected(caught.value) == "OperationalError: no such column: absent; please report this as a bug"
