"""Rounds of mining again, with an agent that proposes what the test says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curator.commands import parse_commands
from curator.doubts import Doubt
from curator.errors import ModelError
from curator.figure import Hierarchy, Provenance
from curator.remining_limits import Limits
from curator.settings import ModelSettings, Settings
from data.store import Store
from data.store.remining import Remined
from tests.data.projects import HIERARCHY, add_figures
from ui.learning.remining import Remining
from ui.mining.mine import MinedFigure

SURE = Provenance("embedded-scales", "1", "2026-01-02T00:00:00+00:00", 0.99)
DOUBTED = replace(SURE, agent="embedded", confidence=0.2)
GOOD = HIERARCHY.with_nodes(replace(node, provenance=SURE) for node in HIERARCHY.nodes())
POOR = Hierarchy((replace(HIERARCHY.panels[0], provenance=DOUBTED),), shared=HIERARCHY.shared)

_OLD = {"panel": 1.0, "marker": 2.0, "region": 2.0}
_NEW = {"panel": 3.0, "marker": -4.0, "region": 0.0}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path)
    yield store
    store.close()


def doubted(store: Store, count: int) -> list[str]:
    figure_ids = add_figures(store, count)
    for figure_id in figure_ids:
        store.minings.save(figure_id, "embedded", None, POOR)
        store.reviews.mined(figure_id, POOR, "embedded 1")
    return figure_ids


class Agent:
    """Proposes one hierarchy for all figures, and remembers what it was asked."""

    def __init__(self, hierarchy: Hierarchy, fail_after: int = 10**9) -> None:
        self.hierarchy = hierarchy
        self.fail_after = fail_after
        self.asked: list[tuple[str, str, int, tuple[Doubt, ...]]] = []

    def __call__(
        self,
        store: Store,
        settings: Settings,
        figure_ids: Sequence[str],
        agent: str,
        stopped: Callable[[], bool],
        *,
        doubts: Callable[[str], Sequence[Doubt]],
        **_: Any,
    ) -> Iterator[MinedFigure]:
        for figure_id in figure_ids:
            if stopped():
                return
            if len(self.asked) == self.fail_after:
                raise ModelError("the model is away")
            self.asked.append((agent, figure_id, settings.prompting.views, tuple(doubts(figure_id))))
            yield MinedFigure(figure_id, store.minings.save(figure_id, agent, None, self.hierarchy), cost=1.0)


def run(remining: Remining, limits: Limits = Limits()) -> list[Remined]:  # noqa: B008 - frozen
    return list(remining.run(remining.begin(limits)))


def test_better_proposals_replace_doubted_ones_and_the_round_says_so(store: Store) -> None:
    (figure_id,) = doubted(store, 1)

    (done,) = run(Remining(store, Settings(), Agent(GOOD)))

    assert done.way == "scales"
    assert "panel" in done.adopted
    after = store.reviews.load(figure_id, 0.0).review.hierarchy
    assert [panel.label for panel in after.panels] == ["A", "B"]
    (one,) = store.remining.rounds()
    assert (one.figures, one.done, one.adopted, one.failed, one.cost) == (1, 1, 1, 0, 1.0)
    assert one.gained > 0
    assert one.ended_at
    assert store.remining.changes(one.id) == [done]


def test_what_is_gained_is_of_the_levels_that_were_replaced(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    doubted(store, 1)
    remining = Remining(store, Settings(), Agent(GOOD))
    monkeypatch.setattr(Remining, "_worths", lambda *_: (_OLD, _NEW))
    (done,) = run(remining)
    assert done.adopted == ("panel",)
    assert (done.worth_before, done.worth_after) == (5.0, 7.0)
    assert store.remining.rounds()[0].gained == 2.0


def test_worse_proposals_stand_beside(store: Store) -> None:
    (figure_id,) = doubted(store, 1)
    before = store.reviews.load(figure_id, 0.0)

    (done,) = run(Remining(store, Settings(), Agent(POOR)))

    assert done.adopted == ()
    assert store.reviews.load(figure_id, 0.0).revision == before.revision
    assert store.minings.of_figure(figure_id)[0].id == done.mining_id


def test_a_level_on_which_a_person_decided_is_left_alone(store: Store) -> None:
    (figure_id,) = doubted(store, 1)
    accept = parse_commands([{"op": "judge", "id": "p1", "state": "accepted"}])
    store.reviews.decide(figure_id, 1, accept, "anna", 0.0)
    store.reviews.release(figure_id, "anna")

    (done,) = run(Remining(store, Settings(), Agent(GOOD)))

    assert "panel" not in done.adopted
    assert [panel.label for panel in store.reviews.load(figure_id, 0.0).review.hierarchy.panels] == ["A"]


def test_a_figure_that_somebody_edits_is_not_changed(store: Store) -> None:
    (figure_id,) = doubted(store, 1)
    store.reviews.lease(figure_id, "anna#tab", time.time())

    (done,) = run(Remining(store, Settings(), Agent(GOOD)))

    assert done.adopted == ()
    assert "anna is editing" in done.reason


def test_each_round_goes_another_way(store: Store) -> None:
    doubted(store, 1)
    agent = Agent(POOR)
    settings = Settings(model=ModelSettings(model="m", provider="openai"))

    ways = [[done.way for done in run(Remining(store, settings, agent))] for _ in range(5)]

    assert ways == [["scales"], ["model"], ["harder"], ["consensus"], []]
    usual, harder = agent.asked[1], agent.asked[2]
    assert (usual[2], usual[3]) == (3, ())
    assert harder[2] == 6
    assert "the caption speaks of panel B, no box has that label" in {doubt.words for doubt in harder[3]}


def test_a_round_that_was_stopped_goes_on_where_it_stopped(store: Store) -> None:
    figure_ids = doubted(store, 4)
    remining = Remining(store, Settings(), Agent(GOOD))
    round_id = remining.begin(Limits())
    stopping = remining.run(round_id)
    first = next(stopping)
    del stopping  # as a kill would: the round is not ended

    assert store.remining.open_round() == round_id
    rest = list(remining.run(round_id))

    assert sorted([first.figure_id, *(done.figure_id for done in rest)]) == sorted(figure_ids)
    assert store.remining.open_round() is None


def test_limits_hold(store: Store) -> None:
    doubted(store, 5)
    clock = iter(range(0, 1000, 10))

    assert len(run(Remining(store, Settings(), Agent(POOR)), Limits(figures=2))) == 2
    spent = run(Remining(store, Settings(), Agent(POOR)), Limits(cost=2.0))
    late = run(Remining(store, Settings(), Agent(POOR), lambda: next(clock)), Limits(seconds=15))

    assert len(spent) == 2
    assert len(late) < 3
    newest, costly, _ = store.remining.rounds()
    assert (newest.ended_early, costly.ended_early) == ("the 15 seconds were spent", "the cost of 2 was spent")


def test_a_model_that_is_away_ends_its_part_and_is_told(store: Store) -> None:
    doubted(store, 3)

    done = run(Remining(store, Settings(), Agent(POOR, fail_after=1)))

    assert len(done) == 1
    assert store.remining.rounds()[0].ended_early == "the model is away"
    # what was not mined is planned for again
    planned = Remining(store, Settings(), Agent(POOR)).plan(Limits())
    assert [way.name for _, way in planned].count("scales") == 2
