"""The Train tab in a browser: against scripted runs, and once from the click to a model that learned."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from data.store import Store
from tests.e2e.conftest import served
from tests.e2e.scripted_training import CONFIG, REQUEST, ScriptedRun, ScriptedTraining, counts
from trainer.config import Stage, TrainConfig, Weights
from trainer.schedule import stage_ends
from ui.editor.bundle import as_script
from ui.tabs.train import FOLDER, MODULES

HOSTILE = '<img src=x onerror="document.title=1">'
_REAL_MS = 240_000  # a run of eight steps takes half a minute alone, and minutes beside other work


@pytest.fixture(scope="module")
def scripted(drawn_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ScriptedTraining]]:
    """A live page whose runs are scripted; the module's tests share it, each with a script of its own."""
    double = ScriptedTraining()
    folder = tmp_path_factory.mktemp("scripted") / "kidneys"
    with served(Store(Path(shutil.copytree(drawn_project, folder))), training=double) as address:
        yield address, double


@pytest.fixture
def training(scripted: tuple[str, ScriptedTraining]) -> ScriptedTraining:
    """The double, without any run."""
    scripted[1].script()
    return scripted[1]


@pytest.fixture
def open_tab(scripted: tuple[str, ScriptedTraining], open_page: Callable[..., Page]) -> Callable[..., Page]:
    """Opens the tab at a place of its address, with timers that a test can wind on."""

    def opener(place: str = "", **options: Any) -> Page:
        page = open_page(f"{scripted[0]}/#train{place}", **options)
        expect(page.locator(".train")).to_have_attribute("data-ready", "true")
        return page

    return opener


def _chip(page: Page) -> Locator:
    return page.locator(".top .c-chip").first


def _train(page: Page) -> Locator:
    return page.get_by_role("button", name="Train", exact=True)


def test_an_empty_project_says_what_to_do_and_what_would_be_trained_on(
    training: ScriptedTraining, open_tab: Callable[..., Page]
) -> None:
    training.script(data={"verified": counts(48, kinds={"microscopy": 190, "plot": 2}), "all": counts(120)})
    page = open_tab()
    expect(page.locator(".rail .none")).to_contain_text("Choose what to train on and press Train")
    assert page.locator(".counts tbody tr").nth(1).locator("td").all_inner_texts() == [
        "160",
        "16",
        "16",
        "192",
        "with a text",
    ]
    expect(page.locator(".lists")).to_contain_text("microscopy")
    expect(page.get_by_role("radio", name=re.compile("^Verified only"))).to_be_checked()
    expect(page.locator(".plan .value")).to_have_text("about 2 min")
    expect(page.locator(".presets")).to_contain_text("made for a GPU")
    expect(_train(page)).to_be_enabled()


def test_what_nobody_has_verified_is_plainly_said_when_it_is_included(
    training: ScriptedTraining, open_tab: Callable[..., Page]
) -> None:
    page = open_tab()
    page.get_by_role("radio", name=re.compile("^With open proposals")).check()
    expect(page.get_by_role("note")).to_have_text(
        "Nobody has verified 72 figures, 288 panels and 360 regions of these: "
        "the model also learns what agents got wrong."
    )
    expect(_train(page)).to_be_enabled()
    _train(page).click()
    expect(_chip(page)).to_have_text("starting")
    assert training.requests("train_start") == [{**REQUEST, "verified_only": False}]


def test_without_figures_training_is_refused_with_what_mends_it(
    training: ScriptedTraining, open_tab: Callable[..., Page]
) -> None:
    mend = "No figure is verified yet. Accept figures in the Review tab."
    training.script(data={"verified": counts(0, mend), "all": counts(0, mend)})
    page = open_tab()
    expect(page.get_by_text(mend)).to_be_visible()
    expect(page.get_by_text("There is nothing to train on; see above.")).to_be_visible()
    expect(_train(page)).to_be_disabled()
    assert training.requests("train_plan") == []


