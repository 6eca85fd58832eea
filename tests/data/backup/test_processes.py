"""Backups beside processes that write, and restores that are killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from data.backup import restore, take_backup, verify
from data.backup.shelf import Shelf
from data.check import Checked, check_project
from data.store import Store
from tests.data.projects import HIERARCHY, add_figures, add_mined_figure

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[3]

_DECIDES_FOREVER = """
import sys
from pathlib import Path
from curator.commands import parse_commands
from data.store import Store
store = Store(Path(sys.argv[1]))
revision = 1
while True:
    for dx in (1, -1):
        moves = [{"op": "move", "id": "p1", "dx": dx, "dy": 0}, {"op": "move", "id": "p2", "dx": -dx, "dy": 0}]
        store.reviews.decide("PMC1:fig1", revision, parse_commands(moves), "ann#1", 0.0)
        revision += 1
        print(revision, flush=True)
"""

_MINES_FOREVER = """
import sys
from pathlib import Path
from data.store import Store
from tests.data.projects import HIERARCHY, add_figures, keep_image
store = Store(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    keep_image(store, shade=number % 256)
    for figure_id in add_figures(store, 1, f"PMC{1000 + number}"):
        store.minings.save(figure_id, "embedded", None, HIERARCHY)
        store.reviews.mined(figure_id, HIERARCHY, "embedded 1")
    print(number, flush=True)
"""

_TAKES_UP_TO_THE_SECOND_IMAGE = """
import sys, time
from pathlib import Path
from data.backup import take_backup

def stop(what, done, total):
    if what == "images" and done == 2:
        print("here", flush=True)
        time.sleep(1000)

take_backup(Path(sys.argv[1]), Path(sys.argv[2]), progress=stop)
"""

# Stops where a test wants it to be killed: at an image, before the names are exchanged, or right after.
_RESTORES_UP_TO = """
import sys, time
from pathlib import Path
from data.backup import restore, swap
backup, project, point = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]

def stop():
    print("here", flush=True)
    time.sleep(1000)

def at_image(what, done, total):
    if point == "images" and done == 2:
        stop()

exchange = swap._exchange
def around(first, second):
    if point == "before":
        stop()
    done = exchange(first, second)
    stop()
    return done
swap._exchange = around
restore(backup, project, overwrite=True, progress=at_image)
"""


@contextmanager
def started(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A Python process that has said something once; killed with -9 at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    assert process.stdout.readline(), "the process ended before it began"
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()


def dump(project: Path) -> list[str]:
    with closing(sqlite3.connect(project / "curator.db")) as conn:
        return list(conn.iterdump())


def test_backups_beside_a_page_and_a_miner_are_each_of_one_moment(tmp_path: Path) -> None:
    store = Store(tmp_path / "project")
    add_mined_figure(store)
    store.close()
    moments, decided = [], 0
    with (
        started(_DECIDES_FOREVER, tmp_path / "project") as page,
        started(_MINES_FOREVER, tmp_path / "project") as miner,
    ):
        assert page.stdout is not None
        assert miner.stdout is not None
        for _ in range(3):
            # what was decided before the last backup ended may still wait in the pipe; this one is to be of a later one
            confirmed = next(number for number in map(int, page.stdout) if number > decided)
            mined = int(miner.stdout.readline())
            taken = take_backup(tmp_path / "project", tmp_path / "backups")
            moments.append((taken.place, confirmed, mined))
            with closing(Store(tmp_path / "project")) as store:
                decided = store.reviews.load("PMC1:fig1", 0.0).revision
    revisions = []
    for place, confirmed, mined in moments:
        restore(place, tmp_path / place.name)
        again = Store(tmp_path / place.name)
        checked = Checked()
        assert [flaw.what for flaw in check_project(again, checked) if flaw.wrong] == []
        first, second = (panel.box_xyxy for panel in again.reviews.load("PMC1:fig1", 0.0).review.hierarchy.panels[:2])
        assert first[0] == -(second[0] - 50), "both moves of a decision are there, or neither"
        revisions.append(again.reviews.load("PMC1:fig1", 0.0).revision)
        assert revisions[-1] >= confirmed
        assert checked.figures >= 1 + mined
        again.close()
    assert revisions == sorted(set(revisions)), "each backup is of a later moment"


def test_a_backup_that_is_killed_is_not_there_and_the_next_one_is_whole(tmp_path: Path) -> None:
    project, shelf = tmp_path / "project", tmp_path / "backups"
    store = Store(project)
    add_mined_figure(store)
    store.close()
    with started(_TAKES_UP_TO_THE_SECOND_IMAGE, project, shelf):
        assert list((shelf / "files").glob("*/*"))
    assert Shelf(shelf).names() == []
    assert list(shelf.glob(".unfinished-*"))
    taken = take_backup(project, shelf)
    assert Shelf(shelf).names() == [taken.place.name]
    assert not list(shelf.glob(".unfinished-*"))
    verify(shelf)


@pytest.mark.parametrize("point", ["images", "before", "after"])
def test_a_restore_that_is_killed_leaves_the_former_project_or_the_restored_one(tmp_path: Path, point: str) -> None:
    project = tmp_path / "project"
    store = Store(project)
    figure_id = add_mined_figure(store)
    store.close()
    taken = take_backup(project, tmp_path / "backups")
    backed_up = dump(project)
    store = Store(project)
    for figure in add_figures(store, 1, "PMC2"):
        store.reviews.mined(figure, HIERARCHY, "embedded 1")
    store.close()
    present = dump(project)
    assert present != backed_up
    with started(_RESTORES_UP_TO, taken.place, project, point):
        pass
    assert dump(project) == (backed_up if point == "after" else present)
    if point == "after":
        (aside,) = tmp_path.glob("project.before-*")
        assert dump(aside) == present
    _, aside_again = restore(taken.place, project.with_name("elsewhere"))
    assert aside_again is None
    restore(taken.place, project, overwrite=True)
    assert dump(project) == backed_up
    assert not (tmp_path / ".project.restoring").exists()
    assert Store(project).reviews.load(figure_id, 0.0).review.hierarchy == HIERARCHY
