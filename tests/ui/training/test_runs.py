"""What a run's folder tells of it, whoever reads it and whatever became of its process."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from curator.errors import TrainingError
from tests.ui.training.folders import BEGAN_AT, NOBODY, RECALL, make_run, process_state
from trainer.metrics import MetricsLog
from trainer.run_folder import RunFolder
from ui.training.process import FILE, LOCK, Outcome, Phase, ask_to_stop
from ui.training.runs import Runs, State


@contextmanager
def alive(folder: Path) -> Iterator[None]:
    """As if this process were the run's."""
    with FileLock(folder / LOCK):
        yield


@pytest.mark.parametrize(
    ("phase", "steps", "expected"),
    [
        ("exporting", 0, "exporting"),
        ("starting", 0, "starting"),
        ("starting", 3, "training"),
        ("training", 3, "training"),
        ("evaluating", 40, "evaluating"),
    ],
)
def test_a_run_that_is_worked_on_is_in_its_process_s_phase(
    tmp_path: Path, phase: Phase, steps: int, expected: State
) -> None:
    folder = make_run(tmp_path / "a", process_state(os.getpid(), phase), steps)
    with alive(folder):
        assert Runs(tmp_path).run("a").state == expected
        ask_to_stop(folder, os.getpid())
        assert Runs(tmp_path).run("a").state == "stopping"


@pytest.mark.parametrize(
    ("outcome", "end", "expected"),
    [
        ("", "", "killed"),
        ("stopped", "stopped", "stopped"),
        ("finished", "finished", "finished"),
        ("early", "early", "early"),
        ("failed", "", "failed"),
        ("", "finished", "finished"),
        ("", "failed", "failed"),
    ],
)
def test_a_run_whose_process_is_gone_ended_as_it_said_or_was_killed(
    tmp_path: Path, outcome: Outcome, end: str, expected: State
) -> None:
    make_run(tmp_path / "a", process_state(NOBODY, outcome=outcome, message="why"), 9, end)
    assert Runs(tmp_path).run("a").state == expected


def test_the_number_of_a_gone_process_that_another_has_by_now_does_not_bring_the_run_to_life(tmp_path: Path) -> None:
    make_run(tmp_path / "a", process_state(os.getpid()), 9)
    assert Runs(tmp_path).run("a").state == "killed"


def test_what_a_killed_process_left_behind_does_not_keep_the_run_alive(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "a", process_state(NOBODY), 9)
    with alive(folder):  # workers that read ahead hold the lock for some seconds
        assert Runs(tmp_path).run("a").state == "killed"


def test_a_resumed_run_that_was_killed_does_not_show_how_its_process_before_ended(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "a", process_state(NOBODY - 1), 9, "stopped")
    process_state(NOBODY, "exporting").save(folder)
    assert Runs(tmp_path).run("a").state == "killed"


def test_a_process_that_was_just_started_is_given_time_to_say_so(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "a", process_state(0, "exporting", began_at=time.time()))
    assert Runs(tmp_path).run("a").state == "exporting"
    process_state(0, "exporting").save(folder)
    assert Runs(tmp_path).run("a").state == "killed"


def test_a_run_that_was_asked_to_stop_and_could_not_say_so_was_stopped(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "a", process_state(NOBODY, "exporting"))
    ask_to_stop(folder, NOBODY)
    assert Runs(tmp_path).run("a").state == "stopped"


def test_numbers_of_a_run_are_those_of_its_log(tmp_path: Path) -> None:
    make_run(tmp_path / "a", process_state(outcome="finished", ended_at=BEGAN_AT + 30, spent_s=12.0), 13, "finished")
    run = Runs(tmp_path).run("a")
    assert (run.step, run.score, run.best_step, run.seconds) == (13, 0.08, 8, 42.0)
    assert (run.asked.preset, run.asked.steps, run.started_at) == ("zoomin", 40, "1970-01-12T13:46:40+00:00")


