"""Simulated curators: their commands make the truth of any proposals, and cost what a person's hands cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.stand_ins.curators import SimulatedCurator, TimeModel, Work
from bench.stand_ins.differences import differences, errors
from bench.stand_ins.proposals import AGENTS, Proposals
from curator.codec import Level
from curator.commands import Add, Judge
from curator.figure import Article, Figure, FigureState, Hierarchy, Marker, Panel, PanelKind, Region, State
from data.store import Store
from data.store.reviews import Stored
from runs.review.corpora import Truths

FIGURES = 16
ERRING = [replace(agent, panel=0.3, marker=0.4, region=0.4) for agent in AGENTS]
NOW = 0.0


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Article, list[tuple[Figure, Hierarchy]]]]:
    return list(Truths(FIGURES, 3).articles(tmp_path_factory.mktemp("drawn")))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path)
    yield store
    store.close()


def a_figure(store: Store, figure: Figure, proposed: Hierarchy) -> Stored:
    """The figure as a curator opens it."""
    (figure_id,) = store.articles.save(Article(figure.article_id), [figure]).added
    store.reviews.mined(figure_id, proposed, "embedded")
    return store.reviews.load(figure_id, NOW)


def reviewed(store: Store, stored: Stored, curator: SimulatedCurator) -> tuple[Work, Stored]:
    work = curator.review(stored)
    figure_id = stored.review.figure.id
    store.reviews.decide(figure_id, stored.revision, work.commands, "simulated", NOW, work.seconds)
    return work, store.reviews.load(figure_id, NOW)


def test_whatever_agents_propose_the_review_ends_in_the_truth(
    drawn: list[tuple[Article, list[tuple[Figure, Hierarchy]]]], store: Store
) -> None:
    wrong: set[tuple[Level, str]] = set()
    for seed in range(4):
        proposals = Proposals(seed)
        for article, figures in drawn:
            for figure, truth in figures:
                key = f"{seed}-{figure.id}"
                mined = proposals.of(figure, truth, ERRING[0], article.journal)
                stored = a_figure(store, replace(figure, id=key), mined)
                before = errors(truth, stored.review.hierarchy)
                for pair in differences(truth, stored.review.hierarchy):
                    node = pair.true or pair.found
                    assert node is not None
                    wrong |= {(_level(node), fault) for fault in pair.faults}
                work, after = reviewed(store, stored, SimulatedCurator({stored.review.figure.id: truth}))
                assert work.errors_mended == before
                assert errors(truth, after.review.hierarchy) == 0, key
                assert after.review.state == FigureState.ACCEPTED
    assert {("panel", fault) for fault in ("missing", "superfluous", "box", "label", "kind", "words")} <= wrong
    assert {("marker", fault) for fault in ("missing", "kind")} <= wrong
    assert {("region", fault) for fault in ("missing", "box", "words")} <= wrong


def _level(node: Panel | Marker | Region) -> Level:
    return "panel" if isinstance(node, Panel) else "marker" if isinstance(node, Marker) else "region"


@pytest.fixture
def known(drawn: list[tuple[Article, list[tuple[Figure, Hierarchy]]]]) -> tuple[Figure, Hierarchy]:
    """A figure of several panels with markers and regions."""
    return next(
        (figure, truth)
        for _, figures in drawn
        for figure, truth in figures
        if len(truth.panels) > 1 and truth.markers and all(panel.label for panel in truth.panels)
    )


def test_a_figure_without_errors_costs_the_look_alone(store: Store, known: tuple[Figure, Hierarchy]) -> None:
    figure, truth = known
    stored = a_figure(store, figure, truth)
    work, after = reviewed(store, stored, SimulatedCurator({stored.review.figure.id: truth}))
    words, shown = len(figure.caption.split()), len(list(truth.nodes()))
    assert work.errors_mended == 0
    assert work.seconds == pytest.approx(words / 238 * 60 + (shown + 1) * 1.35 + 0.28)
    assert [command.op for command in work.commands] == ["judge_figure"]
    assert {node.state for node in after.review.hierarchy.nodes()} == {State.ACCEPTED}


def test_a_superfluous_panel_is_rejected_after_what_is_right_below_it_was_moved(
    store: Store, known: tuple[Figure, Hierarchy]
) -> None:
    figure, truth = known
    width, height = figure.image_wh
    everything = Panel("p900", (0.0, 0.0, float(width), float(height)), truth.panels[0].provenance, "Z")
    below = tuple(replace(marker, panel_id="p900") for marker in truth.markers)
    regions = tuple(replace(region, panel_id="p900") for region in truth.regions)
    proposed = replace(truth, panels=(*truth.panels, everything), markers=below, regions=regions)
    stored = a_figure(store, figure, proposed)
    work, after = reviewed(store, stored, SimulatedCurator({stored.review.figure.id: truth}))
    assert work.errors_mended == 1 + len(truth.markers)
    assert work.commands[-2] == Judge(op="judge", id="p900", state="rejected")
    standing = [node for node in after.review.hierarchy.nodes() if node.state != State.REJECTED]
    assert len(standing) == len(list(truth.nodes()))
    assert [marker.panel_id for marker in after.review.hierarchy.markers] == [m.panel_id for m in truth.markers]


def test_drawing_costs_more_than_choosing_and_that_more_than_a_key(
    store: Store, known: tuple[Figure, Hierarchy]
) -> None:
    figure, truth = known
    first, *others = truth.panels
    wrong = PanelKind.TABLE if first.kind != PanelKind.TABLE else PanelKind.PHOTO
    doubled = replace(first, id="p900", box_xyxy=(0.0, 0.0, 3.0, 3.0), label=None, own_spans=())
    stored = {
        "right": truth,
        "missing": replace(truth, panels=tuple(others), markers=(), regions=()),
        "kind": replace(truth, panels=(replace(first, kind=wrong), *others)),
        "superfluous": replace(truth, panels=(*truth.panels, doubled)),
    }
    seconds = {}
    for name, proposed in stored.items():
        wanted = replace(truth, markers=(), regions=()) if name == "missing" else truth
        opened = a_figure(store, replace(figure, id=name), proposed)
        work = SimulatedCurator({opened.review.figure.id: wanted}).review(opened)
        assert work.errors_mended == (name != "right")
        shown = len(list(proposed.nodes()))
        seconds[name] = work.seconds - TimeModel().looking(figure, shown)
        assert sum(isinstance(command, Add) for command in work.commands) == (name == "missing")
    assert seconds["missing"] > 7 > seconds["kind"] > seconds["superfluous"] > seconds["right"] == pytest.approx(0)


def test_a_curator_who_errs_leaves_errors_and_makes_some(
    drawn: list[tuple[Article, list[tuple[Figure, Hierarchy]]]], store: Store
) -> None:
    left = {(0.0, 0.0): 0, (0.5, 0.0): 0, (0.0, 0.3): 0}
    found = 0
    for article, figures in drawn:
        for figure, truth in figures:
            mined = Proposals(1).of(figure, truth, ERRING[0], article.journal)
            for overlooks, mistakes in left:
                opened = a_figure(store, replace(figure, id=f"{figure.id}-{overlooks}-{mistakes}"), mined)
                known = {opened.review.figure.id: truth}
                work, after = reviewed(store, opened, SimulatedCurator(known, overlooks=overlooks, mistakes=mistakes))
                left[overlooks, mistakes] += errors(truth, after.review.hierarchy)
                found += work.errors_mended if not overlooks and not mistakes else 0
    assert left[0.0, 0.0] == 0
    assert 0.3 * found < left[0.5, 0.0] < 0.7 * found
    assert left[0.0, 0.3] > 0


def test_agents_err_on_different_figures_and_share_some_errors(
    drawn: list[tuple[Article, list[tuple[Figure, Hierarchy]]]],
) -> None:
    proposals = Proposals(5)
    wrong: dict[str, set[tuple[str, str]]] = {agent.name: set() for agent in ERRING}
    for article, figures in drawn:
        for figure, truth in figures:
            for agent in ERRING:
                mined = proposals.of(figure, truth, agent, article.journal)
                assert mined == proposals.of(figure, truth, agent, article.journal)
                assert all(node.provenance.confidence is not None for node in mined.nodes())
                pairs = differences(truth, mined)
                wrong[agent.name] |= {(figure.id, p.true.id) for p in pairs if p.faults and p.true is not None}
    first, second = wrong.values()
    assert len(first & second) > 2
    assert len(first - second) > 2
    assert len(second - first) > 2
