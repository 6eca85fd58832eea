"""A run as its user sees it: it learns, and stops, dies and goes on without a number being different."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import (  # type: ignore[import-untyped]
    EventAccumulator,
)
from torch import Tensor

from curator.errors import InputError, TrainingError
from tests.trainer.small_runs import draw_small_export, losses_of, numbers_of, small_config, small_train
from trainer.checkpoint import load_checkpoint
from trainer.config_json import config_from_json, config_to_json
from trainer.dataset import make_loader
from trainer.evaluate.subject import load_start, load_trained
from trainer.metrics import read_metrics
from trainer.model import RegionClip, make_model
from trainer.run_folder import RunFolder
from trainer.snapshot import load_snapshot

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
CONFIG = small_config(ema=0.9)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_small_export(tmp_path_factory.mktemp("drawn") / "export")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, export: Path) -> Path:
    """A run of nine steps that nothing interrupted."""
    run = tmp_path_factory.mktemp("runs") / "whole"
    assert small_train(export, run, CONFIG).reason == "finished"
    return run


def assert_same_run(run: Path, other: Path) -> None:
    """Bit for bit: metrics, weights, averages and the optimiser's state."""
    assert numbers_of(run) == numbers_of(other)
    mine, others = (load_checkpoint(RunFolder(folder).last) for folder in (run, other))
    assert mine.progress == others.progress
    for name, weight in others.model.items():
        assert torch.equal(mine.model[name], weight), name
    for name, weight in others.average.items():
        assert torch.equal(mine.average[name], weight), name
    for index, moments in others.optimizer["state"].items():
        assert torch.equal(mine.optimizer["state"][index]["exp_avg"], moments["exp_avg"])


def test_a_run_can_begin_with_the_best_weights_of_another(export: Path, whole: Path, tmp_path: Path) -> None:
    config = replace(CONFIG, start_from=str(whole), steps=1, lr=1e-12, warmup_steps=0, weight_decay=0.0)

    small_train(export, tmp_path / "next", config)

    best, first = load_trained(whole).model.state_dict(), load_start(tmp_path / "next").model.state_dict()
    after = load_checkpoint(RunFolder(tmp_path / "next").last).model
    fresh = make_model(CONFIG)[0].state_dict()
    name = max(best, key=lambda one: float((best[one].float() - fresh[one].float()).abs().max()))
    assert not torch.equal(best[name], fresh[name])
    assert torch.equal(first[name], best[name])
    assert torch.allclose(after[name], best[name], atol=1e-6)


def test_a_run_of_another_model_is_no_start(export: Path, whole: Path, tmp_path: Path) -> None:
    config = replace(CONFIG, start_from=str(whole), roi_processor=True)

    with pytest.raises(TrainingError, match="with other parts than this"):
        small_train(export, tmp_path / "next", config)


def test_a_few_steps_lower_the_loss(export: Path, tmp_path: Path) -> None:
    config = small_config(steps=40, evaluate_every=40, batch=8)
    config = replace(config, stages=(replace(config.stages[0], share=1.0, cycle=("P",)),))
    small_train(export, tmp_path / "run", config)
    losses = losses_of(tmp_path / "run")
    assert sum(losses[-5:]) < 0.9 * sum(losses[:5])


def test_a_run_leaves_all_that_others_need_to_know_of_it(export: Path, whole: Path) -> None:
    folder = RunFolder(whole)
    assert config_from_json(folder.config.read_text(encoding="utf-8")) == CONFIG
    kept = load_checkpoint(folder.best)
    assert (kept.config, kept.snapshot) == (CONFIG, json.loads(json.dumps(load_snapshot(whole).to_doc())))
    assert kept.progress.step == kept.progress.best_step
    assert folder.best.stat().st_size < folder.last.stat().st_size / 2
    curves = EventAccumulator(str(folder.tensorboard)).Reload()
    assert [point.step for point in curves.Scalars("step/loss")] == list(range(1, 10))
    assert [point.step for point in curves.Scalars("evaluation/levels/R/a2b_r1")] == [0, 3, 6, 9]
    lines = read_metrics(folder.metrics)
    assert [line["step"] for line in lines if line["kind"] == "evaluation"] == [0, 3, 6, 9]
    assert [line["step"] for line in lines if line["kind"] == "step"] == list(range(1, 10))
    assert "".join(line["level"] for line in lines if line["kind"] == "step") == "MMMMMPMRM"
    assert set(lines[1]["levels"]) == {"M", "P", "R"}
    assert (lines[0]["kind"], lines[-1]["kind"], lines[-1]["reason"]) == ("start", "end", "finished")


