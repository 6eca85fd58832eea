"""Hierarchies of a figure of 100 x 80 px, drawn at random for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from curator.figure import Hierarchy, Marker, MarkerKind, Panel, PanelKind, Provenance, Region, Shared, Span, State
from curator.geometry import Box

IMAGE_WH = (100, 80)
CAPTION = "Cells. (A) Red cells. (B) Arrow, mitosis. Bar, 5 um."


@st.composite
def _boxes(draw: st.DrawFn) -> Box:
    # few edges, so that boxes of two hierarchies often are the same or nearly so
    x0, y0 = draw(st.integers(0, 4)) * 20, draw(st.integers(0, 3)) * 20
    return (
        float(x0),
        float(y0),
        float(draw(st.integers(x0 // 20 + 1, 5)) * 20),
        float(y0 + draw(st.sampled_from([15, 20]))),
    )


@st.composite
def hierarchies(draw: st.DrawFn, states: tuple[State, ...] = (State.PROPOSED,), agent: str = "embedded") -> Hierarchy:
    """Consistent ones: a region under a marker is in that marker's panel."""
    provenance = st.builds(
        Provenance, st.just(agent), st.just("1"), st.just(""), st.sampled_from([None, 0.2, 0.5, 0.9])
    )
    state = st.sampled_from(states)
    spans = st.lists(st.sampled_from([Span(7, 21), Span(22, 41)]), max_size=2, unique=True).map(tuple)
    panels = tuple(
        Panel(
            f"p{index + 1}",
            draw(_boxes()),
            draw(provenance),
            draw(st.sampled_from([None, "A", "B", "C"])),
            kind=draw(st.sampled_from([PanelKind.MICROSCOPY, PanelKind.PLOT])),
            own_spans=draw(spans),
            state=draw(state),
        )
        for index in range(draw(st.integers(0, 4)))
    )
    parents = st.sampled_from([None, *(panel.id for panel in panels)])
    markers = tuple(
        Marker(
            f"m{index + 11}",
            draw(parents),
            draw(st.sampled_from([MarkerKind.ARROW, MarkerKind.ASTERISK])),
            draw(_boxes()),
            draw(provenance),
            state=draw(state),
        )
        for index in range(draw(st.integers(0, 3)))
    )
    regions = []
    for index in range(draw(st.integers(0, 3))):
        marker = draw(st.sampled_from([None, *markers]))
        panel_id = marker.panel_id if marker else draw(parents)
        regions.append(
            Region(
                f"r{index + 21}",
                panel_id,
                draw(_boxes()),
                draw(provenance),
                draw(st.sampled_from(["", "mitosis"])),
                marker_id=marker.id if marker else None,
                state=draw(state),
            )
        )
    return Hierarchy(panels, markers, tuple(regions), Shared(draw(spans)))
