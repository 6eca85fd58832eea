"""What was committed is on the disk when the writer goes on, and many writers wait for it together."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from data.store.database import Connections
from data.store.disk import DiskSync


def test_each_commit_is_followed_by_a_wait_for_the_disk_that_began_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections = Connections(tmp_path / "curator.db")
    log = tmp_path / "curator.db-wal"
    real, synced = os.fsync, []

    def fsync(number: int) -> None:
        synced.append((os.path.samestat(os.fstat(number), log.stat()), log.stat().st_size))
        real(number)

    monkeypatch.setattr("os.fsync", fsync)
    sizes = []
    for place in ("a", "b"):
        with connections.write() as conn:
            conn.execute("insert into problems (stage, place, reason, at) values ('mine', ?, '', '')", (place,))
        sizes.append(log.stat().st_size)
    assert synced == [(True, size) for size in sizes]
    assert sizes[0] < sizes[1]


def test_a_transaction_that_fails_waits_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connections = Connections(tmp_path / "curator.db")
    monkeypatch.setattr("data.store.disk.DiskSync.wait", lambda _: pytest.fail("waited for the disk"))
    with pytest.raises(ZeroDivisionError), connections.write():
        raise ZeroDivisionError


def test_writers_that_come_while_the_disk_is_busy_share_one_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, busy, go_on, count = DiskSync(tmp_path / "log"), threading.Event(), threading.Event(), [0]
    asked = threading.Semaphore(0)

    def flush() -> None:
        count[0] += 1
        if count[0] == 1:
            busy.set()
            assert go_on.wait(120)

    class Counted(threading.Condition):
        def wait(self, timeout: float | None = None) -> bool:
            asked.release()
            return super().wait(timeout)

    monkeypatch.setattr(disk, "_flush", flush)
    monkeypatch.setattr(disk, "_changed", Counted())
    with ThreadPoolExecutor(9) as threads:
        first = threads.submit(disk.wait)
        assert busy.wait(120)
        others = [threads.submit(disk.wait) for _ in range(8)]
        for _ in others:
            assert asked.acquire(timeout=120)
        assert not any(one.done() for one in others)
        go_on.set()
        for one in (first, *others):
            one.result(120)
    assert count[0] == 2


def test_a_disk_that_refuses_is_told_to_everybody_who_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connections = Connections(tmp_path / "curator.db")

    def full(_: int) -> None:
        raise OSError(5, "Input/output error")

    def write(place: str) -> None:
        with connections.write() as conn:
            conn.execute("insert into problems (stage, place, reason, at) values ('mine', ?, '', '')", (place,))

    with monkeypatch.context() as broken:
        broken.setattr("os.fsync", full)
        for place in ("a", "b"):
            with pytest.raises(OSError, match="Input/output"):
                write(place)
    write("c")
    assert len(connections.rows("select * from problems")) == 3
