"""The Dashboard tab's figures."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.commands import parse_commands
from curator.exchange import Exchange, Finish, Reply
from data.store import Store
from data.store.queue import QueueFilter
from tests.e2e.project import make_project
from ui.learning.assessing import fit_now
from ui.tabs.dashboard import DAYS_SHOWN, VERSIONS_SHOWN, accepted_by_day, dashboard_document, wilson

TODAY = date(2026, 3, 10)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(9, 10, 0.596, 0.982), (0, 10, 0.0, 0.278), (10, 10, 0.722, 1.0), (81, 263, 0.2553, 0.3662)],
    ids=["nine of ten", "none of ten", "ten of ten", "Newcombe 1998, table I"],
)
def test_the_interval_is_wilson_s(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson(successes, trials) == pytest.approx((low, high), abs=5e-4)


def test_nothing_is_known_of_a_share_without_trials() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share_and_stays_between_0_and_1(counted: tuple[int, int]) -> None:
    successes, trials = counted
    low, high = wilson(successes, trials)
    assert 0 <= low <= successes / trials + 1e-12
    assert successes / trials - 1e-12 <= high <= 1


def test_days_without_an_acceptance_are_shown_as_none() -> None:
    days = accepted_by_day([("2025-01-01", 99), ("2026-03-08", 4), ("2026-03-10", 2)], TODAY)
    assert len(days) == DAYS_SHOWN
    assert days[0] == ("2026-02-09", 0)
    assert days[-3:] == [("2026-03-08", 4), ("2026-03-09", 0), ("2026-03-10", 2)]
    assert sum(n for _, n in days) == 6


def test_a_project_without_decisions_has_open_questions_and_no_numbers(tmp_path: Path) -> None:
    found = dashboard_document(Store(tmp_path), TODAY)
    assert found["seconds_per_figure"] is None
    assert found["seconds_left"] is None
    assert found["outcomes"] == []
    assert found["reliability"] == []
    assert found["models"] == []
    assert found["auto"] == {"figures": 0, "panels": 0, "right": None}
    assert found["assessor"] == {"decisions": 0, "due": 20, "diagram": None, "versions": [], "older": 0}
    assert found["agreement"] == {"figures": 0, "n": 0, "share": None, "low": 0.0, "high": 1.0}


def test_decisions_are_counted_by_level_and_agent_and_agreement_by_the_second_person(tmp_path: Path) -> None:
    store = make_project(tmp_path)
    commands = [
        {"op": "resize", "id": "p1", "box_xyxy": [0, 0, 300, 230]},
        {"op": "judge", "id": "m6", "state": "rejected"},
        {"op": "judge_figure", "state": "accepted"},
    ]
    store.reviews.decide("PMC1:F1", 1, parse_commands(commands), "ada#1", 0.0, seconds=30.0)
    again = [{"op": "resize", "id": "p2", "box_xyxy": [330, 0, 640, 230]}]
    store.reviews.decide("PMC1:F1", 2, parse_commands(again), "grace#1", 1000.0, seconds=10.0)

    (decided_on,) = (day for day, _ in store.dashboard.verified_by_day())  # not today's date: it may be midnight now
    found = dashboard_document(store, date.fromisoformat(decided_on))
    # grace's change to p2 makes it an edited one too
    panel = next(row for row in found["outcomes"] if row["level"] == "panel")
    assert (panel["agent"], panel["accepted"], panel["edited"], panel["rejected"]) == ("embedded", 2, 2, 0)
    assert (panel["n"], panel["share"]) == (4, 0.5)
    marker = next(row for row in found["outcomes"] if row["level"] == "marker")
    assert (marker["accepted"], marker["rejected"]) == (1, 1)
    assert found["seconds_per_figure"] == 40.0
    assert found["seconds_left"] == 40.0 * 6

    surest = float(store.auto.candidates(1e6).confidences.max())
    batch = store.auto.apply(0.1, surest, 99, {}, "ada", 1e6, store.auto.assessor())
    accepted = store.queue.count(QueueFilter(auto=True)) - len(store.audited.waiting())
    assert 0 < accepted <= batch.figures
    assert dashboard_document(store, TODAY)["seconds_left"] == 40.0 * (6 - accepted)
    assert found["agreement"]["figures"] == 1
    assert (found["agreement"]["n"], found["agreement"]["share"]) == (7, pytest.approx(6 / 7))
    assert found["days"][-1][1] == 1
    assert json.loads(json.dumps(found))["states"] == {"unmined": 1, "proposed": 5, "accepted": 1, "skipped": 0}


def test_reliability_is_told_as_said_and_as_calibrated_on_other_figures(tmp_path: Path) -> None:
    store = make_project(tmp_path)
    for figure_id in ("PMC1:F1", "PMC1:F2", "PMC1:F4"):
        accept = [{"op": "judge_figure", "state": "accepted"}]
        store.reviews.decide(figure_id, 1, parse_commands(accept), "ada#1", 0.0)
    wrong = [{"op": "judge", "id": "p1", "state": "rejected"}]
    store.reviews.decide("PMC2:F1", 1, parse_commands(wrong), "ada#1", 0.0)

    panel, marker, region = dashboard_document(store, TODAY)["reliability"]
    assert [(row["level"], row["agent"], row["model"], row["n"]) for row in (panel, marker, region)] == [
        ("panel", "embedded", None, 10),
        ("marker", "embedded", None, 2),
        ("region", "embedded", None, 1),
    ]
    bins = {round(found["expected"], 3): (found["n"], found["share"]) for found in panel["said"]["bins"]}
    assert bins == {0.3: (1, 1), 0.4: (1, 1), 0.6: (1, 1), 0.827: (3, 1), 0.93: (4, 0.75)}
    assert sum(found["n"] for found in panel["calibrated"]["bins"]) == 10
    assert panel["calibrated"]["bins"] != panel["said"]["bins"]
    assert panel["said"]["error"] == pytest.approx((0.7 + 0.6 + 0.4 + 3 * (1 - 2.48 / 3) + 4 * 0.18) / 10)
    assert json.loads(json.dumps(panel)) == panel


def test_what_models_took_is_listed(tmp_path: Path) -> None:
    store = make_project(tmp_path)
    asked = Exchange(
        "k",
        "PMC1:F1",
        "panels",
        "panels_marks",
        "0",
        "openai",
        "Qwen2.5-VL",
        {},
        [],
        Reply("{}", Finish.STOP, 900, 40, 2.5),
    )
    store.exchanges.save(replace(asked, cost=0.5), [])
    store.exchanges.save(replace(asked, key="k2", fault="no JSON"), [])
    assert dashboard_document(store, TODAY)["models"] == [
        {
            "provider": "openai",
            "model": "Qwen2.5-VL",
            "requests": 2,
            "faults": 1,
            "tokens_in": 1800,
            "tokens_out": 80,
            "seconds": 5.0,
            "cost": 0.5,
        }
    ]


def test_the_assessor_is_shown_on_what_it_had_not_seen_with_its_versions(tmp_path: Path) -> None:
    store = make_project(tmp_path)
    store.reviews.decide("PMC1:F1", 1, parse_commands([{"op": "judge_figure", "state": "accepted"}]), "ada", 0.0)
    decisions = store.decisions.count()
    for _ in range(VERSIONS_SHOWN + 1):
        fit_now(store)
    found = dashboard_document(store, TODAY)["assessor"]
    assert found["diagram"]["n"] == decisions > 0
    for way in ("said", "calibrated", "assessed"):
        assert sum(found_bin["n"] for found_bin in found["diagram"][way]["bins"]) == decisions
    newest = found["versions"][0]
    assert (newest["id"], newest["decisions"], newest["figures"]) == (VERSIONS_SHOWN + 1, decisions, 1)
    assert newest["error"] == pytest.approx(found["diagram"]["assessed"]["error"])
    assert (len(found["versions"]), found["older"]) == (VERSIONS_SHOWN, 1)
    assert found["due"] == decisions + 20
