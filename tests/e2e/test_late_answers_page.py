"""Answers that come late: what the page has learned meanwhile stays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from ui.editor.bundle import as_script
from ui.tabs.sync import FOLDER, MODULES
from ui.tabs.team import FOLDER as TEAM_FOLDER
from ui.tabs.team import MODULES as TEAM_MODULES

_MODULES = ("calls.js", "figures.js", "lease.js", "jobs.js")
# A server whose answers come when, and in the order in which, a test gives them, each for the call of a number.
_SERVER = """
window.asked = {};
window.server = new Proxy({}, {
    get: (_, name) => (request) => new Promise((done) => (asked[name] ||= []).push({ request, done })),
});
window.answer = async (name, index, answer) => {
    asked[name][index].done(answer);
    await new Promise((done) => setTimeout(done)); // until all that follows from it is done
};
"""


@pytest.fixture
def modules_page(chromium: Browser) -> Iterator[Page]:
    """An empty page with modules of the editor and such a server."""
    page = chromium.new_page()
    made = "; ".join(f"window.{name} = module_{name}" for name in ("figures", "lease", "jobs"))
    page.add_script_tag(content=f"{as_script(_MODULES)}\n{made};{_SERVER}")
    yield page
    page.close()


def test_a_figure_read_before_an_edit_was_confirmed_does_not_take_its_place(modules_page: Page) -> None:
    shown = modules_page.evaluate(
        """async () => {
            const known = new figures.Figures(server);
            known.keep({ id: "F", revision: 1 });
            const read = known.fetch("F");
            known.keep({ id: "F", revision: 3 }); // the edit was confirmed
            await answer("load", 0, { figure: { id: "F", revision: 2 } });
            return [(await read).revision, known.known("F").revision];
        }"""
    )
    assert shown == [3, 3]


def test_a_figure_that_was_set_back_on_the_server_is_shown_as_it_is_there(modules_page: Page) -> None:
    shown = modules_page.evaluate(
        """async () => {
            const known = new figures.Figures(server);
            known.keep({ id: "F", revision: 9 });
            const read = known.fetch("F");
            await answer("load", 0, { figure: { id: "F", revision: 2 } });
            return [(await read).revision, known.known("F").revision];
        }"""
    )
    assert shown == [2, 2]


def test_a_figure_that_is_opened_again_is_not_the_next_to_be_forgotten(modules_page: Page) -> None:
    kept = modules_page.evaluate(
        """() => {
            const known = new figures.Figures(server);
            for (let number = 0; number < 24; number += 1) known.keep({ id: `F${number}`, revision: 1 });
            known.known("F0");
            known.keep({ id: "another", revision: 1 });
            return ["F0", "F1", "another"].map((id) => known.known(id) !== null);
        }"""
    )
    assert kept == [True, False, True]


def test_who_holds_a_figure_is_what_the_latest_question_was_answered(modules_page: Page) -> None:
    told = modules_page.evaluate(
        """async () => {
            const told = [];
            const held = new lease.Lease(server, "tab", (figureId, { mine }) => told.push(mine));
            held.open("F");
            held.takeOver();
            await answer("lease", 1, { mine: true });
            await answer("lease", 0, { mine: false }); // as it was before
            held.takeOver();
            await answer("lease", 2, { mine: false });
            return told;
        }"""
    )
    assert told == [True, False]


def test_a_job_that_was_just_begun_is_followed_although_an_earlier_look_does_not_know_it(modules_page: Page) -> None:
    told = modules_page.evaluate(
        """async () => {
            const told = [];
            const all = new jobs.Jobs(server, {
                changed: (running) => told.push(running.map((job) => job.id)),
                over: (job) => told.push(`${job.id} is over`),
            });
            all.look();
            all.start(["F"], "embedded");
            await answer("mine", 0, { job: { id: "new" } });
            await answer("jobs", 1, { jobs: [{ id: "new", state: "running" }] });
            await answer("jobs", 0, { jobs: [] });
            all.look();
            await answer("jobs", 2, { jobs: [{ id: "new", state: "done" }] });
            return told;
        }"""
    )
    assert told == [["new"], [], "new is over"]


def test_a_state_that_was_read_before_connecting_does_not_hide_the_connection(modules_page: Page) -> None:
    modules_page.add_script_tag(content=f"{{{as_script(MODULES, FOLDER)}\nwindow.sync = module_sync;}}")
    shown = modules_page.evaluate(
        """async () => {
            location.hash = "#sync";
            const place = document.body.appendChild(document.createElement("div"));
            const tab = new sync.Sync(place, server);
            const before = { passes: 0, counts: {}, outbox: { count: 0, since: null }, connected: null };
            const there = { url: "http://127.0.0.1:8080", project_id: 1, at: "2026-01-01", sends_new: true };
            const connected = { ...before, connected: there };
            tab.open();
            await answer("sync_state", 0, before);
            const shown = [place.dataset.connected];
            tab.open(); // as it does every few seconds
            place.querySelector("form").requestSubmit();
            await answer("sync_connect", 0, connected);
            shown.push(place.dataset.connected);
            await answer("sync_state", 1, before);
            shown.push(place.dataset.connected);
            place.remove(); // what is not seen is not asked for again
            return shown;
        }"""
    )
    assert shown == ["false", "true", "true"]


def test_what_is_pressed_while_a_figure_is_being_settled_does_not_change_what_is_sent(modules_page: Page) -> None:
    modules_page.add_script_tag(content=f"{{{as_script(TEAM_MODULES, TEAM_FOLDER)}\nwindow.settle = module_settle;}}")
    told = modules_page.evaluate(
        """async () => {
            // a page without an address has no storage
            Object.defineProperty(window, "localStorage", { value: { getItem: () => null } });
            const away = [];
            const does = { say: () => null, goTo: (href) => away.push(href), changed: () => null };
            const view = new settle.Settle(server, does);
            document.body.append(view.node);
            const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
            const found = () => [...view.node.querySelectorAll("button.keep, button.primary")];
            const buttons = () => found().map((one) => one.disabled);
            view.show("F");
            const said = { first_state: "accepted", second_state: "skipped", first_reason: "", second_reason: "" };
            const figure = { figure_id: "F", revision: 2, label: "Figure 1", caption: "", image_wh: [9, 9] };
            const read = { first_who: "anna", second_who: "ben", settled_at: null, agreed: [], differences: [] };
            await answer("team_differences", 0, { ...figure, ...read, ...said, state_key: "state" });
            press("f");
            const shown = [buttons()];
            press("Enter");
            press("s"); // for the figure that comes next, which is not there yet
            shown.push(buttons());
            await answer("team_readings", 0, { readings: [] });
            await answer("team_settle", 0, { error: "the figure has changed" });
            shown.push(buttons());
            press("s");
            press("Enter");
            await answer("team_readings", 1, { readings: [] });
            await answer("team_settle", 1, { figure_id: "F" });
            return { sent: asked.team_settle.map((one) => one.request.choices), shown, away };
        }"""
    )
    assert told["sent"] == [{"state": "first"}, {"state": "second"}]
    assert told["shown"] == [[False] * 3, [True] * 3, [False] * 3]  # the two versions, and Settle
    assert told["away"] == ["#team"]