def test_without_torch_the_page_says_what_installs_it(
    training: ScriptedTraining, open_tab: Callable[..., Page]
) -> None:
    training.script(installed="training needs torch, which is not installed; `make models` installs it")
    page = open_tab()
    expect(page.get_by_role("alert").locator("code")).to_have_text("make models")
    expect(_train(page)).to_be_disabled()


def test_every_change_of_the_form_is_planned_and_a_wrong_number_is_not_sent(
    training: ScriptedTraining, open_tab: Callable[..., Page]
) -> None:
    page = open_tab()
    expect(page.locator(".plan .value")).to_have_text("about 2 min")
    page.get_by_role("spinbutton", name="Steps").fill("9000")
    expect(page.locator(".plan .value")).to_have_text("about 60 min")
    page.get_by_role("spinbutton", name="Steps").fill("0")
    expect(page.locator(".plan .notice")).to_have_text("Steps must be a whole number of at least 1.")
    expect(_train(page)).to_be_disabled()
    page.get_by_role("spinbutton", name="Steps").fill("300")
    page.get_by_label("Start from").select_option("Another model …")
    page.get_by_label("Name of another model").fill("local-dir:/models/mine")
    page.get_by_label("Name", exact=True).fill("mine")
    expect(page.locator(".plan .facts")).to_contain_text("local-dir:/models/mine")
    page.get_by_role("radio", name=re.compile("^zoomin")).focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name=re.compile("^panel2patch"))).to_be_checked()
    expect(_train(page)).to_be_enabled()
    _train(page).press("Enter")
    expect(page.locator(".top h2")).to_have_text("mine")
    wanted = {**REQUEST, "preset": "panel2patch", "model": "local-dir:/models/mine", "name": "mine"}
    assert training.requests("train_start") == [wanted]
    assert all(asked["steps"] > 0 for asked in training.requests("train_plan"))


def test_a_name_that_is_taken_is_refused_beside_the_button(
    training: ScriptedTraining, open_tab: Callable[..., Page]
) -> None:
    training.script(ScriptedRun("mine", "stopped", step=30))
    page = open_tab("&new")
    page.get_by_label("Name", exact=True).fill("mine")
    expect(_train(page)).to_be_enabled()
    _train(page).click()
    expect(page.locator(".plan .notice")).to_have_text("there is a run 'mine' already; choose another name")


