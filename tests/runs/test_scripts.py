"""The scripts that go from a project to a published model: the CPU's as a user runs it, the others' words."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs 'make models'")
open_clip = pytest.importorskip("open_clip", reason="training needs 'make models'")

from tests.trainer.exports import export_project  # noqa: E402
from trainer.machine import Machine  # noqa: E402
from trainer.metrics import read_metrics  # noqa: E402
from trainer.presets import make_config  # noqa: E402
from trainer.run_folder import RunFolder  # noqa: E402
from trainer.train import train  # noqa: E402

RUNS = Path(__file__).parents[2] / "runs"


@pytest.mark.process
def test_the_script_for_a_cpu_goes_on_where_it_was_stopped_and_ends_with_a_model_that_open_clip_loads(
    tmp_path: Path,
) -> None:
    torch.set_num_threads(1)
    out = tmp_path / "out"
    out.mkdir()
    export_project(tmp_path, "jsonl").rename(out / "export")

    def stop(line: dict[str, Any]) -> None:
        if line["kind"] == "step" and line["step"] == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    config = replace(make_config("zoomin", Machine("cpu", 8.0, 1), 4), batch=4, workers=0)
    assert train(out / "export", out / "run", config, report=stop).progress.step == 3
    settings = {"PROJECT": tmp_path / "project", "OUT": out, "STEPS": 4, "BIN": Path(sys.executable).parent}
    done = subprocess.run(
        [RUNS / "cpu.sh", "--batch", "4"],
        env={**os.environ, **{name: str(value) for name, value in settings.items()}, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    steps = [line["step"] for line in read_metrics(RunFolder(out / "run").metrics) if line["kind"] == "step"]
    assert steps == [1, 2, 3, 4]
    assert (out / "report" / "index.html").is_file()
    assert open_clip.create_model(f"local-dir:{out / 'model'}").visual.image_size == (96, 96)


@pytest.mark.parametrize("script", ["cpu.sh", "one_gpu.sh", "several_gpus.sh", "cluster.sbatch"])
def test_scripts_are_what_bash_reads_and_those_for_one_machine_can_be_run(script: str) -> None:
    subprocess.run(["bash", "-n", RUNS / script], check=True)
    assert script.endswith(".sbatch") or os.access(RUNS / script, os.X_OK)
