"""Rounds of mining again, with an agent that proposes what the test says."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from curator.assessor import Assessor, assess
from curator.commands import parse_commands
from curator.doubts import Doubt
from curator.errors import ModelError
from curator.exchange import Exchange, Reply
from curator.figure import Hierarchy, Provenance
from curator.remining import worth
from curator.remining_limits import Limits
from curator.settings import ModelSettings, Settings
from data.store import Store
from data.store.clock import now_iso
from data.store.remining import Remined
from tests.data.projects import HIERARCHY, add_figures
from ui.cli import main
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
            pay(store, figure_id)
            model = settings.model.model if agent == settings.model.provider else None
            yield MinedFigure(figure_id, store.minings.save(figure_id, agent, model, self.hierarchy), cost=1.0)


def pay(store: Store, figure_id: str) -> None:
    """A reply of a model about the figure is kept that cost 1."""
    key = f"{figure_id} {len(store.exchanges.of_figure(figure_id))}"
    reply = Reply("nothing to see")
    store.exchanges.save(Exchange(key, figure_id, "panels", "", "", "p", "m", {}, [], reply, cost=1.0), [])


def killed_after(remining: Remining, round_id: int, count: int) -> list[str]:
    """The figures of the round that were done when it was killed."""
    going = remining.run(round_id)
    done = [one.figure_id for one in islice(going, count)]
    del going  # the round is not ended
    return done


def run(remining: Remining, limits: Limits = Limits()) -> list[Remined]:  # noqa: B008 - frozen
    return list(remining.run(begun(remining, limits)))


def begun(remining: Remining, limits: Limits = Limits()) -> int:  # noqa: B008 - frozen
    """A round that begins in another millisecond than what was before it."""
    before = now_iso()
    while now_iso() == before:
        pass
    return remining.begin(limits)


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
    first = killed_after(remining, round_id, 1)

    assert store.remining.open_round() == round_id
    rest = list(remining.run(round_id))

    assert sorted([*first, *(done.figure_id for done in rest)]) == sorted(figure_ids)
    assert store.remining.open_round() is None


def test_what_a_round_took_before_it_was_killed_counts_towards_its_limits(store: Store) -> None:
    doubted(store, 5)
    remining = Remining(store, Settings(), Agent(POOR), lambda: 100.0)
    round_id = remining.begin(Limits(cost=3.0))
    (first,) = killed_after(remining, round_id, 1)
    (next_id, _), *_ = store.remining.waiting(round_id)
    pay(store, next_id)  # a reply came, and then it was killed

    done = list(remining.run(round_id))

    assert [(one.figure_id, one.cost) for one in done] == [(next_id, 2.0)]
    (one,) = store.remining.rounds()
    assert (one.cost, one.done, one.ended_early) == (3.0, 2, "the cost of 3 was spent")
    assert first != next_id


def test_the_seconds_of_a_round_are_those_of_all_its_runs(store: Store) -> None:
    doubted(store, 5)
    clock = iter(range(0, 1000, 10))
    remining = Remining(store, Settings(), Agent(POOR), lambda: next(clock))
    round_id = remining.begin(Limits(seconds=100))
    killed_after(remining, round_id, 1)
    (one,) = store.remining.rounds()
    assert 0 < one.seconds < 100

    store.connections.db.execute("update remine_rounds set seconds = 99")
    assert list(remining.run(round_id)) == []
    assert store.remining.rounds()[0].ended_early == "the 100 seconds were spent"


def test_what_a_figure_cost_that_failed_counts(store: Store) -> None:
    doubted(store, 4)

    def failing(store: Store, settings: Settings, figure_ids: Sequence[str], *rest: Any, **_: Any) -> Any:
        for figure_id in figure_ids:
            if rest[1]():
                return
            pay(store, figure_id)
            yield MinedFigure(figure_id, None, "no usable reply")

    done = run(Remining(store, Settings(), failing), Limits(cost=2.0))

    assert [one.cost for one in done] == [1.0, 1.0]
    (one,) = store.remining.rounds()
    assert (one.cost, one.failed, one.ended_early) == (2.0, 2, "the cost of 2 was spent")


def test_what_a_figure_cost_that_was_not_finished_counts(store: Store) -> None:
    figure_id, other = doubted(store, 2)
    round_id = begun(Remining(store, Settings(), Agent(POOR)))
    pay(store, other)

    begun(Remining(store, Settings(), Agent(POOR)))
    pay(store, figure_id)  # of the other round

    newest, ended = store.remining.rounds()
    assert (ended.id, ended.cost, ended.ended_early, newest.cost) == (round_id, 1.0, "another round began", 1.0)


def test_a_mining_that_was_kept_before_a_kill_is_not_made_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    (figure_id,) = doubted(store, 1)
    settings = Settings(model=ModelSettings(model="m", provider="openai"))
    before = store.reviews.load(figure_id, 0.0).revision
    agent = Agent(GOOD)
    remining = Remining(store, settings, agent)
    round_id = store.remining.begin(Limits(), [(figure_id, "model")])
    with monkeypatch.context() as killed:
        killed.setattr(type(store.remining), "note", lambda *_: sys.exit())
        with pytest.raises(SystemExit):
            list(remining.run(round_id))
    # what is adopted is adopted together with the round's word of it
    assert store.reviews.load(figure_id, 0.0).revision == before

    (done,) = remining.run(round_id)

    assert len(agent.asked) == 1
    assert "panel" in done.adopted
    assert (done.cost, store.remining.rounds()[0].cost) == (1.0, 1.0)


@pytest.mark.parametrize("state", ["accepted", None])
def test_who_decides_while_proposals_are_weighed_is_heeded(
    store: Store, monkeypatch: pytest.MonkeyPatch, state: str | None
) -> None:
    (figure_id,) = doubted(store, 1)
    weigh = Remining._worths

    def decided_meanwhile(*weighed: Any) -> Any:
        revision = store.reviews.load(figure_id, 0.0).revision
        if revision == 1:
            judged = (
                {"op": "judge_figure", "state": state} if state else {"op": "judge", "id": "p1", "state": "accepted"}
            )
            store.reviews.decide(figure_id, revision, parse_commands([judged]), "anna", 0.0)
            store.reviews.release(figure_id, "anna")
        return weigh(*weighed)

    monkeypatch.setattr(Remining, "_worths", decided_meanwhile)
    (done,) = run(Remining(store, Settings(), Agent(GOOD)))

    assert "panel" not in done.adopted
    assert done.reason == ("a person has accepted it meanwhile" if state else done.reason)
    assert [panel.label for panel in store.reviews.load(figure_id, 0.0).review.hierarchy.panels] == ["A"]


def test_worth_is_by_the_confidences_of_the_queue(store: Store) -> None:
    (figure_id,) = doubted(store, 1)

    (done,) = run(Remining(store, Settings(), Agent(POOR)))

    review = store.reviews.load(figure_id, 0.0).review
    minings = [mining.hierarchy for mining in store.minings.current(figure_id)]
    seen = assess(Assessor.prior(), review.figure, review.hierarchy, minings, {}).nodes
    assert done.worth_before == pytest.approx(sum(worth(review.hierarchy, seen).values()))


def test_the_figures_with_most_errors_to_be_expected_come_first(store: Store) -> None:
    figure_ids = doubted(store, 3)
    for errors, figure_id in enumerate(figure_ids):
        store.connections.db.execute(
            """insert into assessed_figures (figure_id, assessor, revision, expected_errors, disagreement)
            values (?, 0, 1, ?, 0)""",
            (figure_id, float(errors)),
        )

    done = run(Remining(store, Settings(), Agent(POOR)))

    assert [one.figure_id for one in done] == figure_ids[::-1]


def test_a_limit_that_was_reached_with_the_last_figure_left_none(store: Store) -> None:
    doubted(store, 2)
    run(Remining(store, Settings(), Agent(POOR)), Limits(cost=2.0))
    assert store.remining.rounds()[0].ended_early == ""


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


def test_the_command_goes_on_with_a_round_within_the_same_limits_alone(store: Store) -> None:
    figure_ids = add_figures(store, 1)
    opened = store.remining.begin(Limits(cost=5.0), [(figure_ids[0], "scales")])  # not mined: it does not wait

    def remined(*options: str) -> int:
        result = CliRunner().invoke(main, ["--project", str(store.project), "remine", "--json", *options])
        assert result.exit_code == 0, result.output
        return int(json.loads(result.stdout)[0]["id"])

    assert remined("--cost", "5") == opened
    begun = store.remining.begin(Limits(figures=7), [(figure_ids[0], "scales")])
    assert remined() == begun + 1
    assert [one.ended_early for one in store.remining.rounds()] == ["", "another round began", ""]
