"""Several curators, as the API shows them."""

from __future__ import annotations

from curator.codec import Level
from curator.figure import FigureState
from data.store.readings import ToRead, Workload
from ui.api.figure_shapes import AnyNode
from ui.api.shape import Shape


class LevelAgreementShape(Shape):
    """How far two readers agree on the nodes of one level, over all figures that both have read."""

    kinds: int
    """Matched nodes that have a kind."""
    texts: int
    """Matched nodes of which at least one has a text."""
    first: int
    """Nodes of the first reader."""
    second: int
    matched: int
    f1: float | None
    """Of boxes; null where neither has any node."""
    kappa: float | None
    """Cohen's, of kinds; null where chance cannot be told from agreement."""
    text: float | None
    """Words in common, 0 to 1."""


class TeamAgreementShape(Shape):
    """Of two readers."""

    first: str
    second: str
    figures: int
    """That both have read."""
    levels: dict[Level, LevelAgreementShape]


class TeamShape(Shape):
    """Who has what, how far readers agree, and what waits for whom."""

    you: str
    people: list[str]
    workloads: list[Workload]
    second: list[ToRead]
    """Figures that wait for your second reading."""
    to_settle: int
    settled: int
    agreement: list[TeamAgreementShape]
    open: int
    """Figures that wait for a first reading."""


class Dealt(Shape):
    figures: int
    second: int
    """That are read twice."""


class FigureCount(Shape):
    figures: int


class Settled(Shape):
    settled: int
    busy: int
    """Left, since somebody edits them."""


class TwoReadings(Shape):
    """Who read a figure, and what each made of it as a whole."""

    figure_id: str
    label: str
    first_who: str
    second_who: str
    first_state: FigureState
    second_state: FigureState
    state_key: str | None
    """Key of the choice between both states; null where they are the same."""
    revision: int
    settled_at: str | None


class ReadingShape(TwoReadings):
    """A figure that two have read."""

    count: int
    """Differences in its nodes."""


class ReadingsShape(Shape):
    readings: list[ReadingShape]
    total: int


class DifferenceShape(Shape):
    """A node that the readers do not agree on; null for the one who has no such node."""

    key: str
    level: Level
    fields: list[str]
    """What differs, such as box, label, kind or text; node where only one reader has it."""
    first: AnyNode | None
    second: AnyNode | None


class DifferencesShape(TwoReadings):
    """Both versions of a figure."""

    first_reason: str
    """Why the first reader skipped it."""
    second_reason: str
    """The same of the second; empty once both are settled."""
    image_wh: tuple[int, int]
    caption: str
    agreed: list[tuple[AnyNode, AnyNode]]
    """Nodes on which both agree, as each has them."""
    differences: list[DifferenceShape]