def test_a_killed_run_took_as_long_as_its_log_grew(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "a", process_state(), 9)
    for name in (FILE, "metrics.jsonl"):
        os.utime(folder / name, (BEGAN_AT + 25, BEGAN_AT + 25))
    assert Runs(tmp_path).run("a").seconds == 25.0


def test_runs_are_listed_newest_first_and_other_folders_are_no_runs(tmp_path: Path) -> None:
    assert Runs(tmp_path / "none").listed() == []
    for number, name in enumerate(("old", "new")):
        make_run(tmp_path / name, process_state(started_at=BEGAN_AT + number), 1)
    (tmp_path / "notes").mkdir()
    (tmp_path / ".hidden").mkdir()
    assert [run.name for run in Runs(tmp_path).listed()] == ["new", "old"]


def test_a_run_by_the_command_on_a_given_export_is_listed_too(tmp_path: Path) -> None:
    make_run(tmp_path / "a", None, 40, "finished")
    run = Runs(tmp_path).run("a")
    assert (run.state, run.asked.preset, run.asked.verified_only, run.seconds) == ("finished", "zoomin", True, 20.0)


def test_a_run_with_a_broken_file_says_so_and_hides_no_other(tmp_path: Path) -> None:
    make_run(tmp_path / "a", process_state(), 3)
    make_run(tmp_path / "b", process_state(), 3)
    (tmp_path / "a" / FILE).write_text("{")
    RunFolder(tmp_path / "b").metrics.write_text("nonsense\n")
    told = {run.name: run.message for run in Runs(tmp_path).listed()}
    assert "is not what a training process wrote" in told["a"]
    assert "metrics.jsonl:1 is b'nonsense'" in told["b"]


def test_a_run_that_grows_is_read_again(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    folder = make_run(tmp_path / "a", process_state(), 3)
    assert runs.run("a").step == 3
    log = MetricsLog(RunFolder(folder).metrics)
    log.write("step", 4, level="M", loss=1.0, parts={}, seconds=0.1)
    log.close()
    assert runs.run("a").step == 4


def test_curves_go_on_after_the_step_that_the_page_has(tmp_path: Path) -> None:
    make_run(tmp_path / "a", process_state(), 9)
    metrics = Runs(tmp_path).metrics("a")
    assert metrics.loss(-1)[0] == [1, "P", 2.0, {"intra_P": 1.0}]
    assert [point[0] for point in metrics.loss(7)] == [8, 9]
    assert metrics.retrieval(3) == [[4, RECALL], [8, RECALL]]


def test_long_curves_are_thinned_at_every_level_and_end_where_the_run_is(tmp_path: Path) -> None:
    make_run(tmp_path / "a", process_state(), 9000, evaluate_every=5000)
    points = Runs(tmp_path).metrics("a").loss(-1)
    assert 1500 < len(points) <= 2000
    assert {point[1] for point in points} == {"M", "P", "R"}
    assert [point[0] for point in points] == sorted(point[0] for point in points)
    assert points[-1][0] == 9000


def test_names_count_up_by_preset(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    assert runs.free_name("zoomin") == "zoomin-1"
    for name in ("zoomin-1", "zoomin-7", "zoomin-x", "flat-9"):
        (tmp_path / name).mkdir()
    assert runs.free_name("zoomin") == "zoomin-8"


@pytest.mark.parametrize("name", ["..", ".", "", "a/../../b", "/etc", ".hidden", "none"])
def test_only_folders_among_the_runs_are_runs(tmp_path: Path, name: str) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "runs" / ".hidden").mkdir()
    with pytest.raises(TrainingError, match=r"there is no run .*; reload the page"):
        Runs(tmp_path / "runs").remove(name)
    assert (tmp_path / "b").is_dir()


def test_removing_a_run_leaves_the_others_and_refuses_one_that_lives(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    make_run(tmp_path / "a", process_state(), 3)
    make_run(tmp_path / "b", process_state(os.getpid()), 3)
    with alive(tmp_path / "b"), pytest.raises(TrainingError, match="run 'b' is still going on; stop it first"):
        runs.remove("b")
    runs.remove("a")
    assert [run.name for run in runs.listed()] == ["b"]
