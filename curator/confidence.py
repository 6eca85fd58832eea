"""How sure the agents are of a whole figure."""

from __future__ import annotations

import math

from curator.figure import Flag, Hierarchy, State

_MISSING_CONFIDENCE = 0.1  # guess: a promised panel without a box is nearly surely an error


def figure_confidence(hierarchy: Hierarchy, found: list[Flag]) -> float | None:
    """Geometric mean of the panels' confidences, 0 to 1; a promised panel without a box counts as nearly wrong.

    A person's own panels count as 1, rejected ones not at all. None where there is nothing to judge.
    """
    values = [
        1.0 if panel.state.verified or panel.provenance.confidence is None else panel.provenance.confidence
        for panel in hierarchy.panels
        if panel.state != State.REJECTED
    ]
    values += [_MISSING_CONFIDENCE for flag in found if flag.code == "missing_label"]
    if not values:
        return None
    return math.exp(sum(math.log(max(value, 1e-6)) for value in values) / len(values))
