"""Mining again what is doubted, in a round that can be stopped and goes on where it stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, islice
from typing import TYPE_CHECKING, Final

from curator.assessor import Assessor, assess
from curator.codec import Level
from curator.doubts import Doubt, doubts
from curator.errors import BudgetError, CuratorError, ModelError, StaleError
from curator.figure import Figure, FigureState, Hierarchy
from curator.remining import WAYS, Way, better_levels, decided_levels, next_way, worth
from curator.remining_limits import Limits
from data.store.remining import Remined
from ui.mining.mine import MinedFigure, Stopped, mine_figures

if TYPE_CHECKING:
    from curator.settings import Settings
    from data.store import Store

_HARDER_VIEWS: Final = 2  # times as many; guess
_HARDER_EXAMPLES: Final = 2  # more than usual; guess
_MOST_VIEWS: Final = 16  # of the settings
_MOST_EXAMPLES: Final = 8

Mine = Callable[..., Iterator[MinedFigure]]
"""As ``ui.mining.mine.mine_figures``."""


class Remining:
    """Rounds over one project. ``mine`` lets an agent propose; ``now_s`` is a clock of seconds."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        mine: Mine = mine_figures,
        now_s: Callable[[], float] = time.monotonic,
        workers: int | None = None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._mine = mine
        self._now_s = now_s
        self._workers = workers

    def plan(self, limits: Limits) -> list[tuple[str, Way]]:
        """The figures of a round and the way to go with each: the most expected errors first, the cheapest way that was
        not gone yet."""
        tried = self._store.remining.tried()
        with_model = bool(self._settings.model.model)
        ways = (
            (figure_id, next_way(tried.get(figure_id, ()), with_model, minings))
            for figure_id, minings in self._store.remining.doubted(limits.confidence_below)
        )
        planned = ((figure_id, way) for figure_id, way in ways if way is not None)
        return list(islice(planned, limits.figures or None))

    def begin(self, limits: Limits) -> int:
        """A new round; its id."""
        return self._store.remining.begin(limits, [(figure_id, way.name) for figure_id, way in self.plan(limits)])

    def run(self, round_id: int, stopped: Stopped = lambda: False) -> Iterator[Remined]:
        """Mines what the round still has to mine; each figure is kept before it is told. What the round took before it
        was stopped or killed counts towards its limits.

        New proposals replace old ones only level by level, where they promise to be better and nobody has decided on
        one; else they stand beside, to be compared in the page. Ends early where the limits are reached.

        Raises:
            ModelError, SettingsError: no figure could be mined the way that was planned.
        """
        rounds = self._store.remining
        begun = rounds.round(round_id)
        limits, began_s, ended_early = begun.limits, self._now_s() - begun.seconds, ""

        def over() -> bool:
            nonlocal ended_early
            if stopped():
                ended_early = "it was stopped"
            elif limits.seconds and self._now_s() - began_s >= limits.seconds:
                ended_early = f"the {limits.seconds:g} seconds were spent"
            elif limits.cost and rounds.round(round_id).cost >= limits.cost:
                ended_early = f"the cost of {limits.cost:g} was spent"
            return bool(ended_early)

        by_way = sorted(rounds.waiting(round_id), key=lambda one: _PLACE[one[1]])
        for name, figures in groupby(by_way, key=lambda one: one[1]):
            if over():
                break
            way = next(one for one in WAYS if one.name == name)
            try:
                for mined in self._mined(round_id, way, [figure_id for figure_id, _ in figures], over):
                    yield self._considered(round_id, way, mined, self._now_s() - began_s)
            except (BudgetError, ModelError) as error:  # other ways may still go
                ended_early = str(error)
        rounds.end(round_id, ended_early if rounds.waiting(round_id) else "")

    def _mined(self, round_id: int, way: Way, figure_ids: Sequence[str], stopped: Stopped) -> Iterator[MinedFigure]:
        settings = self._settings
        if way.harder:
            prompting = settings.prompting
            settings = replace(
                settings,
                prompting=replace(
                    prompting,
                    views=min(prompting.views * _HARDER_VIEWS, _MOST_VIEWS),
                    examples=min(prompting.examples + _HARDER_EXAMPLES, _MOST_EXAMPLES),
                ),
            )
        agent, model = (way.agent, None) if way.agent else (settings.model.provider, settings.model.model)
        before = self._store.remining.mined_before(round_id, way.name, agent, model)
        yield from (MinedFigure(figure_id, before[figure_id]) for figure_id in figure_ids if figure_id in before)
        yield from self._mine(
            self._store,
            settings,
            [figure_id for figure_id in figure_ids if figure_id not in before],
            agent,
            stopped,
            aside=True,
            workers=self._workers,
            doubts=self._doubts if way.harder else lambda _: (),
        )

    def _doubts(self, figure_id: str) -> tuple[Doubt, ...]:
        review = self._store.reviews.load(figure_id, 0.0).review
        return doubts(review.figure, review.hierarchy, self._store.assessors.of_figure(figure_id))

    def _considered(self, round_id: int, way: Way, mined: MinedFigure, seconds: float) -> Remined:
        """Adopts what is better of a new mining, and keeps what came of it in the same transaction."""
        store = self._store
        done = Remined(mined.figure_id, way.name, mined.mining_id, reason=mined.reason)
        if mined.mining_id is None:
            return self._kept(round_id, done, seconds)
        stored = store.reviews.load(mined.figure_id, time.time())
        proposed = store.minings.mining(mined.mining_id).hierarchy
        if stored.review.state != FigureState.PROPOSED:
            reason = f"a person has {stored.review.state} it meanwhile"
            return self._kept(round_id, replace(done, reason=reason), seconds)
        before, after = self._worths(stored.review.figure, stored.review.hierarchy, proposed)
        done = replace(done, worth_before=sum(before.values()), worth_after=sum(after.values()))
        decided = decided_levels(stored.review.hierarchy)
        better = better_levels(before, after, decided)
        levels = better - decided
        if not levels:
            return self._kept(round_id, replace(done, reason="a person has decided there" if better else ""), seconds)
        stands = sum((after if level in levels else before)[level] for level in before)
        agent = f"{way.agent or self._settings.model.provider} again ({way.name})"
        try:
            with store.connections.write() as conn:
                store.reviews.take_mined(conn, mined.figure_id, stored.revision, proposed, levels, agent, time.time())
                adopted = replace(done, adopted=tuple(sorted(levels)), worth_after=stands)
                return store.remining.note(conn, round_id, adopted, seconds)
        except StaleError:  # somebody decided meanwhile
            return self._considered(round_id, way, mined, seconds)
        except CuratorError as error:  # somebody edits it now: the mining stands beside
            return self._kept(round_id, replace(done, reason=str(error)), seconds)

    def _kept(self, round_id: int, done: Remined, seconds: float) -> Remined:
        with self._store.connections.write() as conn:
            return self._store.remining.note(conn, round_id, done, seconds)

    def _worths(
        self, figure: Figure, standing: Hierarchy, proposed: Hierarchy
    ) -> tuple[Mapping[Level, float], Mapping[Level, float]]:
        """Of the old and the new, by the same assessor and the same witnesses as in the queue, for which it is
        calibrated. The model's fits are of the old nodes' texts alone, and stay out."""
        _, known = self._store.assessors.in_use()
        assessor = known or Assessor.prior()
        minings = [one.hierarchy for one in self._store.minings.current(figure.id)]
        old, new = (
            worth(hierarchy, assess(assessor, figure, hierarchy, minings, {}).nodes)
            for hierarchy in (standing, proposed)
        )
        return old, new


_PLACE: Final = {way.name: place for place, way in enumerate(WAYS)}
