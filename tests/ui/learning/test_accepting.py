"""Accepting without a person, from the audit sample to the page and the command."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from curator.audit_sample import AuditFigure, in_audit, place_of
from curator.commands import parse_commands
from curator.errors import SettingsError, StoreError
from curator.user import User
from data.store import Store
from tests.data.projects import HIERARCHY, add_figures
from ui.accounts.identity import acting_as
from ui.cli import main
from ui.learning.accepting import accept, accepted_statement, preview
from ui.learning.assessing import assess_waiting
from ui.learning.auto_server import AutoServer
from ui.learning.ranking import rerank

RATE = 0.1  # of what can be promised with a sample that a test can make
ACCEPT = {"op": "judge_figure", "state": "accepted"}


def mine(store: Store, figure_id: str, confidence: float) -> None:
    provenance = replace(HIERARCHY.panels[0].provenance, confidence=confidence)
    panels = tuple(replace(panel, provenance=provenance) for panel in HIERARCHY.panels)
    store.reviews.mined(figure_id, replace(HIERARCHY, panels=panels), "embedded 1")


def review(store: Store, figure_id: str, *commands: dict[str, Any]) -> None:
    revision = store.reviews.load(figure_id, 0.0).revision
    store.reviews.decide(figure_id, revision, parse_commands([*commands, ACCEPT]), "ann", time.time() - 3600)


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample of 60 reviewed figures, all right, and 20 open figures outside it, half of them surer."""
    store = Store(tmp_path_factory.mktemp("auto") / "project")
    figures = add_figures(store, 1600)
    sample = sorted((one for one in figures if in_audit(one)), key=place_of)[:60]
    for index, figure_id in enumerate(sample):
        mine(store, figure_id, 0.7 + 0.004 * index)
        review(store, figure_id)
    for index, figure_id in enumerate([one for one in figures if not in_audit(one)][:20]):
        mine(store, figure_id, 0.95 if index < 10 else 0.75)
    store.close()
    return store.project


@pytest.fixture
def store(reviewed: Path, tmp_path: Path) -> Iterator[Store]:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "curator.db").write_bytes((reviewed / "curator.db").read_bytes())
    opened = Store(tmp_path / "project")
    yield opened
    opened.close()


