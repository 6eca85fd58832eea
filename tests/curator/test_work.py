"""What a stretch of decisions comes to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from curator.commands import parse_commands
from curator.decide import decide
from curator.figure import Figure, FigureState, State
from curator.review import Decision, Review, apply
from curator.work import Work, mends, total, work_on_figure
from tests.data.projects import CAPTION, HIERARCHY

FIGURE = Figure("f1", "a1", "f1.png", "0" * 64, (100, 80), caption=CAPTION)
ACCEPT: dict[str, object] = {"op": "judge_figure", "state": "accepted"}


def decided(*requests: list[dict[str, object]]) -> list[Decision]:
    review, found = Review(FIGURE, HIERARCHY, FigureState.PROPOSED), []
    for raw in requests:
        decision = decide(review, parse_commands(raw), "anna", "2026-01-01T00:00:00+00:00")
        review = apply(review, decision)
        found.append(decision)
    return found


def test_a_figure_accepted_as_it_is_was_touched_by_nobody() -> None:
    assert work_on_figure(CAPTION, decided([ACCEPT]), 12.0) == Work(1, 0, 0, 1, 12.0)


@pytest.mark.parametrize(
    ("command", "errors"),
    [
        ({"op": "update", "id": "p1", "fields": {"label": "C"}}, 1),
        ({"op": "resize", "id": "p1", "box_xyxy": [0, 0, 20, 20]}, 1),
        ({"op": "resize", "id": "p1", "box_xyxy": [0, 0, 49, 80]}, 0),
        ({"op": "update", "id": "p1", "fields": {"own_text": "Other words"}}, 1),
        ({"op": "update", "id": "p1", "fields": {"summary": "Nice."}}, 0),
        ({"op": "remove", "id": "r4"}, 1),
        ({"op": "add", "level": "marker", "box_xyxy": [5, 5, 9, 9]}, 1),
    ],
)
def test_an_edit_is_one_and_may_mend_an_error(command: dict[str, object], errors: int) -> None:
    work = work_on_figure(CAPTION, decided([command], [ACCEPT]), 0.0)

    assert (work.edits, work.errors, work.untouched) == (1, errors, 0)


def test_what_was_changed_back_counts_as_nothing() -> None:
    there: dict[str, object] = {"op": "add", "level": "marker", "box_xyxy": [5, 5, 9, 9]}

    work = work_on_figure(CAPTION, decided([there], [{"op": "remove", "id": "m5"}], [ACCEPT]), 0.0)

    assert (work.edits, work.errors) == (0, 0)


def test_a_rejected_proposal_that_is_taken_back_in_was_missing() -> None:
    panel = HIERARCHY.panels[0]

    assert mends(CAPTION, replace(panel, state=State.REJECTED), panel)
    assert not mends(CAPTION, panel, replace(panel, state=State.ACCEPTED))


def test_an_opened_figure_counts_when_it_is_closed() -> None:
    work = work_on_figure(CAPTION, decided([ACCEPT], [{"op": "judge_figure", "state": "proposed"}]), 3.0)

    assert work.figures == 0
    assert total([work, Work(2, 1, 1, 1, 4.0)]) == Work(2, 1, 1, 1, 7.0)
