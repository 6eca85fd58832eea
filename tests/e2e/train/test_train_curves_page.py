"""The curves of a run in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.scripted_training import ScriptedRun, ScriptedTraining
from tests.e2e.train.tab import chip
from trainer.config import Stage, TrainConfig, Weights
from trainer.schedule import stage_ends
from ui.editor.bundle import as_script
from ui.tabs.train import FOLDER, MODULES


def test_curves_grow_while_a_run_trains_and_are_asked_for_by_what_is_new(
    training: ScriptedTraining, open_tab: Callable[..., Page]
) -> None:
    run = ScriptedRun("zoomin-1", "starting")
    training.script(run)
    page = open_tab()
    expect(chip(page)).to_have_text("starting")
    expect(page.locator(".waiting")).to_have_text("The model is being made.")
    run.become(state="training", step=40)
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
    run.become(state="finished", step=300)
    expect(chip(page)).to_have_text("finished")
    expect(page.locator(".results tbody tr")).to_have_count(6)


def test_pointing_at_one_chart_tells_the_numbers_of_that_step_in_all(
    training: ScriptedTraining, open_tab: Callable[..., Page]
) -> None:
    training.script(ScriptedRun("zoomin-1", "finished", step=300))
    page = open_tab(height=1200)
    charts = page.locator(".chart:visible")
    expect(charts).to_have_count(4)
    charts.nth(1).locator(".plot").hover()
    expect(page.locator(".chart:visible .legend .at")).to_have_count(4)
    steps = set(page.locator(".chart:visible .legend .at").all_inner_texts())
    assert len(steps) == 1
    assert re.fullmatch(r"step 1\d\d", steps.pop())
    page.locator(".top h2").hover()
    expect(page.locator(".chart:visible .legend .at")).to_have_count(0)


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