@pytest.mark.parametrize("told_after", [1, 2, 3], ids=["between-evaluations", "before-one", "after-one"])
def test_a_run_stopped_by_sigterm_and_resumed_equals_one_that_was_not(
    export: Path, whole: Path, tmp_path: Path, told_after: int
) -> None:
    def stop(line: dict[str, Any]) -> None:
        if (line["kind"], line["step"]) == ("step", told_after):
            os.kill(os.getpid(), signal.SIGTERM)

    stopped = small_train(export, tmp_path / "run", CONFIG, report=stop)
    assert (stopped.reason, stopped.progress.step) == ("stopped", told_after + 1)
    assert read_metrics(RunFolder(tmp_path / "run").metrics)[-1] == {
        "kind": "end",
        "step": stopped.progress.step,
        "reason": "stopped",
    }
    assert small_train(export, tmp_path / "run", CONFIG, resume=True).reason == "finished"
    assert_same_run(tmp_path / "run", whole)


def test_a_sigterm_that_a_cluster_sends_to_the_workers_too_lets_the_run_save(
    export: Path, whole: Path, tmp_path: Path
) -> None:
    config = replace(CONFIG, workers=1)
    told: list[str] = []

    def stop(line: dict[str, Any]) -> None:
        if line["kind"] == "step" and not told:
            told.extend(str(child.pid) for child in multiprocessing.active_children())
            subprocess.run(["kill", "-TERM", str(os.getpid()), *told], check=True)

    stopped = small_train(export, tmp_path / "run", config, report=stop)
    assert (stopped.reason, stopped.progress.step, len(told)) == ("stopped", 2, 1)
    assert not multiprocessing.active_children()
    small_train(export, tmp_path / "run", config, resume=True)
    assert_same_run(tmp_path / "run", whole)


