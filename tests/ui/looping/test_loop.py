"""The loop: stages in order, curators' turn, and going on after an end at any place."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from curator.commands import parse_commands
from curator.errors import LoopError, SettingsError
from curator.figure import FigureState
from curator.remining_limits import Limits
from data.store import Store
from data.store.loop import LoopRound, Stage
from data.store.queue import QueueFilter
from tests.data.projects import HIERARCHY, add_figures
from ui.looping.loop import Commands, Loop, Training, load_reviewer, missing


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path)
    for figure_id in add_figures(store, 6):
        store.reviews.mined(figure_id, HIERARCHY, "embedded 1")
    yield store
    store.close()


class Stages:
    """Remembers the stages; fails at one of them as often as it is told."""

    def __init__(self, failing: Stage | None = None) -> None:
        self.done: list[tuple[int, str]] = []
        self.failing = failing

    def __call__(self, stage: Stage, at: LoopRound) -> dict[str, Any]:
        if stage == self.failing:
            self.failing = None
            raise LoopError(f"{stage} failed")
        self.done.append((at.id, stage))
        return {"done": stage}


def review(store: Store, count: int) -> None:
    """Accepts the first figures that wait; the marker of each is taken away."""
    wanted = QueueFilter(states=(FigureState.PROPOSED,))
    commands = parse_commands([{"op": "remove", "id": "m3"}, {"op": "judge_figure", "state": "accepted"}])
    for item in store.queue.page(wanted, 0, count, 0.0):
        revision = store.reviews.load(item.figure_id, 0.0).revision
        store.reviews.decide(item.figure_id, revision, commands, "anna", 0.0, 30.0)


AFTER_REVIEW = ["calibrate", "train", "index", "rescore", "remine"]


def test_rounds_go_through_all_stages_and_count_the_curators_work(store: Store) -> None:
    stages = Stages()

    rounds = list(Loop(store, stages, review).run(2, goal=2))

    assert [stage for number, stage in stages.done if number == 1] == ["mine", "assess", *AFTER_REVIEW]
    assert [one.id for one in rounds] == [1, 2]
    for one in rounds:
        assert (one.work.figures, one.work.edits, one.work.seconds) == (2, 4, 60.0)
        assert one.facts["train"] == {"done": "train"}
        assert one.ended_at
    assert [one.id for one in store.loop.rounds()] == [2, 1]


def test_without_a_reviewer_the_round_waits_for_curators(store: Store) -> None:
    stages = Stages()
    loop = Loop(store, stages)

    assert list(loop.run(3, goal=2)) == []
    (waiting,) = store.loop.rounds()
    assert waiting.stage == "review"
    assert missing(store, waiting) == 2
    review(store, 1)
    assert list(loop.run(1)) == []
    review(store, 1)
    (over,) = list(loop.run(1))

    assert over.work.figures == 2
    assert [stage for _, stage in stages.done] == ["mine", "assess", *AFTER_REVIEW]


def test_a_round_can_go_on_with_less_and_asks_for_no_more_than_there_is(store: Store) -> None:
    loop = Loop(store, Stages())
    assert list(loop.run(1, goal=100)) == []
    assert missing(store, store.loop.rounds(1)[0]) == 6

    store.loop.note(1, "go_on", True)

    assert [one.id for one in loop.run(1)] == [1]


def test_nobody_is_asked_to_review_what_was_accepted_without_a_person(store: Store) -> None:
    store.auto.apply(0.1, 0.0, 12, {}, "anna", 1.0, store.auto.assessor())
    loop = Loop(store, Stages())

    assert store.queue.count(QueueFilter(states=(FigureState.PROPOSED,), auto=False)) == 0
    assert [one.id for one in loop.run(1, goal=2)] == [1]


@pytest.mark.parametrize("stage", ["mine", "assess", *AFTER_REVIEW])
def test_a_stage_that_failed_is_done_again_and_no_other(store: Store, stage: Stage) -> None:
    stages = Stages(failing=stage)
    with pytest.raises(LoopError):
        list(Loop(store, stages, review).run(1, goal=1))
    assert store.loop.rounds(1)[0].stage == stage

    (over,) = list(Loop(store, stages, review).run(1, goal=1))

    assert over.id == 1
    assert [name for _, name in stages.done] == ["mine", "assess", *AFTER_REVIEW]


@pytest.mark.parametrize("stage", ["mine", "assess", *AFTER_REVIEW])
def test_a_stage_that_was_noted_is_not_done_again_where_the_loop_was_killed_before_the_next(
    store: Store, stage: Stage
) -> None:
    at = store.loop.begin(1)
    store.loop.enter(at.id, stage)
    store.loop.note(at.id, stage, {"done": "before"})
    stages = Stages()

    (over,) = list(Loop(store, stages, review).run(1, goal=1))

    assert stage not in [name for _, name in stages.done]
    assert over.facts[stage] == {"done": "before"}
    assert over.ended_at


def test_a_round_that_is_stopped_waits_where_it_is(store: Store) -> None:
    stages = Stages()
    assert list(Loop(store, stages, review).run(1, 1, stopped=lambda: len(stages.done) == 3)) == []
    assert store.loop.rounds(1)[0].stage == "train"


def test_a_reviewer_is_named_by_module_and_function() -> None:
    assert load_reviewer("tests.ui.looping.test_loop:review") is not None
    assert load_reviewer("tests.ui.looping.test_loop").__name__ == "review"
    for wrong in ("no.such.module:review", "tests.ui.looping.test_loop:nobody", ":x"):
        with pytest.raises(SettingsError, match="no reviewer"):
            load_reviewer(wrong)
    with pytest.raises(SettingsError, match="no function"):
        load_reviewer("tests.ui.looping.test_loop:AFTER_REVIEW")


def test_too_few_verified_figures_are_not_trained_on(store: Store) -> None:
    at = store.loop.begin(1)

    done = Commands(store, Training(), 1)("train", at)

    assert "0 verified figures are too few" in done["skipped"]
    review(store, 4)  # each without its marker, and so without a region
    lacking = Commands(store, Training(), 1)("train", at)
    assert lacking["skipped"].startswith("preset zoomin needs regions with a text")
    assert Commands(store, Training(), 1)("index", at) == {"skipped": "no model was trained in this round"}


class Recorded(Commands):
    """Remembers the commands instead of running them."""

    asked: tuple[str, ...] = ()

    def _process(self, *command: str) -> str:
        self.asked = command
        Path(command[command.index("-o") + 1]).mkdir(parents=True)
        return ""


@pytest.mark.parametrize(
    ("training", "given"),
    [
        (Training(sure=0.3), ["--sure", "0.3"]),
        (Training(sure=0.3, preset="panel2patch"), ["--sure", "0.3"]),
        (Training(unverified=True), ["--unverified"]),
    ],
)
def test_open_proposals_are_trained_on_where_that_is_asked_for_also_before_anything_is_verified(
    store: Store, training: Training, given: list[str]
) -> None:
    review(store, 1)  # without its marker, and so without a region
    do = Recorded(store, training, 1)

    done = do("train", store.loop.begin(1))

    assert (done["run"], done["retrieval"]) == ("loop-1", {})
    assert list(do.asked[-len(given) :]) == given
    assert do.asked[do.asked.index("--preset") + 1] == training.preset


def test_where_no_proposal_is_so_sure_there_is_nothing_to_train_on(tmp_path: Path) -> None:
    store = Store(tmp_path / "doubted")
    for figure_id in add_figures(store, 6):
        sources = {node.id: replace(node.provenance, confidence=0.3) for node in HIERARCHY.nodes()}
        doubted = HIERARCHY.with_nodes(replace(node, provenance=sources[node.id]) for node in HIERARCHY.nodes())
        store.reviews.mined(figure_id, doubted, "embedded 1")

    done = Recorded(store, Training(sure=0.6), 1)("train", store.loop.begin(1))

    assert "needs" in done["skipped"]
    store.close()


class MinesAgain(Commands):
    """A round of mining again ends; the loop is killed before it hears of it, as often as it is told."""

    def __init__(self, store: Store, kills: int, figures: int = 5) -> None:
        super().__init__(store, Training(), figures)
        self._rounds, self._kills, self._figures = store.remining, kills, figures

    def _process(self, *command: str) -> str:
        round_id = self._rounds.open_round() or self._rounds.begin(Limits(self._figures), [])
        self._rounds.end(round_id)
        if self._kills:
            self._kills -= 1
            raise SystemExit(-9)
        return json.dumps([asdict(self._rounds.round(round_id))])


def test_what_was_mined_again_is_not_mined_again_once_more_where_the_loop_was_killed_before_it_noted_that(
    store: Store,
) -> None:
    store.remining.end(store.remining.begin(Limits(5), []))  # by hand, before
    at = store.loop.begin(1)
    with pytest.raises(SystemExit):
        MinesAgain(store, kills=1)("remine", at)

    done = MinesAgain(store, kills=0)("remine", store.loop.rounds(1)[0])

    assert (done["figures"], done["done"], done["cost"]) == (0, 0, 0)
    assert [one.id for one in store.remining.rounds()] == [2, 1]
    store.loop.end(at.id)
    MinesAgain(store, kills=0)("remine", store.loop.begin(1))
    assert len(store.remining.rounds()) == 3  # another round of the loop mines again


def test_a_round_of_mining_again_that_was_open_is_gone_on_with_once(store: Store) -> None:
    store.remining.begin(Limits(5), [])
    at = store.loop.begin(1)
    with pytest.raises(SystemExit):
        MinesAgain(store, kills=1)("remine", at)

    MinesAgain(store, kills=0)("remine", store.loop.rounds(1)[0])

    assert len(store.remining.rounds()) == 1


def test_a_round_of_mining_again_with_other_limits_is_not_the_loop_s(store: Store) -> None:
    with pytest.raises(SystemExit):
        MinesAgain(store, kills=1, figures=3)("remine", store.loop.begin(1))

    MinesAgain(store, kills=0)("remine", store.loop.rounds(1)[0])

    assert [one.limits.figures for one in store.remining.rounds()] == [5, 3]


@pytest.mark.process
def test_a_command_that_fails_says_what_it_said(store: Store) -> None:
    (store.project / "curator.toml").write_text("[nonsense]\n")

    with pytest.raises(LoopError, match=r"remine.*code 1: .*nonsense.*curator loop"):
        Commands(store, Training(), 1)("remine", store.loop.begin(1))


_POLITE = """#!{python}
import os, signal, time
signal.signal(signal.SIGTERM, lambda *_: os._exit(print("{{}}", flush=True) or 0))
while True:
    os.kill(os.getppid(), signal.SIGTERM)
    time.sleep(0.05)
"""


@pytest.mark.process
def test_asked_to_stop_it_ends_at_the_stage_that_was_under_way_also_where_that_ended_well(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "polite"
    command.write_text(_POLITE.format(python=sys.executable))
    command.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(command))
    before = signal.signal(signal.SIGTERM, lambda *_: None)  # it may ask before anybody listens
    try:
        with pytest.raises(SystemExit):
            list(Loop(store, Commands(store, Training(), 1), review).run(1, goal=1))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert store.loop.rounds(1)[0].stage == "assess"
