"""What both sides hold of one figure at one time."""

from __future__ import annotations

from dataclasses import dataclass

from curator.figure import FigureState, Hierarchy


@dataclass(frozen=True, slots=True)
class Version:
    """A figure's hierarchy, where its review stands, and why it was skipped if it was."""

    hierarchy: Hierarchy
    state: FigureState = FigureState.PROPOSED
    reason: str = ""
