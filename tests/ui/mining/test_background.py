"""Mining beside the page, as `curator ui` does it."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from curator.figure import FigureState
from data.store import Store
from tests.data.projects import add_figures
from ui.cli import Project
from ui.mining.background import background_mining

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[3]


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _ended(pid: int) -> bool:
    """Waits for a process to end, five minutes at most."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ready, _, _ = select.select([handle], [], [], 300)
    os.close(handle)
    return bool(ready)


def _started(project: Path) -> subprocess.Popen[str]:
    """``curator ui``, once it has said where the page is."""
    command = [
        sys.executable,
        "-u",
        "-m",
        "ui",
        "--project",
        str(project),
        "ui",
        "--port",
        "0",
        "--no-browser",
        "--no-assess",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    assert re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())
    return process


def test_figures_that_wait_are_mined_while_the_page_is_open_and_no_longer(tmp_path: Path) -> None:
    store = Store(tmp_path)
    add_figures(store, 400)
    with _started(tmp_path) as page:
        miners = _children(page.pid)
        assert len(miners) == 1
        page.terminate()
        assert page.wait(300) == 0
        assert _ended(miners[0])
    assert store.queue.states()[FigureState.UNMINED] > 0


def test_a_miner_that_is_told_to_end_saves_what_it_has_begun(tmp_path: Path) -> None:
    store = Store(tmp_path)
    add_figures(store, 400)
    command = [sys.executable, "-m", "ui", "--project", str(tmp_path), "mine", "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as miner:
        while store.queue.states()[FigureState.UNMINED] == 400:
            with suppress(subprocess.TimeoutExpired):
                miner.wait(0.1)
                pytest.fail("it ended before it had mined one")
        miner.terminate()
        said, noted = miner.communicate(timeout=300)
    mined = 400 - store.queue.states()[FigureState.UNMINED]
    assert 0 < mined < 400
    assert (miner.returncode, said) == (0, f"{mined} figures mined\n")
    assert "leaked" not in noted, "the workers have ended in order"


def test_nothing_is_started_where_nothing_waits(tmp_path: Path) -> None:
    Store(tmp_path)
    with _started(tmp_path) as page:
        assert _children(page.pid) == []
        page.terminate()


_STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); signal.pause()"


def test_a_miner_that_does_not_end_in_time_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_figures(Store(tmp_path), 1)
    stubborn: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def started(command: list[str], **options: object) -> subprocess.Popen[bytes]:
        assert command[-4:] == ["mine", "--workers", "1", "--json"]
        process = start([sys.executable, "-c", _STUBBORN], stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        stubborn.append(process)
        return process

    monkeypatch.setattr(subprocess, "Popen", started)
    before = signal.getsignal(signal.SIGTERM)
    try:
        with background_mining(Project(tmp_path), stop_s=0):
            pass
    finally:
        signal.signal(signal.SIGTERM, before)

    assert [process.returncode for process in stubborn] == [-signal.SIGKILL]
