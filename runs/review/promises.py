"""How well the guarantee of auto-acceptance holds: an error rate is asked for, and the truth says what came of it.

python -m runs.review.promises --size cpu
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

from bench.stand_ins.curators import SimulatedCurator
from bench.stand_ins.differences import differences
from bench.stand_ins.proposals import AGENTS, Proposals
from curator.assessor import Assessor, assess
from curator.audit_sample import AuditFigure, statement
from curator.figure import Hierarchy, Panel
from curator.guarantee import DELTA, MAX_PANELS, PROMISES, Promised, guarantee
from data.store import Store
from runs.review.corpora import Truths
from runs.review.project import fill
from runs.review.sessions import review_all
from ui.learning.assessing import fit_now

ASKED = (0.01, 0.02, 0.05, 0.1)
LEARNED_ON = 71
"""Seed of the project whose decisions the assessor learned from; none of its figures is in the pool."""


@dataclass(frozen=True, slots=True)
class Size:
    figures: int
    """Of each seed."""
    seeds: tuple[int, ...]
    noises: int
    """Times that each figure is proposed anew."""
    reviewed: tuple[int, ...]
    """Figures of the audit sample that a person has reviewed."""
    draws: int


SIZES = {
    "cpu": Size(300, (51, 52, 53, 54, 55), 3, (100, 300, 1000), 100),
    "tiny": Size(12, (72,), 2, (10,), 4),
}


@dataclass(frozen=True, slots=True)
class Draw:
    """One project, its audit sample, and what was promised of it."""

    accepted: float
    """Share of the open figures; 0 where nothing could be promised."""
    panels: float
    """Share of their panels."""
    wrong: float
    """Share of what the promise is about: of the panels accepted, or of all, accepted and wrong; 0 where none is."""
    kept: bool


def pool(size: Size, drawn: Path) -> list[AuditFigure]:
    """Figures with proposals, as the assessor sees them, and how many of their panels are wrong."""
    return list(_assessed(_learned(size, drawn), size, drawn))


def _learned(size: Size, drawn: Path) -> Assessor:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        known = fill(store, Truths(size.figures, LEARNED_ON), drawn, noise_seed=LEARNED_ON)
        review_all(store, SimulatedCurator(known), list(known))
        fit_now(store)
        assessor = store.assessors.latest()
        store.close()
    assert assessor is not None
    return assessor


def _assessed(assessor: Assessor, size: Size, drawn: Path) -> Iterator[AuditFigure]:
    for seed in size.seeds:
        for article, figures in Truths(size.figures, seed).articles(drawn):
            for noise in range(size.noises):
                proposals = Proposals(1000 * seed + noise)
                for figure, truth in figures:
                    minings = [proposals.of(figure, truth, agent, article.journal) for agent in AGENTS]
                    found = assess(assessor, figure, minings[0], minings, {})
                    panels = len(minings[0].panels)
                    wrong = min(_wrong_panels(truth, minings[0]), panels)
                    yield AuditFigure(f"{seed}-{noise}-{figure.id}", found.confidence or 0.0, panels, wrong)


def _wrong_panels(truth: Hierarchy, found: Hierarchy) -> int:
    """As ``AuditFigure`` counts them: words do not matter."""
    pairs = differences(truth, found)
    return sum(isinstance(pair.true or pair.found, Panel) and bool(pair.faults - {"words"}) for pair in pairs)


def draw(figures: Sequence[AuditFigure], reviewed: int, asked: float, promised: Promised, seed: int) -> Draw:
    """A sample is drawn from the pool and reviewed; what waits is like the pool."""
    drawn = np.random.default_rng(seed).integers(len(figures), size=reviewed)
    sample = [figures[index] for index in drawn]
    confidences, panels, wrong = np.array([(one.confidence, one.panels, one.wrong) for one in figures]).T
    small = panels <= MAX_PANELS
    found = guarantee(sample, confidences[small], asked, promised, open_panels=panels[small].astype(np.int64))
    threshold = 2.0 if found.threshold is None else found.threshold
    accepted = (confidences >= threshold) & (panels <= found.max_panels)
    if promised == "accepted":
        share = wrong[accepted].sum() / max(panels[accepted].sum(), 1)
    else:  # the loss of a figure is its share of wrong panels
        share = (wrong[accepted] / panels[accepted]).sum() / small.sum()
    return Draw(
        float(accepted.mean()), float(panels[accepted].sum() / panels.sum()), float(share), bool(share <= asked)
    )


def table(figures: Sequence[AuditFigure], size: Size) -> str:
    lines = [
        "| promise | asked | figures reviewed | promised anything | figures accepted | panels | wrong, mean | kept |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for promised in PROMISES:
        for asked in ASKED:
            for reviewed in size.reviewed:
                draws = [draw(figures, reviewed, asked, promised, seed) for seed in range(size.draws)]
                some = [one for one in draws if one.accepted]
                cells = (
                    promised,
                    f"{asked:.0%}",
                    f"{reviewed:,}",
                    f"{len(some) / len(draws):.0%}",
                    f"{fmean(one.accepted for one in draws):.0%}",
                    f"{fmean(one.panels for one in draws):.0%}",
                    f"{fmean(one.wrong for one in some):.2%}" if some else "-",
                    f"{fmean(one.kept for one in draws):.0%}",
                )
                lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def coverage(figures: Sequence[AuditFigure], size: Size) -> str:
    """How often the interval of the share of right panels holds it, and half its width: of figures that may be
    accepted, of the surest 70 % of them, and of all."""
    small = [one for one in figures if one.panels <= MAX_PANELS]
    surest = sorted(small, key=lambda one: -one.confidence)[: round(0.7 * len(small))]
    lines = ["| figures | right | figures reviewed | held | half of the width |", "| --- | --- | --- | --- | --- |"]
    for name, some in ((f"of up to {MAX_PANELS} panels", small), ("the surest 70% of them", surest), ("all", figures)):
        right = 1 - sum(one.wrong for one in some) / sum(one.panels for one in some)
        for reviewed in size.reviewed:
            said = []
            for seed in range(10 * size.draws):
                drawn = np.random.default_rng(seed).integers(len(some), size=reviewed)
                said.append(statement([some[index] for index in drawn]))
            made = [one for one in said if one is not None]
            held = fmean(one.low <= right <= one.high for one in made)
            half = fmean(one.high - one.low for one in made) / 2
            lines.append(f"| {name} | {right:.1%} | {reviewed:,} | {held:.1%} | {half:.2%} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=sorted(SIZES), default="cpu")
    parser.add_argument("--results", type=Path, default=Path("var/review"), help="folder; corpora are kept")
    given = parser.parse_args(arguments)
    size = SIZES[given.size]
    figures = [figure for figure in pool(size, given.results) if figure.panels]
    panels = sum(figure.panels for figure in figures)
    wrong = sum(figure.wrong for figure in figures)
    print(f"{len(figures):,} figures, {panels:,} panels proposed", file=sys.stderr, flush=True)
    print(
        f"{size.draws} draws from {len(figures):,} figures of {panels:,} proposed panels, {wrong / panels:.1%} wrong; "
        f'"accepted" is to be kept in {1 - DELTA:.0%} of draws, "all" on average\n'
    )
    print(table(figures, size))
    print("\n" + coverage(figures, size))


if __name__ == "__main__":
    main()
