"""The command line as a user runs it, on drawn figures."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from curator.figure import FigureState
from data.demo.corpus import draw_corpus
from data.store import Store, database
from data.store.queue import QueueFilter
from tests.data.full_disk import full_disk
from tests.data.packages import jats, picture
from tests.data.pmc_server import PmcServer
from ui.cli import main
from ui.docs import DOCS, PAGES

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
FIGURES = 6
MINED_ALL = {"mined": FIGURES, "failed": 0, "cost": 0.0, "ended_early": ""}


def curator(project: Path, *arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["--project", str(project), *map(str, arguments)], input=stdin)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "corpus"
    draw_corpus(folder, FIGURES, seed=5)
    return folder


@pytest.fixture(scope="module")
def mined(tmp_path_factory: pytest.TempPathFactory, drawn: Path) -> Path:
    """A project with the drawn figures, ingested and mined by the commands."""
    project = tmp_path_factory.mktemp("mined")
    assert json.loads(curator(project, "ingest", drawn, "--json").output)["added"] == FIGURES
    outcome = curator(project, "mine", "--workers", "2", "--json")
    assert json.loads(outcome.output) == MINED_ALL
    return project


def test_help_lists_every_command_and_each_explains_itself(tmp_path: Path) -> None:
    listed = curator(tmp_path, "--help").output
    for name in ("demo", "ingest", "mine", "ui", "status", "export", "split-captions", "fetch-models", "doctor"):
        assert f"  {name} " in listed
        assert len(curator(tmp_path, name, "--help").output.splitlines()) > 4


@pytest.mark.parametrize("name", sorted(PAGES))
def test_the_generated_documents_are_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


def test_help_loads_no_heavy_package() -> None:
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "ui", "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stderr
    modules = {line.rpartition("|")[2].strip() for line in loaded.splitlines()}
    assert "click" in modules
    assert not modules & {"numpy", "cv2", "gradio", "onnxruntime", "torch", "matplotlib", "PIL", "sqlite_utils"}


def test_a_folder_of_figures_is_ingested_mined_and_exported(mined: Path, drawn: Path, tmp_path: Path) -> None:
    status = json.loads(curator(mined, "status", "--json").output)
    assert status["figures"] == {"unmined": 0, "proposed": FIGURES, "accepted": 0, "skipped": 0}
    assert curator(mined, "export", "--format", "jsonl", "-o", tmp_path / "out.jsonl").exit_code == 0
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    truth = {Path(t["image"]).name: t for t in json.loads((drawn / "truth.json").read_text())}
    assert {Path(record["image"]).name for record in records} == set(truth)
    for record in records:
        assert record["image_wh"] == truth[Path(record["image"]).name]["image_wh"]
        assert record["panels"], record["figure_id"]


def test_ingesting_and_mining_again_changes_nothing(mined: Path, drawn: Path) -> None:
    before = Store(mined).connections.rows("select figure_id, revision from reviews")
    again = json.loads(curator(mined, "ingest", drawn, "--json").output)
    assert (again["added"], again["replaced"], again["unchanged"]) == (0, 0, FIGURES)
    assert json.loads(curator(mined, "mine", "--json").output) == {**MINED_ALL, "mined": 0}
    after = Store(mined).connections.rows("select figure_id, revision from reviews")
    assert [tuple(row) for row in after] == [tuple(row) for row in before]


def test_a_pmc_id_is_fetched_from_the_service_that_the_settings_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PmcServer() as server:
        server.add("PMC5.1", jats(("f1", "x.tif"), pmcid="5"), {"x.jpg": picture()})
        monkeypatch.setenv("CURATOR_PMC_BASE_URL", server.base_url)
        assert "1 figures added" in curator(tmp_path, "ingest", "PMC5").output
        fetched = len(server.requests)
        assert "1 unchanged" in curator(tmp_path, "ingest", "PMC5").output
        media = [path for path in server.paths[fetched:] if "/PMC5.1/" in path.partition("?")[0]]
    assert media == [], "what was fetched is not fetched again"


def test_one_bad_article_is_listed_and_the_rest_go_on(tmp_path: Path, drawn: Path) -> None:
    (tmp_path / "in" / "bad").mkdir(parents=True)
    (tmp_path / "in" / "bad" / "article.xml").write_text("<article><front>")
    (tmp_path / "in" / "good").symlink_to(drawn)
    outcome = curator(tmp_path / "project", "ingest", tmp_path / "in" / "bad", drawn)
    assert outcome.exit_code == 0
    assert f"{FIGURES} figures added" in outcome.output
    assert "article.xml" in curator(tmp_path / "project", "status", "--problems").output


def test_a_broken_image_is_a_problem_of_its_figure_alone(tmp_path: Path, drawn: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    good = next((drawn / "images").iterdir()).read_bytes()
    (folder / "good.png").write_bytes(good)
    (folder / "cut.png").write_bytes(good[: len(good) // 2])
    assert json.loads(curator(tmp_path / "p", "ingest", folder, "--json").output)["added"] == 1
    (problem,) = json.loads(curator(tmp_path / "p", "status", "--problems", "--json").output)
    assert problem["place"] == "in cut"
    assert "broken or cut off" in problem["reason"]
    (folder / "cut.png").write_bytes(good + b"\0")
    curator(tmp_path / "p", "ingest", folder)
    assert curator(tmp_path / "p", "status", "--problems").output == "no problems\n"


def test_what_does_not_exist_is_a_problem_with_the_mend_told_at_once_and_listed(tmp_path: Path) -> None:
    reason = "nowhere/: neither a file or folder that exists nor a PMC id"
    assert reason in curator(tmp_path, "ingest", "nowhere/").output
    assert reason in curator(tmp_path, "status", "--problems").output


def test_of_many_problems_the_first_are_told_at_once_and_the_others_counted(tmp_path: Path) -> None:
    outcome = curator(tmp_path, "ingest", "lost1/", "lost2/", "lost3/", "lost4/", "lost5/")
    assert [f"lost{number}/: " in outcome.output for number in range(1, 6)] == [True, True, True, False, False]
    assert "and 2 more; `curator status --problems` lists all" in outcome.output


def test_captions_are_split_without_a_project(tmp_path: Path) -> None:
    caption = "Cells. (A) Red cells. (B) Green cells."
    done = curator(tmp_path / "none", "split-captions", stdin=json.dumps({"id": 7, "caption": caption}) + "\n")
    assert json.loads(done.output) == {
        "id": 7,
        "panels": [
            {"label": "A", "own_caption": "(A) Red cells.", "caption": "Cells. (A) Red cells."},
            {"label": "B", "own_caption": "(B) Green cells.", "caption": "Cells. (B) Green cells."},
        ],
    }
    assert not (tmp_path / "none").exists()


def test_a_line_that_is_no_caption_is_named(tmp_path: Path) -> None:
    done = curator(tmp_path, "split-captions", stdin='{"id": 1, "caption": "x"}\n{"id": 2}\n')
    assert done.exit_code == 1
    assert "line 2 is not" in done.output


def test_an_error_is_one_line_without_a_traceback(tmp_path: Path) -> None:
    done = curator(tmp_path, "export", "--format", "coco", "-o", tmp_path / "out", "--verified-only")
    assert done.exit_code == 1
    assert done.output.endswith(
        "Error: nothing to export: no figure is accepted yet; accept some in the page, or leave out --verified-only\n"
    )


def test_a_full_disk_in_the_middle_is_one_line_and_nothing_half_done_stays(mined: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with Store(mined).connections.write(), full_disk(40_000):  # open already: what opens it says so itself
        done = curator(mined, "export", "--format", "webdataset", "-o", out)
    assert done.exit_code == 1
    assert done.output.endswith(
        ": what was done so far stays. See that the disks have room and can be written to, and that no other process "
        "holds the database, then give the same command again\n"
    )
    assert list(tmp_path.iterdir()) == []
    assert curator(mined, "export", "--format", "webdataset", "-o", out).exit_code == 0


def test_a_database_that_another_process_holds_is_one_line(mined: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 1)
    with closing(sqlite3.connect(mined / "curator.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        done = curator(mined, "rank")
    assert done.exit_code == 1
    assert done.output.startswith("Error: database is locked: what was done so far stays.")


def test_the_doctor_finds_what_is_installed(tmp_path: Path) -> None:
    findings = {finding["name"]: finding for finding in json.loads(curator(tmp_path, "doctor", "--json").output)}
    assert findings["gradio"]["found"].startswith("6.")
    assert all(finding["costs"] for finding in findings.values())


def test_the_doctor_says_why_the_settings_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "curator.toml"
    file.write_text("[model\n")
    done = curator(tmp_path, "doctor")
    assert done.exit_code == 1
    fault = f"{file} is not valid TOML: Expected ']' at the end of a table declaration (at line 1, column 7)"
    assert f"WRONG   settings               {fault}\n" in done.output
    assert done.output.endswith("settings cannot be used, as said above\n")
    findings = {finding["name"]: finding for finding in json.loads(curator(tmp_path, "doctor", "--json").stdout)}
    assert findings.pop("settings")["fault"] == fault
    assert not any(finding["fault"] for finding in findings.values())
    file.write_text('[model]\nname = "m"\n')
    assert "settings in " in curator(tmp_path, "doctor").output
    file.write_text('[model]\nmodel = "m"\n')
    assert f"ok      settings               {file}\n" in curator(tmp_path, "doctor").output


def test_the_demo_is_drawn_once(tmp_path: Path) -> None:
    first = curator(tmp_path, "demo", "--figures", "2", "--if-empty")
    assert "2 demo figures mined" in first.output
    assert curator(tmp_path, "demo", "--figures", "2", "--if-empty").output == ""


def _killed_after(lines: int, script: Path, *arguments: str | Path) -> None:
    """Runs the script and kills it, and what it started, when it has printed so many lines."""
    process = subprocess.Popen(
        [sys.executable, script, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    assert process.stdout is not None
    for count, _ in enumerate(process.stdout, start=1):
        if count == lines:
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


_INGEST = """
import sys
from pathlib import Path
from data.ingest import ingest
from data.sources import SourceSettings, read_sources
from data.store import Store
found = read_sources(sys.argv[2:], SourceSettings())
ingest(Store(Path(sys.argv[1])), found, progress=lambda name: print(name, flush=True))
"""


def test_ingest_killed_midway_leaves_whole_articles_and_goes_on(tmp_path: Path, drawn: Path) -> None:
    folders = []
    for number in range(8):
        folders.append(tmp_path / f"copy{number}")
        shutil.copytree(drawn, folders[-1])
        table = folders[-1] / "captions.jsonl"
        table.write_text(table.read_text().replace("demo-article-5", f"article{number}"))
    script = tmp_path / "ingest_script.py"
    script.write_text(_INGEST)
    _killed_after(3, script, tmp_path / "p", *folders)
    store = Store(tmp_path / "p")
    before = {article.id: count for article, count in store.articles.listed()}
    assert 3 <= len(before) <= 16
    assert set(before.values()) == {4, FIGURES - 4}, "an article of the demo has four figures"
    for item in store.queue.page(QueueFilter(), 0, 100, 0.0):
        assert store.images.web(item.image_sha256).is_file()
    curator(tmp_path / "p", "ingest", *folders)
    after = {article.id: count for article, count in store.articles.listed()}
    assert sorted(after.values()) == [2] * 8 + [4] * 8
    assert after | before == after


_MINE = """
import signal, sys
from pathlib import Path
from agents.engine import Job, mine
from agents.embedded.agent import EmbeddedAgent
from curator.settings import MiningSettings
from data.store import Store
from functools import partial
if __name__ == "__main__":
    store = Store(Path(sys.argv[1]))
    figures = [store.reviews.figure(figure_id) for figure_id in store.reviews.to_mine()]
    jobs = [Job(figure, store.images.web(figure.image_sha256)) for figure in figures]
    for count, result in enumerate(mine(jobs, partial(EmbeddedAgent, MiningSettings()), 1), start=1):
        store.reviews.mined(result.figure_id, result.hierarchy, "embedded")
        print(result.figure_id, flush=True)
        if count == 2:
            signal.pause()  # until it is killed, which may take a while; the worker mines the next one meanwhile
"""


def test_mining_killed_midway_leaves_figures_mined_or_not_and_goes_on(tmp_path: Path, drawn: Path) -> None:
    project = tmp_path / "p"
    curator(project, "ingest", drawn)
    script = tmp_path / "mine_script.py"
    script.write_text(_MINE)
    _killed_after(2, script, project)
    store = Store(project)
    states = store.queue.states()
    assert states[FigureState.PROPOSED] == 2
    for item in store.queue.page(QueueFilter(states=(FigureState.PROPOSED,)), 0, 10, 0.0):
        stored = store.reviews.load(item.figure_id, 0.0)
        assert (stored.revision, len(stored.review.hierarchy.panels)) == (1, item.panel_count)
    rest = json.loads(curator(project, "mine", "--json").output)
    assert rest == {**MINED_ALL, "mined": FIGURES - states[FigureState.PROPOSED]}
