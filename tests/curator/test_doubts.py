"""What is doubted of a figure, in which questions, and where."""

from __future__ import annotations

from dataclasses import replace

import pytest

from curator.doubts import Doubt, doubts
from curator.figure import Hierarchy, PanelKind, Shared, Span, State
from tests.curator.test_evidence import ARROW, FIGURE, PLACE, WHOLE, A, B

SURE = dict.fromkeys(("p1", "p2", "m3", "r4"), 0.9)
SEEN = replace(B, kind=PanelKind.MICROSCOPY, photographic=True)


def said(hierarchy: Hierarchy, confidences: dict[str, float] | None = None) -> dict[str, Doubt]:
    return {doubt.words: doubt for doubt in doubts(FIGURE, hierarchy, {**SURE, **(confidences or {})})}


def test_nothing_is_doubted_of_a_whole_figure_that_is_sure() -> None:
    assert doubts(FIGURE, WHOLE, SURE) == ()
    assert doubts(FIGURE, WHOLE, {}) == ()


@pytest.mark.parametrize(
    ("hierarchy", "confidences", "words", "concerns", "box"),
    [
        (
            replace(WHOLE, panels=(A,), markers=(), regions=()),
            {},
            "the caption speaks of panel B, no box has that label",
            {"panels", "caption"},
            None,
        ),
        (
            replace(WHOLE, panels=(A, replace(B, box_xyxy=(40, 0, 100, 80)))),
            {},
            "panel A and panel B overlap",
            {"panels"},
            (0, 0, 100, 80),
        ),
        (replace(WHOLE, panels=(A, replace(B, label="a"))), {}, "2 panels are labelled 'a'", {"panels"}, None),
        (
            replace(WHOLE, panels=(A, replace(B, label="C"))),
            {},
            "panel C has a letter that the caption does not name",
            {"panels", "caption"},
            B.box_xyxy,
        ),
        (
            replace(WHOLE, panels=(replace(A, own_spans=()), B)),
            {},
            "no words of the caption were given to panel A",
            {"caption"},
            None,
        ),
        (
            replace(WHOLE, panels=(replace(A, rival_spans=(Span(0, 6),)), B)),
            {},
            "two readings give panel A different words",
            {"caption"},
            None,
        ),
        (
            WHOLE,
            {"p1": 0.3},
            "panel A is perhaps no panel, or has another extent or label",
            {"panels"},
            A.box_xyxy,
        ),
        (
            replace(WHOLE, markers=(replace(ARROW, box_xyxy=(10, 10, 20, 20), color="white"),)),
            {},
            "the white arrow lies mostly outside of its panel, panel B",
            {"panels", "markers"},
            (10, 10, 20, 20),
        ),
        (
            replace(WHOLE, markers=(replace(ARROW, panel_id=None),)),
            {},
            "the arrow lies in no panel",
            {"panels", "markers"},
            ARROW.box_xyxy,
        ),
        (
            replace(WHOLE, markers=(replace(ARROW, clause_span=None),)),
            {},
            "no words of the caption were found for the arrow: it is perhaps no marker, or its words were overlooked",
            {"markers"},
            ARROW.box_xyxy,
        ),
        (WHOLE, {"m3": 0.2}, "the arrow is perhaps no marker, or of another kind", {"markers"}, ARROW.box_xyxy),
        (
            replace(WHOLE, panels=(A, SEEN), markers=(), regions=()),
            {},
            'no marker was found for "(B) Arrow, mitosis"',
            {"caption", "markers"},
            B.box_xyxy,
        ),
        (
            replace(WHOLE, regions=(replace(PLACE, label="nucleus"),)),
            {"r4": 0.1},
            "the region 'nucleus' is perhaps elsewhere, or has another extent",
            {"markers"},
            PLACE.box_xyxy,
        ),
        (
            replace(WHOLE, regions=(replace(PLACE, marker_id=None),)),
            {"r4": 0.1},
            "a region without a label is perhaps elsewhere, or has another extent",
            {"regions"},
            PLACE.box_xyxy,
        ),
    ],
    ids=lambda value: value.replace(" ", "-")[:40] if isinstance(value, str) else "",
)
def test_each_fault_is_named_in_the_questions_that_it_concerns(
    hierarchy: Hierarchy,
    confidences: dict[str, float],
    words: str,
    concerns: set[str],
    box: tuple[float, ...] | None,
) -> None:
    doubt = said(hierarchy, confidences)[words]
    assert (doubt.concerns, doubt.box_xyxy) == (concerns, box)


def test_words_about_a_star_in_a_plot_are_no_missing_marker() -> None:
    plots = replace(WHOLE, panels=(A, replace(B, kind=PanelKind.PLOT, photographic=False)), markers=(), regions=())
    assert doubts(FIGURE, plots, SURE) == ()


def test_words_that_several_panels_share_are_doubted_in_no_place() -> None:
    shared = replace(WHOLE, panels=(replace(A, own_spans=B.own_spans), SEEN), markers=(), regions=())
    (doubt,) = said(shared).values()
    assert (doubt.words, doubt.box_xyxy) == ('no marker was found for "(B) Arrow, mitosis"', None)


def test_what_a_person_decided_is_not_doubted_and_what_one_rejected_is_not_there() -> None:
    accepted = replace(WHOLE, panels=(replace(A, state=State.ACCEPTED), B))
    assert doubts(FIGURE, accepted, {**SURE, "p1": 0.1}) == ()
    rejected = Hierarchy((A, replace(B, label="A", state=State.REJECTED)), shared=Shared(promised_labels=("A",)))
    assert doubts(FIGURE, rejected, SURE) == ()


def test_the_least_sure_proposals_are_doubted_first() -> None:
    found = list(said(WHOLE, {"p1": 0.4, "p2": 0.2, "m3": 0.3}))
    assert [words.partition(" is")[0] for words in found] == ["panel B", "the arrow", "panel A"]
