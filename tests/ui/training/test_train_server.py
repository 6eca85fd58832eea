"""What the Train tab's functions answer, without starting a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from curator.commands import parse_commands
from data.store import Store
from tests.data.projects import add_figures, add_mined_figure
from tests.ui.training.folders import NOBODY, make_run, process_state
from trainer.machine import Machine
from trainer.presets import BIOMEDCLIP, make_config
from trainer.run_folder import RunFolder
from ui.training import server
from ui.training.runs import Runs
from ui.training.server import TrainServer

CPU, GPU = Machine("cpu", 16.0, 2), Machine("cuda", 80.0, 16)
REQUEST = {"preset": "zoomin", "model": "curator-tiny", "steps": 200, "verified_only": True, "seed": 0}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "project")
    yield opened
    opened.close()


class Page:
    def __init__(self, store: Store) -> None:
        self.runs = Runs(store.project / "runs")
        self._functions = {one.__name__: one for one in TrainServer(store, self.runs).functions()}

    def ask(self, function: str, /, **request: Any) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(json.dumps(self._functions[function](request)))
        return answer


@pytest.fixture
def page(store: Store, monkeypatch: pytest.MonkeyPatch) -> Page:
    """On a machine without a GPU, where no process may be started."""
    monkeypatch.setattr(server, "machine", lambda: CPU)
    monkeypatch.setattr("subprocess.Popen", None)
    return Page(store)


def add_figures_of(store: Store, articles: int, verified: int = 0) -> None:
    for number in range(articles):
        figure_id = add_mined_figure(store, f"PMC{number}")
        if number < verified:
            accept = parse_commands([{"op": "judge_figure", "state": "accepted"}])
            store.reviews.decide(figure_id, 1, accept, "ann#1", 0.0)


def test_the_functions_are_those_that_the_tab_calls(page: Page) -> None:
    names = ("overview", "plan", "start", "stop", "resume", "remove", "run", "use")
    assert list(page._functions) == [f"train_{name}" for name in names]


def test_torch_is_never_loaded_into_the_pages_process(store: Store) -> None:
    add_figures_of(store, 3)
    code = f"""
import sys
from pathlib import Path
from data.store import Store
from ui.training.runs import Runs
from ui.training.server import TrainServer
project = Path({str(store.project)!r})
for one in TrainServer(Store(project), Runs(project / "runs")).functions()[:2]:
    answer = one({REQUEST!r} if one.__name__ == "train_plan" else {{}})
    assert "error" not in answer, answer
