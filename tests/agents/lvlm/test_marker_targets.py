"""The marker path of stage II: markers by the model and the embedded agent."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from agents.embedded.caption_markers import plain_color
from agents.lvlm.regions.mining import MinedRegions, mine_regions
from curator.exchange import MemoryLedger
from curator.figure import Hierarchy, MarkerKind, Span, State
from tests.agents.lvlm.looks import PROPOSED, Scripted, example_of, facts_of, look_at
from tests.agents.lvlm.panel_regions import (
    ARROW,
    CAPTION,
    CELL,
    CLAUSE,
    CLAUSE_SPAN,
    NO_TEXT,
    OWN,
    WINDOW,
    A,
    B,
    mine,
    target,
    thousandths,
)


def test_a_marker_that_both_see_is_surer_and_its_region_is_what_the_model_outlines() -> None:
    ledger = MemoryLedger()
    model = Scripted({"targets": [target(1, CELL)]}, NO_TEXT)
    look = look_at(model, CAPTION, Hierarchy(markers=(ARROW,), regions=(WINDOW,)), ledger=ledger)
    mined = mine_regions(look, [A])
    (marker,), (region,) = mined.markers, mined.regions
    first = next(iter(ledger.exchanges))
    assert (marker.panel_id, marker.kind, marker.box_xyxy) == ("p1", MarkerKind.ARROW, ARROW.box_xyxy)
    assert (marker.color, marker.tip_xy, marker.clause_span) == ("white", (140.0, 105.0), CLAUSE_SPAN)
    assert (marker.candidate_id, marker.exchanges) == ("m7", (first,))
    assert marker.confidence > 0.8
    assert (region.panel_id, region.marker, region.box_xyxy) == ("p1", 0, CELL)
    assert (region.label, region.caption) == ("mitotic cell", "A round cell in mitosis.")
    assert (region.clause_span, region.exchanges, mined.failures) == (CLAUSE_SPAN, (first,), ())


def test_the_facts_tell_the_panel_its_words_and_its_numbered_markers() -> None:
    model = Scripted({"targets": [target(1, CELL)]}, NO_TEXT)
    mine(model)
    assert model.facts(0) == {
        "caption": CAPTION,
        "part_percent": [0, 0, 50, 100],
        "panel": "A",
        "own_caption": CAPTION[: OWN.end],
        "marks": {"1": thousandths(ARROW.box_xyxy)},
        "markers": {"1": {"kind": "arrow", "color": "white"}},
    }
    assert model.facts(1) == {
        name: model.facts(0)[name] for name in ("caption", "part_percent", "panel", "own_caption")
    }
    marked, plain = (model.asked[index][0].pictures for index in (0, 1))
    assert len(marked) == len(plain) == 1
    assert marked[0].wh == plain[0].wh == (500, 500)
    assert marked[0].sha256 != plain[0].sha256


@pytest.mark.parametrize(
    ("targets", "fault"),
    [
        ([target(2, CELL)], "marker 2 is not in the picture; the numbers there are 1 to 1"),
        ([target(1, CELL), target(1, ARROW.box_xyxy)], "marker 1 is answered twice; give it one target"),
        ([target(None, CELL)], "the arrow without number needs its marker_box"),
        (
            [target(None, CELL, marker_box=thousandths((101.0, 100.0, 141.0, 110.0)))],
            "the arrow at marker_box [202.0, 200.0, 282.0, 220.0] has the number 1; give that number",
        ),
        (
            [target(None, CELL, marker_box=[600, 600, 640, 620]), target(None, CELL, marker_box=[601, 600, 640, 620])],
            "the arrow at marker_box [601.0, 600.0, 640.0, 620.0] is given twice",
        ),
        (
            [target(None, CELL, kind="letter", marker_box=[0, 0, 40, 40])],
            "what lies at marker_box [0.0, 0.0, 40.0, 40.0] is the panel's own letter, which is no marker",
        ),
        (
            [target(1, CELL, clause="Arrows show mitoses")],
            "the clause 'Arrows show mitoses' does not stand in the caption; copy its words exactly, or give null",
        ),
        ([target(1, CELL, target=[10, 10, 10, 40])], "no area inside the picture"),
    ],
)
def test_what_the_model_makes_up_of_markers_is_shown_to_it(targets: list[dict[str, Any]], fault: str) -> None:
    model = Scripted({"targets": targets}, {"targets": [target(1, CELL)]}, NO_TEXT)
    lettered = replace(A, label_box_xyxy=(0.0, 0.0, 20.0, 20.0))
    mined = mine(model, panels=(lettered,))
    assert fault in model.told(1)
    assert [region.box_xyxy for region in mined.regions] == [CELL]
    assert mined.failures == ()


def test_what_stays_made_up_is_left_out_with_its_reason() -> None:
    reply = {"targets": [target(1, CELL, clause="Arrows show mitoses"), target(2, CELL)]}
    mined = mine(Scripted(reply, reply, reply, NO_TEXT))
    assert [marker.candidate_id for marker in mined.markers] == ["m7"]
    assert mined.regions[0].clause_span == CLAUSE_SPAN  # the embedded agent's
    assert [(panel_id, reason.split(";")[0]) for panel_id, reason in mined.failures] == [
        ("p1", "markers: the clause 'Arrows show mitoses' does not stand in the caption"),
        ("p1", "markers: marker 2 is not in the picture"),
    ]


def test_a_marker_without_number_becomes_one_with_its_tip_towards_the_target() -> None:
    box = (300.0, 300.0, 340.0, 310.0)
    cell = (345.0, 280.0, 400.0, 330.0)
    reply = {"targets": [target(1, CELL), target(None, cell, marker_box=thousandths(box), color="light Gray")]}
    mined = mine(Scripted(reply, NO_TEXT))
    new = mined.markers[1]
    assert (new.candidate_id, new.box_xyxy, new.tip_xy, new.color) == (None, box, (340.0, 305.0), "grey")
    assert [(region.marker, region.box_xyxy) for region in mined.regions] == [(0, CELL), (1, cell)]


def test_a_marker_that_the_caption_promises_is_surer_than_one_nobody_speaks_of() -> None:
    boxes = [thousandths((300.0, y, 340.0, y + 10)) for y in (200.0, 400.0)]
    reply = {
        "targets": [
            target(None, (345.0, 180.0, 400.0, 230.0), marker_box=boxes[0], clause=None),
            target(None, (345.0, 380.0, 400.0, 430.0), marker_box=boxes[1], kind="star", clause=None),
        ]
    }
    mined = mine(Scripted(reply, NO_TEXT), markers=(), regions=())
    promised, other = mined.markers
    assert (promised.clause_span, other.clause_span) == (Span(CLAUSE_SPAN.start, CLAUSE_SPAN.end + 1), None)
    assert promised.confidence > other.confidence == 0.5


@pytest.mark.parametrize(("confidence", "kept"), [(0.6, 0), (0.95, 1)])
def test_a_marker_that_the_model_does_not_confirm_is_doubted(confidence: float, kept: int) -> None:
    doubtful = replace(ARROW, provenance=replace(PROPOSED, confidence=confidence))
    mined = mine(Scripted({"targets": []}, NO_TEXT), markers=(doubtful,))
    assert len(mined.markers) == len(mined.regions) == kept
    assert all(marker.confidence < confidence - 0.1 for marker in mined.markers)


@pytest.mark.parametrize(
    ("kind", "expected"), [("arrowhead", MarkerKind.ARROW), ("star", MarkerKind.ARROW), ("box", MarkerKind.ARROW)]
)
def test_the_embedded_kind_stands_where_the_caption_promises_it(kind: str, expected: MarkerKind) -> None:
    mined = mine(Scripted({"targets": [target(1, CELL, kind=kind)]}, NO_TEXT))
    assert mined.markers[0].kind is expected
    assert (mined.markers[0].confidence > 0.8) is (kind == "arrowhead")


def test_the_models_kind_stands_where_the_caption_speaks_of_it_only() -> None:
    star = replace(ARROW, kind=MarkerKind.STAR)
    mined = mine(Scripted({"targets": [target(1, CELL)]}, NO_TEXT), markers=(star,))
    assert mined.markers[0].kind is MarkerKind.ARROW


def test_panels_without_markers_or_words_about_them_are_not_asked_about() -> None:
    mined = mine(Scripted(), markers=(), regions=(), panels=(B,))
    assert mined == MinedRegions((), (), ())


def test_a_marker_outside_all_panels_is_kept_as_it_was_proposed() -> None:
    stray = replace(ARROW, box_xyxy=(700.0, 100.0, 740.0, 110.0))
    mined = mine(Scripted({"targets": []}, NO_TEXT), markers=(stray,))
    assert [(m.panel_id, m.candidate_id, m.confidence) for m in mined.markers] == [(None, "m7", 0.8)]
    assert [(r.panel_id, r.marker) for r in mined.regions] == [(None, 0)]


def test_the_nearest_verified_panel_with_regions_is_shown_as_an_example() -> None:
    right = replace(ARROW, panel_id="p1", state=State.ACCEPTED)
    wrong = replace(right, id="m8", box_xyxy=(300.0, 300.0, 340.0, 310.0), state=State.REJECTED)
    region = replace(WINDOW, panel_id="p1", state=State.EDITED)
    unverified = example_of(CAPTION, Hierarchy((A,), (ARROW,), (WINDOW,)))
    verified = example_of(CAPTION, Hierarchy((A,), (right, wrong), (region,)))
    model = Scripted({"targets": [target(1, CELL)]}, NO_TEXT)
    candidates = Hierarchy(markers=(ARROW,), regions=(WINDOW,))
    mine_regions(look_at(model, CAPTION, candidates, examples=(unverified, verified)), [A])
    question, answer, asked = model.asked[0]
    assert facts_of(question)["marks"] == {"1": [200, 200, 280, 220], "2": [600, 600, 680, 620]}
    assert [picture.wh for picture in question.pictures] == [(500, 500)]
    assert json.loads(answer.text)["targets"] == [
        {
            "marker": 1,
            "kind": "arrow",
            "color": "white",
            "marker_box": None,
            "target": thousandths(WINDOW.box_xyxy),
            "label": "cells",
            "sentence": "Arrows: cells.",
            "clause": CLAUSE,
        }
    ]
    assert facts_of(asked)["marks"] == {"1": thousandths(ARROW.box_xyxy)}
    assert len(model.asked[1]) == 1


@pytest.mark.parametrize(
    ("words", "color"),
    [("light Gray", "grey"), ("purple", "magenta"), ("WHITE", "white"), ("whitish", None), ("", None)],
)
def test_colours_are_told_in_plain_words(words: str, color: str | None) -> None:
    assert plain_color(words) == color
