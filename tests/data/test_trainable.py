"""What would be trained on, counted in the database, beside what an export of the same moment holds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from curator.assessor import Assessed
from curator.commands import parse_commands
from curator.figure import Hierarchy, Panel, PanelKind, Region, Shared, Span
from data.export import export
from data.store import Store
from data.store.assessors import AssessedFigure
from data.store.trainable import INSIDE, SURE, Counts
from tests.data.projects import AGENT, CAPTION, HIERARCHY, add_figures
from trainer import pairs
from trainer.snapshot import describe

NOW = 1_000_000.0
WORDLESS = Span(CAPTION.index(". (A)"), CAPTION.index(". (A)") + 3)
TEXTS = ("", "  ... ", "ß", "plain words")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "project")
    yield opened
    opened.close()


def decide(store: Store, figure_id: str, who: str, *commands: dict[str, str]) -> None:
    revision = store.reviews.load(figure_id, NOW).revision
    store.reviews.decide(figure_id, revision, parse_commands(list(commands)), f"{who}#1", NOW)
    store.reviews.release(figure_id, f"{who}#1")


def drawn(draw: random.Random) -> Hierarchy:
    """Panels and regions with and without words, inside one another, beside one another, and in no panel."""
    spans = ((), (Span(7, 21),), (WORDLESS,), (WORDLESS, Span(22, 41)))
    panels = tuple(
        Panel(
            f"p{number}",
            (50.0 * (number - 1), 0, 50.0 * number, draw.choice((60.25, 60.5, 80.0))),
            AGENT,
            kind=draw.choice(list(PanelKind)),
            own_spans=draw.choice(spans),
            own_text=draw.choice((None, None, *TEXTS)),
            description=draw.choice(TEXTS),
            summary=draw.choice(TEXTS[:2]),
        )
        for number in (1, 2)
    )
    regions = tuple(
        Region(
            f"r{number}",
            draw.choice((None, "p1", "p2")),
            draw.choice(((10, 10, 20, 20), (40, 50, 60.5, 70), (45.5, 0, 54.5, 61), (60, 10, 70, 80))),
            AGENT,
            label=draw.choice(TEXTS[:3]),
            caption=draw.choice(TEXTS[:2]),
            description=draw.choice(TEXTS[:2]),
            clause_span=draw.choice((None, WORDLESS, Span(26, 40))),
        )
        for number in (3, 4, 5, 6)
    )
    return Hierarchy(panels, (), regions, Shared(draw.choice(spans[:3]), draw.choice(spans[:3])))


def exported(store: Store, folder: Path, verified_only: bool, sure: float) -> Counts:
    """What training would say of an export of this moment."""
    export(store, "jsonl", folder, verified_only, sure=sure)
    snapshot = describe(folder)
    assert snapshot.warnings == ()  # splits are those of the articles
    kinds: dict[str, int] = {}
    licenses: dict[str, int] = {}
    for split in snapshot.pairs:
        for total, found in ((kinds, snapshot.kinds[split]), (licenses, snapshot.licenses[split])):
            for name, n in found.items():
                total[name] = total.get(name, 0) + n
    return Counts(
        sum(snapshot.figures.values()),
        sum(snapshot.articles.values()),
        {level: {split: snapshot.pairs[split][level] for split in ("train", "val", "test")} for level in "MPR"},
        kinds,
        licenses,
        left_out=snapshot.left_out,
    )


def test_counts_are_those_of_an_export_whatever_the_figures_hold(store: Store, tmp_path: Path) -> None:
    draw = random.Random(5)
    for number in range(40):
        (figure_id,) = add_figures(store, 1, f"PMC{number}")
        store.reviews.mined(figure_id, drawn(draw), "embedded 1")
        rejected = [{"op": "judge", "id": node, "state": "rejected"} for node in ("p1", "r3") if draw.random() < 0.3]
        judged = [{"op": "judge", "id": "r4", "state": "accepted"}] if draw.random() < 0.5 else []
        closed = draw.choice(([], [{"op": "judge_figure", "state": "accepted"}]))
        if commands := [*judged, *rejected, *closed]:
            decide(store, figure_id, "ann", *commands)
        if number % 4:
            assessed = Assessed({"p1": draw.random(), "r4": draw.random(), "r5": SURE}, None, 1.0, 0.0, 9, 0.0)
            revision = store.reviews.load(figure_id, NOW).revision
            store.assessors.replace(0, [AssessedFigure(figure_id, revision, assessed)])
    found = store.trainable.counts()
    ways = {"verified": (True, 0.0), "sure": (False, SURE), "every": (False, 0.0)}
    assert found.verified.levels["R"]["train"] < found.sure.levels["R"]["train"] < found.every.levels["R"]["train"]
    for name, (verified_only, sure) in ways.items():
        counts: Counts = getattr(found, name)
        expected = exported(store, tmp_path / f"export-{name}", verified_only, sure)
        assert replace(counts, people={}) == expected
        assert set(counts.left_out) > {"panels without text", "regions without text", "regions outside their panel"}
        assert all(counts.levels["P"].values())


def test_the_share_of_a_region_inside_its_panel_is_the_trainers() -> None:
    assert INSIDE == pairs.INSIDE


def test_people_are_those_who_decided_in_figures_that_count(store: Store) -> None:
    first, second, third = (add_figures(store, 1, name)[0] for name in ("PMC1", "PMC2", "PMC3"))
    for figure_id in (first, second, third):
        store.reviews.mined(figure_id, HIERARCHY, "embedded 1")
    decide(store, first, "ann", {"op": "judge", "id": "p1", "state": "accepted"})
    decide(store, first, "bob", {"op": "judge_figure", "state": "accepted"})
    decide(store, second, "bob", {"op": "judge", "id": "p1", "state": "accepted"})
    decide(store, third, "eve", {"op": "judge_figure", "state": "skipped", "reason": "blurred"})
    found = store.trainable.counts()
    assert found.verified.people == {"ann": 1, "bob": 1}
    assert found.every.people == {"bob": 2, "ann": 1}


def test_an_empty_project_has_every_count_at_nought(store: Store) -> None:
    assert store.trainable.counts().every == Counts()
    assert asdict(Counts())["levels"]["R"] == {"train": 0, "val": 0, "test": 0}


def test_a_changed_project_is_counted_again_after_twenty_times_as_long_as_counting_takes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (figure_id,) = add_figures(store)
    store.reviews.mined(figure_id, HIERARCHY, "embedded 1")
    clock = iter([0.0, 2.0, 41.9, 42.1, 42.1, 42.1])  # counting began, ended; looked; looked, began, ended
    monkeypatch.setattr("data.store.trainable.monotonic", lambda: next(clock))
    before = store.trainable.counts()
    assert store.trainable.counts() is before
    decide(store, figure_id, "ann", {"op": "judge_figure", "state": "accepted"})
    assert store.trainable.counts() is before
    assert store.trainable.counts().verified.figures == 1
