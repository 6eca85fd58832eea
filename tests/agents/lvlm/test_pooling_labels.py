"""A panel's letter, kind and words, by the votes of several answers."""

from __future__ import annotations

from agents.lvlm.panels.pooling import pool
from agents.lvlm.panels.pooling_labels import Label, Reading, choose_labels, kind_of, words_of
from curator.figure import PanelKind
from tests.agents.lvlm.poolings import CONFIRMED, LEFT, RIGHT, TWO, WH, answer, candidate, seen


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
