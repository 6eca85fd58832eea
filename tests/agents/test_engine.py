"""The pool: results for every job, also where an agent fails or its process is killed."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from agents.engine import Job, Mined, load_rgb, mine
from curator.errors import MiningError
from curator.figure import Figure, Hierarchy, Panel, Provenance

pytestmark = pytest.mark.process


class ScriptedAgent:
    """Proposes one panel over the whole image; the figure's caption may ask for trouble."""

    name = "scripted"
    version = "1"

    def propose(self, figure: Figure, image_rgb: NDArray[np.uint8]) -> Hierarchy:
        match figure.caption:
            case "unreadable":
                raise MiningError("the reply was cut off")
            case "bug":
                raise ZeroDivisionError("division by zero")
            case "out of memory":
                os.kill(os.getpid(), signal.SIGKILL)
        height, width = image_rgb.shape[:2]
        return Hierarchy((Panel("p1", (0, 0, width, height), Provenance("scripted", "1", "", 0.5)),))


def jobs(folder: Path, captions: list[str]) -> list[Job]:
    Image.new("RGB", (30, 20), "white").save(folder / "figure.png")
    return [
        Job(Figure(f"a:{number}", "a", "figure.png", "", (30, 20), caption=caption), folder / "figure.png")
        for number, caption in enumerate(captions)
    ]


def test_every_figure_is_mined(tmp_path: Path) -> None:
    mined = list(mine(jobs(tmp_path, [""] * 9), ScriptedAgent, workers=2))
    assert sorted(result.figure_id for result in mined) == [f"a:{number}" for number in range(9)]
    assert {result.hierarchy.panels[0].box_xyxy for result in mined if result.hierarchy} == {(0, 0, 30, 20)}


def test_a_failure_is_told_with_its_reason_and_the_others_go_on(tmp_path: Path) -> None:
    mined = {result.figure_id: result for result in mine(jobs(tmp_path, ["", "unreadable", "bug"]), ScriptedAgent, 1)}
    assert mined["a:0"].hierarchy is not None
    assert mined["a:1"] == Mined("a:1", None, "the reply was cut off")
    assert mined["a:2"] == Mined(
        "a:2", None, "ZeroDivisionError: division by zero; please report this as a bug of the agent"
    )


def test_a_figure_that_kills_its_process_is_found_and_those_beside_it_are_mined(tmp_path: Path) -> None:
    captions = ["", "", "out of memory", "", "", "", "", ""]
    mined = {result.figure_id: result for result in mine(jobs(tmp_path, captions), ScriptedAgent, workers=2)}
    assert len(mined) == len(captions)
    assert [figure_id for figure_id, result in mined.items() if result.hierarchy is None] == ["a:2"]
    assert mined["a:2"].reason.startswith("its process died, most likely for lack of memory")


_MINES_FOREVER = """
import os, sys, threading
from itertools import repeat
from pathlib import Path
from agents.engine import Job, mine
from curator.figure import Figure, Hierarchy

class Agent:
    def __init__(self):
        print(os.getpid(), flush=True)
    def propose(self, figure, image_rgb):
        return Hierarchy()

if __name__ == "__main__":
    job = Job(Figure("a:1", "a", "f.png", "", (30, 20)), Path(sys.argv[1]))
    for _ in mine([job], Agent, 1):
        threading.Event().wait()
"""


def test_workers_end_when_the_process_that_mines_is_killed(tmp_path: Path) -> None:
    jobs(tmp_path, [""])
    script = tmp_path / "mines_forever.py"
    script.write_text(_MINES_FOREVER)
    process = subprocess.Popen(
        [sys.executable, script, tmp_path / "figure.png"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout is not None
    worker = os.pidfd_open(int(process.stdout.readline()))
    process.kill()
    process.communicate()
    ended, _, _ = select.select([worker], [], [], 300)
    os.close(worker)
    assert ended, "the worker still runs"


def test_a_file_that_is_no_image_is_named(tmp_path: Path) -> None:
    path = tmp_path / "figure.png"
    path.write_text("not an image")
    with pytest.raises(MiningError) as caught:
        load_rgb(path)
    assert str(caught.value) == f"{path} cannot be read as an image; ingest the figure's source again"
