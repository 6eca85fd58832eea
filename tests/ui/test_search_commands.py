"""``curator index`` and ``curator search`` as a user runs them, with a real model."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from data.embeddings import Embeddings
from data.store import Store
from tests.ui.greens import green_project, png_of
from trainer.tiny import CONFIG
from ui.cli import main

pytestmark = pytest.mark.process


def curator(project: Path, *arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["--project", str(project), *map(str, arguments)])


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of three figures, indexed by curator-tiny with its first weights."""
    import torch

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("indexed") / "project"
    green_project(folder).close()
    lines = curator(folder, "index", "--model", "curator-tiny", "--json").stdout.splitlines()
    progress, last = [json.loads(line) for line in lines[:-1]], json.loads(lines[-1])
    assert progress == [{"done": done, "total": 3} for done in range(4)]
    assert last.pop("seconds") > 0
    assert last == {"done": 3, "total": 3, "model": "curator-tiny", "nodes": 9, "failed": 0}
    return folder


def test_every_panel_finds_its_picture_by_likeness_and_texts_find_something(indexed: Path, tmp_path: Path) -> None:
    (tmp_path / "green.png").write_bytes(png_of(250))
    found = json.loads(curator(indexed, "search", "--image", tmp_path / "green.png", "--json").stdout)
    assert (found["total"], found["hits"][0]["figure_id"], found["hits"][0]["node_id"]) == (9, "PMC1:f1", "p1")
    assert found["hits"][0]["score"] == pytest.approx(1, abs=0.01)
    by_text = json.loads(curator(indexed, "search", "a green spot", "--level", "region", "--json").stdout)
    assert {(hit["level"], hit["kind"]) for hit in by_text["hits"]} == {("region", "gel")}


def test_the_table_can_be_read_and_its_names_given_back(indexed: Path) -> None:
    printed = curator(indexed, "search", "green", "--limit", "2", "--kind", "gel").stdout.splitlines()
    assert printed[0].split() == ["score", "node", "panel", "kind", "text"]
    assert (len(printed), printed[-1]) == (4, "2 of 6")
    node = printed[1].split()[1]
    like = curator(indexed, "search", "--like", node)
    assert like.exit_code == 0
    assert node not in like.stdout


def test_filters_that_leave_nothing_are_told(indexed: Path) -> None:
    assert curator(indexed, "search", "green", "--verified").stdout.startswith("nothing found: the filters leave")


def test_without_a_model_the_one_in_use_indexes_again(indexed: Path) -> None:
    done = curator(indexed, "index")
    assert done.exit_code == 0, done.output
    assert "0 figures embedded by curator-tiny in" in done.stdout
    assert "9 panels and regions can be found" in done.stdout


def test_a_broken_file_is_told_and_made_anew(tmp_path: Path) -> None:
    green_project(tmp_path).close()
    path = Embeddings(tmp_path).path
    path.write_bytes(b"not a database" * 100)
    refused = curator(tmp_path, "index", "--model", "curator-tiny")
    assert (refused.exit_code, "`curator index --rebuild` makes it anew" in refused.output) == (1, True)
    assert "; name the model too, with --model" in curator(tmp_path, "index", "--rebuild").output
    done = curator(tmp_path, "index", "--model", "curator-tiny", "--rebuild")
    assert "cannot be read (file is not a database); it is made anew" in done.stderr
    assert "9 panels and regions can be found" in done.stdout


@pytest.mark.parametrize("arguments", [[], ["green", "--like", "PMC1:f1/p1"]], ids=["nothing", "two things"])
def test_a_search_for_nothing_or_two_things_is_refused(tmp_path: Path, arguments: list[str]) -> None:
    refused = curator(tmp_path, "search", *arguments)
    assert (refused.exit_code, "a search needs one thing to look for" in refused.output) == (2, True)


def test_a_project_without_an_index_says_what_makes_one(tmp_path: Path) -> None:
    Store(tmp_path).close()
    assert "this project is not indexed yet; `curator index --model RUN`" in curator(tmp_path, "search", "a").output
    assert "no model has indexed this project yet; name one with --model" in curator(tmp_path, "index").output


def test_a_folder_that_is_no_model_is_refused_in_one_line(tmp_path: Path) -> None:
    refused = curator(tmp_path / "project", "index", "--model", tmp_path / "no-run")
    assert refused.exit_code == 1
    assert len(refused.output.splitlines()) == 1


def test_weights_that_are_cut_off_are_refused_in_one_line(tmp_path: Path) -> None:
    model = {"model_cfg": json.loads(CONFIG.read_text(encoding="utf-8")), "preprocess_cfg": {}}
    (tmp_path / "open_clip_config.json").write_text(json.dumps(model), encoding="utf-8")
    (tmp_path / "open_clip_model.safetensors").write_bytes(b"cut off" * 10)
    refused = curator(tmp_path / "project", "index", "--model", tmp_path)
    assert refused.exit_code == 1
    assert refused.output.startswith(f"Error: the model {str(tmp_path)!r} cannot be loaded (")
    assert refused.output.endswith("; publish or train it again\n")


def test_without_torch_it_says_what_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "trainer.embed", raising=False)
    refused = curator(tmp_path, "index", "--model", "curator-tiny")
    assert refused.output == (
        "Error: search with a model needs 'torch', which is not installed; `make models` installs it\n"
    )
