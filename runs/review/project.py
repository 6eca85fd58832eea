"""A project of drawn figures with proposals of erring agents: what a simulated curator reviews."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.stand_ins.proposals import AGENTS, Agent, Proposals
from curator.figure import Hierarchy
from data.store import Store
from runs.review.corpora import Truths


def fill(
    store: Store, truths: Truths, drawn: Path, noise_seed: int, agents: Sequence[Agent] = AGENTS
) -> dict[str, Hierarchy]:
    """Ingests and mines the figures without their pictures; the truth of each by its id.

    The first agent's proposals are the figures' own, those of the others are kept aside.
    """
    proposals = Proposals(noise_seed)
    known: dict[str, Hierarchy] = {}
    for article, figures in truths.articles(drawn):
        saved = store.articles.save(article, [figure for figure, _ in figures]).added
        for figure_id, (figure, truth) in zip(saved, figures, strict=True):
            known[figure_id] = truth
            for agent in agents:
                mined = proposals.of(figure, truth, agent, article.journal)
                store.minings.save(figure_id, agent.name, agent.model, mined)
                if agent is agents[0]:
                    store.reviews.mined(figure_id, mined, agent.name)
    return known
