"""A run on the project's own figures, before its first step."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from curator.errors import StoreError, TrainingError
from data.store import Store
from tests.data.projects import add_mined_figure
from tests.ui.training.folders import ASKED, make_run, process_state
from trainer.config import TrainConfig
from ui.cli import main
from ui.training.own_run import train_own
from ui.training.process import Asked, RunProcess, load_process
from ui.training.runs import Runs


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "project")
    for number in range(3):
        add_mined_figure(opened, f"PMC{number}")
    yield opened
    opened.close()


def no_config() -> TrainConfig:
    raise AssertionError("the run was stopped before it was configured")


def test_a_run_that_is_stopped_while_it_exports_leaves_nothing_half_done(store: Store, tmp_path: Path) -> None:
    def told(what: str, done: int, total: int) -> None:
        if done == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    asked = Asked("flat", "curator-tiny", 4, verified_only=False)
    assert train_own(store, tmp_path / "runs" / "a", asked, no_config, told=told) is None
    assert Runs(tmp_path / "runs").run("a").state == "stopped"
    assert sorted(path.name for path in (tmp_path / "runs" / "a").iterdir()) == ["process.json", "process.lock"]


def test_a_run_on_sure_proposals_exports_those_alone(store: Store, tmp_path: Path) -> None:
    def none() -> TrainConfig:
        raise TrainingError("exported, and that is enough")

    asked = Asked("flat", "curator-tiny", 4, verified_only=False, sure=0.95)
    with pytest.raises(TrainingError, match="that is enough"):
        train_own(store, tmp_path / "runs" / "a", asked, none)
    manifest = json.loads((tmp_path / "runs" / "a" / "data" / "manifest.json").read_text())
    assert (manifest["filter"]["verified_only"], manifest["filter"]["sure"]) == (False, 0.95)
    assert (manifest["counts"]["figures"], manifest["counts"]["panels"]) == (3, 0)


def test_a_run_on_open_proposals_has_those_of_figures_accepted_without_a_person_too(
    store: Store, tmp_path: Path
) -> None:
    def none() -> TrainConfig:
        raise TrainingError("exported, and that is enough")

    assert store.auto.apply(0.05, 0.5, 12, {}, "ann", 1.0, store.auto.assessor()).figures == 3
    panels = {}
    for sure in (0.0, 0.6):
        folder = tmp_path / "runs" / f"from-{sure}"
        with pytest.raises(TrainingError, match="that is enough"):
            train_own(store, folder, Asked("flat", "curator-tiny", 4, verified_only=False, sure=sure), none)
        counts = json.loads((folder / "data" / "manifest.json").read_text())["counts"]
        assert (counts["figures"], counts["figures_auto"]) == (3, 3)
        panels[sure] = counts["panels"]
    assert panels == {0.0: 6, 0.6: 3}
    assert sum(store.trainable.counts().sure.levels["P"].values()) == 3


def test_a_run_without_a_verified_figure_fails_with_what_mends_it(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no figure is accepted yet"):
        train_own(store, tmp_path / "runs" / "a", ASKED, no_config)
    run = Runs(tmp_path / "runs").run("a")
    assert (run.state, run.message.partition(";")[0]) == ("failed", "nothing to export: no figure is accepted yet")


def test_a_folder_with_a_run_is_not_begun_again(store: Store, tmp_path: Path) -> None:
    folder = make_run(tmp_path / "a", process_state(), 3)
    with pytest.raises(TrainingError, match=r"holds a run; go on with it by --resume"):
        train_own(store, folder, ASKED, no_config)


def test_a_second_process_is_refused_and_the_time_of_earlier_ones_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.training.process._PATIENCE_S", 0.1)
    make_run(tmp_path / "a", process_state(outcome="stopped", ended_at=1_000_007.0, spent_s=5.0))
    with RunProcess(tmp_path / "a", ASKED) as first:
        with (
            pytest.raises(TrainingError, match="another process works on"),
            RunProcess(tmp_path / "a", ASKED),
        ):
            pass
        first.end("stopped")
    state = load_process(tmp_path / "a")
    assert state is not None
    assert (state.pid, state.spent_s, state.outcome, state.started_at) == (os.getpid(), 12.0, "stopped", 1_000_000.0)


def test_an_error_that_nobody_foresaw_is_kept_with_the_run(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), RunProcess(tmp_path / "a", ASKED):
        _ = 1 / 0
    state = load_process(tmp_path / "a")
    assert state is not None
    assert (state.outcome, state.message) == ("failed", "ZeroDivisionError: division by zero")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--resume"], "name the run to go on with by -o RUN"),
        (["EXPORT", "-o", "run", "--unverified"], "--unverified says how the project is exported, and EXPORT is given"),
        (["EXPORT", "-o", "run", "--sure", "0.6"], "--sure says how the project is exported, and EXPORT is given"),
    ],
)
def test_commands_that_cannot_be_meant_are_refused(tmp_path: Path, arguments: list[str], says: str) -> None:
    given = [str(tmp_path) if word == "EXPORT" else word for word in arguments]
    refused = CliRunner().invoke(main, ["--project", str(tmp_path), "train", *given])
    assert refused.exit_code == 2
    assert says in refused.output