print({{"torch", "open_clip", "gradio"}} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_a_project_of_which_nothing_is_verified_is_told_so_and_can_still_be_tried(store: Store, page: Page) -> None:
    add_figures_of(store, 16)
    found = page.ask("train_overview")
    assert found["data"]["verified"]["figures"] == 0
    assert found["data"]["verified"]["enough"] == (
        "No figure is verified yet. Accept figures in the Review tab; or train on the 16 open proposals too, which "
        "nobody has checked."
    )
    assert found["data"]["all"]["levels"]["M"]["train"] > 0
    assert (found["suggested"]["verified_only"], found["suggested"]["model"]) == (False, "curator-tiny")
    warnings = page.ask("train_plan", **found["suggested"])["warnings"]
    assert "16 of 16 figures hold proposals that nobody has verified." in warnings
    refused = page.ask("train_start", **REQUEST)
    assert refused["error"] == found["data"]["verified"]["enough"]


def test_open_proposals_that_are_surely_right_are_a_way_between(store: Store, page: Page) -> None:
    add_figures_of(store, 16, verified=12)
    data = page.ask("train_overview")["data"]
    # the agent gives p2, which holds all regions, 0.4, and p1 0.9
    panels = {way: sum(data[way]["levels"]["P"].values()) for way in ("verified", "sure", "all")}
    assert panels == {"verified": 24, "sure": 28, "all": 32}
    regions = {way: sum(data[way]["levels"]["R"].values()) for way in ("verified", "sure", "all")}
    assert regions == {"verified": 12, "sure": 12, "all": 16}
    assert data["sure"]["left_out"] == {"regions in no panel": 4}
    assert data["sure_from"] == 0.6
    request = {**REQUEST, "verified_only": False, "sure": data["sure_from"]}
    assert "4 of 16 figures hold proposals that nobody has verified." in page.ask("train_plan", **request)["warnings"]


def test_verified_figures_are_what_is_suggested_where_there_are_some(store: Store, page: Page) -> None:
    add_figures_of(store, 16, verified=12)
    found = page.ask("train_overview")
    assert found["suggested"]["verified_only"] is True
    assert found["data"]["verified"]["people"] == {"ann": 12}
    assert [preset["suits"] for preset in found["presets"]] == [True] * len(found["presets"])


@pytest.mark.parametrize(
    ("articles", "says"),
    [
        (0, "No figure is mined yet."),
        (2, "2 figures are too few to spare one for validation."),
        (3, "No article falls to "),
        (16, "Validation has only "),
    ],
)
def test_too_little_data_is_told_with_what_mends_it(store: Store, page: Page, articles: int, says: str) -> None:
    add_figures_of(store, articles)
    assert page.ask("train_overview")["data"]["all"]["enough"].startswith(says)


def test_figures_that_wait_for_mining_are_nothing_to_train_on(store: Store, page: Page) -> None:
    add_figures(store, 5)
    assert page.ask("train_start", **{**REQUEST, "verified_only": False})["error"].startswith("No figure is mined yet.")


def test_the_first_run_on_a_cpu_is_made_to_end_in_some_two_minutes(store: Store, page: Page) -> None:
    add_figures_of(store, 16)
    found = page.ask("train_overview")["suggested"]
    assert 60 <= found["steps"] <= 300
    assert page.ask("train_plan", **found)["seconds"] < 180


def test_a_gpu_is_suggested_the_papers_model(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    add_figures_of(store, 16)
    monkeypatch.setattr(server, "machine", lambda: GPU)
    found = Page(store).ask("train_overview")
    assert found["suggested"]["model"] == found["models"][0]["name"] == BIOMEDCLIP
    assert found["machine"] == {"device": "cuda", "memory_gb": 80.0, "cores": 16, "title": "GPU of 80 GB, 16 cores"}


def test_a_plan_names_what_will_be_trained_and_what_the_estimate_stands_on(store: Store, page: Page) -> None:
    add_figures_of(store, 16)
    plan = page.ask("train_plan", **REQUEST)
    config = make_config("zoomin", CPU, 200)
    assert (plan["batch"], plan["image_px"], plan["basis"]) == (config.batch, config.image_px, "estimated")
    assert sum(stage["share"] for stage in plan["stages"]) == pytest.approx(1)
    assert plan["request"] == {**REQUEST, "sure": 0.0, "name": None}
    make_run(page.runs.folder / "zoomin-1", process_state(NOBODY, outcome="finished"), 40, "finished")
    assert page.ask("train_plan", **REQUEST)["basis"] == "measured on this machine in run zoomin-1"


def test_a_run_of_another_kind_of_machine_is_no_measure(store: Store, page: Page) -> None:
    make_run(page.runs.folder / "a", process_state(NOBODY, outcome="finished", device="cuda"), 40, "finished")
    assert page.ask("train_plan", **REQUEST)["basis"] == "estimated"


def test_plans_that_ask_too_much_are_warned_of(store: Store, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "machine", lambda: Machine("cpu", 8.0, 2))
    add_figures_of(store, 16)
    plan = page.ask("train_plan", **{**REQUEST, "model": "ViT-H-14", "verified_only": False})
    text = " ".join(plan["warnings"])
    assert "GB, and there are 8: steps will be cut into parts" in text
    assert "starts from random weights here" in text
    assert "On a CPU ViT-H-14 is slow; curator-tiny is made for it." in text


@pytest.mark.parametrize(
    ("function", "request_", "says"),
    [
        ("train_plan", {**REQUEST, "preset": "magic"}, "preset 'magic' is unknown; expected one of ["),
        ("train_plan", {**REQUEST, "steps": 0}, "steps: Input should be greater than or equal to 1"),
        ("train_plan", {**REQUEST, "lr": 1}, "lr: Extra inputs are not permitted"),
        ("train_start", {**REQUEST, "name": "../../etc"}, "name: String should match pattern"),
        ("train_remove", {"name": "a/b"}, "name: String should match pattern"),
        ("train_run", {"name": ".."}, "name: String should match pattern"),
        ("train_stop", {"name": "none"}, "there is no run 'none'"),
        ("train_resume", {"name": "none"}, "there is no run 'none'"),
        ("train_use", {"name": "none"}, "there is no run 'none'"),
    ],
)
def test_what_is_wrong_with_a_request_is_said(page: Page, function: str, request_: dict[str, Any], says: str) -> None:
    assert says in page.ask(function, **request_)["error"]


def test_a_run_is_shown_with_its_curves_and_what_it_gained(page: Page) -> None:
    make_run(page.runs.folder / "a", process_state(NOBODY, outcome="finished"), 40, "finished")
    found = page.ask("train_run", name="a", after_step=38)
    assert [point[0] for point in found["loss"]] == [39, 40]
    assert found["before"] == found["after"] == found["retrieval"][0][1]
    assert (found["run"]["state"], found["run"]["best_step"], found["report"]) == ("finished", 36, None)
    assert (found["run"]["use"], found["run"]["in_use"], found["config"]["preset"]) == (None, False, "zoomin")


def test_a_run_that_is_over_can_neither_be_stopped_nor_used_without_a_model(page: Page) -> None:
    make_run(page.runs.folder / "a", process_state(NOBODY, outcome="stopped"), 3, "stopped")
    assert page.ask("train_stop", name="a") == {"error": "run 'a' is not going on"}
    assert page.ask("train_use", name="a") == {"error": "run 'a' has no model yet; resume it"}


def test_a_run_on_a_given_export_is_gone_on_with_by_the_command(page: Page) -> None:
    make_run(page.runs.folder / "a", None, 3, "stopped")
    assert "go on with `curator train EXPORT -o " in page.ask("train_resume", name="a")["error"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('{"done": 3, "total": 9}\n', ("failed", 3, 9, "its process was killed; use the model again to go on")),
        ('{"done": 9, "total": 9}\n{"done": 9, "total": 9, "nodes": 40, "failed": 0}\n', ("ready", 9, 9, "")),
        ('{"done": 3, "total": 9}\nError: disk full\n', ("failed", 3, 9, "Error: disk full")),
    ],
    ids=["killed", "ready", "failed"],
)
def test_how_using_a_model_went_is_read_from_its_log(page: Page, said: str, expected: tuple[Any, ...]) -> None:
    folder = make_run(page.runs.folder / "a", process_state(NOBODY, outcome="finished"), 3, "finished")
    (folder / "index.log").write_text(said)
    use = page.ask("train_run", name="a")["run"]["use"]
    assert (use["state"], use["done"], use["total"], use["message"]) == expected


def test_time_that_is_left_falls_as_a_run_goes_on(page: Page) -> None:
    left = []
    for steps in (18, 36):
        folder = make_run(page.runs.folder / f"run-{steps}", process_state(os.getpid()), steps)
        os.utime(RunFolder(folder).metrics)
        with FileLock(folder / "process.lock"):
            left.append(page.ask("train_run", name=folder.name)["run"]["seconds_left"])
    assert left[0] > left[1] > 0
