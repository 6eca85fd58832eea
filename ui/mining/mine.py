"""Mining figures with any agent: the embedded one, a model, or the consensus of what was mined before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from curator.doubts import Doubt
from curator.errors import CuratorError, MiningError
from curator.figure import Hierarchy

if TYPE_CHECKING:
    from agents.embedded.agent import EmbeddedAgent
    from agents.embedded.scales import ScaledAgent
    from agents.engine import Job, Mined
    from agents.lvlm.agent import LvlmAgent, Proposal
    from curator.settings import Settings
    from data.store import Store

EMBEDDED, SCALES, CONSENSUS = "embedded", "embedded-scales", "consensus"

Item = TypeVar("Item")
Stopped = Callable[[], bool]
Doubts = Callable[[str], Sequence[Doubt]]
"""What is doubted of a figure, by its id."""


@dataclass(frozen=True, slots=True)
class MinedFigure:
    """What came of one figure: a mining that is kept, or the reason why there is none."""

    figure_id: str
    mining_id: int | None
    reason: str = ""
    cost: float = 0.0
    """In the currency of the settings' prices."""


def mine_figures(
    store: Store,
    settings: Settings,
    figure_ids: Sequence[str],
    agent: str,
    stopped: Stopped = lambda: False,
    *,
    aside: bool,
    workers: int | None = None,
    doubts: Doubts = lambda _: (),
) -> Iterator[MinedFigure]:
    """Lets an agent propose for figures; results as they come, in any order, each kept before it is told.

    ``agent`` is "embedded", "embedded-scales" (the same at several scales), "consensus" (of the figure's minings), or
    else the model that the settings name, which is told the ``doubts``. With ``aside`` a figure's open proposals stay
    as they are, else they are replaced. ``workers``: processes of the embedded agent.

    Raises:
        BudgetError, ModelError, SettingsError: mining cannot begin or ended early; figures without a result wait.
    """
    keep = _Keeper(store, aside)
    match agent:
        case "embedded" | "embedded-scales":
            return _embedded(store, settings, _until(stopped, figure_ids), workers, keep, agent)
        case "consensus":
            return _consensus(store, _until(stopped, figure_ids), keep)
    return _model(store, settings, figure_ids, workers, stopped, keep, doubts)


class _Keeper:
    """Keeps minings, with confidences as calibrated on what curators decided."""

    def __init__(self, store: Store, aside: bool) -> None:
        self._store = store
        self._aside = aside

    def keep(
        self,
        figure_id: str,
        agent: str,
        model: str | None,
        signature: str,
        hierarchy: Hierarchy,
        *,
        seconds: float = 0.0,
        cost: float = 0.0,
        faults: Sequence[str] = (),
    ) -> MinedFigure:
        from curator.calibration import calibrated

        store = self._store
        try:
            sure = calibrated(hierarchy, store.outcomes.calibrations())
            mining_id = store.minings.save(figure_id, agent, model, sure, seconds=seconds, cost=cost)
            if not self._aside:
                store.reviews.mined(figure_id, sure, signature, now_s=time.time())
        except CuratorError as error:
            return MinedFigure(figure_id, None, str(error), cost)
        if faults:
            self._store.problems.add("mine", figure_id, f"mined by {signature}, but {'; '.join(faults)}", figure_id)
        return MinedFigure(figure_id, mining_id, cost=cost)


def _embedded(
    store: Store, settings: Settings, figure_ids: Iterable[str], workers: int | None, keeper: _Keeper, agent: str
) -> Iterator[MinedFigure]:
    for result in _mined_embedded(store, settings, figure_ids, workers, agent):
        if result.hierarchy is None:
            yield MinedFigure(result.figure_id, None, result.reason)
        else:
            yield _kept_embedded(keeper, result.figure_id, result.hierarchy, agent)


def _kept_embedded(keeper: _Keeper, figure_id: str, hierarchy: Hierarchy, agent: str = EMBEDDED) -> MinedFigure:
    return keeper.keep(figure_id, agent, None, _embedded_agent(agent).signature, hierarchy)


def _embedded_agent(agent: str) -> type[EmbeddedAgent | ScaledAgent]:
    from agents.embedded.agent import EmbeddedAgent
    from agents.embedded.scales import ScaledAgent

    return EmbeddedAgent if agent == EMBEDDED else ScaledAgent


