"""What search may find, and what has changed since it was read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from curator.commands import parse_commands
from curator.figure import Article, Figure, PanelKind, State
from data.store import Store
from tests.data.projects import CAPTION, add_figures, add_mined_figure, keep_image

NOW = 1_000_000.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "project")
    yield opened
    opened.close()


def decide(store: Store, figure_id: str, *commands: object) -> None:
    revision = store.reviews.load(figure_id, NOW).revision
    store.reviews.decide(figure_id, revision, parse_commands(list(commands)), "ann#1", NOW)


def replace_figure(store: Store, article_id: str) -> str:
    figure = Figure("fig1", article_id, "f.png", keep_image(store, 10), (100, 80), "Figure 1", CAPTION + " New.")
    (replaced,) = store.articles.save(Article(article_id, "A title", license="CC BY 4.0"), [figure]).replaced
    return replaced


def found(store: Store, figure_id: str | None = None) -> set[tuple[str, str]]:
    return {(node.figure_id, node.node_id) for node in store.findable.nodes(figure_id)}


def test_panels_and_regions_are_found_and_a_region_is_of_its_panels_kind(store: Store) -> None:
    first, second = add_mined_figure(store, "PMC1"), add_mined_figure(store, "PMC2")
    add_figures(store, 1, "PMC3")
    decide(store, first, {"op": "update", "id": "p2", "fields": {"kind": "gel"}})
    nodes = {node.node_id: node for node in store.findable.nodes(first)}
    assert {name: (node.level, node.kind, node.state) for name, node in nodes.items()} == {
        "p1": ("panel", PanelKind.MICROSCOPY, State.PROPOSED),
        "p2": ("panel", PanelKind.GEL, State.EDITED),
        "r4": ("region", PanelKind.GEL, State.PROPOSED),
    }
    assert found(store) == {(figure, node) for figure in (first, second) for node in ("p1", "p2", "r4")}
    assert list(store.findable.revisions()) == [first, second], "what is not mined is not indexed"


def test_rejected_nodes_skipped_figures_and_old_versions_are_not_found(store: Store) -> None:
    rejected, skipped, replaced, verified = (add_mined_figure(store, f"PMC{n}") for n in range(1, 5))
    decide(store, rejected, {"op": "judge", "id": "p2", "state": "rejected"})
    decide(store, skipped, {"op": "judge_figure", "state": "skipped", "reason": "blurred"})
    decide(store, verified, {"op": "judge_figure", "state": "accepted"})
    for article_id in ("PMC3", "PMC4"):
        replace_figure(store, article_id)
    assert {node for figure, node in found(store) if figure == rejected} <= {"p1", "r4"}
    assert {figure for figure, _ in found(store)} == {rejected}
    assert list(store.findable.revisions()) == [rejected]
    assert found(store, replaced) == found(store, verified) == found(store, skipped) == set()


def test_only_figures_that_have_changed_are_named(store: Store) -> None:
    edited, same, replaced = (add_mined_figure(store, f"PMC{n}") for n in range(1, 4))
    before = store.findable.mark()
    assert store.findable.changed(before) == set()
    decide(store, edited, {"op": "move", "id": "p1", "dx": 1, "dy": 0})
    replace_figure(store, "PMC3")
    assert store.findable.mark() != before
    assert store.findable.changed(before) == {edited, replaced}
    assert same not in store.findable.changed(before)
