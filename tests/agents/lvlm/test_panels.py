"""Stage I: what a model is asked about the panels of a figure, and what of its answers is used."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from agents.lvlm.look import Look
from agents.lvlm.panels.pooling import PanelFinding
from agents.lvlm.panels.proposing import propose_panels
from curator.errors import ReplyError
from curator.exchange import MemoryLedger
from curator.figure import Hierarchy, Panel, PanelKind, Shared
from curator.geometry import Box
from curator.settings import PromptingSettings
from tests.agents.lvlm.looks import Scripted, look_at, panel

CAPTION = "Cells in culture. (A) Control. (B) Treated with LPS."
LEFT, RIGHT = (20.0, 20.0, 480.0, 480.0), (520.0, 20.0, 980.0, 480.0)
ONE_VIEW = PromptingSettings(views=1)
LETTERS = PromptingSettings(views=1, variant="letters")


def panels_of(look: Look) -> tuple[PanelFinding, ...]:
    return propose_panels(look).panels


def sure(panel_id: str, box: Box, label: str | None) -> Panel:
    found = panel(panel_id, box, label)
    letter = (box[0], box[1], box[0] + 20, box[1] + 20)
    return replace(found, label_box_xyxy=letter, provenance=replace(found.provenance, confidence=0.97))


TWO = Hierarchy((sure("p1", LEFT, "A"), sure("p2", RIGHT, "B")), shared=Shared(promised_labels=("A", "B")))


def marked(
    marks: list[int], label: str | None, box: list[float] | None = None, description: str = "cells"
) -> dict[str, Any]:
    return {"marks": marks, "label": label, "kind": "gel", "description": description, "box": box}


def boxed(label: str | None, box: list[float]) -> dict[str, Any]:
    return {"label": label, "box": box, "kind": "gel", "description": "cells"}


def reply(*panels: dict[str, Any], not_panels: list[int] | None = None) -> dict[str, Any]:
    return {"panels": list(panels), "not_panels": not_panels or []}


GOOD = reply(marked([1], "A"), marked([2], "B"))
GOOD_BOXES = {"panels": [boxed("A", [20, 40, 480, 960]), boxed("B", [520, 40, 980, 960])]}


def test_marks_that_the_model_confirms_keep_the_candidates_boxes() -> None:
    model = Scripted(GOOD)
    first, second = panels_of(look_at(model, CAPTION, TWO, prompting=ONE_VIEW))
    assert (first.box_xyxy, second.box_xyxy) == (LEFT, RIGHT)
    assert (first.label, second.label) == ("A", "B")
    assert first.label_box_xyxy == TWO.panels[0].label_box_xyxy
    assert first.kind is PanelKind.GEL
    assert first.description == "cells"
    assert len(first.exchanges) == 1


def test_the_facts_tell_the_caption_the_part_and_the_marks() -> None:
    model = Scripted(GOOD)
    panels_of(look_at(model, CAPTION, TWO, prompting=ONE_VIEW))
    assert model.facts() == {
        "caption": CAPTION,
        "promised_labels": ["A", "B"],
        "part_percent": [0.0, 0.0, 100.0, 100.0],
        "marks": {"1": [20, 40, 480, 960], "2": [520, 40, 980, 960]},
    }
    assert "0 to 1000" in model.asked[0][0].text


def test_the_picture_shows_the_marks() -> None:
    model = Scripted(GOOD)
    look = look_at(model, CAPTION, TWO, prompting=ONE_VIEW)
    panels_of(look)
    (picture,) = model.asked[0][0].pictures
    shown = cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape == look.image_rgb.shape
    assert (np.abs(shown.astype(int) - 120) > 40).any(axis=2).sum() > 1000


def test_a_figure_is_shown_in_as_many_pictures_as_set() -> None:
    model = Scripted(*[reply(marked([1], "A"), marked([2], "B"))] * 3)
    found = panels_of(look_at(model, CAPTION, TWO, prompting=PromptingSettings(views=3)))
    assert len(model.asked) == 3
    assert [len(panel.exchanges) for panel in found] == [3, 3]
    assert model.facts(0)["part_percent"] == [0, 0, 100, 100]
    assert len({messages[0].pictures[0].wh for messages in model.asked}) == 3


def test_marks_elsewhere_in_a_dense_figure_are_told() -> None:
    boxes = [(100.0 * k + 5, 20.0, 100.0 * k + 95, 480.0) for k in range(10)]
    dense = Hierarchy(tuple(panel(f"p{k + 1}", box, "ABCDEFGHIJ"[k]) for k, box in enumerate(boxes)))
    model = Scripted(*[reply(*[marked([n], None) for n in range(1, 6)])] * 3)
    found = panels_of(look_at(model, "", dense, prompting=ONE_VIEW))
    assert [panel.box_xyxy for panel in found] == boxes
    assert len(model.facts(0)["marks"]) == len(model.facts(0)["elsewhere"]) == 5


def test_nothing_is_asked_twice() -> None:
    ledger = MemoryLedger()
    first = panels_of(look_at(Scripted(GOOD), CAPTION, TWO, prompting=ONE_VIEW, ledger=ledger))
    assert panels_of(look_at(Scripted(), CAPTION, TWO, prompting=ONE_VIEW, ledger=ledger)) == first


def test_a_box_of_the_model_comes_back_in_the_figure_s_frame() -> None:
    model = Scripted(reply(marked([1], "A"), marked([], "B", [520, 40, 980, 960])))
    half = replace(TWO, panels=TWO.panels[:1])
    found = panels_of(look_at(model, CAPTION, half, prompting=ONE_VIEW))
    assert [panel.box_xyxy for panel in found] == [LEFT, RIGHT]


def test_without_candidates_the_model_still_finds_panels() -> None:
    model = Scripted(reply(marked([], "A", [20, 40, 480, 960])))
    found = panels_of(look_at(model, CAPTION, Hierarchy(), prompting=ONE_VIEW))
    assert [panel.box_xyxy for panel in found] == [LEFT]
    assert model.facts()["marks"] == {}


FAULTS = [
    pytest.param(
        reply(marked([1], "A"), marked([2, 7], "B")),
        "marks [7] are not in the picture; the numbers drawn are 1 to 2",
        id="a mark that was not drawn",
    ),
    pytest.param(
        reply(marked([1], "A"), marked([2], "B"), not_panels=[0]),
        "marks [0] are not in the picture; the numbers drawn are 1 to 2",
        id="no panel, and not drawn",
    ),
    pytest.param(
        reply(marked([1], "A"), marked([1, 2], "B")), "marks [1] are named twice", id="one mark in two panels"
    ),
    pytest.param(
        reply(marked([1], "A"), marked([2], "B"), not_panels=[2]),
        "marks [2] are named twice",
        id="a panel and no panel",
    ),
    pytest.param(
        reply(marked([1], "A"), marked([2], "B"), marked([], "C")),
        "panel 3 ('C') has neither marks nor a box",
        id="neither marks nor a box",
    ),
    pytest.param(
        reply(marked([1], "A"), marked([2], "Q")),
        "labels ['Q'] cannot be right: the caption and the letters found speak of ['A', 'B']",
        id="an invented label",
    ),
    pytest.param(
        reply(marked([1], "A", [520, 40, 980, 960]), marked([2], "B")),
        "the box of panel 1 ('A') does not touch its own marks",
        id="a box beside its marks",
    ),
    pytest.param(
        reply(marked([1], "A"), marked([2], "a")), "label 'a' is given to several panels", id="one label, two places"
    ),
    pytest.param(reply(), "it has no panels, but the picture shows 2 at least", id="nothing"),
    pytest.param(reply(not_panels=[1, 2]), "it has no panels, but the picture shows 2 at least", id="no panels at all"),
    pytest.param(
        reply(marked([1], "A")), "marks [2] are named nowhere; each belongs to one panel or to not_panels", id="silence"
    ),
    pytest.param(
        reply(marked([1], "A"), marked([2], "B", [0.52, 0.04, 0.98, 0.96])),
        "This reply cannot be used",
        id="a box in another frame",
    ),
    pytest.param(
        reply(marked([1], "A"), marked([2], "B", [500, 500, 500, 500])),
        "no area inside the picture",
        id="a box without area",
    ),
]


@pytest.mark.parametrize(("wrong", "told"), FAULTS)
def test_a_wrong_answer_is_asked_again_with_its_fault(wrong: dict[str, Any], told: str) -> None:
    model = Scripted(wrong, GOOD)
    found = panels_of(look_at(model, CAPTION, TWO, prompting=ONE_VIEW))
    assert [panel.label for panel in found] == ["A", "B"]
    assert told in model.told(1)


LETTER_FAULTS = [
    pytest.param({"panels": []}, "it has no panels, but the picture shows 2 at least", id="nothing"),
    pytest.param(
        {"panels": [boxed("A", [20, 40, 480, 960]), boxed("Z", [520, 40, 980, 960])]},
        "labels ['Z'] cannot be right",
        id="an invented label",
    ),
    pytest.param(
        {"panels": [boxed("A", [20, 40, 480, 960]), boxed("A", [520, 40, 980, 960])]},
        "label 'A' is given to several panels",
        id="one label, two places",
    ),
    pytest.param(
        {"panels": [boxed("A", [20, 40, 480, 960]), boxed("B", [520, 40, 2980, 960])]},
        "the boxes' numbers run from 20 to 2980",
        id="outside of the picture",
    ),
]


@pytest.mark.parametrize(("wrong", "told"), LETTER_FAULTS)
def test_wrong_boxes_are_asked_again_with_their_fault(wrong: dict[str, Any], told: str) -> None:
    model = Scripted(wrong, GOOD_BOXES)
    found = panels_of(look_at(model, CAPTION, TWO, prompting=LETTERS))
    assert [panel.label for panel in found] == ["A", "B"]
    assert told in model.told(1)


def test_a_mark_that_stays_unnamed_counts_as_no() -> None:
    model = Scripted(reply(marked([1], "A")), reply(marked([1], "A")))
    named, silent = propose_panels(look_at(model, CAPTION, TWO, prompting=ONE_VIEW)).panels
    assert (named.label, silent.label) == ("A", "B")
    assert silent.confidence < TWO.panels[1].provenance.confidence < named.confidence  # type: ignore[operator]
    assert silent.exchanges


def test_a_model_that_insists_on_no_panels_is_weighed_against_the_embedded_agent() -> None:
    def panels_left(confidence: float) -> int:
        none = reply(not_panels=[1, 2])
        unsure = TWO.with_nodes(
            replace(panel, provenance=replace(panel.provenance, confidence=confidence)) for panel in TWO.panels
        )
        return len(propose_panels(look_at(Scripted(none, none), CAPTION, unsure, prompting=ONE_VIEW)).panels)

    assert [panels_left(confidence) for confidence in (0.5, 0.95)] == [0, 2]


def test_an_empty_answer_is_never_believed() -> None:
    with pytest.raises(ReplyError, match="it has no panels"):
        panels_of(look_at(Scripted(reply(), reply(), reply()), CAPTION, TWO, prompting=ONE_VIEW))


def test_a_panel_told_twice_is_taken_once() -> None:
    model = Scripted({"panels": [*GOOD_BOXES["panels"], GOOD_BOXES["panels"][1]]})
    assert len(panels_of(look_at(model, CAPTION, TWO, prompting=LETTERS))) == 2


def test_primes_tell_panels_apart() -> None:
    model = Scripted(reply(marked([1], "A"), marked([2], "A'")))
    found = panels_of(
        look_at(model, "", Hierarchy((sure("p1", LEFT, "A"), sure("p2", RIGHT, None))), prompting=ONE_VIEW)
    )
    assert [panel.label for panel in found] == ["A", "A'"]


def test_words_of_a_panel_are_no_identifier() -> None:
    model = Scripted(reply(marked([1], "GFP"), marked([2], "B")))
    found = panels_of(look_at(model, CAPTION, TWO, prompting=ONE_VIEW))
    assert [panel.label for panel in found] == ["A", "B"]


def test_the_paper_s_variant_neither_draws_nor_counts_candidates() -> None:
    model = Scripted(GOOD_BOXES)
    found = panels_of(look_at(model, CAPTION, TWO, prompting=LETTERS))
    assert [panel.box_xyxy for panel in found] == [LEFT, RIGHT]
    assert all(panel.label_box_xyxy is None for panel in found)
    assert "marks" not in model.facts()
    (picture,) = model.asked[0][0].pictures
    shown = cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert (np.abs(shown.astype(int) - 120) < 10).all()


def test_a_picture_without_a_usable_reply_is_left_out() -> None:
    wrong = reply(marked([9], "A"))
    model = Scripted(GOOD, wrong, wrong, wrong, GOOD)
    found = panels_of(look_at(model, CAPTION, TWO, prompting=PromptingSettings(views=3)))
    assert [panel.label for panel in found] == ["A", "B"]
    assert [len(panel.exchanges) for panel in found] == [2, 2]


def test_too_few_usable_replies_are_an_error_and_never_no_panels() -> None:
    model = Scripted(*["I see two fine panels."] * 6, GOOD)
    with pytest.raises(ReplyError, match="no usable reply about the panels of figure 'f1'"):
        panels_of(look_at(model, CAPTION, TWO, prompting=PromptingSettings(views=3)))


def test_a_label_that_the_model_insists_on_though_it_cannot_be_right_is_left_out_with_the_reason() -> None:
    insisting = [reply(marked([1], "A"), marked([2], "Q"))] * 3
    pooled = propose_panels(look_at(Scripted(*insisting), CAPTION, TWO, prompting=ONE_VIEW))
    assert [panel.label for panel in pooled.panels] == ["A", "B"], "the letter that the embedded agent read stands"
    [fault] = pooled.faults
    assert fault.startswith("panels: labels ['Q'] cannot be right")