def _mined_embedded(
    store: Store, settings: Settings, figure_ids: Iterable[str], workers: int | None, agent: str = EMBEDDED
) -> Iterator[Mined]:
    """What the embedded agent finds, in processes of its own that are started once."""
    from agents.engine import Job, Mined, default_workers, mine

    missing: list[Mined] = []

    def jobs() -> Iterator[Job]:
        for figure_id in figure_ids:
            try:
                figure = store.reviews.figure(figure_id)
                yield Job(figure, store.images.web(figure.image_sha256))
            except CuratorError as error:
                missing.append(Mined(figure_id, None, str(error)))

    yield from mine(jobs(), partial(_embedded_agent(agent), settings.mining), workers or default_workers())
    yield from missing


def _consensus(store: Store, figure_ids: Iterable[str], keeper: _Keeper) -> Iterator[MinedFigure]:
    from curator.consensus import consensus

    for figure_id in figure_ids:
        minings = [mining for mining in store.minings.current(figure_id) if mining.agent != CONSENSUS]
        if len(minings) < 2:
            reason = f"a consensus needs minings of two agents, {figure_id} has {len(minings)}; mine it with another"
            yield MinedFigure(figure_id, None, reason)
            continue
        hierarchy = consensus([mining.hierarchy for mining in minings], store.reviews.figure(figure_id).image_wh)
        yield keeper.keep(figure_id, CONSENSUS, None, CONSENSUS, hierarchy)


def _model(
    store: Store,
    settings: Settings,
    figure_ids: Sequence[str],
    workers: int | None,
    stopped: Stopped,
    keeper: _Keeper,
    doubts: Doubts,
) -> Iterator[MinedFigure]:
    from agents.engine import load_rgb
    from agents.lvlm.engine import ask_about_many
    from data.store.clock import now_iso

    agent = _lvlm_agent(store, settings)
    asked_at: dict[str, str] = {}

    def ask(candidates: Mined) -> Proposal:
        asked_at[candidates.figure_id] = now_iso()
        hierarchy = candidates.hierarchy
        if candidates.reason:
            raise MiningError(candidates.reason)
        if hierarchy is None:
            hierarchy = _embedded_mining(store, candidates.figure_id)
        figure = store.reviews.figure(candidates.figure_id)
        return agent.propose(figure, load_rgb(store.images.web(figure.image_sha256)), hierarchy, doubts(figure.id))

    jobs = _with_candidates(store, settings, _until(stopped, figure_ids), workers)
    for done in ask_about_many(jobs, ask, settings.model.in_flight, stopped):
        figure_id, proposal = done.job.figure_id, done.outcome
        if proposal is None:
            cost = store.exchanges.cost_since(figure_id, asked_at[figure_id])
            yield MinedFigure(figure_id, None, str(done.error), cost)
            continue
        yield keeper.keep(
            figure_id,
            agent.name,
            agent.model_name,
            agent.signature,
            proposal.hierarchy,
            seconds=proposal.seconds,
            cost=proposal.cost,
            faults=proposal.faults,
        )


def _lvlm_agent(store: Store, settings: Settings) -> LvlmAgent:
    from agents.lvlm.agent import LvlmAgent
    from agents.lvlm.asking.budget import Budget
    from agents.lvlm.providers.registry import make_model
    from ui.mining.examples import VerifiedFigures

    model = make_model(settings.model)
    return LvlmAgent(model, store.exchanges, Budget(settings.model), settings, VerifiedFigures(store).nearest)


def _with_candidates(
    store: Store, settings: Settings, figure_ids: Iterable[str], workers: int | None
) -> Iterator[Mined]:
    """The figures as a model is asked about them: first those that the embedded agent has mined before (their
    hierarchies are read when their turn comes), then the others as it finishes them."""
    from agents.engine import Mined

    known = store.minings.mined_by(EMBEDDED, None)
    unknown = []
    for figure_id in figure_ids:
        if figure_id in known:
            yield Mined(figure_id, None)
        else:
            unknown.append(figure_id)
    if not unknown:
        return
    aside = _Keeper(store, aside=True)
    for result in _mined_embedded(store, settings, unknown, workers):
        if result.hierarchy is not None:
            _kept_embedded(aside, result.figure_id, result.hierarchy)
        yield result


def _embedded_mining(store: Store, figure_id: str) -> Hierarchy:
    return next(mining.hierarchy for mining in store.minings.of_figure(figure_id) if mining.agent == EMBEDDED)


def _until(stopped: Stopped, items: Iterable[Item]) -> Iterator[Item]:
    for item in items:
        if stopped():
            return
        yield item
