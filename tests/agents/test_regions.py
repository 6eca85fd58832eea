"""Regions from markers, from words and from both; fusion against a plain reference."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agents.embedded.caption_pointers import Pointer
from agents.embedded.markers import MarkerProposal, PanelView
from agents.embedded.region_cues import position_box, stain_box
from agents.embedded.region_fusion import Candidate, Extent, fuse
from agents.embedded.regions import RegionProposal, propose_regions, sentence
from curator.figure import MarkerKind, PanelKind, Span
from curator.geometry import Box, centre, contains_point, coverage, iou
from curator.settings import MiningSettings

PANEL: Box = (0.0, 0.0, 300.0, 400.0)  # diagonal 500


def grey(level: int = 90) -> NDArray[np.uint8]:
    return np.full((400, 300, 3), level, np.uint8)


def panel(kind: PanelKind = PanelKind.MICROSCOPY) -> PanelView:
    return PanelView("p1", "A", PANEL, kind, None)


def pointer(caption: str, kind: MarkerKind = MarkerKind.ARROW, labels: tuple[str, ...] = ()) -> Pointer:
    return Pointer(Span(0, len(caption)), kind, None, labels, "a mitotic cell", False)


def marker(
    box: Box, kind: MarkerKind = MarkerKind.BOX, tip: tuple[float, float] | None = None, clause: Pointer | None = None
) -> MarkerProposal:
    return MarkerProposal("p1", kind, "white", box, tip, clause, 0.9)


def regions(
    image: NDArray[np.uint8],
    markers: list[MarkerProposal],
    caption: str = "",
    pointers: tuple[Pointer, ...] = (),
    fusion: MiningSettings | None = None,
) -> list[RegionProposal]:
    return propose_regions(image, [panel()], markers, pointers, caption, fusion or MiningSettings())


@pytest.mark.parametrize("kind", [MarkerKind.BOX, MarkerKind.DASHED_BOX, MarkerKind.CIRCLE])
def test_the_region_of_an_outline_is_what_it_encloses(kind: MarkerKind) -> None:
    found = regions(grey(), [marker((40.0, 50.0, 120.0, 110.0), kind)])
    assert [(region.box_xyxy, region.marker, region.label, region.caption) for region in found] == [
        ((40.0, 50.0, 120.0, 110.0), 0, "", "")
    ]


def test_the_region_of_an_arrow_lies_ahead_of_its_tip() -> None:
    found = regions(grey(), [marker((80.0, 95.0, 120.0, 105.0), MarkerKind.ARROW, (120.0, 100.0))])
    assert len(found) == 1
    x0, y0, x1, y1 = found[0].box_xyxy
    assert (x1 - x0, y1 - y0) == pytest.approx((80.0, 80.0))  # twice the dilation of 0.08 of 500 px
    assert centre(found[0].box_xyxy) == pytest.approx((140.0, 100.0))


def test_the_region_of_an_arrow_is_the_clear_blob_it_points_at() -> None:
    image = grey(40)
    cv2.circle(image, (150, 100), 22, (210, 210, 210), -1)
    found = regions(image, [marker((80.0, 95.0, 122.0, 105.0), MarkerKind.ARROW, (122.0, 100.0))])
    assert iou(found[0].box_xyxy, (128.0, 78.0, 173.0, 123.0)) > 0.8


def test_label_and_caption_come_from_the_clause() -> None:
    caption = "arrow,  a mitotic cell"
    clause = pointer(caption)
    found = regions(
        grey(), [marker((80.0, 95.0, 120.0, 105.0), MarkerKind.ARROW, (120.0, 100.0), clause)], caption, (clause,)
    )
    assert [(region.label, region.caption, region.clause_span) for region in found] == [
        ("a mitotic cell", "Arrow, a mitotic cell.", Span(0, len(caption)))
    ]


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("white arrows indicate axons;", "White arrows indicate axons."),
        ("(arrowhead: nucleus)", "Arrowhead: nucleus."),
        ("Is it?", "Is it?"),
        (" , ", ""),
    ],
)
def test_a_clause_becomes_one_sentence(caption: str, expected: str) -> None:
    assert sentence(caption, pointer(caption)) == expected


def test_a_clause_without_its_marker_gives_the_place_it_names() -> None:
    caption = "the arrow in the upper left shows a mitotic cell"
    found = regions(grey(), [], caption, (pointer(caption),))
    assert [(region.box_xyxy, region.marker) for region in found] == [((0.0, 0.0, 150.0, 200.0), None)]


def test_a_clause_that_names_no_place_gives_none_without_a_marker() -> None:
    caption = "the arrow shows a mitotic cell"
    assert regions(grey(), [], caption, (pointer(caption),)) == []


def test_a_place_far_from_the_marker_of_its_clause_is_dropped() -> None:
    caption = "the arrow in the upper left shows a mitotic cell"
    clause = pointer(caption)
    arrow = marker((200.0, 300.0, 220.0, 310.0), MarkerKind.ARROW, (220.0, 305.0), clause)
    assert [region.marker for region in regions(grey(), [arrow], caption, (clause,))] == [0]


@pytest.mark.parametrize(
    ("clause", "box"),
    [
        ("top right", (150.0, 0.0, 300.0, 200.0)),
        ("lower part", (0.0, 200.0, 300.0, 400.0)),
        ("on the left side", (0.0, 0.0, 150.0, 400.0)),
        ("in the centre", (75.0, 100.0, 225.0, 300.0)),
        ("upper panels", None),
        ("the left ventricle", None),
        ("a cell", None),
    ],
)
def test_words_of_place_name_a_part_of_the_panel(clause: str, box: Box | None) -> None:
    assert position_box(clause, PANEL) == box


def test_a_stain_is_the_patch_of_its_color() -> None:
    image = grey(20)
    image[60:120, 40:160] = (20, 200, 30)
    assert stain_box("actin (green)", image, PANEL) == (40.0, 60.0, 160.0, 120.0)
    assert stain_box("actin (red)", image, PANEL) is None
    assert stain_box("green arrows", image, PANEL) is None


boxes = st.builds(
    lambda x, y, w, h: (float(x), float(y), float(x + w), float(y + h)),
    st.integers(0, 240),
    st.integers(0, 340),
    st.integers(5, 60),
    st.integers(5, 60),
)
marker_sets = st.lists(boxes, max_size=4).map(
    lambda found: [Candidate(box, 0, index, 0.8) for index, box in enumerate(found)]
)
text_sets = st.lists(boxes, max_size=4).map(lambda found: [Candidate(box, 0, None, 0.4) for box in found])


@given(markers=marker_sets, texts=text_sets, tau=st.sampled_from([0.0, 0.05, 0.15, 0.4, 1.0]))
def test_fusion_keeps_the_text_boxes_that_the_definition_keeps(
    markers: list[Candidate], texts: list[Candidate], tau: float
) -> None:
    def near(text: Candidate) -> bool:
        return any(math.dist(centre(text.box_xyxy), centre(m.box_xyxy)) <= tau * 500 for m in markers)

    fused = fuse(markers, texts, PANEL, MiningSettings(tau=tau, nms_iou=1.0))
    kept = [candidate.box_xyxy for candidate in fused if candidate.box_xyxy in {text.box_xyxy for text in texts}]
    expected = [text.box_xyxy for text in texts if near(text) or not markers]
    assert set(expected) <= set(kept)
    dilated = {candidate.marker for candidate in fused}
    assert {m.marker for m in markers} <= dilated


@given(markers=marker_sets, texts=text_sets)
def test_a_larger_tau_never_keeps_fewer_text_boxes(markers: list[Candidate], texts: list[Candidate]) -> None:
    named = {text.box_xyxy for text in texts}

    def kept(tau: float) -> int:
        fused = fuse(markers, texts, PANEL, MiningSettings(tau=tau, nms_iou=1.0))
        return sum(candidate.box_xyxy in named for candidate in fused)

    counts = [kept(tau) for tau in (0.0, 0.05, 0.1, 0.2, 0.5, 1.0)]
    assert counts == sorted(counts)


@given(markers=marker_sets, texts=text_sets, nms=st.sampled_from([0.1, 0.5]))
def test_fused_regions_overlap_no_more_than_allowed_and_stay_inside(
    markers: list[Candidate], texts: list[Candidate], nms: float
) -> None:
    fused = fuse(markers, texts, PANEL, MiningSettings(nms_iou=nms))
    for index, first in enumerate(fused):
        assert coverage(first.box_xyxy, PANEL) == pytest.approx(1.0)
        assert all(iou(first.box_xyxy, second.box_xyxy) <= nms for second in fused[index + 1 :])


@pytest.mark.parametrize(
    ("extent", "expected"),
    [
        (Extent.PLACE, [((150.0, 200.0, 190.0, 240.0), 3)]),
        (Extent.OUTLINE, [((145.0, 200.0, 185.0, 240.0), 3)]),
        (Extent.DRAWN, [((140.0, 200.0, 180.0, 240.0), 3)]),
    ],
)
def test_a_text_box_over_a_marker_box_is_one_region_with_it(
    extent: Extent, expected: list[tuple[Box, int | None]]
) -> None:
    marker = Candidate((140.0, 200.0, 180.0, 240.0), None, 3, 0.9, extent)
    text = Candidate((150.0, 200.0, 190.0, 240.0), None, None, 0.4)
    assert [(c.box_xyxy, c.marker) for c in fuse([marker], [text], PANEL, MiningSettings())] == expected


@pytest.mark.parametrize(("clause", "kept"), [(0, 1), (1, 2), (None, 2)])
def test_a_text_box_beside_an_outline_is_the_same_region_where_one_pointer_speaks_of_both(
    clause: int | None, kept: int
) -> None:
    marker = Candidate((140.0, 200.0, 160.0, 220.0), 0, 3, 0.9, Extent.OUTLINE)
    text = Candidate((165.0, 200.0, 185.0, 220.0), clause, None, 0.4)
    fused = fuse([marker], [text], PANEL, MiningSettings())
    assert len(fused) == kept
    assert (fused[0].box_xyxy, fused[0].marker) == (marker.box_xyxy, 3)


def test_a_text_box_that_no_pointer_speaks_of_stays_near_a_marker_only() -> None:
    near, far = (
        Candidate((150.0, 200.0, 170.0, 220.0), None, None, 0.4, text=0),
        Candidate((10.0, 10.0, 30.0, 30.0), None, None, 0.4, text=1),
    )
    marker = Candidate((140.0, 190.0, 160.0, 210.0), None, 3, 0.9)
    assert [(c.text, c.marker) for c in fuse([marker], [near, far], PANEL, MiningSettings())] == [(0, 3)]
    assert fuse([], [near, far], PANEL, MiningSettings()) == []


def test_a_dilated_marker_keeps_its_centre_and_grows_to_the_window() -> None:
    (region,) = fuse([Candidate((140.0, 190.0, 160.0, 210.0), None, 0, 0.9)], [], PANEL, MiningSettings(dilation=0.1))
    assert region.box_xyxy == (100.0, 150.0, 200.0, 250.0)
    assert contains_point(region.box_xyxy, (150.0, 200.0))


def test_markers_of_other_panels_give_no_region_here() -> None:
    stray = MarkerProposal("p9", MarkerKind.BOX, "white", (40.0, 50.0, 90.0, 90.0), None, None, 0.9)
    assert regions(grey(), [stray]) == []
