"""Agents by a script, for tests: what is mined aside comes when a test lets it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from curator.figure import Hierarchy, Marker, MarkerKind, Provenance, Span
from data.store import Store
from tests.e2e.review_screen import FIRST
from ui.mining.jobs import MinedAside

MODEL = "Qwen/Qwen3-VL-8B-Instruct"
WAIT_S = 120.0  # a test that never lets it would hang; the slowest machine is faster


@dataclass(frozen=True)
class Mined:
    figure_id: str
    mining_id: int | None
    reason: str = ""
    cost: float = 0.0


@dataclass
class ScriptedMiner:
    """Proposes what ``other_proposal`` says, one figure each time that it is let."""

    store: Store
    turns: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def __call__(self, figure_ids: Sequence[str], agent: str, stopped: Callable[[], bool]) -> Iterator[MinedAside]:
        self.asked.append((agent, *figure_ids))
        for figure_id in figure_ids:
            assert self.turns.acquire(timeout=WAIT_S)
            if stopped():
                return
            hierarchy = other_proposal(self.store) if figure_id == FIRST else Hierarchy()
            yield Mined(figure_id, self.store.minings.save(figure_id, "lvlm", MODEL, hierarchy, cost=0.02), cost=0.02)


def other_proposal(store: Store) -> Hierarchy:
    """The kidney figure as a model sees it: A moved, B called Z, no D; the asterisk missed, an arrowhead found."""
    known = store.reviews.load(FIRST, 0).review.hierarchy
    made = Provenance("lvlm", "test", "2026-01-02T00:00:00.000+00:00", 0.7, MODEL, None, ("a" * 64,))
    a, b, c, _ = known.panels
    return Hierarchy(
        (
            replace(
                a, box_xyxy=(0, 0, 290, 220), provenance=made, summary="A stained section.", rival_spans=(Span(0, 30),)
            ),
            replace(b, label="Z", provenance=made),
            replace(c, provenance=made),
        ),
        (
            replace(known.markers[0], provenance=made),
            Marker("m9", "p2", MarkerKind.ARROWHEAD, (560, 60, 590, 90), made, "black", (562.0, 62.0)),
        ),
        (replace(known.regions[0], provenance=made),),
        known.shared,
    )
