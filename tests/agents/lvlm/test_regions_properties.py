"""Whatever a model replies of markers and words, a possible hierarchy comes of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.lvlm.model import Message, Sampling, Schema
from curator.exchange import Reply
from curator.figure import Hierarchy, Marker, MarkerKind, Region, check
from curator.geometry import coverage
from tests.agents.lvlm.looks import PROPOSED, Scripted
from tests.agents.lvlm.panel_regions import CAPTION, CLAUSE, A, mine

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
