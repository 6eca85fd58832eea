"""``curator evaluate`` and ``curator publish`` as a user runs them, on a run of a few steps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.trainer.small_runs import draw_small_export, small_config, small_train
from ui.cli import main


def curator(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_small_export(tmp_path_factory.mktemp("drawn") / "export")


@pytest.fixture(scope="module")
def run(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "first"
    small_train(export, folder, small_config(steps=2))
    return folder


def test_a_run_is_evaluated_and_published_with_its_numbers(export: Path, run: Path, tmp_path: Path) -> None:
    done = curator("evaluate", run, export, "-o", tmp_path / "report")
    assert done.exit_code == 0, done.output
    first, *numbers, page = done.stdout.strip().splitlines()
    assert first == "first, beside small-vit-mean, before training"
    assert len(numbers) == 8
    assert all(" R@1 " in line and "  start " in line for line in numbers)
    assert page == str(tmp_path / "report" / "index.html")

    done = curator("publish", run, "-o", tmp_path / "model", "--report", tmp_path / "report", "--no-onnx")
    assert done.exit_code == 0, done.output
    assert f'open_clip.create_model_and_transforms("local-dir:{tmp_path / "model"}")' in done.stdout
    assert "beside small-vit-mean, before training" in (tmp_path / "model" / "README.md").read_text(encoding="utf-8")

    done = curator("evaluate", tmp_path / "model", export, "-o", tmp_path / "again", "--against", run, "--json")
    document = json.loads(done.stdout)
    assert (document["model"], document["start"]) == ("model", "first")
    panels = document["results"]["retrieval"]["panel"]["image_to_text"]["r1"]
    assert panels["value"] == panels["start"]["value"]


def test_what_cannot_be_evaluated_is_one_line(export: Path, tmp_path: Path) -> None:
    done = curator("evaluate", "no-such-model", export, "-o", tmp_path)
    assert done.exit_code == 1
    assert "Error: 'no-such-model' is no model that open_clip knows" in done.stderr


def test_what_cannot_be_published_is_one_line(tmp_path: Path) -> None:
    done = curator("publish", tmp_path, "-o", tmp_path / "model")
    assert done.exit_code == 1
    assert "holds no checkpoint; name the folder of a run that `curator train` wrote" in done.stderr
