"""What speaks for and against a proposal."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.evidence import Evidence, evidence, lacking, missing_labels, numbers
from curator.figure import (
    Figure,
    Hierarchy,
    Marker,
    MarkerKind,
    Panel,
    PanelKind,
    Provenance,
    Region,
    Shared,
    Span,
    State,
)
from curator.samples import Samples
from curator.witnesses import disagreement
from tests.curator.hierarchies import CAPTION, IMAGE_WH, hierarchies

FIGURE = Figure("f", "a", "f.png", "0", IMAGE_WH, caption=CAPTION)
OURS = Provenance("embedded", "1", "", 0.8)
THEIRS = Provenance("openai", "1", "", 0.8, "big")
A = Panel("p1", (0, 0, 50, 80), OURS, "A", own_spans=(Span(7, 21),))
B = Panel("p2", (50, 0, 100, 80), OURS, "B", own_spans=(Span(22, 41),))
ARROW = Marker("m3", "p2", MarkerKind.ARROW, (60, 10, 70, 20), OURS, clause_span=Span(26, 40))
PLACE = Region("r4", "p2", (70, 20, 90, 40), OURS, clause_span=Span(26, 40), marker_id="m3")
WHOLE = Hierarchy((A, B), (ARROW,), (PLACE,), Shared(promised_labels=("A", "B")))


def by(hierarchy: Hierarchy, provenance: Provenance) -> Hierarchy:
    return hierarchy.with_nodes(replace(node, provenance=provenance) for node in hierarchy.nodes())


def of(hierarchy: Hierarchy, *others: Hierarchy, fits: dict[str, float] | None = None) -> dict[str, Evidence]:
    return evidence(FIGURE, hierarchy, others, fits or {})


def test_nothing_speaks_against_a_whole_figure_that_two_agents_see_alike() -> None:
    for found in of(WHOLE, by(WHOLE, THEIRS)).values():
        assert found.confidence == pytest.approx(math.log(4))
        assert found.confirmed == 1.0
        against = ("unseen", "loose", "other_label", "doubled", "misplaced", "overlapped", "outside", "homeless")
        assert [getattr(found, name) for name in against] == [0.0] * len(against)
        assert (found.missing, found.wordless, found.unmarked, found.pointless) == (0.0, 0.0, 0.0, 0.0)


def test_a_mining_by_the_node_s_own_agent_is_no_witness() -> None:
    assert of(WHOLE, WHOLE) == of(WHOLE)


def test_a_witness_that_does_not_have_the_node_speaks_against_it() -> None:
    found = of(WHOLE, by(replace(WHOLE, panels=(A,), markers=(), regions=()), THEIRS))
    assert {node_id: one.unseen for node_id, one in found.items()} == {"p1": 0.0, "p2": 1.0, "m3": 1.0, "r4": 1.0}
    assert {node_id: one.confirmed for node_id, one in found.items()} == {"p1": 1.0, "p2": 0.0, "m3": 0.0, "r4": 0.0}


@pytest.mark.parametrize(
    ("changed", "signal", "node_id"),
    [
        (replace(WHOLE, panels=(A, replace(B, label="A"))), "doubled", "p2"),
        (replace(WHOLE, panels=(replace(A, label="B"), replace(B, label="A"))), "misplaced", "p1"),
        (replace(WHOLE, panels=(A, replace(B, label="C"))), "unpromised", "p2"),
        (replace(WHOLE, panels=(A, replace(B, label=None))), "unlabelled", "p2"),
        (replace(WHOLE, panels=(A, replace(B, label=None))), "missing", "p1"),
        (replace(WHOLE, panels=(A, replace(B, box_xyxy=(10, 0, 60, 80)))), "overlapped", "p1"),
        (replace(WHOLE, panels=(A, replace(B, box_xyxy=(50, 0, 65, 15)))), "outside", "r4"),
        (replace(WHOLE, panels=(A, replace(B, box_xyxy=(55, 7, 93, 71)))), "unaligned", "p2"),
        (replace(WHOLE, panels=(A, replace(B, state=State.REJECTED))), "homeless", "m3"),
        (replace(WHOLE, markers=(), regions=()), "unmarked", "p2"),
        (replace(WHOLE, regions=()), "pointless", "m3"),
        (replace(WHOLE, markers=(replace(ARROW, clause_span=None),)), "wordless", "m3"),
        (replace(WHOLE, panels=(A, replace(B, own_spans=()))), "wordless", "p2"),
        (replace(WHOLE, panels=(A, replace(B, rival_spans=(Span(0, 5),)))), "two_readings", "p2"),
        (replace(WHOLE, panels=(A, replace(B, box_xyxy=(50, 0, 60, 10)))), "bare", "p1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_fault_is_seen_where_it_is(changed: Hierarchy, signal: str, node_id: str) -> None:
    assert getattr(of(WHOLE)[node_id], signal) < getattr(of(changed)[node_id], signal)


def test_letters_that_run_down_a_column_are_in_order() -> None:
    below = replace(WHOLE, panels=(replace(A, box_xyxy=(0, 0, 100, 40)), replace(B, box_xyxy=(0, 40, 100, 80))))
    assert of(below)["p1"].misplaced == 0.0


def test_a_fit_says_something_and_no_fit_says_nothing() -> None:
    found = of(WHOLE, fits={"p1": 0.9})
    assert found["p1"].fit > 0 == found["p1"].fitless
    assert (found["p2"].fit, found["p2"].fitless) == (0.0, 1.0)


def test_samples_that_lack_a_node_or_read_it_otherwise_speak_against_it() -> None:
    def with_samples(samples: Samples | None) -> tuple[float, float, float]:
        panel = replace(A, provenance=replace(OURS, samples=samples))
        found = of(replace(WHOLE, panels=(panel, B)))["p1"]
        return found.sampled, found.unsteady, found.wavering

    assert with_samples(None) == (0.0, 0.0, 0.0)
    assert with_samples(Samples(1, 1, label=1, kind=1)) == (0.0, 0.0, 0.0)
    assert with_samples(Samples(4, 4)) == (1.0, 0.0, 0.0)
    assert with_samples(Samples(6, 4, label=3, kind=2, text=4)) == (1.0, pytest.approx(1 / 3), 0.5)
    assert with_samples(Samples(3, 0, label=0, kind=0)) == (1.0, 1.0, 0.0)


def test_what_a_figure_lacks_is_counted() -> None:
    assert missing_labels(WHOLE) == ()
    without = replace(WHOLE, panels=(replace(B, photographic=True),), markers=(), regions=())
    assert missing_labels(without) == ("A",)
    found = lacking(FIGURE, without)
    assert (found.promised, found.panels, found.unmarked, found.markers) == (1, 1, 1, 0)


def test_markers_that_the_caption_speaks_of_are_lacking_until_one_of_their_clause_is_found() -> None:
    said = "(A) Cells. (B) Tissue. Arrows: mitoses. The asterisk marks a vessel."
    figure = replace(FIGURE, caption=said)
    pictures = replace(WHOLE, panels=(A, replace(B, kind=PanelKind.MICROSCOPY, photographic=True)), regions=())
    start = said.index("Arrows")
    arrow = replace(ARROW, clause_span=Span(start, said.index(".", start)))

    def unmarked(hierarchy: Hierarchy) -> int:
        return lacking(figure, hierarchy).unmarked

    assert unmarked(replace(pictures, markers=())) == 3
    assert unmarked(replace(pictures, markers=(arrow,))) == 1
    assert unmarked(replace(pictures, markers=(replace(arrow, state=State.REJECTED),))) == 3
    plots = replace(pictures, panels=(A, replace(B, kind=PanelKind.PLOT, photographic=False)))
    assert unmarked(replace(plots, markers=())) == 0


def test_disagreement_is_none_among_like_minds_and_whole_where_nothing_matches() -> None:
    assert disagreement(WHOLE, [by(WHOLE, THEIRS)]) == 0.0
    assert disagreement(WHOLE, [WHOLE, Hierarchy()]) == 1.0
    swapped = by(replace(WHOLE, panels=(replace(A, label="B"), B)), THEIRS)
    assert disagreement(WHOLE, [swapped]) == 0.5
    assert disagreement(WHOLE, []) == 0.0


@given(hierarchies((State.PROPOSED, State.ACCEPTED, State.REJECTED)), st.lists(hierarchies(agent="other"), max_size=2))
def test_every_open_proposal_has_evidence_of_finite_numbers(hierarchy: Hierarchy, others: list[Hierarchy]) -> None:
    found = of(hierarchy, *others)
    assert set(found) == {node.id for node in hierarchy.nodes() if node.state == State.PROPOSED}
    assert all(math.isfinite(number) for one in found.values() for number in numbers(one))
    assert 0.0 <= disagreement(hierarchy, others) <= 1.0
