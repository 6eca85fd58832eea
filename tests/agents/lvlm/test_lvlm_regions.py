"""Regions: targets of markers and places of words, and what fusion keeps of both."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agents.lvlm.regions.mining import mine_regions
from curator.errors import BudgetError
from curator.figure import Hierarchy, MarkerKind
from curator.geometry import Box, coverage, iou
from curator.samples import Samples
from curator.settings import MiningSettings, ModelSettings
from tests.agents.lvlm.looks import PROPOSED, Scripted, look_at
from tests.agents.lvlm.panel_regions import (
    ARROW,
    CAPTION,
    CELL,
    CLAUSE,
    CLAUSE_SPAN,
    NO_TEXT,
    WINDOW,
    A,
    B,
    mine,
    target,
    text,
    thousandths,
)

DIAGONAL = 500 * 2**0.5


@pytest.mark.parametrize(
    "given",
    [ARROW.box_xyxy, (150.0, 100.0, 156.0, 106.0)],
    ids=["the sign itself", "a mere point"],
)
def test_a_target_without_extent_is_dilated_around_its_centre(given: Box) -> None:
    mined = mine(Scripted({"targets": [target(1, given)]}, NO_TEXT), regions=(), mining=MiningSettings(dilation=0.1))
    half = 0.1 * DIAGONAL
    x, y = (given[0] + given[2]) / 2, (given[1] + given[3]) / 2
    assert mined.regions[0].box_xyxy == pytest.approx((x - half, y - half, x + half, y + half))


def test_the_region_of_a_drawn_box_is_its_inside_whatever_the_model_says() -> None:
    frame = replace(ARROW, kind=MarkerKind.BOX, box_xyxy=(200.0, 200.0, 300.0, 280.0), tip_xy=None)
    words = {"regions": [text((205.0, 200.0, 310.0, 285.0))]}
    mined = mine(Scripted({"targets": [target(1, CELL, kind="box")]}, words), markers=(frame,), regions=())
    assert [(region.box_xyxy, region.marker) for region in mined.regions] == [(frame.box_xyxy, 0)]


LUMEN: Box = (245.0, 80.0, 295.0, 130.0)  # its centre is 100 px of the panel's 707 from the cell's
TAUS = pytest.mark.parametrize(("tau", "kept"), [(0.0, False), (0.1, False), (0.3, True), (1.0, True)])


@TAUS
def test_a_text_box_is_kept_within_tau_of_a_marker(tau: float, kept: bool) -> None:
    model = Scripted({"targets": [target(1, CELL)]}, {"regions": [text(LUMEN)]})
    mined = mine(model, mining=MiningSettings(tau=tau))
    cell, lumen = (CELL, "mitotic cell", 0), (LUMEN, "lumen", None)
    assert [(r.box_xyxy, r.label, r.marker) for r in mined.regions] == ([cell, lumen] if kept else [cell])


@TAUS
def test_a_text_box_takes_over_a_marker_whose_target_has_no_extent(tau: float, kept: bool) -> None:
    point: Box = (168.0, 103.0, 172.0, 107.0)
    model = Scripted({"targets": [target(1, point)]}, {"regions": [text(LUMEN)]})
    mined = mine(model, mining=MiningSettings(tau=tau), regions=())
    assert [(r.label, r.marker, len(r.exchanges)) for r in mined.regions] == [
        ("lumen", 0, 2) if kept else ("mitotic cell", 0, 1)
    ]
    assert (mined.regions[0].box_xyxy == LUMEN) is kept


def test_a_target_and_a_text_box_that_overlap_are_one_region_between_them() -> None:
    shifted = (155.0, 80.0, 205.0, 130.0)
    mined = mine(Scripted({"targets": [target(1, CELL)]}, {"regions": [text(shifted)]}))
    assert [(r.box_xyxy, r.label, r.marker, len(r.exchanges)) for r in mined.regions] == [
        ((150.0, 80.0, 200.0, 130.0), "mitotic cell", 0, 2)
    ]


def test_both_paths_at_one_place_make_a_region_surer() -> None:
    alone = mine(Scripted({"targets": [target(1, CELL)]}, NO_TEXT))
    both = mine(Scripted({"targets": [target(1, CELL)]}, {"regions": [text(CELL, CLAUSE)]}))
    assert both.regions[0].confidence > alone.regions[0].confidence


def test_markers_and_regions_tell_how_many_of_their_questions_lead_to_them() -> None:
    quoted = text(CELL, clause=CLAUSE)
    (both,) = mine(Scripted({"targets": [target(1, CELL)]}, {"regions": [quoted]})).regions
    assert both.samples == Samples(2, 2, text=2)
    alone = mine(Scripted({"targets": [target(1, CELL, kind="star", clause=None)]}, NO_TEXT))
    assert alone.regions[0].samples == Samples(2, 1, text=1)
    assert alone.markers[0].samples == Samples(1, 1, kind=0, text=0)  # the embedded agent's kind and clause stand
    sure = replace(ARROW, provenance=replace(PROPOSED, confidence=0.95))
    (unsaid,) = mine(Scripted({"targets": []}, NO_TEXT), markers=(sure,)).markers
    assert unsaid.samples == Samples(1, 0)


def test_where_no_reply_can_be_read_nothing_is_known_of_samples() -> None:
    mined = mine(Scripted("?", "?", "?", "?", "?", "?"))
    assert [mined.markers[0].samples, mined.regions[0].samples] == [None, None]


def test_a_target_that_the_embedded_agent_sees_elsewhere_is_less_sure() -> None:
    far = replace(WINDOW, box_xyxy=(400.0, 400.0, 460.0, 460.0))
    reply = {"targets": [target(1, CELL)]}
    sure, unsure = (mine(Scripted(reply, NO_TEXT), regions=(region,)).regions[0].confidence for region in (WINDOW, far))
    assert unsure < sure


def test_words_about_a_marker_that_is_not_found_place_a_region_and_other_words_do_not() -> None:
    found = {"regions": [text(CELL, CLAUSE), text((300.0, 300.0, 400.0, 400.0))]}
    mined = mine(Scripted({"targets": []}, found), markers=(), regions=())
    assert [(r.box_xyxy, r.clause_span, r.marker) for r in mined.regions] == [(CELL, CLAUSE_SPAN, None)]
    assert mined.regions[0].confidence == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("region", "fault"),
    [
        (
            text(CELL, "a bright lumen"),
            "the clause 'a bright lumen' does not stand in the caption; copy its words exactly",
        ),
        (
            text((0.0, 0.0, 500.0, 490.0)),
            "the box [0.0, 0.0, 1000.0, 980.0] of 'lumen' is nearly the whole picture; give the part that shows it, or "
            "leave it out",
        ),
    ],
)
def test_what_the_model_makes_up_of_words_is_shown_to_it(region: dict[str, Any], fault: str) -> None:
    model = Scripted({"targets": [target(1, CELL)]}, {"regions": [region]}, NO_TEXT)
    assert mine(model).failures == ()
    assert fault in model.told(2)


def test_regions_that_overlap_too_much_are_one() -> None:
    boxes = [thousandths((300.0, y, 340.0, y + 10)) for y in (200.0, 400.0)]
    near = (150.0, 80.0, 200.0, 130.0)
    reply = {"targets": [target(None, CELL, marker_box=boxes[0]), target(None, near, marker_box=boxes[1])]}
    assert iou(CELL, near) > 0.5
    mined = mine(Scripted(reply, NO_TEXT), markers=(), regions=())
    assert (len(mined.markers), len(mined.regions)) == (2, 1)


def test_one_panels_failure_keeps_the_embedded_proposals_there_and_all_of_the_others() -> None:
    other = replace(ARROW, id="m8", box_xyxy=(600.0, 100.0, 640.0, 110.0), tip_xy=(640.0, 105.0), clause_span=None)
    cell: Box = (650.0, 80.0, 700.0, 130.0)
    reply = {"targets": [target(1, cell, target=thousandths(cell, B.box_xyxy), clause=None)]}
    mined = mine(Scripted("?", "?", "?", NO_TEXT, reply, NO_TEXT), markers=(ARROW, other), panels=(A, B))
    assert [(m.panel_id, m.candidate_id, m.exchanges != ()) for m in mined.markers] == [
        ("p1", "m7", False),
        ("p2", "m8", True),
    ]
    assert [(r.panel_id, r.marker, r.box_xyxy) for r in mined.regions] == [
        ("p1", 0, WINDOW.box_xyxy),
        ("p2", 1, cell),
    ]
    assert mined.markers[0].confidence == PROPOSED.confidence
    ((panel_id, reason),) = mined.failures
    assert panel_id == "p1"
    assert reason.startswith("markers are the embedded agent's: 'scripted-1' gave no usable reply about the markers")


def test_where_the_text_path_fails_the_embedded_regions_from_words_stand_in() -> None:
    words = replace(WINDOW, id="r4", marker_id=None, box_xyxy=(0.0, 0.0, 250.0, 500.0))
    mined = mine(Scripted({"targets": []}, "?", "?", "?"), markers=(), regions=(words,))
    assert [(r.box_xyxy, r.exchanges) for r in mined.regions] == [(words.box_xyxy, ())]
    assert mined.failures[0][1].startswith("regions from the text are the embedded agent's: ")


def test_regions_stay_inside_their_panel() -> None:
    edge = {"targets": [target(1, CELL, target=[900, 900, 1010, 1010])]}
    mined = mine(Scripted(edge, NO_TEXT), panels=(replace(A, box_xyxy=(0.4, 0.4, 499.5, 499.5)),))
    assert coverage(mined.regions[0].box_xyxy, (0.4, 0.4, 499.5, 499.5)) == pytest.approx(1)


def test_a_spent_budget_ends_mining() -> None:
    look = look_at(Scripted({"targets": []}), CAPTION, Hierarchy(markers=(ARROW,)))
    look.asker.budget = type(look.asker.budget)(ModelSettings(max_requests=1))
    with pytest.raises(BudgetError):
        mine_regions(look, [A])
