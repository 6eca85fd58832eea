"""The dashboard, as the API shows it."""

from __future__ import annotations

from curator.codec import Level
from curator.figure import FigureState
from data.store.exchanges import Spent
from ui.api.auto_shapes import StatementShape
from ui.api.shape import Shape


class ShareShape(Shape):
    """A share with its 95 % interval (Wilson)."""

    n: int
    share: float | None
    low: float
    high: float


class OutcomeShape(ShareShape):
    """What became of one agent's proposals of a level."""

    level: Level
    agent: str
    accepted: int
    edited: int
    rejected: int


class AgreementShape(ShareShape):
    """What a second curator left as the first had it."""

    figures: int


class BinShape(ShareShape):
    """Proposals of about one confidence, and the share of them that was right."""

    expected: float
    """Their confidence."""


class DiagramShape(Shape):
    """How often proposals of some confidence were right."""

    error: float
    """Mean distance of the two over proposals; 0 of none."""
    bins: list[BinShape]


class ReliabilityShape(Shape):
    """Of one agent's proposals of a level."""

    level: Level
    agent: str
    model: str | None
    n: int
    said: DiagramShape
    """By the agent's own confidence."""
    calibrated: DiagramShape
    """By that confidence as the others' decisions calibrate it."""


class AssessorDiagrams(Shape):
    """The assessor against what agents say."""

    n: int
    said: DiagramShape
    calibrated: DiagramShape
    assessed: DiagramShape
    """On figures that it did not learn from."""


class AssessorVersionShape(Shape):
    id: int
    at: str
    decisions: int
    """That it learned from."""
    figures: int | None
    error: float | None


class AssessorShape(Shape):
    """What the assessor learned from decisions, and how well it is calibrated."""

    decisions: int
    """So far."""
    due: int
    """With which the next version is fitted."""
    diagram: AssessorDiagrams | None
    """Null before the first version."""
    versions: list[AssessorVersionShape]
    """Newest first."""
    older: int
    """Versions that are not shown."""


class AcceptedShape(Shape):
    """What is accepted without a person, and how right that is."""

    figures: int
    panels: int
    right: StatementShape | None


class DashboardShape(Shape):
    """Pace, progress, and how good proposals and their confidences were."""

    states: dict[FigureState, int]
    days: list[tuple[str, int]]
    """Figures accepted on each of the last days."""
    seconds_per_figure: float | None
    """Median working time on an accepted figure."""
    seconds_left: float | None
    outcomes: list[OutcomeShape]
    agreement: AgreementShape
    reliability: list[ReliabilityShape]
    """How often proposals of some confidence were right, by level and agent."""
    models: list[Spent]
    assessor: AssessorShape
    auto: AcceptedShape
