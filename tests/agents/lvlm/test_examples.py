"""Examples are the project's own verified figures, the nearest ones, in the very form of the question."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agents.lvlm.asking.prompts import load_prompt
from agents.lvlm.asking.replies import BoxedPanels, MarkedPanels
from agents.lvlm.look import Example
from agents.lvlm.model import Message
from agents.lvlm.panels.examples import choose_examples, panel_examples
from agents.lvlm.panels.proposing import propose_panels
from curator.figure import Figure, Hierarchy, Panel, PanelKind, Shared, State
from curator.geometry import Box
from curator.settings import PromptingSettings
from tests.agents.lvlm.looks import Scripted, look_at, panel

WH = (1000, 500)
PLOT, GEL = PanelKind.PLOT, PanelKind.GEL
LEFT, RIGHT, WIDE = (0.0, 0.0, 490.0, 500.0), (510.0, 0.0, 1000.0, 500.0), (0.0, 0.0, 1000.0, 500.0)
UPPER, LOWER = (0.0, 0.0, 1000.0, 240.0), (0.0, 260.0, 1000.0, 500.0)


def figure(name: str, caption: str = "(A) One. (B) Other.") -> Figure:
    return Figure(name, "a9", f"{name}.png", "1" * 64, WH, caption=caption)


def hierarchy(*boxes: Box, kind: PanelKind = PLOT, state: State = State.ACCEPTED) -> Hierarchy:
    panels = (panel(f"p{n}", box, "ABCDEFGHIJ"[n - 1], kind=kind) for n, box in enumerate(boxes, start=1))
    verified = tuple(replace(p, state=state, description=f"words of {p.label}") for p in panels)
    return Hierarchy(verified, shared=Shared(promised_labels=tuple(p.label or "" for p in verified)))


def example(found: Hierarchy, name: str = "e1", caption: str = "(A) One. (B) Other.") -> Example:
    return Example(figure(name, caption), found, np.full((WH[1], WH[0], 3), 90, np.uint8))


def turns(*examples: Example, variant: str = "marks", marks_a_view: int = 5) -> list[Message]:
    prompting = PromptingSettings(variant=variant, marks_a_view=marks_a_view)  # type: ignore[arg-type]
    return panel_examples(replace(look_at(Scripted(), prompting=prompting), examples=examples))


def facts(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(message.text[message.text.rindex("```json") + 7 : message.text.rindex("```")])
    return found


# which


def test_the_nearest_layout_comes_first() -> None:
    pool = [
        (figure("e1"), hierarchy(WIDE)),
        (figure("e2"), hierarchy(UPPER, LOWER)),
        (figure("e3"), hierarchy(LEFT, RIGHT)),
    ]
    assert choose_examples(hierarchy(LEFT, RIGHT), figure("f1"), pool, 3) == [2, 1, 0]


def test_layouts_are_compared_in_shares_of_the_figure() -> None:
    small = replace(figure("e2"), image_wh=(100, 50))
    pool = [(figure("e1"), hierarchy(WIDE)), (small, hierarchy((0, 0, 49, 50), (51, 0, 100, 50)))]
    assert choose_examples(hierarchy(LEFT, RIGHT), figure("f1"), pool, 1) == [1]


def test_of_equal_layouts_the_same_kinds_come_first() -> None:
    pool = [(figure("e1"), hierarchy(LEFT, RIGHT, kind=GEL)), (figure("e2"), hierarchy(LEFT, RIGHT))]
    assert choose_examples(hierarchy(LEFT, RIGHT), figure("f1"), pool, 2) == [1, 0]


def test_neither_the_figure_itself_nor_unverified_ones_are_examples() -> None:
    pool = [
        (figure("f1"), hierarchy(LEFT, RIGHT)),
        (figure("e2"), hierarchy(LEFT, RIGHT, state=State.PROPOSED)),
        (figure("e3"), hierarchy(LEFT, RIGHT, state=State.REJECTED)),
        (figure("e4"), Hierarchy()),
        (figure("e5"), hierarchy(WIDE, state=State.EDITED)),
    ]
    assert choose_examples(hierarchy(LEFT, RIGHT), figure("f1"), pool, 5) == [4]


def test_a_figure_without_candidates_still_has_examples() -> None:
    assert choose_examples(Hierarchy(), figure("f1"), [(figure("e1"), hierarchy(WIDE))], 3) == [0]


# how


def test_an_example_is_the_question_with_its_right_answer() -> None:
    asked, answered = turns(example(hierarchy(LEFT, RIGHT)))
    assert (asked.role, answered.role) == ("user", "assistant")
    assert facts(asked) == {
        "caption": "(A) One. (B) Other.",
        "promised_labels": ["A", "B"],
        "part_percent": [0.0, 0.0, 100.0, 100.0],
        "marks": {"1": [0, 0, 490, 1000], "2": [510, 0, 1000, 1000]},
    }
    reply = MarkedPanels.model_validate_json(answered.text)
    assert [(p.marks, p.label, p.kind, p.description, p.box) for p in reply.panels] == [
        ([1], "A", PLOT, "words of A", None),
        ([2], "B", PLOT, "words of B", None),
    ]
    assert reply.not_panels == []
    assert len(asked.pictures) == 1


def test_an_example_has_the_words_of_the_question() -> None:
    asked, _ = turns(example(hierarchy(LEFT, RIGHT)))
    before, _, after = load_prompt("panels_marks").text.partition("{{boxes}}")
    assert asked.text.startswith(before)
    assert after.partition("{{facts}}")[0] in asked.text


def test_a_rejected_proposal_is_a_mark_that_is_no_panel() -> None:
    wrong = replace(hierarchy((400.0, 100.0, 600.0, 200.0), state=State.REJECTED).panels[0], id="p9")
    worse_box = replace(wrong, id="p8", box_xyxy=(0.0, 0.0, 470.0, 480.0))
    found = hierarchy(LEFT, RIGHT)
    asked, answered = turns(example(replace(found, panels=(*found.panels, worse_box, wrong))))
    reply = MarkedPanels.model_validate_json(answered.text)
    (number,) = reply.not_panels
    assert facts(asked)["marks"][str(number)] == [400, 200, 600, 400]
    assert sorted(mark for p in reply.panels for mark in p.marks) == sorted({1, 2, 3} - {number})


def test_a_dense_example_asks_about_a_part_of_its_panels() -> None:
    boxes = [(100.0 * k, 0.0, 100.0 * k + 90, 500.0) for k in range(8)]
    asked, answered = turns(example(hierarchy(*boxes)), marks_a_view=3)
    reply = MarkedPanels.model_validate_json(answered.text)
    assert [p.label for p in reply.panels] == ["A", "B", "C"]
    assert len(facts(asked)["marks"]) == 3
    assert len(facts(asked)["elsewhere"]) == 5


def test_an_example_of_the_paper_s_variant_answers_with_boxes() -> None:
    asked, answered = turns(example(hierarchy(LEFT, RIGHT)), variant="letters")
    assert "marks" not in facts(asked)
    reply = BoxedPanels.model_validate_json(answered.text)
    assert [(p.label, p.box) for p in reply.panels] == [("A", [0, 0, 490, 1000]), ("B", [510, 0, 1000, 1000])]


def test_the_nearest_example_stands_beside_the_question() -> None:
    found = turns(example(hierarchy(LEFT, RIGHT), "near", "Near."), example(hierarchy(WIDE), "far", "Far."))
    assert [facts(message)["caption"] for message in found if message.role == "user"] == ["Far.", "Near."]


def test_without_description_the_caption_s_words_are_told_as_long_as_the_prompt_allows() -> None:
    found = hierarchy(WIDE)
    bare: Panel = replace(found.panels[0], description="", own_text=" ".join(["word"] * 40))
    _, answered = turns(example(Hierarchy((bare,))))
    assert MarkedPanels.model_validate_json(answered.text).panels[0].description == " ".join(["word"] * 15)


@pytest.mark.parametrize("variant", ["marks", "letters"])
def test_an_example_s_answer_passes_the_question_s_own_checks(variant: str) -> None:
    found = hierarchy(LEFT, RIGHT)
    _, answered = turns(example(found), variant=variant)
    prompting = PromptingSettings(variant=variant, views=1)  # type: ignore[arg-type]
    look = look_at(Scripted(answered.text), "(A) One. (B) Other.", found, prompting=prompting)
    assert [p.box_xyxy for p in propose_panels(look).panels] == [LEFT, RIGHT]


def test_examples_are_asked_before_the_question() -> None:
    found = hierarchy(LEFT, RIGHT)
    reply = {
        "panels": [{"marks": [n], "label": "AB"[n - 1], "kind": "plot", "description": ""} for n in (1, 2)],
        "not_panels": [],
    }
    model = Scripted(reply)
    look = look_at(model, "(A) One. (B) Other.", found, prompting=PromptingSettings(views=1))
    propose_panels(replace(look, examples=(example(found),)))
    assert [message.role for message in model.asked[0]] == ["user", "assistant", "user"]
    assert facts(model.asked[0][0]) == facts(model.asked[0][2])
