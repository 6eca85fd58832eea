"""Many answers become one set of panels: by votes, and with the embedded agent's evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.lvlm.panels.pooling import PanelFinding, Pooled, pool
from curator.figure import PanelKind
from curator.samples import Samples
from tests.agents.lvlm.poolings import BOTH, CONFIRMED, LEFT, RIGHT, TWO, WH, answer, boxes, candidate, seen


def test_confirmed_candidates_keep_their_tight_boxes_and_their_letters() -> None:
    pooled = pool(TWO, [answer(n, *CONFIRMED) for n in range(3)], WH, ("A", "B"))
    assert boxes(pooled) == [LEFT, RIGHT]
    assert [panel.label for panel in pooled.panels] == ["A", "B"]
    assert [panel.label_box_xyxy for panel in pooled.panels] == [panel.label_box_xyxy for panel in TWO]
    assert all(panel.confidence > 0.97 for panel in pooled.panels)
    assert pooled.panels[0].exchanges == ("x0", "x1", "x2")
    assert pooled.dropped == ()


def test_a_candidate_that_three_answers_deny_is_dropped_with_the_reason() -> None:
    pooled = pool(TWO, [answer(n, seen(0, label="A")) for n in range(3)], WH)
    assert boxes(pooled) == [LEFT]
    assert [(d.box_xyxy, d.label, d.reason) for d in pooled.dropped] == [
        (RIGHT, "B", "0 answers for it and 3 against it")
    ]


def test_a_candidate_that_no_answer_was_asked_about_stays_as_sure_as_it_was() -> None:
    pooled = pool(TWO, [answer(n, seen(0, label="A"), drawn=(0,)) for n in range(2)], WH)
    assert boxes(pooled) == [LEFT, RIGHT]
    assert pooled.panels[1].exchanges == ()
    assert pooled.panels[1].confidence == pytest.approx(0.9 * 0.9, abs=0.01)  # of its box, and of its letter


def test_a_sure_candidate_outlives_one_answer_that_misses_it() -> None:
    answers = [answer(0, *CONFIRMED), answer(1, *CONFIRMED), answer(2, seen(0, label="A"))]
    assert boxes(pool(TWO, answers, WH)) == [LEFT, RIGHT]


def test_marks_that_most_answers_join_are_one_panel() -> None:
    unsure = (candidate(1, LEFT, None, 0.5), candidate(2, RIGHT, None, 0.5))
    joined, apart = (seen(0, 1, label="A"),), (seen(0, label="A"), seen(1))
    pooled = pool(unsure, [answer(0, *joined), answer(1, *joined), answer(2, *apart)], WH)
    assert boxes(pooled) == [BOTH]
    assert {d.box_xyxy: d.reason for d in pooled.dropped} == {
        LEFT: "outvoted by candidate p1 + p2 in the same place",
        RIGHT: "outvoted by candidate p1 + p2 in the same place",
    }


def test_marks_that_one_answer_joins_stay_apart() -> None:
    answers = [answer(0, seen(0, 1, label="A")), answer(1, *CONFIRMED), answer(2, *CONFIRMED)]
    assert boxes(pool(TWO, answers, WH)) == [LEFT, RIGHT]


def test_a_candidate_around_two_panels_gives_way_to_their_boxes() -> None:
    split = (seen(box=LEFT, label="A"), seen(box=RIGHT, label="B"))
    pooled = pool([candidate(1, BOTH, "A")], [answer(n, *split, drawn=(0,)) for n in range(3)], WH)
    assert boxes(pooled) == [LEFT, RIGHT]
    assert [panel.label for panel in pooled.panels] == ["A", "B"]
    assert pooled.panels[0].label_box_xyxy == (10.0, 10.0, 30.0, 30.0)


def test_a_panel_that_one_answer_of_three_adds_is_dropped() -> None:
    extra = seen(box=(600, 100, 900, 300), label="C")
    answers = [answer(0, *CONFIRMED, extra), answer(1, *CONFIRMED), answer(2, *CONFIRMED)]
    pooled = pool(TWO, answers, WH)
    assert boxes(pooled) == [LEFT, RIGHT]
    assert [d.reason for d in pooled.dropped] == ["1 answer for it and 2 against it"]


def test_a_panel_inside_another_stays_where_most_answers_have_both() -> None:
    inset = (600.0, 100.0, 900.0, 300.0)
    pooled = pool(TWO, [answer(n, *CONFIRMED, seen(box=inset, label="C")) for n in range(3)], WH, ("A", "B", "C"))
    assert boxes(pooled) == [LEFT, RIGHT, inset]


def test_a_box_given_for_a_candidate_asked_about_elsewhere_confirms_it() -> None:
    loose = (500.0, 0.0, 1000.0, 800.0)
    pooled = pool(TWO, [answer(0, seen(0, label="A"), seen(box=loose, label="B"), drawn=(0,))], WH)
    assert boxes(pooled) == [LEFT, RIGHT]
    assert pooled.panels[1].exchanges == ("x0",)


def test_a_picture_that_cuts_a_panel_does_not_vote_against_it() -> None:
    cut = (0.0, 0.0, 700.0, 800.0)
    only_left = seen(0, label="A")
    whole = [answer(n, *CONFIRMED) for n in range(2)]
    without = pool(TWO, whole, WH)
    with_cut = pool(TWO, [*whole, answer(2, only_left, drawn=(0,), window=cut)], WH)
    against = pool(TWO, [*whole, answer(2, only_left)], WH)
    assert with_cut.panels[1] == without.panels[1]
    assert against.panels[1].confidence < without.panels[1].confidence


def test_one_exchange_counts_once_however_many_pictures_it_answers() -> None:
    confirmed = [replace(answer(n, *CONFIRMED), exchange="x0") for n in range(3)]
    assert pool(TWO, confirmed, WH).panels == pool(TWO, confirmed[:1], WH).panels


def test_no_answers_and_no_candidates_make_no_panels() -> None:
    assert pool((), [], WH) == Pooled((), ())


def test_without_answers_the_candidates_stand() -> None:
    assert boxes(pool(TWO, [], WH)) == [LEFT, RIGHT]


def test_panels_come_as_promised_then_from_top_to_bottom() -> None:
    places = {"C": (0, 0, 90, 90), None: (100, 200, 190, 290), "A": (200, 0, 290, 90), "B": (300, 0, 390, 90)}
    sightings = [seen(box=box, label=label) for label, box in places.items()]
    sightings.append(seen(box=(400, 100, 490, 190)))
    pooled = pool((), [answer(n, *sightings, drawn=()) for n in range(2)], WH, ("A", "B", "C"))
    assert [panel.label for panel in pooled.panels] == ["A", "B", "C", None, None]
    assert pooled.panels[3].box_xyxy[1] < pooled.panels[4].box_xyxy[1]


@pytest.mark.parametrize("confirmations", [1, 2, 3])
def test_more_confirmations_make_a_panel_surer(confirmations: int) -> None:
    def confidence(n: int) -> float:
        answers = [answer(k, *(CONFIRMED if k < n else CONFIRMED[:1])) for k in range(4)]
        found: list[PanelFinding] = [p for p in pool(TWO, answers, WH).panels if p.label == "B"]
        return found[0].confidence

    assert confidence(confirmations + 1) > confidence(confirmations)


def test_a_panel_tells_how_many_of_the_pictures_that_show_it_have_it_and_read_it_alike() -> None:
    cut = (0.0, 0.0, 700.0, 800.0)
    answers = [
        answer(0, seen(0, label="A"), seen(1, label="B", kind=PanelKind.PLOT)),
        answer(1, seen(0, label="A"), seen(1, label="C")),
        answer(2, seen(0, label="A")),
        answer(3, seen(0, label="A"), drawn=(0,), window=cut),
    ]
    left, right = pool(TWO, answers, WH, ("A", "B")).panels
    assert left.samples == Samples(4, 4, label=4, kind=4)
    assert (right.label, right.kind) == ("B", PanelKind.PLOT)
    assert right.samples == Samples(3, 2, label=1, kind=1)


def test_a_candidate_that_stands_against_its_answers_has_samples_without_it_and_one_that_none_shows_has_none() -> None:
    against, unasked = pool(TWO, [answer(0, drawn=(0,))], WH).panels
    assert against.samples == Samples(1, 0, label=0, kind=0)
    assert unasked.samples is None
