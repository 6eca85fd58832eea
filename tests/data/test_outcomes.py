"""How proposals turned out, read off a real event log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from curator.calibration import Source, calibrated
from curator.commands import parse_commands
from curator.figure import Hierarchy
from data.store import Store
from tests.data.projects import AGENT, HIERARCHY, add_figures, add_mined_figure

NOW = 1_000_000.0
PANEL, MARKER, REGION = (Source(level, "embedded", None) for level in ("panel", "marker", "region"))
ACCEPT = {"op": "judge_figure", "state": "accepted"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "project")
    yield opened
    opened.close()


def decide(store: Store, figure_id: str, *commands: object) -> None:
    revision = store.reviews.load(figure_id, NOW).revision
    store.reviews.decide(figure_id, revision, parse_commands(list(commands)), "ann#1", NOW)


def undo(store: Store, figure_id: str) -> None:
    store.reviews.undo(figure_id, store.reviews.load(figure_id, NOW).revision, "ann#1", NOW)


def counted(store: Store) -> dict[tuple[str, float], tuple[int, int]]:
    """(level, confidence) to (decided, right)."""
    return {
        (source.level, tally.confidence): (tally.count, tally.right)
        for source, tallies in store.outcomes.tallies().items()
        for tally in tallies
    }


def test_accepted_proposals_were_right_and_open_ones_do_not_count(store: Store) -> None:
    figure_id = add_mined_figure(store)
    assert store.outcomes.tallies() == {}
    decide(store, figure_id, {"op": "judge", "id": "p1", "state": "accepted"})
    assert counted(store) == {("panel", 0.9): (1, 1)}
    decide(store, figure_id, ACCEPT)
    assert counted(store) == {
        ("panel", 0.9): (1, 1),
        ("panel", 0.4): (1, 1),
        ("marker", 0.9): (1, 1),
        ("region", 0.9): (1, 1),
    }


@pytest.mark.parametrize(
    ("command", "right"),
    [
        ({"op": "judge", "id": "p1", "state": "rejected"}, 0),
        ({"op": "remove", "id": "p1"}, 0),
        ({"op": "move", "id": "p1", "dx": 3, "dy": 0}, 1),
        ({"op": "resize", "id": "p1", "box_xyxy": [0, 0, 26, 80]}, 1),
        ({"op": "resize", "id": "p1", "box_xyxy": [0, 0, 24, 80]}, 0),
        ({"op": "update", "id": "p1", "fields": {"label": "C"}}, 0),
        ({"op": "update", "id": "p1", "fields": {"kind": "plot"}}, 0),
        ({"op": "update", "id": "p1", "fields": {"own_text": "Green cells."}}, 1),
        ({"op": "assign", "id": "p1", "span": [0, 6]}, 0),
        ({"op": "assign", "id": "p1", "span": [7, 20]}, 1),
    ],
    ids=[
        "rejected",
        "removed",
        "moved a little",
        "still the box",
        "another box",
        "label",
        "kind",
        "wording",
        "span",
        "nearly the same span",
    ],
)
def test_what_a_curator_did_says_whether_the_proposal_was_right(
    store: Store, command: dict[str, object], right: int
) -> None:
    decide(store, add_mined_figure(store), command)
    assert counted(store) == {("panel", 0.9): (1, right)}


def test_two_small_moves_are_measured_against_what_was_proposed(store: Store) -> None:
    figure_id = add_mined_figure(store)
    for expected in (1, 0, 0):
        decide(store, figure_id, {"op": "move", "id": "p1", "dx": 10, "dy": 0})
        assert counted(store)["panel", 0.9] == (1, expected)
    for expected in (0, 1):
        undo(store, figure_id)
        assert counted(store)["panel", 0.9] == (1, expected)
    undo(store, figure_id)
    assert counted(store) == {}
    store.reviews.redo(figure_id, store.reviews.load(figure_id, NOW).revision, "ann#1", NOW)
    assert counted(store) == {("panel", 0.9): (1, 1)}


def test_what_a_person_drew_is_no_outcome(store: Store) -> None:
    (figure_id,) = add_figures(store)
    decide(store, figure_id, {"op": "add", "level": "panel", "box_xyxy": [0, 0, 50, 50]})
    decide(store, figure_id, {"op": "move", "id": "p1", "dx": 9, "dy": 0})
    assert store.outcomes.tallies() == {}


def test_outcomes_are_by_agent_and_model_and_by_the_raw_confidence(store: Store) -> None:
    (figure_id,) = add_figures(store)
    said = replace(AGENT, agent="lvlm", model="Qwen2.5-VL", confidence=0.3, raw_confidence=0.8)
    panel = replace(HIERARCHY.panels[0], provenance=said)
    store.reviews.mined(figure_id, Hierarchy((panel, HIERARCHY.panels[1])), "lvlm")
    decide(store, figure_id, ACCEPT)
    found = {source: [(t.confidence, t.count) for t in tallies] for source, tallies in store.outcomes.tallies().items()}
    assert found == {Source("panel", "lvlm", "Qwen2.5-VL"): [(0.8, 1)], PANEL: [(0.4, 1)]}


def test_mining_again_and_adopting_leave_outcomes_alone(store: Store) -> None:
    figure_id = add_mined_figure(store)
    decide(store, figure_id, {"op": "remove", "id": "p1"})
    before = counted(store)
    store.reviews.mined(figure_id, HIERARCHY, "embedded 2")
    mining_id = store.minings.save(figure_id, "lvlm", "m", HIERARCHY)
    store.reviews.adopt(figure_id, 3, mining_id, {"panel", "region"}, "ann#1", NOW)
    assert counted(store) == before == {("panel", 0.9): (1, 0)}


def test_calibrations_follow_decisions_and_are_fitted_only_after_one(store: Store) -> None:
    first, second = add_mined_figure(store), add_mined_figure(store, "PMC2")
    assert store.outcomes.calibrations() == {}
    decide(store, first, ACCEPT)
    found = store.outcomes.calibrations()
    assert set(found) == {PANEL, MARKER, REGION}
    store.reviews.mined(second, HIERARCHY, "embedded 2")
    assert store.outcomes.calibrations() is found
    decide(store, second, ACCEPT)
    assert store.outcomes.calibrations()[MARKER](0.9) > found[MARKER](0.9) > 0.9
    provenance = calibrated(HIERARCHY, found).markers[0].provenance
    assert (provenance.confidence, provenance.raw_confidence) == (found[MARKER](0.9), 0.9)


def test_another_process_reads_the_log_to_the_same_end(store: Store) -> None:
    figure_id = add_mined_figure(store)
    decide(store, figure_id, ACCEPT)
    other = Store(store.project)
    assert counted(other) == counted(store)
    decide(store, figure_id, {"op": "remove", "id": "p1"})
    assert counted(other)["panel", 0.9] == (1, 0)
    assert counted(store) == counted(other)
    other.close()
