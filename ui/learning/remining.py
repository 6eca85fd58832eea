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
from curator.errors import BudgetError, CuratorError, ModelError
from curator.figure import Figure, FigureState, Hierarchy
from curator.remining import WAYS, Way, better_levels, decided_levels, next_way, worth
from curator.remining_limits import Limits
from data.store.remining import Remined
from ui.mining.mine import CONSENSUS, MinedFigure, Stopped, mine_figures

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
        """Mines what the round still has to mine; each figure is kept before it is told.

        New proposals replace old ones only level by level, where they promise to be better and nobody has decided on
        one; else they stand beside, to be compared in the page. Ends early where the limits are reached.

        Raises:
            ModelError, SettingsError: no figure could be mined the way that was planned.
        """
        limits = next(one.limits for one in self._store.remining.rounds() if one.id == round_id)
        began_s, spent, ended_early = self._now_s(), 0.0, ""

        def over() -> bool:
            nonlocal ended_early
            if stopped():
                ended_early = "it was stopped"
            elif limits.seconds and self._now_s() - began_s >= limits.seconds:
                ended_early = f"the {limits.seconds:g} seconds were spent"
            elif limits.cost and spent >= limits.cost:
                ended_early = f"the cost of {limits.cost:g} was spent"
            return bool(ended_early)

        by_way = sorted(self._store.remining.waiting(round_id), key=lambda one: _PLACE[one[1]])
        for name, figures in groupby(by_way, key=lambda one: one[1]):
            if over():
                break
            way = next(one for one in WAYS if one.name == name)
            try:
                for mined in self._mined(way, [figure_id for figure_id, _ in figures], over):
                    done = self._considered(way, mined)
                    self._store.remining.note(round_id, done)
                    spent += done.cost
                    yield done
            except (BudgetError, ModelError) as error:  # other ways may still go
                ended_early = str(error)
        self._store.remining.end(round_id, ended_early)

    def _mined(self, way: Way, figure_ids: Sequence[str], stopped: Stopped) -> Iterator[MinedFigure]:
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
        agent = way.agent or settings.model.provider
        return self._mine(
            self._store,
            settings,
            figure_ids,
            agent,
            stopped,
            aside=True,
            workers=self._workers,
            doubts=self._doubts if way.harder else lambda _: (),
        )

    def _doubts(self, figure_id: str) -> tuple[Doubt, ...]:
        review = self._store.reviews.load(figure_id, 0.0).review
        return doubts(review.figure, review.hierarchy, self._store.assessors.of_figure(figure_id))

    def _considered(self, way: Way, mined: MinedFigure) -> Remined:
        """Adopts what is better of a new mining."""
        done = Remined(mined.figure_id, way.name, mined.mining_id, reason=mined.reason, cost=mined.cost)
        if mined.mining_id is None:
            return done
        store = self._store
        stored = store.reviews.load(mined.figure_id, time.time())
        proposed = store.minings.mining(mined.mining_id).hierarchy
        if stored.review.state != FigureState.PROPOSED:
            return replace(done, reason=f"a person has {stored.review.state} it meanwhile")
        before, after = self._worths(stored.review.figure, stored.review.hierarchy, proposed)
        done = replace(done, worth_before=sum(before.values()), worth_after=sum(after.values()))
        better = better_levels(before, after)
        levels = better - decided_levels(stored.review.hierarchy)
        if not levels:
            return replace(done, reason="a person has decided there" if better else "")
        agent = f"{way.agent or self._settings.model.provider} again ({way.name})"
        try:
            store.reviews.mined(mined.figure_id, proposed, agent, time.time(), levels)
        except CuratorError as error:  # somebody edits it now: the mining stands beside
            return replace(done, reason=str(error))
        stands = sum((after if level in levels else before)[level] for level in before)
        return replace(done, adopted=tuple(sorted(levels)), worth_after=stands)

    def _worths(
        self, figure: Figure, standing: Hierarchy, proposed: Hierarchy
    ) -> tuple[Mapping[Level, float], Mapping[Level, float]]:
        """Of the old and the new, by the same assessor; each is a witness of the other. The model's fits are of the old
        nodes' texts alone, and stay out."""
        _, known = self._store.assessors.in_use()
        assessor = known or Assessor.prior()
        minings = [one.hierarchy for one in self._store.minings.current(figure.id) if one.agent != CONSENSUS]

        def worth_of(hierarchy: Hierarchy, beside: Hierarchy) -> Mapping[Level, float]:
            return worth(hierarchy, assess(assessor, figure, hierarchy, [*minings, beside], {}).nodes)

        return worth_of(standing, proposed), worth_of(proposed, standing)


_PLACE: Final = {way.name: place for place, way in enumerate(WAYS)}
