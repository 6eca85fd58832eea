"""What a round of mining again may take."""

from __future__ import annotations

from dataclasses import dataclass

FIGURES = 100
BELOW = 0.9  # guess: a figure of four panels at 0.97 each


@dataclass(frozen=True, slots=True)
class Limits:
    """What a round may take; 0: no limit."""

    figures: int = FIGURES
    seconds: float = 0.0
    cost: float = 0.0
    """In the currency of the settings' prices."""
    confidence_below: float = BELOW
    """Only figures that the assessor is less sure of."""
