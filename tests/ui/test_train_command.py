"""``curator train`` as a user runs it, on a drawn export."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

from tests.trainer.small_runs import draw_small_export, small_config
from trainer.config_json import config_from_json, config_to_json
from trainer.run_folder import RunFolder
from ui.cli import main

pytestmark = pytest.mark.process


def train(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["train", *map(str, arguments)])


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return draw_small_export(tmp_path_factory.mktemp("drawn") / "export")


def test_a_run_of_the_tiny_model_prints_where_its_best_is(export: Path, tmp_path: Path) -> None:
    done = train(export, "-o", tmp_path / "run", "--steps", "2", "--batch", "2", "--workers", "0", "--seed", "3")
    best = RunFolder(tmp_path / "run").best
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("2 steps done; the best is of step ")
    assert done.stdout.endswith(f"{best}\n")
    assert best.is_file()
    assert "step 2: R@1 % M " in done.stderr
    assert config_from_json(RunFolder(tmp_path / "run").config.read_text(encoding="utf-8")).seed == 3


def test_a_run_of_a_configuration_prints_its_log_as_json_and_goes_on_after_a_signal(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "c.json").write_text(config_to_json(small_config(steps=4)), encoding="utf-8")
    arguments = (export, "-o", tmp_path / "run", "--config", tmp_path / "c.json", "--json", "--resume")
    echo = json.dumps
    seen: list[dict[str, Any]] = []

    def told(line: dict[str, Any], **how: Any) -> str:
        if line.get("kind") == "step" and not seen:
            seen.append(line)
            os.kill(os.getpid(), signal.SIGTERM)
        return echo(line, **how)

    monkeypatch.setattr(json, "dumps", told)
    stopped = [json.loads(line) for line in train(*arguments).stdout.splitlines()]
    assert (stopped[0]["kind"], stopped[-1]) == ("start", {"kind": "end", "step": 2, "reason": "stopped"})
    went_on = [json.loads(line) for line in train(*arguments).stdout.splitlines()]
    assert [line["step"] for line in went_on if line["kind"] == "step"] == [3, 4]
    assert (went_on[0]["kind"], went_on[-1]["reason"]) == ("resume", "finished")


def test_the_configuration_that_is_shown_can_be_given_back(export: Path, tmp_path: Path) -> None:
    shown = train(export, "--preset", "regionmed", "--model", "curator-tiny", "--lr", "0.5", "--show-config").stdout
    assert config_from_json(shown).lr == 0.5
    (tmp_path / "c.json").write_text(shown, encoding="utf-8")
    assert train(export, "--config", tmp_path / "c.json", "--show-config").stdout == shown


def test_a_configuration_and_options_beside_it_are_refused(export: Path, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(config_to_json(small_config()), encoding="utf-8")
    refused = train(export, "--config", tmp_path / "c.json", "--lr", "0.1", "--steps", "3")
    assert (refused.exit_code, "leave out --steps, --lr" in refused.output) == (2, True)


def test_a_run_without_a_folder_is_refused(export: Path) -> None:
    assert "name the run's folder with -o RUN" in train(export, "--model", "curator-tiny").output


def test_a_folder_that_no_export_wrote_is_refused_in_one_line(tmp_path: Path) -> None:
    refused = train(tmp_path, "-o", tmp_path / "run", "--model", "curator-tiny")
    assert (refused.exit_code, "is no export with images: manifest.json is missing" in refused.output) == (1, True)


def test_without_torch_it_says_what_installs_it(export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    refused = train(export, "-o", tmp_path / "run")
    assert refused.output == "Error: training needs 'torch', which is not installed; `make models` installs it\n"
