"""Each question names the doubts that concern it, when a figure is mined again and only then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agents.lvlm.captions.units import assign_caption
from agents.lvlm.doubting import Doubting, doubting
from agents.lvlm.model import Message
from agents.lvlm.panels.proposing import propose_panels
from agents.lvlm.regions.mining import mine_regions
from curator.doubts import Doubt, Question
from curator.figure import Hierarchy, Shared, State
from curator.geometry import Box
from curator.settings import PromptingSettings
from tests.agents.lvlm.looks import PROPOSED, Scripted, example_of, facts_of, look_at
from tests.agents.lvlm.panel_regions import ARROW, CAPTION, CELL, NO_TEXT, WINDOW, A, B, target, thousandths

CANDIDATES = Hierarchy((A, B), (ARROW,), (WINDOW,), Shared(promised_labels=("A", "B")))
ONE_VIEW = PromptingSettings(views=1, texts=False)
PANELS = {
    "panels": [
        {"marks": [1], "label": "A", "kind": "microscopy", "description": "", "box": None},
        {"marks": [2], "label": "B", "kind": "plot", "description": "", "box": None},
    ],
    "not_panels": [],
}
UNITS: dict[str, Any] = {"shared": [], "units": []}


def doubt(words: str, *concerns: Question, box: Box | None = None) -> Doubt:
    return Doubt(frozenset(concerns), words, box)


MISSING = doubt("the caption speaks of panel C, no box has that label", "panels", "caption")
OVERLAP = doubt("panel A and panel B overlap", "panels", box=(0.0, 0.0, 1000.0, 500.0))
UNEXPLAINED = doubt("no words were found for the arrow", "markers", box=ARROW.box_xyxy)
IN_B = doubt("the star is perhaps no marker", "markers", box=(700.0, 100.0, 720.0, 120.0))
UNPLACED = doubt('no marker was found for "arrowheads"', "caption", "markers")
ELSEWHERE = doubt("the region 'lumen' is perhaps elsewhere", "regions", box=(20.0, 20.0, 60.0, 60.0))
ALL = (MISSING, OVERLAP, UNEXPLAINED, IN_B, UNPLACED, ELSEWHERE)


def questions(doubts: tuple[Doubt, ...]) -> list[Message]:
    """What is asked about panels, caption, markers and regions of words, in this order."""
    model = Scripted(PANELS, UNITS, {"targets": [target(1, CELL)]}, NO_TEXT)
    look = replace(look_at(model, CAPTION, CANDIDATES, prompting=ONE_VIEW), doubts=doubts)
    panels = propose_panels(look).panels
    assign_caption(look, panels)
    mine_regions(look, [A])
    assert len(model.asked) == 4
    return [messages[-1] for messages in model.asked]


def test_each_question_names_the_doubts_that_concern_it_with_their_places() -> None:
    panels, caption, markers, regions = (facts_of(question)["doubts"] for question in questions(ALL))
    assert panels == [{"doubt": MISSING.words}, {"doubt": OVERLAP.words, "box": [0, 0, 1000, 1000]}]
    assert caption == [{"doubt": MISSING.words}, {"doubt": UNPLACED.words}]
    assert markers == [
        {"doubt": UNEXPLAINED.words, "box": thousandths(ARROW.box_xyxy)},
        {"doubt": UNPLACED.words},
    ]
    assert regions == [{"doubt": ELSEWHERE.words, "box": thousandths((20.0, 20.0, 60.0, 60.0))}]


def test_a_first_mining_is_asked_without_a_word_of_doubts() -> None:
    for first, again in zip(questions(()), questions(ALL), strict=True):
        assert "doubt" not in first.text
        assert "what is doubted may be right" in again.text
        assert first.pictures == again.pictures
        facts = facts_of(again)
        del facts["doubts"]
        assert facts == facts_of(first)


def test_a_question_that_no_doubt_concerns_stays_as_it_was_so_that_its_kept_reply_serves() -> None:
    plain, again = questions(()), questions((UNEXPLAINED,))
    assert [first.text == second.text for first, second in zip(plain, again, strict=True)] == [True, True, False, True]


def test_the_exchange_tells_that_doubts_were_named() -> None:
    model = Scripted(PANELS, UNITS)
    look = replace(look_at(model, CAPTION, CANDIDATES, prompting=ONE_VIEW), doubts=(MISSING,))
    (key,) = assign_caption(look, propose_panels(look).panels).exchanges
    exchange = look.asker.ledger.find(key)
    assert exchange is not None
    assert exchange.prompt == "caption+doubts_caption"


def test_an_example_is_shown_as_it_was_decided_without_doubts() -> None:
    verified = CANDIDATES.with_nodes(
        replace(node, state=State.ACCEPTED, provenance=PROPOSED)
        for node in (A, replace(ARROW, panel_id="p1"), replace(WINDOW, panel_id="p1"))
    )
    model = Scripted({"targets": [target(1, CELL)]}, NO_TEXT)
    look = look_at(model, CAPTION, CANDIDATES, examples=(example_of(CAPTION, verified),))
    mine_regions(replace(look, doubts=(UNPLACED,)), [A])
    example, _, question = model.asked[0]
    assert "doubts" not in facts_of(example)
    assert facts_of(question)["doubts"] == [{"doubt": UNPLACED.words}]


def test_only_the_first_doubts_are_named_and_those_of_another_part_are_not() -> None:
    many = [doubt(f"doubt {n}", "panels") for n in range(20)]
    assert [told["doubt"] for told in doubting(many, "panels").told] == [f"doubt {n}" for n in range(8)]
    assert doubting([IN_B], "markers", A.box_xyxy) == Doubting("markers")
    # a crop inside of a doubted panel is concerned, though it shows little of it
    assert len(doubting([OVERLAP], "panels", (0.0, 0.0, 100.0, 100.0)).told) == 1
