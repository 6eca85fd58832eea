"""The loop and its rounds, as the API shows them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from curator.work import Work
from data.store.loop import Stage
from data.store.remining import Remined, Round
from ui.api.shape import Shape


class RecallShape(Shape):
    """Recall at 1 in both directions, and among how many."""

    a2b_r1: float
    """Image to text."""
    b2a_r1: float
    """Text to image."""
    pool_a: int
    pool_b: int


class RoundTraining(Shape):
    """What a round's training came to: a run, or why there was none."""

    run: str = ""
    from_: str | None = Field(default=None, alias="from")
    """The run whose weights it went on from."""
    retrieval: dict[str, RecallShape] = Field(default_factory=dict)
    """By level: M, P, R."""
    skipped: str = ""
    """Why nothing was trained."""


class RoundRemining(Shape):
    """What a round's mining again came to."""

    figures: int
    done: int
    failed: int
    adopted: int
    gained: float
    cost: float


class RoundAssessing(Shape):
    """The assessor that a round fitted."""

    assessor: int
    decisions: int
    figures: int
    """That it looked at."""
    error: float | None
    """Of calibration, on decisions that it did not learn from."""


class LoopRoundShape(Shape):
    """One time around the loop."""

    id: int
    begun_at: str
    ended_at: str | None
    stage: Stage | Literal["over"]
    """What is under way, or is to be done next."""
    work: Work
    """Of curators since the round began."""
    train: RoundTraining | None
    remine: RoundRemining | None
    assess: RoundAssessing | None
    """The latest of the round."""
    goal: int | None
    """Figures to review."""


class LoopShape(Shape):
    """Where the loop stands."""

    running: bool
    said: str
    """What its process said last, where it does not run."""
    missing: int
    """Reviews that the open round still asks for."""
    goal: int
    """Figures a round, unless said otherwise."""
    sure_from: float
    """Confidence from which training on open proposals is offered."""
    rounds: list[LoopRoundShape]
    """Newest first."""
    remined: list[Round]
    """Rounds of mining again, newest first."""
    ways: dict[str, str]
    """Ways of mining again, and what they are called."""


class ChangesShape(Shape):
    changes: list[Remined]