def test_a_run_killed_with_kill_9_loses_only_the_steps_since_its_last_checkpoint(
    export: Path, whole: Path, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(config_to_json(CONFIG), encoding="utf-8")
    command = [sys.executable, "-m", "tests.trainer.small_runs", export, tmp_path / "run", tmp_path / "config.json"]
    killed = subprocess.run([*map(str, command), "--kill-at", "5"], cwd=ROOT, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]
    resumed_at = []

    def report(line: dict[str, Any]) -> None:
        resumed_at.extend([line["step"]] if line["kind"] == "resume" else [])

    small_train(export, tmp_path / "run", CONFIG, resume=True, report=report)
    assert resumed_at == [3]
    assert_same_run(tmp_path / "run", whole)


def test_two_processes_of_torchrun_give_the_losses_of_one_with_the_double_batch(export: Path, tmp_path: Path) -> None:
    one = small_config(steps=6, evaluate_every=6)
    two = replace(one, batch=2)
    (tmp_path / "config.json").write_text(config_to_json(two), encoding="utf-8")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    script = ["-m", "tests.trainer.small_runs", str(export), str(tmp_path / "two"), str(tmp_path / "config.json")]
    # torchrun leaves a folder of logs where temporary files go
    environ = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "TMPDIR": str(tmp_path)}
    done = subprocess.run([*torchrun, *script], cwd=ROOT, env=environ, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    small_train(export, tmp_path / "one", one)
    assert losses_of(tmp_path / "two") == pytest.approx(losses_of(tmp_path / "one"), rel=1e-4)
    first = read_metrics(RunFolder(tmp_path / "two").metrics)[0]
    assert first["world"] == 2
    kept = load_checkpoint(RunFolder(tmp_path / "two").last)
    assert len(kept.rng) == 2
    with pytest.raises(TrainingError, match="had 2 processes and now there are 1; resume it with as many as before"):
        small_train(export, tmp_path / "two", two, resume=True)


def test_where_memory_runs_out_the_step_is_cut_into_parts_and_the_run_goes_on(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small_config(steps=3)
    small_train(export, tmp_path / "whole", config)
    encode = RegionClip.encode_images

    def short_of_memory(self: RegionClip, images: Tensor) -> Any:
        if torch.is_grad_enabled() and len(images) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return encode(self, images)

    monkeypatch.setattr(RegionClip, "encode_images", short_of_memory)
    assert small_train(export, tmp_path / "parts", config).reason == "finished"
    lines = read_metrics(RunFolder(tmp_path / "parts").metrics)
    assert [(line["step"], line["accumulate"]) for line in lines if line["kind"] == "memory"] == [(0, 2)]
    assert losses_of(tmp_path / "parts") == pytest.approx(losses_of(tmp_path / "whole"), rel=1e-4)
    assert load_checkpoint(RunFolder(tmp_path / "parts").last).progress.accumulate == 2


def test_parts_that_another_process_found_to_fit_are_taken_at_the_next_start(export: Path, tmp_path: Path) -> None:
    RunFolder(tmp_path).keep_parts(2)
    assert small_train(export, tmp_path, small_config(steps=1)).progress.accumulate == 2


def test_a_batch_that_gives_no_number_ends_the_run_and_is_named_and_kept(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poisoned(*args: Any, **kwargs: Any) -> Any:
        for number, batch in enumerate(make_loader(*args, **kwargs)):
            images = batch.images * torch.nan if (batch.level, number) == ("M", 3) else batch.images
            yield replace(batch, images=images)

    monkeypatch.setattr("trainer.train.make_loader", poisoned)
    path = RunFolder(tmp_path).bad_batch(3, 0)
    with pytest.raises(
        TrainingError, match=r"step 4: the loss is nan \(intra_M nan.*batch 3 of level 'M'; the weights"
    ):
        small_train(export, tmp_path, small_config())
    kept = torch.load(path, weights_only=True)
    assert (kept["place"], kept["batch"]["level"]) == ("batch 3 of level 'M'", "M")
    assert kept["batch"]["images"].isnan().all()
    end = read_metrics(RunFolder(tmp_path).metrics)[-1]
    assert (end["kind"], end["step"], end["reason"], str(path) in end["message"]) == ("end", 3, "failed", True)
    assert all(weight.isfinite().all() for weight in load_checkpoint(RunFolder(tmp_path).last).model.values())


@pytest.mark.parametrize(
    ("preset", "levels"),
    [("zoomin", "MMMMMMMPMRMPM"), ("panel2patch", "MPRMPRMPRMPRM"), ("regionmed", "PPPPPRRRRPPPP"), ("flat", "M" * 13)],
    ids=["zoomin", "panel2patch", "regionmed", "flat"],
)
def test_every_preset_trains_on_its_levels_to_the_end(export: Path, tmp_path: Path, preset: str, levels: str) -> None:
    config = small_config(steps=13, preset=preset, evaluate_every=13)
    assert small_train(export, tmp_path, config).reason == "finished"
    lines = read_metrics(RunFolder(tmp_path).metrics)
    assert "".join(line["level"] for line in lines if line["kind"] == "step") == levels
    assert lines[-2]["best"]


@pytest.mark.parametrize(
    "changes",
    [
        {"lora_rank": 2, "freeze_text": True, "unlocked_blocks": 1},
        {"regions": "crop", "roi_processor": True, "accumulate": 2, "grad_checkpointing": True},
        {"loss": "siglip", "precision": "bf16"},
    ],
    ids=["lora-on-the-last-block", "crops-in-parts-checkpointed", "siglip-in-bf16"],
)
def test_whatever_is_configured_is_trained_and_resumed_to_the_same_numbers(
    export: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    config = small_config(steps=4, evaluate_every=4, **changes)
    small_train(export, tmp_path / "whole", config)
    assert len(losses_of(tmp_path / "whole")) == 4

    def stop(line: dict[str, Any]) -> None:
        if (line["kind"], line["step"]) == ("step", 1):
            os.kill(os.getpid(), signal.SIGTERM)

    assert small_train(export, tmp_path / "run", config, report=stop).reason == "stopped"
    small_train(export, tmp_path / "run", config, resume=True)
    assert_same_run(tmp_path / "run", tmp_path / "whole")


def test_a_run_that_gets_no_better_ends_early(export: Path, tmp_path: Path) -> None:
    config = small_config(steps=50, evaluate_every=1, patience=2, lr=1e-12)
    outcome = small_train(export, tmp_path, config)
    assert (outcome.reason, outcome.progress.step, outcome.progress.best_step) == ("early", 3, 1)
    assert load_checkpoint(RunFolder(tmp_path).best).progress.step == 1


def test_a_run_is_not_begun_over_another(export: Path, whole: Path) -> None:
    with pytest.raises(TrainingError, match="holds a run; go on with it by --resume, or name another folder"):
        small_train(export, whole, CONFIG)


def test_a_finished_run_that_is_resumed_stays_as_it_is(export: Path, whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "copy")
    assert small_train(export, tmp_path / "copy", CONFIG, resume=True).reason == "finished"
    assert_same_run(tmp_path / "copy", whole)


def test_a_run_is_not_resumed_on_other_data(whole: Path, tmp_path: Path) -> None:
    other = draw_small_export(tmp_path / "other", seed=2)
    shutil.copytree(whole, tmp_path / "copy")
    with pytest.raises(InputError, match="was started on other data"):
        small_train(other, tmp_path / "copy", CONFIG, resume=True)


def test_two_processes_do_not_train_into_one_folder(export: Path, tmp_path: Path) -> None:
    with RunFolder(tmp_path).held(), pytest.raises(TrainingError, match="another process trains into"):
        small_train(export, tmp_path, CONFIG)