def curator(store: Store, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--project", str(store.project), "auto", *arguments])


def test_a_preview_counts_promises_and_changes_nothing(store: Store) -> None:
    seen = preview(store, RATE)
    assert seen.guarantee.threshold == pytest.approx(0.75)
    assert (seen.figures, seen.panels, seen.open_figures) == (20, 40, 20)
    assert seen.text == (
        "20 of 20 open figures (40 panels) have a confidence of 0.750 or more: of the panels accepted this way at most "
        "10.0% are wrong; such a promise holds in 90% of cases"
    )
    assert seen.statement is not None
    assert seen.statement.right == 1
    assert store.auto.batches() == []


def test_what_was_previewed_is_accepted_and_undone(store: Store) -> None:
    seen = preview(store, RATE)
    batch = accept(store, RATE, "ann")
    assert (batch.figures, batch.promise) == (20, seen.to_doc())
    assert preview(store, RATE).text == "nothing can be accepted: no figure waits that could be accepted"
    assert store.auto.undo(batch.id, "ann") == 20
    assert preview(store, RATE).figures == 20


def test_accepting_once_more_accepts_no_more(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = [row["id"] for row in store.connections.rows("select id from figures") if not in_audit(row["id"])]
    mine(store, waiting[20], 0.78)
    # from 0.78 on too much is wrong; from 0.75 on it would be little among all
    found = [(0.96, 0, 40), (0.8, 2, 8), (0.76, 0, 200)]
    sample = [AuditFigure(f"{at}-{n}", at, 2, wrong) for at, wrong, count in found for n in range(count)]
    monkeypatch.setattr(store.audited, "sample", lambda progress: sample)
    monkeypatch.setattr(store.audited, "waiting", list)
    assert accept(store, RATE, "ann").figures == 10
    again = preview(store, RATE)
    assert (again.guarantee.threshold, again.figures, again.open_figures) == (pytest.approx(0.95), 0, 11)
    assert again.text.endswith("holds in 90% of cases; what was accepted before is counted with it")
    with pytest.raises(StoreError, match=r"no open figure has a confidence of 0\.950 or more"):
        accept(store, RATE, "ann")


def test_a_threshold_that_was_chosen_while_confidences_were_computed_anew_accepts_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = store.audited.sample

    def sample(*progress: Any) -> list[AuditFigure]:
        found = read(*progress)
        sum(assess_waiting(store))  # as beside the page: what waits goes by the assessor from now on
        return found

    monkeypatch.setattr(store.audited, "sample", sample)
    with pytest.raises(StoreError, match="confidences were computed anew"):
        accept(store, RATE, "ann")
    assert store.auto.batches() == []


def test_a_rate_that_the_sample_cannot_promise_accepts_nothing_and_says_what_is_missing(store: Store) -> None:
    seen = preview(store, 0.01)
    assert seen.guarantee.threshold is None
    assert seen.guarantee.more_reviews is not None
    assert "60 figures of the audit sample were reviewed" in seen.text
    with pytest.raises(StoreError, match=r"nothing was accepted: 60 figures of the audit sample were reviewed"):
        accept(store, 0.01, "ann")


def test_where_the_project_has_too_few_figures_of_the_sample_it_says_so(tmp_path: Path) -> None:
    small = Store(tmp_path / "small")
    figures = add_figures(small, 64)
    for figure_id in figures:
        mine(small, figure_id, 0.9)
    inside = [figure_id for figure_id in figures if in_audit(figure_id)]
    few = len(inside)
    assert 1 < few < 9

    some = preview(small, RATE, "all")
    for figure_id in inside:
        review(small, figure_id)
    none = preview(small, RATE, "all")
    small.close()

    assert some.text == (
        "nothing can be accepted: 0 figures of the audit sample were reviewed; a promise of 10.0% takes 9. A twentieth "
        f"of all figures are in the sample, and only {few} of those wait: about {20 * (9 - few)} more figures would "
        "have to be mined first"
    )
    assert f"and none of those waits: about {20 * (9 - few)} more figures" in none.text


def test_while_enough_of_the_sample_wait_nothing_is_said_of_more_figures(store: Store) -> None:
    assert preview(store, 0.01).text.endswith("would have to be mined first")
    for number in range(2, 10):
        for figure_id in add_figures(store, 800, f"PMC{number}"):
            if in_audit(figure_id):
                mine(store, figure_id, 0.9)
    assert not preview(store, 0.01).text.endswith("mined first")


def test_what_comes_first_in_the_sample_and_was_passed_over_stands_in_the_way(store: Store) -> None:
    figures = [row["id"] for row in store.connections.rows("select id from figures")]
    last = place_of(store.audited.sample()[-1].figure_id)
    for number in range(2, 200):
        figures += add_figures(store, 1, f"PMC{number}")
    early = [one for one in figures if in_audit(one) and place_of(one) < last and not one.startswith("PMC1:")]
    for figure_id in early:
        mine(store, figure_id, 0.9)
    assert len(early) > 7
    seen = preview(store, RATE)
    assert seen.guarantee.threshold is None
    assert f"{len(early)} figures of the audit sample wait" in seen.text
    for figure_id in early:
        review(store, figure_id)
    assert preview(store, RATE).guarantee.threshold is not None


def test_skipped_figures_of_the_sample_are_told_of(store: Store) -> None:
    reviewed_ones = {one.figure_id for one in store.audited.sample()}
    figures = (row["id"] for row in store.connections.rows("select id from figures"))
    skip = {"op": "judge_figure", "state": "skipped", "reason": "a logo"}
    open_ones = sorted((one for one in figures if in_audit(one) and one not in reviewed_ones), key=place_of)
    for count, (figure_id, words) in enumerate(
        zip(open_ones, ("one of the audit sample that was", "2 of the audit sample that were"), strict=False), 1
    ):
        mine(store, figure_id, 0.9)
        revision = store.reviews.load(figure_id, 0.0).revision
        store.reviews.decide(figure_id, revision, parse_commands([skip]), "ann", time.time())
        seen = preview(store, RATE)
        assert seen.skipped == count
        assert seen.text.endswith(f"; it says nothing of figures like the {words} skipped")


def test_accepted_panels_are_told_right_by_those_that_are_reviewed_since(store: Store) -> None:
    later = [row["id"] for row in store.connections.rows("select id from figures") if in_audit(row["id"])]
    reviewed_ones = {one.figure_id for one in store.audited.sample()}
    later = sorted((one for one in later if one not in reviewed_ones), key=place_of)[:4]
    for figure_id in later:
        mine(store, figure_id, 0.96)
    assert accept(store, RATE, "ann").figures == 24
    assert accepted_statement(store) is None
    review(store, later[0], {"op": "remove", "id": "p1"})
    for figure_id in later[1:]:
        review(store, figure_id)
    made = accepted_statement(store)
    assert made is not None
    assert (made.figures, made.panels, made.right) == (4, 8, 7 / 8)


def test_a_rate_out_of_range_is_refused(store: Store) -> None:
    with pytest.raises(SettingsError, match=r"an error rate of 0\.9 cannot be asked for"):
        preview(store, 0.9)


def test_the_page_previews_for_everybody_and_accepts_for_reviewers(store: Store) -> None:
    state, look, apply, undo = AutoServer(store).functions()
    with acting_as(User("cara", "curator")):
        assert look({"error_rate": RATE})["figures"] == 20
        assert "error" in apply({"error_rate": RATE})
        assert state({})["may"] is False
    with acting_as(User("rob", "reviewer")):
        batch = apply({"error_rate": RATE})["batch"]
        assert (batch["who"], batch["figures"]) == ("rob", 20)
        told = state({})
        assert (told["figures"], told["panels"], told["may"]) == (20, 40, True)
        assert undo({"batch": batch["id"]}) == {"figures": 20}
        assert "error" in undo({"batch": batch["id"]})
        assert "error" in look({"error_rate": 2})
    assert [row["action"] for row in store.connections.rows("select action from audit order by id")] == [
        "auto",
        "auto-undo",
    ]


def test_what_is_taken_back_has_its_place_in_the_order_again(store: Store) -> None:
    rerank(store)
    order = store.ranks.ordered(100)
    assert len(order) == 20
    *_, undo = AutoServer(store).functions()
    for take_back in (
        lambda batch: undo({"batch": batch.id}),
        lambda batch: curator(store, "--undo", str(batch.id)),
    ):
        batch = accept(store, RATE, "ann")
        rerank(store)  # as the page does after decisions: those that were accepted lose their places
        assert store.ranks.ordered(100) == []
        take_back(batch)
        assert store.ranks.ordered(100) == order


def test_the_command_previews_applies_lists_and_undoes(store: Store) -> None:
    assert curator(store).exit_code == 2
    assert "20 of 20 open figures" in curator(store, "--error-rate", "0.1").output
    applied = json.loads(curator(store, "--error-rate", "0.1", "--apply", "--json").stdout)
    assert applied["figures"] == 20
    assert "20 figures from 0.750 on, asked 10.0%; 20 as they were" in curator(store, "--list").output
    assert curator(store, "--undo", str(applied["id"])).output == "20 figures wait for a person again\n"
    assert "undone" in curator(store, "--list").output
    assert curator(store, "--undo", "7").output == "Error: there is no batch 7; `curator auto --list` names all\n"


def test_conformal_risk_control_can_be_asked_for(store: Store) -> None:
    seen = json.loads(curator(store, "--error-rate", "0.02", "--promise", "all", "--json").stdout)
    assert seen["promised"] == "all"
    assert seen["figures"] == 20
    assert seen["text"].endswith(
        "at most 2.0% of a figure's panels are accepted and wrong, on average over all figures"
    )
