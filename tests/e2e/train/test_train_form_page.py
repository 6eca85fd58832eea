"""The form of the Train tab in a browser, against scripted runs."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.scripted_training import REQUEST, ScriptedRun, ScriptedTraining, counts, data
from tests.e2e.train.tab import chip, train_button


def test_an_empty_project_says_what_to_do_and_what_would_be_trained_on(
    training: ScriptedTraining, open_tab: Callable[..., Page]
) -> None:
    training.script(data=data(counts(48, kinds={"microscopy": 190, "plot": 2}), counts(90), counts(120)))
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
    expect(train_button(page)).to_be_enabled()


def test_what_nobody_has_verified_is_plainly_said_when_it_is_included(
    training: ScriptedTraining, open_tab: Callable[..., Page]
) -> None:
    page = open_tab()
    page.get_by_role("radio", name=re.compile("^With open proposals")).check()
    expect(page.get_by_role("note")).to_have_text(
        "Nobody has verified 72 figures, 288 panels and 360 regions of these: "
        "the model also learns what agents got wrong."
    )
    expect(train_button(page)).to_be_enabled()
    train_button(page).click()
    expect(chip(page)).to_have_text("starting")
    assert training.requests("train_start") == [{**REQUEST, "verified_only": False}]


def test_proposals_that_are_surely_right_can_be_trained_on_alone(
    training: ScriptedTraining, open_tab: Callable[..., Page]
) -> None:
    page = open_tab()
    page.get_by_role("radio", name=re.compile("^With sure proposals")).check()
    expect(page.get_by_role("note")).to_have_text(
        "Nobody has verified 42 figures, 168 panels and 210 regions of these; "
        "the confidence of each box is at least 0.6."
    )
    expect(page.locator(".counts tbody tr").nth(2).locator("td").nth(3)).to_have_text("450")
    train_button(page).click()
    expect(chip(page)).to_have_text("starting")
    assert training.requests("train_start") == [{**REQUEST, "verified_only": False, "sure": 0.6}]


@pytest.mark.parametrize(
    ("sure", "says"),
    [
        (None, "· verified figures only ·"),
        (0.6, "· with sure proposals that nobody has verified ·"),
        (0.0, "· with proposals that nobody has verified ·"),
    ],
)
def test_a_run_says_what_it_is_trained_on(
    training: ScriptedTraining, open_tab: Callable[..., Page], sure: float | None, says: str
) -> None:
    training.script(ScriptedRun("zoomin-1", "finished", step=300, sure=sure))
    page = open_tab()
    expect(page.get_by_role("region", name="Run", exact=True)).to_contain_text(says)


def test_without_figures_training_is_refused_with_what_mends_it(
    training: ScriptedTraining, open_tab: Callable[..., Page]
) -> None:
    mend = "No figure is verified yet. Accept figures in the Review tab."
    training.script(data=data(counts(0, mend), counts(0, mend), counts(0, mend)))
    page = open_tab()
    expect(page.get_by_text(mend)).to_be_visible()
    expect(page.get_by_text("There is nothing to train on; see above.")).to_be_visible()
    expect(train_button(page)).to_be_disabled()
    assert training.requests("train_plan") == []


def test_without_torch_the_page_says_what_installs_it(
    training: ScriptedTraining, open_tab: Callable[..., Page]
) -> None:
    training.script(installed="training needs torch, which is not installed; `make models` installs it")
    page = open_tab()
    expect(page.get_by_role("alert").locator("code")).to_have_text("make models")
    expect(train_button(page)).to_be_disabled()


def test_every_change_of_the_form_is_planned_and_a_wrong_number_is_not_sent(
    training: ScriptedTraining, open_tab: Callable[..., Page]
) -> None:
    page = open_tab()
    expect(page.locator(".plan .value")).to_have_text("about 2 min")
    page.get_by_role("spinbutton", name="Steps").fill("9000")
    expect(page.locator(".plan .value")).to_have_text("about 60 min")
    page.get_by_role("spinbutton", name="Steps").fill("0")
    expect(page.locator(".plan .notice")).to_have_text("Steps must be a whole number of at least 1.")
    expect(train_button(page)).to_be_disabled()
    page.get_by_role("spinbutton", name="Steps").fill("300")
    page.get_by_label("Start from").select_option("Another model …")
    page.get_by_label("Name of another model").fill("local-dir:/models/mine")
    page.get_by_label("Name", exact=True).fill("mine")
    expect(page.locator(".plan .facts")).to_contain_text("local-dir:/models/mine")
    page.get_by_role("radio", name=re.compile("^zoomin")).focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name=re.compile("^panel2patch"))).to_be_checked()
    expect(train_button(page)).to_be_enabled()
    train_button(page).press("Enter")
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
    expect(train_button(page)).to_be_enabled()
    train_button(page).click()
    expect(page.locator(".plan .notice")).to_have_text("there is a run 'mine' already; choose another name")
