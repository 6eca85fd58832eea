"""How far two readings of a figure agree, worked out once for each state that they are in."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from curator.adjudication import Compared
from curator.agreement import LevelAgreement, agreement, summed
from curator.codec import Level
from curator.figure import FigureState
from data.store.readings import Pair, Readings
from data.store.reviews import Reviews


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of one figure."""

    differences: int
    """That somebody has to settle; where one reader accepted the figure and the other skipped it, just that."""
    levels: dict[Level, LevelAgreement] | None
    """None where not both accepted it."""


class Comparisons:
    """Keeps what it has worked out: comparing two hierarchies takes milliseconds, and a page asks for hundreds."""

    def __init__(self, readings: Readings, reviews: Reviews) -> None:
        self._readings = readings
        self._reviews = reviews
        self._lock = threading.Lock()
        self._known: dict[str, tuple[str | int, Comparison]] = {}

    def of(self, pair: Pair) -> Comparison:
        """How the readings of this figure compare."""
        state = pair.settled_at or pair.revision  # a reading that is settled never changes
        with self._lock:
            known = self._known.get(pair.figure_id)
        if known is not None and known[0] == state:
            return known[1]
        compared = self._compared(pair)
        with self._lock:
            self._known[pair.figure_id] = (state, compared)
        return compared

    def agreement(self) -> dict[tuple[str, str], tuple[int, dict[Level, LevelAgreement]]]:
        """By pair of readers (first, second): on how many figures that both accepted, and how far they agree."""
        found: dict[tuple[str, str], list[dict[Level, LevelAgreement]]] = {}
        for pair in (*self._readings.pairs(), *self._readings.pairs(settled=True)):
            levels = self.of(pair).levels
            if levels is not None:
                found.setdefault((pair.first_who, pair.second_who), []).append(levels)
        return {readers: (len(figures), summed(figures)) for readers, figures in sorted(found.items())}

    def _compared(self, pair: Pair) -> Comparison:
        if pair.first_state != pair.second_state:
            return Comparison(1, None)
        if pair.first_state != FigureState.ACCEPTED:
            return Comparison(0, None)
        both = self._readings.both(pair.figure_id)
        compared: Compared = self._readings.differences(both)
        caption = self._reviews.figure(pair.figure_id).caption
        return Comparison(len(compared.differences), agreement(caption, both.first, both.second))
