"""Runs in the Train tab: scripted ones, and one from the click to a model that learned."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from data.store import Store
from tests.e2e.scripted_training import CONFIG, ScriptedRun, ScriptedTraining
from tests.e2e.train.tab import chip, train_button
from trainer.metrics import read_metrics
from trainer.run_folder import RunFolder

HOSTILE = '<img src=x onerror="document.title=1">'
_REAL_MS = 240_000  # a run of eight steps takes half a minute alone, and minutes beside other work


def test_a_page_that_is_not_looked_at_or_has_nothing_to_wait_for_asks_nothing(
    training: ScriptedTraining, scripted: tuple[str, ScriptedTraining], open_page: Callable[..., Page]
) -> None:
    run = ScriptedRun("zoomin-1", "training", step=40)
    training.script(run)
    page = open_page(scripted[0] + "/#train")
    page.clock.install()
    page.reload()
    expect(chip(page)).to_have_text("training")
    page.get_by_role("tab", name="Queue").click()
    expect(page.locator(".gallery")).to_be_visible()
    asked = len(training.asked)
    page.clock.run_for(20_000)
    run.step = 50
    page.get_by_role("tab", name="Train").click()
    expect(page.locator(".progress")).to_contain_text("step 50 of 300")
    # before the tab was opened again at most one question was on its way
    assert [name for name, _ in training.asked[asked:]].index("train_overview") <= 1
    run.become(state="finished", step=300)
    page.clock.run_for(2_000)
    expect(chip(page)).to_have_text("finished")
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
    expect(chip(page)).to_have_text("killed")
    expect(page.locator(".notice.bad:visible")).to_have_text("its process is gone")
    page.get_by_role("button", name="Resume").click()
    expect(chip(page)).to_have_text("starting")
    assert training.requests("train_resume") == [{"name": "zoomin-1"}]
    run.become(state="training", step=46)
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
    expect(chip(page)).to_have_text("stopped")
    page.get_by_role("button", name="Use this model").click()
    expect(page.get_by_text("Indexing 0 of 48 figures")).to_be_visible()
    run.use = {"state": "indexing", "done": 12, "total": 48, "message": ""}
    expect(page.get_by_text("Indexing 12 of 48 figures for search and confidence")).to_be_visible()
    run.become(use={"state": "ready", "done": 48, "total": 48, "message": ""}, in_use=True)
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


def _halted_at_its_first_step(page: Page, run: Path) -> int:
    """Id of a run's process, halted: a fast machine would make all steps before the page tells of the first."""
    end = time.monotonic() + _REAL_MS / 1000
    while not any(line["kind"] == "step" for line in read_metrics(RunFolder(run).metrics)):
        assert time.monotonic() < end, "the run made no step"
        page.wait_for_timeout(10)
    process: int = json.loads((run / "process.json").read_text())["pid"]
    os.kill(process, signal.SIGSTOP)
    return process


@pytest.mark.process
def test_one_click_trains_a_model_that_outlives_kill_and_reload(
    project: Store, url: str, open_page: Callable[..., Page]
) -> None:
    page = open_page(url + "/#train")
    expect(page.get_by_role("radio", name=re.compile("^With open proposals"))).to_be_checked()
    page.get_by_role("spinbutton", name="Steps").fill("8")
    expect(page.locator(".plan .facts")).to_contain_text(re.compile("Steps8 of "))
    train_button(page).click()
    run = project.project / "runs" / "zoomin-1"
    process = _halted_at_its_first_step(page, run)
    expect(page.locator(".progress")).to_contain_text(re.compile("^step [1-9]"))
    os.kill(process, signal.SIGKILL)
    expect(chip(page)).to_have_text("killed")
    page.reload()
    page.get_by_role("button", name="Resume").click()
    expect(chip(page)).to_have_text("finished", timeout=_REAL_MS)
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
