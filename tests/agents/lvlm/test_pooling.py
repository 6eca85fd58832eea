"""Many answers become one set of panels: by votes, and with the embedded agent's evidence."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.lvlm.panels.pooling import PanelFinding, Pooled, Sighting, ViewAnswer, fused, pool
from agents.lvlm.panels.pooling_boxes import Seen, corrected_box, pooled_box
from agents.lvlm.panels.pooling_labels import Label, Reading, choose_labels, kind_of, words_of
from agents.lvlm.panels.view_plan import PlannedView
from curator.figure import Panel, PanelKind, Provenance
from curator.geometry import Box, iou
from curator.samples import Samples

STEADY = settings(deadline=None, derandomize=True, max_examples=60)
WH = (1000, 800)
WHOLE = (0.0, 0.0, 1000.0, 800.0)
LEFT, RIGHT = (10.0, 10.0, 480.0, 780.0), (520.0, 10.0, 990.0, 780.0)
BOTH = (10.0, 10.0, 990.0, 780.0)


def candidate(number: int, box: Box, label: str | None = None, confidence: float = 0.9) -> Panel:
    letter = (box[0], box[1], box[0] + 20, box[1] + 20) if label else None
    provenance = Provenance("embedded", "1", "", confidence)
    return Panel(f"p{number}", box, provenance, label, letter, PanelKind.PLOT)


def seen(
    *marks: int,
    box: Box | None = None,
    label: str | None = None,
    kind: PanelKind = PanelKind.GEL,
    description: str = "",
) -> Sighting:
    return Sighting(marks, box, label, kind, description)


def answer(
    number: int,
    *sightings: Sighting,
    drawn: Sequence[int] = (0, 1),
    window: Box = WHOLE,
    scale: float = 1.0,
) -> ViewAnswer:
    """Number ``number`` of several answers, each to another size of picture."""
    return ViewAnswer(PlannedView(window, tuple(drawn), 900 + number), scale, sightings, f"x{number}")


def boxes(pooled: Pooled) -> list[Box]:
    return [panel.box_xyxy for panel in pooled.panels]


TWO = (candidate(1, LEFT, "A"), candidate(2, RIGHT, "B"))
CONFIRMED = (seen(0, label="A"), seen(1, label="B"))


# which places are panels


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


# boxes


def test_a_wrong_correction_by_one_answer_does_not_win() -> None:
    wrong = (10.0, 10.0, 250.0, 400.0)
    for others in (1, 2):
        answers = [answer(0, seen(0, box=wrong, label="A"), seen(1, label="B"))]
        answers += [answer(1 + n, *CONFIRMED) for n in range(others)]
        assert boxes(pool(TWO, answers, WH)) == [LEFT, RIGHT]
    assert boxes(pool(TWO, answers[:1], WH)) == [LEFT, RIGHT]


def test_a_correction_by_most_answers_wins() -> None:
    right = (10.0, 10.0, 480.0, 400.0)
    corrected = (seen(0, box=right, label="A"), seen(1, label="B"))
    answers = [answer(0, *corrected), answer(1, *corrected), answer(2, *CONFIRMED)]
    assert boxes(pool(TWO, answers, WH)) == [right, RIGHT]


def test_corrections_that_mean_other_boxes_do_not_add_up() -> None:
    upper, lower = (10.0, 10.0, 480.0, 300.0), (10.0, 400.0, 480.0, 780.0)
    answers = [answer(n, seen(0, box=box, label="A"), seen(1)) for n, box in enumerate((upper, lower))]
    assert boxes(pool(TWO, answers, WH))[0] == LEFT


def test_a_box_that_only_restates_a_mark_loosely_corrects_nothing() -> None:
    loose = (0.0, 0.0, 500.0, 800.0)
    answers = [answer(n, seen(0, box=loose, label="A"), seen(1, label="B")) for n in range(3)]
    assert boxes(pool(TWO, answers, WH)) == [LEFT, RIGHT]


def test_without_candidates_each_side_is_the_median() -> None:
    given_boxes = [(10.0, 20.0, 400.0, 500.0), (14.0, 10.0, 410.0, 520.0), (12.0, 30.0, 390.0, 510.0)]
    answers = [answer(n, seen(box=box, label="A"), drawn=()) for n, box in enumerate(given_boxes)]
    assert boxes(pool((), answers, WH)) == [(12.0, 20.0, 400.0, 510.0)]


@pytest.mark.parametrize(
    "odd", [(10.0, 10.0, 250.0, 780.0), (10.0, 10.0, 990.0, 780.0)], ids=["a half", "two panels in one"]
)
def test_a_box_that_is_quite_another_does_not_move_the_median(odd: Box) -> None:
    near = (14.0, 6.0, 490.0, 784.0)
    answers = [answer(n, seen(box=box, label="A"), drawn=()) for n, box in enumerate((LEFT, odd, near))]
    assert boxes(pool((), answers, WH)) == [(12.0, 8.0, 485.0, 782.0)]


def test_a_side_on_the_edge_of_a_crop_counts_least() -> None:
    crop = (0.0, 0.0, 300.0, 800.0)
    pooled = pooled_box([Seen((10.0, 10.0, 300.0, 780.0), crop), Seen((12.0, 12.0, 480.0, 782.0), WHOLE)], WH)
    assert pooled == (11.0, 11.0, 480.0, 781.0)


def test_a_side_on_the_edge_of_the_figure_counts_in_full() -> None:
    pooled = pooled_box([Seen((0.0, 0.0, 1000.0, 800.0), WHOLE), Seen((0.0, 0.0, 900.0, 800.0), WHOLE)], WH)
    assert pooled == (0.0, 0.0, 950.0, 800.0)


def test_halves_of_one_panel_seen_in_two_crops_make_one_panel() -> None:
    left, right = (0.0, 0.0, 700.0, 800.0), (300.0, 0.0, 1000.0, 800.0)
    answers = [
        answer(0, seen(box=(10, 10, 990, 780), label="A"), drawn=()),
        answer(1, seen(box=(12, 12, 700, 780), label="A"), drawn=(), window=left),
        answer(2, seen(box=(300, 8, 988, 780), label="A"), drawn=(), window=right),
    ]
    pooled = pool((), answers, WH)
    assert len(pooled.panels) == 1
    assert iou(pooled.panels[0].box_xyxy, BOTH) > 0.98


def test_boxes_that_overlap_a_little_are_one_panel_only_under_one_letter() -> None:
    first, second = (0.0, 0.0, 400.0, 400.0), (0.0, 160.0, 400.0, 560.0)  # IoU 0.43
    same = [answer(n, seen(box=box, label="A"), drawn=()) for n, box in enumerate((first, second))]
    other = [
        answer(n, seen(box=box, label=name), drawn=()) for n, (box, name) in enumerate(((first, "A"), (second, "B")))
    ]
    assert len(pool((), same, WH).panels) == 1
    assert pool((), same, WH).dropped == ()
    pooled = pool((), other, WH)
    assert boxes(pooled) == [first]
    assert [d.reason for d in pooled.dropped] == ["outvoted by a model's box in the same place"]


def test_corrected_box_needs_two_answers() -> None:
    wrong = Seen((10.0, 10.0, 100.0, 100.0), WHOLE)
    assert corrected_box(LEFT, [wrong], 1, WH) is None
    assert corrected_box(LEFT, [wrong, wrong], 2, WH) == wrong.box_xyxy


# letters, kinds, words


def test_the_letter_that_most_read_wins() -> None:
    answers = [answer(n, seen(box=LEFT, label=label), drawn=()) for n, label in enumerate(("A", "B", "A"))]
    assert [panel.label for panel in pool((), answers, WH).panels] == ["A"]


def test_letters_swapped_by_one_answer_are_put_right_by_the_others() -> None:
    swapped = (seen(0, label="B"), seen(1, label="A"))
    for answers in ([swapped, CONFIRMED, CONFIRMED], [swapped, CONFIRMED], [swapped]):
        pooled = pool(TWO, [answer(n, *sightings) for n, sightings in enumerate(answers)], WH)
        assert [panel.label for panel in pooled.panels] == ["A", "B"]


def test_letters_that_all_answers_read_otherwise_are_the_model_s() -> None:
    swapped = (seen(0, label="B"), seen(1, label="A"))
    pooled = pool(TWO, [answer(n, *swapped) for n in range(3)], WH, ("A", "B"))
    assert [(panel.label, panel.box_xyxy) for panel in pooled.panels] == [("A", RIGHT), ("B", LEFT)]
    assert [panel.label_box_xyxy for panel in pooled.panels] == [TWO[1].label_box_xyxy, TWO[0].label_box_xyxy]


def test_no_letter_is_given_twice() -> None:
    doubled = [
        answer(0, seen(box=LEFT, label="A"), seen(box=RIGHT, label="B"), drawn=()),
        answer(1, seen(box=LEFT, label="A"), seen(box=RIGHT), drawn=()),
        answer(2, seen(box=LEFT), seen(box=RIGHT, label="A"), drawn=()),
    ]
    pooled = pool((), doubled, WH)
    assert [(panel.label, panel.box_xyxy) for panel in pooled.panels] == [("A", LEFT), ("B", RIGHT)]


def test_a_letter_that_two_candidates_bear_may_be_given_twice() -> None:
    twice = (candidate(1, LEFT, "A"), candidate(2, RIGHT, "A"))
    pooled = pool(twice, [answer(n, seen(0, label="A"), seen(1, label="A")) for n in range(3)], WH)
    assert [panel.label for panel in pooled.panels] == ["A", "A"]


def test_a_label_is_written_as_printed_then_as_promised_then_as_read() -> None:
    printed = Reading(["a", "a"], [("A", (0.0, 0.0, 9.0, 9.0), 0.9)])
    unread = Reading(["b", "B", "b"], [])
    assert [label.text for label in choose_labels([printed, unread], ["(a)", "B"])] == ["A", "B"]
    assert choose_labels([unread])[0].text == "b"


def test_a_disputed_letter_is_less_probable() -> None:
    agreed = choose_labels([Reading(["A", "A", "A"], [])])[0]
    disputed = choose_labels([Reading(["A", "A", "B"], [])])[0]
    assert agreed.text == disputed.text == "A"
    assert disputed.probability < agreed.probability


def test_a_panel_without_any_letter_has_none_for_sure() -> None:
    assert choose_labels([Reading([None, None], [])]) == [Label(None, None, 1.0)]


def test_the_kind_is_voted_for() -> None:
    gel, plot, photo = PanelKind.GEL, PanelKind.PLOT, PanelKind.PHOTO
    assert kind_of([gel, gel, plot], [plot]) is gel
    assert kind_of([gel, plot], [plot]) is plot
    assert kind_of([photo], [plot]) is photo
    assert kind_of([], [plot]) is plot
    assert kind_of([], []) is PanelKind.OTHER


def test_the_words_are_of_the_largest_picture_that_read_the_panel_s_letter() -> None:
    words = [("A", "small", 0.5), ("A", "large", 1.0), ("B", "largest, of another", 2.0), ("A", " ", 3.0)]
    assert words_of(words, "a") == "large"
    assert words_of([("B", "other", 1.0)], "A") == "other"
    assert words_of([], "A") == ""


def test_panels_come_as_promised_then_from_top_to_bottom() -> None:
    places = {"C": (0, 0, 90, 90), None: (100, 200, 190, 290), "A": (200, 0, 290, 90), "B": (300, 0, 390, 90)}
    sightings = [seen(box=box, label=label) for label, box in places.items()]
    sightings.append(seen(box=(400, 100, 490, 190)))
    pooled = pool((), [answer(n, *sightings, drawn=()) for n in range(2)], WH, ("A", "B", "C"))
    assert [panel.label for panel in pooled.panels] == ["A", "B", "C", None, None]
    assert pooled.panels[3].box_xyxy[1] < pooled.panels[4].box_xyxy[1]


# confidence

shares = st.floats(0.05, 0.95)
counts = st.integers(0, 12)


@STEADY
@given(shares, counts, counts)
def test_confidence_rises_with_each_yes_and_falls_with_each_no(prior: float, yes: int, no: int) -> None:
    assert fused(prior, yes + 1, no) > fused(prior, yes, no) > fused(prior, yes, no + 1)


@STEADY
@given(shares, shares, counts, counts)
def test_confidence_rises_with_the_embedded_agent_s(one: float, other: float, yes: int, no: int) -> None:
    low, high = sorted((one, other))
    assert fused(low, yes, no) <= fused(high, yes, no)


@STEADY
@given(shares, st.integers(1, 12))
def test_agreeing_agents_are_surer_than_either(prior: float, yes: int) -> None:
    assert fused(prior, 0, 0) == pytest.approx(prior)
    assert fused(prior, yes, 0) > prior
    assert fused(max(prior, 0.51), yes, 0) > fused(0.5, yes, 0)


@pytest.mark.parametrize("confirmations", [1, 2, 3])
def test_more_confirmations_make_a_panel_surer(confirmations: int) -> None:
    def confidence(n: int) -> float:
        answers = [answer(k, *(CONFIRMED if k < n else CONFIRMED[:1])) for k in range(4)]
        found: list[PanelFinding] = [p for p in pool(TWO, answers, WH).panels if p.label == "B"]
        return found[0].confidence

    assert confidence(confirmations + 1) > confidence(confirmations)


# properties

corners = st.tuples(st.integers(0, 900), st.integers(0, 700), st.integers(40, 500), st.integers(40, 500))
some_boxes = corners.map(
    lambda c: (float(c[0]), float(c[1]), float(min(c[0] + c[2], 1000)), float(min(c[1] + c[3], 800)))
)


@st.composite
def sightings_of(draw: st.DrawFn, drawn: Sequence[int]) -> tuple[Sighting, ...]:
    free = list(drawn)
    out: list[Sighting] = []
    for _ in range(draw(st.integers(0, 4))):
        marks = tuple(sorted(free.pop() for _ in range(draw(st.integers(0, min(2, len(free)))))))
        box = draw(some_boxes if not marks else st.none() | some_boxes)
        out.append(Sighting(marks, box, draw(st.sampled_from([None, "A", "B", "c"])), PanelKind.GEL, "words"))
    return tuple(out)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[tuple[Panel, ...], list[ViewAnswer]]:
    panels = tuple(
        candidate(n, draw(some_boxes), draw(st.sampled_from([None, "A", "B"])), draw(st.floats(0, 1)))
        for n in range(draw(st.integers(0, 4)))
    )
    answers: list[ViewAnswer] = []
    for number in range(draw(st.integers(0, 4))):
        drawn = tuple(i for i in range(len(panels)) if draw(st.booleans()))
        window = draw(st.sampled_from([WHOLE, (0.0, 0.0, 600.0, 800.0), (300.0, 100.0, 1000.0, 700.0)]))
        answers.append(answer(number, *draw(sightings_of(drawn)), drawn=drawn, window=window))
    return panels, answers


@STEADY
@given(scenes(), st.randoms(use_true_random=False))
def test_the_order_of_the_answers_does_not_matter(
    scene: tuple[tuple[Panel, ...], list[ViewAnswer]], shuffled: random.Random
) -> None:
    panels, answers = scene
    other = [replace(a, sightings=tuple(shuffled.sample(a.sightings, len(a.sightings)))) for a in answers]
    shuffled.shuffle(other)
    assert pool(panels, other, WH) == pool(panels, answers, WH)


@STEADY
@given(scenes(), st.integers(0, 3))
def test_an_answer_that_is_there_twice_changes_nothing(
    scene: tuple[tuple[Panel, ...], list[ViewAnswer]], which: int
) -> None:
    panels, answers = scene
    if answers:
        again = replace(answers[which % len(answers)], exchange="asked again")
        once, twice = pool(panels, answers, WH), pool(panels, [*answers, again], WH)
        assert [replace(panel, exchanges=()) for panel in twice.panels] == [
            replace(panel, exchanges=()) for panel in once.panels
        ]
        assert twice.dropped == once.dropped


@STEADY
@given(scenes())
def test_whatever_is_answered_the_panels_are_sound(scene: tuple[tuple[Panel, ...], list[ViewAnswer]]) -> None:
    pooled = pool(*scene, WH)
    for index, panel in enumerate(pooled.panels):
        x0, y0, x1, y1 = panel.box_xyxy
        assert 0 <= x0 < x1 <= WH[0]
        assert 0 <= y0 < y1 <= WH[1]
        assert 0 <= panel.confidence <= 1
        assert panel not in pooled.panels[:index]


@STEADY
@given(some_boxes, st.lists(st.tuples(*[st.integers(-6, 6)] * 4), min_size=2, max_size=6))
def test_pooled_boxes_are_no_worse_than_the_worst(truth: Box, errors: list[tuple[int, int, int, int]]) -> None:
    given_boxes = [tuple(value + error for value, error in zip(truth, by, strict=True)) for by in errors]
    answers = [answer(n, seen(box=box, label="A"), drawn=()) for n, box in enumerate(given_boxes)]  # type: ignore[arg-type]
    pooled = pool((), answers, WH)
    assert len(pooled.panels) == 1
    x0, y0, x1, y1 = truth
    worst = max(abs(error) for by in errors for error in by)
    inner, outer = (
        (x0 + worst, y0 + worst, x1 - worst, y1 - worst),
        (x0 - worst, y0 - worst, x1 + worst, y1 + worst),
    )
    assert iou(pooled.panels[0].box_xyxy, truth) >= iou(inner, outer) - 1e-9


# how far answers agree


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
