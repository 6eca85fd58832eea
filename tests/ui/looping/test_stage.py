"""A stage of the loop ends with the loop, however that ends, and the next one waits for it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from data.store import Store
from ui.looping import stage
from ui.looping.loop import LOG, Commands, Training

_PYTHON = """#!{python}
# in place of Python: the stage that is asked for, with a command that ends the loop and says which signals it gets
import os, signal, sys, threading
from pathlib import Path
sys.path.insert(0, os.getcwd())
from ui.looping import stage

def said(number, frame):
    os.write(2, signal.Signals(number).name.encode() + b"\\n")
    if number == signal.SIGTERM:
        os._exit(0)

def command(args, prog_name):
    signal.alarm(60)  # nobody asked it to end
    signal.signal(signal.SIGINT, said)
    signal.signal(signal.SIGTERM, said)
    {ends_the_loop}
    while True:
        threading.Event().wait(0.05)

assert sys.argv[1:3] == ["-m", "ui.looping.stage"], sys.argv
stage.main = command
stage.run(Path(sys.argv[3]), sys.argv[4:])
"""
_LOOP = """
import signal, sys
from pathlib import Path
# as in a terminal: what a script starts in the background ignores Ctrl+C
signal.signal(signal.SIGINT, signal.default_int_handler)
from data.store import Store
from ui.looping.loop import Commands, Training
sys.executable = sys.argv[2]
store = Store(Path(sys.argv[1]))
Commands(store, Training(), 1)("assess", store.loop.begin(1))
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "project")
    yield store
    store.close()


@pytest.mark.process
@pytest.mark.parametrize(
    ("ends_the_loop", "code"),
    [
        ("os.kill(os.getppid(), signal.SIGKILL)", -signal.SIGKILL),
        ("os.killpg(os.getpgid(os.getppid()), signal.SIGINT)", -signal.SIGINT),
    ],
    ids=["killed", "Ctrl+C"],
)
def test_a_stage_is_asked_to_end_once_when_the_loop_is_gone_and_the_next_loop_waits_for_it(
    store: Store, tmp_path: Path, ends_the_loop: str, code: int
) -> None:
    python = tmp_path / "python"
    python.write_text(_PYTHON.format(python=sys.executable, ends_the_loop=ends_the_loop))
    python.chmod(0o755)

    # of a session of its own, as in a terminal of its own: Ctrl+C reaches every process of it
    ended = subprocess.run(
        [sys.executable, "-c", _LOOP, str(store.project), str(python)], start_new_session=True, capture_output=True
    )
    done = Commands(store, Training(), 1)("assess", store.loop.rounds(1)[0])

    assert ended.returncode == code, ended.stderr.decode()
    assert (store.project / LOG).read_text().splitlines() == ["SIGTERM"]
    assert done["figures"] == 0


def test_it_does_not_wait_for_ever_for_one_that_does_not_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "end_with_input", lambda: None)
    monkeypatch.setattr(stage, "_ENDING_S", 0.0)

    with FileLock(tmp_path / "stage.lock"), pytest.raises(SystemExit, match=r"killed has not ended.*stage\.lock"):
        stage.run(tmp_path / "stage.lock", ["status"])
