"""Captions read by the grammar and by the model: quotes word for word, two readings compared."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from agents.lvlm.captions.units import CaptionReading, assign_caption, overlap
from agents.lvlm.panels.proposing import PanelFinding
from curator.exchange import MemoryLedger
from curator.figure import Hierarchy, PanelKind, Shared, Span, State, text_of
from curator.settings import PromptingSettings
from tests.agents.lvlm.looks import Scripted, example_of, facts_of, look_at, panel

CAPTION = "Kidney after ischaemia. (A) Sham. (B) One hour. (C) Three hours. Scale bars, 50 µm."
SHARED = ["Kidney after ischaemia.", "Scale bars, 50 µm."]


def found(*labels: str | None) -> list[PanelFinding]:
    return [
        PanelFinding((100.0 * i, 0.0, 100.0 * i + 90, 90.0), label, None, PanelKind.PHOTO, "", 0.9, ())
        for i, label in enumerate(labels)
    ]


def units(*pairs: tuple[str, str], shared: list[str] = SHARED) -> dict[str, Any]:
    return {"shared": shared, "units": [{"label": label, "text": text} for label, text in pairs]}


def read(caption: str, labels: list[str | None], *replies: dict[str, Any] | str) -> tuple[CaptionReading, Scripted]:
    model = Scripted(*replies)
    return assign_caption(look_at(model, caption), found(*labels)), model


def own(caption: str, reading: CaptionReading) -> list[str]:
    return [text_of(caption, panel.own_spans) for panel in reading.panels]


AGREED = units(("A", "(A) Sham."), ("B", "(B) One hour."), ("C", "(C) Three hours."))


def test_readings_that_agree_raise_the_confidence() -> None:
    reading, model = read(CAPTION, ["A", "B", "C"], AGREED)
    assert own(CAPTION, reading) == ["(A) Sham.", "(B) One hour.", "(C) Three hours."]
    assert [panel.rival_spans for panel in reading.panels] == [(), (), ()]
    assert all(panel.agreement == 1 and panel.weighed(0.8) > 0.9 for panel in reading.panels)
    assert text_of(CAPTION, reading.lead_spans) == "Kidney after ischaemia."
    assert text_of(CAPTION, reading.tail_spans) == "Scale bars, 50 µm."
    assert (reading.rival_lead_spans, reading.rival_tail_spans, reading.missing, reading.faults) == ((), (), (), ())
    assert len(reading.exchanges) == 1
    assert model.facts() == {"caption": CAPTION, "part_percent": [0, 0, 100, 100], "labels": ["A", "B", "C"]}


def test_readings_that_differ_lower_the_confidence_and_are_both_kept() -> None:
    wrong = units(("A", "(A) Sham. (B) One hour."), ("B", "(C) Three hours."), ("C", "(C) Three hours."))
    reading, _ = read(CAPTION, ["A", "B", "C"], wrong)
    assert own(CAPTION, reading) == ["(A) Sham.", "(B) One hour.", "(C) Three hours."]
    assert [text_of(CAPTION, panel.rival_spans) for panel in reading.panels] == [
        "(A) Sham. (B) One hour.",
        "(C) Three hours.",
        "",
    ]
    assert [panel.weighed(0.8) < 0.8 for panel in reading.panels] == [True, True, False]
    assert reading.panels[1].agreement == -1


def test_the_model_is_believed_where_the_grammar_is_not_sure_of_the_labels() -> None:
    caption = "Two views of the knee: frontal, lateral. Arrows, fracture."
    model = Scripted(units(("A", "frontal"), ("B", "lateral"), shared=["Two views of the knee:", "Arrows, fracture."]))
    reading = assign_caption(look_at(model, caption), found("A", "B"))
    assert own(caption, reading) == ["frontal", "lateral"]
    assert [panel.agreement for panel in reading.panels] == [-0.5, -0.5]  # the grammar gave them nothing
    assert text_of(caption, reading.lead_spans) == "Two views of the knee:"
    assert text_of(caption, reading.tail_spans) == "Arrows, fracture."
    assert text_of(caption, reading.rival_lead_spans) == caption


def test_a_range_gives_its_words_to_each_of_its_panels() -> None:
    caption = "Gene trap. (A–C) Embryos at day nine. (D) The signal."  # noqa: RUF001 - dash as printed
    reply = units(("A-C", "(A-C) Embryos at day nine."), ("D", "(D) The signal."), shared=["Gene trap."])
    reading, _ = read(caption, ["A", "B", "C", "D"], reply)
    assert own(caption, reading) == ["(A–C) Embryos at day nine."] * 3 + ["(D) The signal."]  # noqa: RUF001
    assert all(panel.agreement == 1 for panel in reading.panels)


def test_words_that_stand_twice_belong_to_the_nearer_identifier() -> None:
    caption = "(A) Control. (B) Treated. (C) Control. (D) Treated."
    reply = units(("A", "Control."), ("C", "Control."), ("D", "Treated."), ("B", "Treated."), shared=[])
    reading, _ = read(caption, ["A", "B", "C", "D"], reply)
    assert all(panel.agreement > 0.5 for panel in reading.panels)
    assert own(caption, reading) == ["(A) Control.", "(B) Treated.", "(C) Control.", "(D) Treated."]


def test_words_before_their_identifier_are_placed_before_it() -> None:
    caption = "Staining for actin in control (A), treated (B) and control (C) cells of the retina."
    model = Scripted(units(("C", "control"), ("A", "control"), ("B", "treated"), shared=[]))
    look = look_at(model, caption)
    unsure = replace(look, split=replace(look.split, confidence=0.5))
    reading = assign_caption(unsure, found("A", "B", "C"))
    first, last = caption.index("control"), caption.rindex("control")
    assert own(caption, reading) == ["control", "treated", "control"]
    assert [panel.own_spans[0].start for panel in reading.panels] == [first, caption.index("treated"), last]


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (
            units(("A", "(A) Sham operation."), ("B", "(B) One hour."), ("C", "(C) Three hours.")),
            "the text of unit 'A', '(A) Sham operation.', does not stand in the caption; copy the caption's words "
            "exactly, without leaving any out",
        ),
        (
            units(("A", "(A) Sham."), ("B", "(B) One hour."), ("C", "(C) Three hours."), shared=["Mouse kidney."]),
            "a shared sentence, 'Mouse kidney.', does not stand in the caption; copy the caption's words exactly, "
            "without leaving any out",
        ),
        (
            units(("A", "(A) Sham."), ("B", "(B) One hour."), ("Q", "(C) Three hours.")),
            "no panel is called 'Q'; the caption and the figure have A, B, C",
        ),
    ],
)
def test_what_the_model_made_up_is_shown_to_it_and_asked_again(reply: dict[str, Any], fault: str) -> None:
    reading, model = read(CAPTION, ["A", "B", "C"], reply, AGREED)
    assert fault in model.told(1)
    assert reading.faults == ()
    assert [panel.agreement for panel in reading.panels] == [1, 1, 1]


def test_what_stays_made_up_is_refused_with_its_reason_and_the_rest_is_used() -> None:
    reply = units(("A", "(A) Sham operation."), ("B", "(B) One hour."), ("C", "(C) Three hours."))
    ledger = MemoryLedger()
    model = Scripted(reply, reply, reply)
    reading = assign_caption(look_at(model, CAPTION, ledger=ledger), found("A", "B", "C"))
    assert [panel.agreement for panel in reading.panels] == [-0.5, 1, 1]
    assert own(CAPTION, reading)[0] == "(A) Sham."
    assert len(reading.faults) == 1
    assert reading.faults[0].startswith("caption: the text of unit 'A', '(A) Sham operation.', does not stand")
    assert reading.exchanges == (list(ledger.exchanges)[-1],)


def test_the_reply_with_the_fewest_faults_is_used() -> None:
    worse = units(("A", "nothing"), ("B", "(B) One hour."), ("C", "at all"))
    better = units(("A", "(A) Sham."), ("B", "(B) One hour."), ("C", "at all"))
    ledger = MemoryLedger()
    model = Scripted(worse, better, "no JSON")
    reading = assign_caption(look_at(model, CAPTION, ledger=ledger), found("A", "B", "C"))
    assert [panel.agreement for panel in reading.panels] == [1, 1, -0.5]
    assert reading.exchanges == (list(ledger.exchanges)[1],)


def test_without_any_readable_reply_the_grammar_reads_alone_and_says_so() -> None:
    reading, _ = read(CAPTION, ["A", "B", "C"], "?", "?", "?")
    assert own(CAPTION, reading) == ["(A) Sham.", "(B) One hour.", "(C) Three hours."]
    assert [panel.agreement for panel in reading.panels] == [0, 0, 0]
    assert reading.panels[0].weighed(0.8) == pytest.approx(0.8)
    assert len(reading.faults) == 1
    assert reading.faults[0].startswith("the caption is read by the grammar alone: ")
    assert reading.exchanges == ()


def test_asked_again_the_ledger_answers_for_faulty_replies_too() -> None:
    reply = units(("A", "(A) Sham operation."), ("B", "(B) One hour."), ("C", "(C) Three hours."))
    ledger = MemoryLedger()
    first = assign_caption(look_at(Scripted(reply, reply, reply), CAPTION, ledger=ledger), found("A", "B", "C"))
    again = assign_caption(look_at(Scripted(), CAPTION, ledger=ledger), found("A", "B", "C"))
    assert again == first


def test_units_of_identifiers_without_a_panel_are_reported() -> None:
    reading, _ = read(CAPTION, ["A", None, "C"], AGREED)
    assert reading.missing == ("B",)
    assert own(CAPTION, reading) == ["(A) Sham.", "", "(C) Three hours."]


def test_case_and_brackets_of_identifiers_do_not_matter() -> None:
    reply = units(("Panel a", "(A) Sham."), ("(b)", "(B) One hour."), ("C.", "(C) Three hours."))
    reading, _ = read(CAPTION, ["a", "b", "c"], reply)
    assert [panel.agreement for panel in reading.panels] == [1, 1, 1]
    assert [panel.label for panel in reading.panels] == ["A", "B", "C"]


def test_two_panels_under_one_letter_share_its_words() -> None:
    reading, _ = read(CAPTION, ["A", "B", "B", "C"], AGREED)
    assert own(CAPTION, reading)[1:3] == ["(B) One hour."] * 2


def test_all_of_the_caption_speaks_of_the_only_panel_and_nothing_is_asked() -> None:
    caption = "A cell in division. Scale bar, 5 µm."
    reading, model = read(caption, [None])
    assert own(caption, reading) == [caption]
    assert (reading.lead_spans, reading.tail_spans, model.asked) == ((), (), [])


def test_the_model_is_not_asked_where_the_settings_say_so() -> None:
    model = Scripted()
    look = look_at(model, CAPTION, prompting=PromptingSettings(caption=False))
    assert own(CAPTION, assign_caption(look, found("A", "B", "C"))) == [
        "(A) Sham.",
        "(B) One hour.",
        "(C) Three hours.",
    ]
    assert model.asked == []


def test_panels_told_apart_by_place_find_their_words_by_place() -> None:
    caption = "The knee. Left, before surgery. Right, after surgery."
    reply = units(("left", "Left, before surgery."), ("right", "Right, after surgery."), shared=["The knee."])
    reading, _ = read(caption, [None, None], reply)
    assert own(caption, reading) == ["Left, before surgery.", "Right, after surgery."]
    assert [panel.agreement for panel in reading.panels] == [1, 1]


def test_verified_figures_are_shown_as_examples_the_nearest_last() -> None:
    caption = "Two mice. (A, B) Fur. (C) Tail."
    fur, tail = Span(10, 21), Span(22, 31)
    panels = tuple(
        replace(panel(f"p{i}", (0.0, 0.0, 9.0, 9.0), label, (span,)), state=state)
        for i, (label, span, state) in enumerate(
            [
                ("A", fur, State.ACCEPTED),
                ("B", fur, State.EDITED),
                ("C", tail, State.ACCEPTED),
                ("D", tail, State.PROPOSED),
            ]
        )
    )
    near = example_of(caption, Hierarchy(panels, shared=Shared((Span(0, 9),))))
    unlettered = example_of("A mouse.", Hierarchy((replace(panels[0], label=None),)))
    model = Scripted(AGREED)
    assign_caption(look_at(model, CAPTION, examples=(near, unlettered)), found("A", "B", "C"))
    question, answer, asked = model.asked[0]
    assert (question.role, answer.role, asked.role) == ("user", "assistant", "user")
    assert facts_of(question) == {"caption": caption, "part_percent": [0, 0, 100, 100], "labels": ["A", "B", "C"]}
    assert json.loads(answer.text) == {
        "shared": ["Two mice."],
        "units": [{"label": "A, B", "text": "(A, B) Fur."}, {"label": "C", "text": "(C) Tail."}],
    }
    assert facts_of(asked)["caption"] == CAPTION


def test_overlap_counts_letters_and_digits_only() -> None:
    assert overlap("(A) Sham.", [Span(0, 9)], [Span(1, 8)]) == 1
    assert overlap("ab cd", [Span(0, 2)], [Span(0, 5)]) == 0.5
    assert overlap("...", [Span(0, 3)], [Span(0, 3)]) == 0
