"""Valid hierarchies with all that a node can hold, drawn at random for property tests."""

from __future__ import annotations

import random
from collections.abc import Sequence
from random import Random

from hypothesis import strategies as st

from curator.figure import (
    Figure,
    FigureState,
    Finding,
    Hierarchy,
    Marker,
    MarkerKind,
    Node,
    Panel,
    PanelKind,
    Provenance,
    Region,
    Shared,
    Span,
    State,
)
from curator.geometry import Box, Point
from curator.samples import Samples
from data.label_studio.version import Version

CAPTION = "Cells. (A) Red cells, 5 µm². (B) Arrow, mitosis\u2009🔬. Red cells."
FIGURE = Figure("PMC1:fig1", "PMC1", "fig1.png", "0" * 64, (613, 407), "Figure 1", CAPTION)
TEXTS = ("", "A", "iv", "mitosis", "Red cells", " two  words\n", "<b>&amp;\"'", "ß🔬\u202e", "\u0301", "\x00")
_SPAN = (Span(0, 1), Span(0, 6), Span(7, 21), Span(29, 40), Span(40, len(CAPTION)), Span(6, 7))
_SPANS = ((), (Span(0, 6),), (Span(0, 6), Span(7, 21)), (Span(6, 7),))
_SHARES = (None, 0.0, 0.1, 1 / 3, 1.0)
_AT = "2026-01-01T00:00:00+00:00"


def versions() -> st.SearchStrategy[Version]:
    """By a seed: as hypothesis draws, one hierarchy would need a hundred draws and a tenth of a second."""
    return st.integers(0, 2**32).map(lambda seed: _version(random.Random(seed)))


def _version(dice: Random) -> Version:
    state = dice.choice(list(FigureState))
    return Version(_hierarchy(dice), state, dice.choice(["no panels", "ß\n"]) if state == FigureState.SKIPPED else "")


def _hierarchy(dice: Random) -> Hierarchy:
    """Also markers and regions without a panel, under a rejected one, and regions beside their marker's panel."""
    panel_ids = [f"p{n}" for n in range(dice.randrange(4))]
    marker_ids = [f"m{n}" for n in range(dice.randrange(4))]
    nodes: list[Node] = [_panel(node_id, dice) for node_id in panel_ids]
    nodes += [_marker(node_id, panel_ids, dice) for node_id in marker_ids]
    nodes += [_region(f"r{n}", panel_ids, marker_ids, dice) for n in range(dice.randrange(4))]
    shared = Shared(dice.choice(_SPANS), dice.choice(_SPANS), dice.choice([(), ("A", "B")]))
    return Hierarchy(shared=shared).with_nodes(nodes)


def _panel(node_id: str, dice: Random) -> Panel:
    return Panel(
        node_id,
        box(dice),
        _provenance(dice),
        dice.choice([None, *TEXTS]),
        dice.choice([None, box(dice)]),
        dice.choice(list(PanelKind)),
        dice.random() < 0.5,
        dice.choice(_SPANS),
        dice.choice([None, *TEXTS]),
        dice.choice(_SPANS),
        dice.choice(TEXTS),
        dice.choice(TEXTS),
        _outline(dice),
        dice.choice(list(State)),
    )


def _marker(node_id: str, panel_ids: Sequence[str], dice: Random) -> Marker:
    return Marker(
        node_id,
        dice.choice([None, *panel_ids]),
        dice.choice(list(MarkerKind)),
        box(dice),
        _provenance(dice),
        dice.choice([None, "white", "violet"]),
        dice.choice([None, point(dice)]),
        dice.choice([None, *_SPAN]),
        dice.choice([None, *TEXTS]),
        dice.choice(list(State)),
    )


def _region(node_id: str, panel_ids: Sequence[str], marker_ids: Sequence[str], dice: Random) -> Region:
    return Region(
        node_id,
        dice.choice([None, *panel_ids]),
        box(dice),
        _provenance(dice),
        dice.choice(TEXTS),
        dice.choice(TEXTS),
        dice.choice([None, *_SPAN]),
        dice.choice([None, *marker_ids]),
        dice.choice(TEXTS),
        dice.choice([None, Finding("red", "cell", "centre", ("A blue cell.",))]),
        _outline(dice),
        dice.choice(list(State)),
    )


def box(dice: Random) -> Box:
    """Anywhere in the figure; now and then all of it, or less than a pixel."""
    (width, height), kind = FIGURE.image_wh, dice.random()
    if kind < 0.1:
        return (0.0, 0.0, float(width), float(height)) if kind < 0.05 else (0.0, 5.0, 1e-3, 5.01)
    x0, y0 = dice.uniform(0, 0.9) * width, dice.uniform(0, 0.9) * height
    return x0, y0, dice.uniform(x0 + 0.5, width), dice.uniform(y0 + 0.5, height)


def point(dice: Random) -> Point:
    return dice.uniform(0, FIGURE.image_wh[0]), dice.uniform(0, FIGURE.image_wh[1])


def _outline(dice: Random) -> tuple[Point, ...]:
    return tuple(point(dice) for _ in range(dice.choice([0, 0, 3, 4, 64])))


def _provenance(dice: Random) -> Provenance:
    if dice.random() < 0.2:
        return Provenance("person:Zoë", "1", _AT)
    shares = dice.choice(_SHARES), dice.choice(_SHARES)
    samples = dice.choice([None, Samples(3, 2, label=1), Samples(1, 0)])
    return Provenance(
        "embedded", "1", _AT, shares[0], dice.choice([None, "a/model"]), shares[1], dice.choice([(), ("k1",)]), samples
    )
