"""Stage II: markers and targets by the model and the embedded agent, regions from words, and what fusion keeps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.embedded.caption_markers import plain_color
from agents.lvlm.model import Message, Sampling, Schema
from agents.lvlm.regions.mining import MinedRegions, mine_regions
from curator.errors import BudgetError
from curator.exchange import MemoryLedger, Reply
from curator.figure import Hierarchy, Marker, MarkerKind, Panel, PanelKind, Region, Span, State, check
from curator.geometry import Box, coverage, iou
from curator.samples import Samples
from curator.settings import MiningSettings, ModelSettings
from tests.agents.lvlm.looks import PROPOSED, Scripted, example_of, facts_of, look_at, panel

CAPTION = "(A) Liver at day 9. White arrows indicate mitotic cells. Dark lumen on the left. (B) Sham."
OWN = Span(0, CAPTION.index(" (B)"))
CLAUSE = "White arrows indicate mitotic cells"
CLAUSE_SPAN = Span(CAPTION.index(CLAUSE), CAPTION.index(CLAUSE) + len(CLAUSE))
A = panel("p1", (0.0, 0.0, 500.0, 500.0), "A", (OWN,))
B = panel("p2", (500.0, 0.0, 1000.0, 500.0), "B", (Span(len(CAPTION) - 9, len(CAPTION)),), PanelKind.PLOT)
DIAGONAL = 500 * 2**0.5
ARROW = Marker(
    "m7", "p9", MarkerKind.ARROW, (100.0, 100.0, 140.0, 110.0), PROPOSED, "white", (140.0, 105.0), CLAUSE_SPAN
)
WINDOW = Region("r3", "p9", (130.0, 75.0, 190.0, 135.0), PROPOSED, "cells", "Arrows: cells.", CLAUSE_SPAN, "m7")
NO_TEXT: dict[str, Any] = {"regions": []}


def thousandths(box: Box, frame: Box = A.box_xyxy) -> list[float]:
    """The box as the model writes it in the crop of the panel."""
    x0, y0, x1, y1 = frame
    spans = ((x0, x1), (y0, y1), (x0, x1), (y0, y1))
    return [round(1000 * (v - low) / (high - low)) for v, (low, high) in zip(box, spans, strict=True)]


def target(number: int | None, box: Box, **changed: Any) -> dict[str, Any]:
    said = {"label": "mitotic cell", "sentence": "A round cell in mitosis.", "clause": CLAUSE}
    return {"marker": number, "kind": "arrow", "color": "white", "target": thousandths(box)} | said | changed


def text(box: Box, clause: str = "Dark lumen", **changed: Any) -> dict[str, Any]:
    said = {"clause": clause, "box": thousandths(box), "label": "lumen", "sentence": "A dark lumen."}
    return said | changed


def mine(
    model: Scripted,
    markers: tuple[Marker, ...] = (ARROW,),
    regions: tuple[Region, ...] = (WINDOW,),
    panels: tuple[Panel, ...] = (A,),
    mining: MiningSettings | None = None,
) -> MinedRegions:
    candidates = Hierarchy(markers=markers, regions=regions)
    return mine_regions(look_at(model, CAPTION, candidates, mining=mining), panels)


CELL: Box = (145.0, 80.0, 195.0, 130.0)


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


def test_panels_without_markers_or_words_about_them_are_not_asked_about() -> None:
    mined = mine(Scripted(), markers=(), regions=(), panels=(B,))
    assert mined == MinedRegions((), (), ())


def test_a_marker_outside_all_panels_is_kept_as_it_was_proposed() -> None:
    stray = replace(ARROW, box_xyxy=(700.0, 100.0, 740.0, 110.0))
    mined = mine(Scripted({"targets": []}, NO_TEXT), markers=(stray,))
    assert [(m.panel_id, m.candidate_id, m.confidence) for m in mined.markers] == [(None, "m7", 0.8)]
    assert [(r.panel_id, r.marker) for r in mined.regions] == [(None, 0)]


def test_regions_stay_inside_their_panel() -> None:
    edge = {"targets": [target(1, CELL, target=[900, 900, 1010, 1010])]}
    mined = mine(Scripted(edge, NO_TEXT), panels=(replace(A, box_xyxy=(0.4, 0.4, 499.5, 499.5)),))
    assert coverage(mined.regions[0].box_xyxy, (0.4, 0.4, 499.5, 499.5)) == pytest.approx(1)


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


def test_a_spent_budget_ends_mining() -> None:
    look = look_at(Scripted({"targets": []}), CAPTION, Hierarchy(markers=(ARROW,)))
    look.asker.budget = type(look.asker.budget)(ModelSettings(max_requests=1))
    with pytest.raises(BudgetError):
        mine_regions(look, [A])


numbers = st.floats(-100, 1100) | st.sampled_from([0.0, 200.0, 220.0, 280.0, 1000.0])
any_target = st.fixed_dictionaries(
    {
        "marker": st.none() | st.integers(-1, 3),
        "kind": st.sampled_from([kind.value for kind in MarkerKind]),
        "color": st.sampled_from([None, "white", "puce"]),
        "marker_box": st.none() | st.lists(numbers, min_size=4, max_size=4),
        "target": st.lists(numbers, min_size=4, max_size=4),
        "label": st.sampled_from(["", "cell"]),
        "sentence": st.sampled_from(["", "A cell."]),
        "clause": st.sampled_from([None, "", CLAUSE, "Sham.", "made up"]),
    }
)
any_region = st.fixed_dictionaries(
    {
        "clause": st.sampled_from(["", CLAUSE, "Dark lumen", "made up"]),
        "box": st.lists(numbers, min_size=4, max_size=4),
        "label": st.just("x"),
        "sentence": st.just(""),
    }
)


class ByShape(Scripted):
    """Gives the same reply whenever it is asked for a shape."""

    def __init__(self, by_shape: dict[str, Any]) -> None:
        super().__init__()
        self._by_shape = by_shape

    def complete(self, messages: Sequence[Message], schema: Schema | None, sampling: Sampling) -> Reply:
        assert schema is not None
        return Reply(json.dumps(self._by_shape[schema["title"]]))


@settings(max_examples=40, deadline=None)
@given(targets=st.lists(any_target, max_size=4), regions=st.lists(any_region, max_size=4))
def test_any_reply_gives_a_possible_hierarchy_and_reasons_for_the_rest(
    targets: list[dict[str, Any]], regions: list[dict[str, Any]]
) -> None:
    model = ByShape({"MarkerTargets": {"targets": targets}, "TextRegions": {"regions": regions}})
    mined = mine(model)
    markers = tuple(
        Marker(f"m{n}", m.panel_id, m.kind, m.box_xyxy, PROPOSED, m.color, m.tip_xy, m.clause_span)
        for n, m in enumerate(mined.markers)
    )
    found = tuple(
        Region(f"r{n}", r.panel_id, r.box_xyxy, PROPOSED, r.label, r.caption, r.clause_span, marker_id=None)
        for n, r in enumerate(mined.regions)
    )
    check(Hierarchy((A,), markers, found), (1000, 500), CAPTION)
    assert all(0 <= marker.confidence <= 1 for marker in mined.markers)
    assert all(0 <= region.confidence <= 1 for region in mined.regions)
    assert all(coverage(region.box_xyxy, A.box_xyxy) == pytest.approx(1) for region in mined.regions)
    assert all(region.marker is None or region.marker < len(mined.markers) for region in mined.regions)
    if any(given["marker"] not in (None, 1) for given in targets):
        assert mined.failures != ()


@pytest.mark.parametrize(
    ("words", "color"),
    [("light Gray", "grey"), ("purple", "magenta"), ("WHITE", "white"), ("whitish", None), ("", None)],
)
def test_colours_are_told_in_plain_words(words: str, color: str | None) -> None:
    assert plain_color(words) == color
