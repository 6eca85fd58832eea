"""curator backup, restore and check as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from data.store import Store
from tests.data.projects import add_mined_figure
from ui.cli import main


@pytest.fixture
def project(tmp_path: Path) -> Path:
    store = Store(tmp_path / "project")
    add_mined_figure(store)
    store.close()
    return tmp_path / "project"


def curator(project: Path, *arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["--project", str(project), *map(str, arguments)])


def figures(project: Path) -> int:
    """Closes the project again, which a command leaves to the end of its process: one in use is not moved aside."""
    store = Store(project)
    count = len(store.reviews.mined_ids())
    store.close()
    return count


def test_a_project_is_backed_up_verified_and_restored(project: Path, tmp_path: Path) -> None:
    shelf, again = tmp_path / "backups", tmp_path / "again"
    taken = json.loads(curator(project, "backup", "-o", shelf, "--json").stdout)
    assert (taken["figures"], taken["images"], taken["new_images"], taken["damaged"]) == (1, 3, 2, [])
    said = curator(project, "backup", "-o", shelf, "--keep", "1")
    assert "1 figures, 0 decisions, 3 images (0 new)" in said.stdout
    assert f"removed: {Path(taken['backup']).name}" in said.stdout
    assert f"{shelf} is whole: 1 figures" in curator(again, "restore", shelf, "--verify-only").stdout
    assert not again.exists()
    assert f"{again}: 1 figures, 0 decisions, 3 images of " in curator(again, "restore", shelf).stdout
    assert figures(again) == 1
    refused = curator(again, "restore", shelf)
    assert refused.exit_code == 1
    assert "is not empty; name a new folder with --project, or move this one aside with --overwrite" in refused.output
    moved = json.loads(curator(again, "restore", shelf, "--overwrite", "--json").stdout)
    assert figures(Path(moved["aside"])) == figures(again) == 1


def test_one_file_is_one_backup(project: Path, tmp_path: Path) -> None:
    refused = curator(project, "backup", "-o", tmp_path / "one.tar", "--keep", "3")
    assert refused.exit_code == 2
    assert "--keep is of a folder of backups; name one with -o, or leave it out" in refused.output
    assert curator(project, "backup", "-o", tmp_path / "one.tar").exit_code == 0
    assert curator(tmp_path / "again", "restore", tmp_path / "one.tar").exit_code == 0


def test_a_backup_with_a_damaged_image_is_complete_and_fails_loudly(project: Path, tmp_path: Path) -> None:
    (original,) = (project / "images" / "originals").glob("*/*")
    original.write_bytes(b"x")
    outcome = curator(project, "backup", "-o", tmp_path / "backups")
    assert outcome.exit_code == 1
    assert "the backup is complete, but 1 images are not what their names say; `curator check` lists" in outcome.output
    assert curator(tmp_path / "again", "restore", tmp_path / "backups").exit_code == 0


def test_check_prints_each_flaw_with_its_mend_and_exits_with_1(project: Path) -> None:
    whole = curator(project, "check")
    assert (whole.exit_code, whole.stdout) == (0, "1 figures, 1 images: 0 wrong\n")
    (thumbnail,) = (project / "images" / "thumbnails").glob("*/*")
    thumbnail.unlink()
    as_json = curator(project, "check", "--json")
    assert as_json.exit_code == 1
    flaw, counts = [json.loads(line) for line in as_json.stdout.splitlines()]
    assert (flaw["part"], flaw["where"], flaw["wrong"]) == ("images", "PMC1:fig1", True)
    assert counts == {"figures": 1, "images": 1, "wrong": 1, "notes": 0, "fast": False}
    said = curator(project, "check", "--fast")
    assert said.exit_code == 1
    assert said.stdout == (
        f"WRONG images: PMC1:fig1: image {thumbnail} is missing\n"
        "      mend: restore a backup into a new folder and copy the file from there\n"
        "1 figures, 1 images: 1 wrong\n"
    )


@pytest.mark.parametrize("command", ["check", "status"])
def test_of_a_mistyped_folder_nothing_is_told_and_none_is_made(tmp_path: Path, command: str) -> None:
    said = curator(tmp_path / "porject", command)
    assert said.exit_code == 1
    assert f"there is no project in {tmp_path / 'porject'}" in said.output
    assert not (tmp_path / "porject").exists()


def test_a_search_index_is_made_again(project: Path) -> None:
    store = Store(project)
    store.connections.db.conn.execute("insert into figures_fts (figures_fts) values ('delete-all')")
    store.close()
    assert "mend: `curator check --rebuild-search`" in curator(project, "check").stdout
    assert curator(project, "check", "--rebuild-search").exit_code == 0