def test_curves_grow_while_a_run_trains_and_are_asked_for_by_what_is_new(
    training: ScriptedTraining, open_tab: Callable[..., Page]
) -> None:
    run = ScriptedRun("zoomin-1", "starting")
    training.script(run)
    page = open_tab()
    expect(_chip(page)).to_have_text("starting")
    expect(page.locator(".waiting")).to_have_text("The model is being made.")
    run.state, run.step = "training", 40
    expect(page.locator(".progress")).to_have_text(
        "step 40 of 300 · 16 s spent · about 2 min left · best at step 30, score 42%"
    )
    expect(page.get_by_role("img", name=re.compile(r"^Loss by step\. Figure [\d.]+, Panel [\d.]+$"))).to_be_visible()
    run.step = 90
    expect(page.get_by_role("img", name=re.compile(r"^Loss by step\. .*Region [\d.]+$"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^Retrieval of regions by step: R@1 ")).first).to_be_visible()
    expect(page.locator(".meter.big")).to_have_attribute("aria-valuenow", "90")
    assert max(asked["after_step"] for asked in training.requests("train_run")) >= 39
    # stage bands, the best step and chance are drawn into each chart
    assert page.locator(".chart:visible .best").count() == 4
    assert page.locator(".chart:visible .chance").count() == 3
    assert page.locator(".chart:visible .band").count() == 8
    run.state, run.step = "finished", 300
    expect(_chip(page)).to_have_text("finished")
    expect(page.locator(".results tbody tr")).to_have_count(6)


def test_a_page_that_is_not_looked_at_or_has_nothing_to_wait_for_asks_nothing(
    training: ScriptedTraining, scripted: tuple[str, ScriptedTraining], open_page: Callable[..., Page]
) -> None:
    run = ScriptedRun("zoomin-1", "training", step=40)
    training.script(run)
    page = open_page(scripted[0] + "/#train")
    page.clock.install()
    page.reload()
    expect(_chip(page)).to_have_text("training")
    page.get_by_role("tab", name="Queue").click()
    expect(page.locator(".gallery")).to_be_visible()
    asked = len(training.asked)
    page.clock.run_for(20_000)
    run.step = 50
    page.get_by_role("tab", name="Train").click()
    expect(page.locator(".progress")).to_contain_text("step 50 of 300")
    # before the tab was opened again at most one question was on its way
    assert [name for name, _ in training.asked[asked:]].index("train_overview") <= 1
    run.state, run.step = "finished", 300
    page.clock.run_for(2_000)
    expect(_chip(page)).to_have_text("finished")
    asked = len(training.asked)
    page.clock.run_for(20_000)
    page.get_by_role("button", name="Use this model").click()
    expect(page.get_by_text("Indexing 0 of 48 figures")).to_be_visible()
    assert training.asked[asked][0] == "train_use"


def test_a_resumed_run_drops_what_came_after_its_checkpoint(
    training: ScriptedTraining, open_tab: Callable[..., Page]
) -> None:
    run = ScriptedRun("zoomin-1", "killed", step=110, message="its process is gone")
    training.script(run)
    page = open_tab()
    expect(_chip(page)).to_have_text("killed")
    expect(page.locator(".notice.bad:visible")).to_have_text("its process is gone")
    page.get_by_role("button", name="Resume").click()
    expect(_chip(page)).to_have_text("starting")
    assert training.requests("train_resume") == [{"name": "zoomin-1"}]
    run.state, run.step = "training", 46
    expect(page.locator(".progress")).to_contain_text("step 46 of 300")
    # no region was trained on by step 46
    expect(page.get_by_role("img", name=re.compile(r"^Loss by step\. Figure [\d.]+, Panel [\d.]+$"))).to_be_visible()


def test_before_and_after_stand_beside_chance_and_pool(
    training: ScriptedTraining, open_tab: Callable[..., Page]
) -> None:
    training.script(ScriptedRun("zoomin-1", "finished", step=300))
    page = open_tab("&run=zoomin-1")
    row = page.locator(".results tbody tr").nth(2)
    assert row.locator("td").all_inner_texts()[:5] == ["picture → text", "40", "2.5%", "2.5%", "51%"]
    expect(row.get_by_role("img", name="R@1: 2.5% before, 51% after, chance 2.5%")).to_be_visible()
    expect(page.get_by_role("link", name="Report")).to_have_attribute("href", "/runs/zoomin-1/report/")


def test_a_failed_run_shows_its_message_and_the_end_of_its_log_as_text(
    training: ScriptedTraining, open_tab: Callable[..., Page]
) -> None:
    training.script(
        ScriptedRun("bad", "failed", step=44, message=f"not finite {HOSTILE}", log_tail=f"Trace\n{HOSTILE}")
    )
    page = open_tab()
    expect(page.locator(".notice.bad:visible")).to_have_text(f"not finite {HOSTILE}")
    expect(page.locator(".log")).to_have_text(f"Trace\n{HOSTILE}")
    expect(page.get_by_role("button", name="Resume")).to_be_enabled()
    assert page.locator(".train img").count() == 0


def test_stop_use_and_remove_do_what_they_say(training: ScriptedTraining, open_tab: Callable[..., Page]) -> None:
    run = ScriptedRun("zoomin-1", "training", step=40)
    training.script(ScriptedRun("older", "finished", step=300, preset="flat"), run)
    page = open_tab()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Stopping …")).to_be_disabled()
    run.state = "stopped"
    expect(_chip(page)).to_have_text("stopped")
    page.get_by_role("button", name="Use this model").click()
    expect(page.get_by_text("Indexing 0 of 48 figures")).to_be_visible()
    run.use = {"state": "indexing", "done": 12, "total": 48, "message": ""}
    expect(page.get_by_text("Indexing 12 of 48 figures for search and confidence")).to_be_visible()
    run.use, run.in_use = {"state": "ready", "done": 48, "total": 48, "message": ""}, True
    expect(page.locator(".top .use")).to_be_visible()
    expect(page.get_by_role("button", name="Index again")).to_be_enabled()
    run.in_use = False
    page.reload()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_role("button", name="Remove it")).to_be_focused()
    page.get_by_role("button", name="Keep it").click()
    assert training.requests("train_remove") == []
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.locator(".rail li")).to_have_count(1)
    assert training.requests("train_remove") == [{"name": "zoomin-1"}]


def test_picked_runs_are_laid_over_each_other_with_what_differs(
    training: ScriptedTraining, open_tab: Callable[..., Page]
) -> None:
    training.script(
        ScriptedRun("flat-1", "finished", step=300, preset="flat", best=0.4, config={**CONFIG, "lr": 0.001}),
        ScriptedRun("zoomin-1", "finished", step=300),
        ScriptedRun("zoomin-2", "training", step=120, steps=600),
    )
    page = open_tab("&run=zoomin-1")
    expect(page.get_by_role("button", name="Compare", exact=True)).to_be_disabled()
    for name in ("flat-1", "zoomin-1"):
        page.get_by_role("checkbox", name=f"Compare {name}").check()
    page.get_by_role("button", name="Compare 2 runs").click()
    expect(page.locator(".legend.runs li")).to_have_count(2)
    assert page.evaluate("location.hash") == "#train&compare=zoomin-1,flat-1"
    row = page.locator(".differences tr", has=page.get_by_role("rowheader", name="Region R@1", exact=True))
    assert row.locator("td").all_inner_texts() == ["2.8% → 39%", "2.8% → 20%"]
    expect(row.locator(".most")).to_have_text("2.8% → 39%")
    rate = page.locator(".differences tr", has=page.get_by_role("rowheader", name="learning rate"))
    assert rate.locator("td").all_inner_texts() == ["0.0003", "0.001"]
    assert page.get_by_role("rowheader", name="weight decay").count() == 0
    page.get_by_role("button", name="R@10").click()
    expect(page.get_by_role("img", name=re.compile("^R@10 of regions: zoomin-1 .*flat-1 "))).to_be_visible()
    page.reload()
    expect(page.locator(".legend.runs li")).to_have_count(2)
    expect(page.get_by_role("checkbox", name="Compare flat-1")).to_be_checked()


def test_pointing_at_one_chart_tells_the_numbers_of_that_step_in_all(
    training: ScriptedTraining, open_tab: Callable[..., Page]
) -> None:
    training.script(ScriptedRun("zoomin-1", "finished", step=300))
    page = open_tab(height=1200)
    charts = page.locator(".chart:visible")
    expect(charts).to_have_count(4)
    charts.nth(1).locator(".plot").hover()
    steps = set(page.locator(".chart:visible .legend .at").all_inner_texts())
    assert len(steps) == 1
    assert re.fullmatch(r"step 1\d\d", steps.pop())
    page.locator(".top h2").hover()
    expect(page.locator(".chart:visible .legend .at")).to_have_count(0)


def test_the_address_keeps_the_run_and_says_when_there_is_none(
    training: ScriptedTraining, open_tab: Callable[..., Page]
) -> None:
    training.script(ScriptedRun("one", "finished", step=300), ScriptedRun("two", "finished", step=300))
    page = open_tab()
    expect(page.locator(".top h2")).to_have_text("two")
    page.get_by_role("link", name=re.compile("^one")).click()
    expect(page.locator(".top h2")).to_have_text("one")
    page.reload()
    expect(page.locator(".top h2")).to_have_text("one")
    page.go_back()
    expect(page.locator(".top h2")).to_have_text("two")
    del training.runs["one"]
    page.go_forward()
    expect(page.locator(".main .c-empty")).to_contain_text("No such run")


def test_a_server_that_does_not_answer_is_said_and_asked_again(
    training: ScriptedTraining, open_tab: Callable[..., Page], expected_errors: list[str]
) -> None:
    expected_errors += ["Failed to load resource", "ERR_FAILED"]
    training.script(ScriptedRun("zoomin-1", "training", step=40))
    page = open_tab()
    page.route("**/component_server**", lambda route: route.abort())
    expect(page.locator(".away")).to_have_text("Curator does not answer. Is curator ui still running?")
    page.unroute("**/component_server**")
    expect(page.locator(".away")).to_be_hidden()


@pytest.mark.parametrize("steps", [1, 5, 7, 50, 333])
@pytest.mark.parametrize("shares", [(1.0,), (0.5, 0.5), (0.2, 0.8), (2 / 26, 8 / 26, 8 / 26, 8 / 26)])
def test_stage_bands_are_those_of_the_schedule(shares: tuple[float, ...], steps: int, modules_page: Page) -> None:
    stages = tuple(Stage(f"s{index}", share, ("M",), Weights()) for index, share in enumerate(shares))
    config = TrainConfig("flat", stages, "m", steps, 1, 32, 1e-3, 0.0, 0)
    bands = modules_page.evaluate(
        "([stages, steps]) => module_curves.stageBands(stages, steps).map((band) => band.to)",
        [[{"name": stage.name, "share": stage.share} for stage in stages], steps],
    )
    assert tuple(bands) == stage_ends(config)


def test_smoothing_starts_at_the_first_loss_and_keeps_a_constant(modules_page: Page) -> None:
    flat = modules_page.evaluate("module_curves.smoothed([[1, 2], [2, 2], [3, 2]])")
    assert flat == [[1, 2], [2, 2], [3, 2]]
    falling = modules_page.evaluate("module_curves.smoothed([[1, 4], [2, 0]])")
    assert falling[0] == [1, 4]
    assert 0 < falling[1][1] < 2  # newer values weigh more


@pytest.fixture(scope="module")
def modules_page(chromium: Any) -> Iterator[Page]:
    """An empty page with the tab's modules, for what they compute."""
    page = chromium.new_page()
    page.add_script_tag(content=as_script(MODULES, FOLDER) + ";window.module_curves = module_curves;")
    yield page
    page.close()


@pytest.mark.process
def test_one_click_trains_a_model_that_outlives_kill_and_reload(
    project: Store, url: str, open_page: Callable[..., Page]
) -> None:
    page = open_page(url + "/#train")
    expect(page.get_by_role("radio", name=re.compile("^With open proposals"))).to_be_checked()
    page.get_by_role("spinbutton", name="Steps").fill("8")
    expect(page.locator(".plan .facts")).to_contain_text(re.compile("Steps8 of "))
    _train(page).click()
    expect(page.locator(".progress")).to_contain_text(re.compile("^step [1-9]"), timeout=_REAL_MS)
    run = project.project / "runs" / "zoomin-1"
    os.kill(json.loads((run / "process.json").read_text())["pid"], signal.SIGKILL)
    expect(_chip(page)).to_have_text("killed")
    page.reload()
    page.get_by_role("button", name="Resume").click()
    expect(_chip(page)).to_have_text("finished", timeout=_REAL_MS)
    expect(page.locator(".progress")).to_contain_text("step 8 of 8")
    expect(page.locator(".results tbody tr").first).to_be_visible()
    page.reload()
    expect(page.locator(".results tbody tr").first).to_be_visible()
    assert (run / "checkpoints" / "best.pt").is_file()
    report = page.request.get(url + str(page.get_by_role("link", name="Report").get_attribute("href")))
    assert report.ok
    assert "zoomin-1" in report.text()
    page.get_by_role("button", name="Use this model").click()
    expect(page.locator(".top .use")).to_be_visible(timeout=_REAL_MS)
    expect(page.get_by_role("button", name="Index again")).to_be_enabled()
