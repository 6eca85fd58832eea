"""Keeping in step with Label Studio, as the API shows it."""

from __future__ import annotations

from typing import Literal

from curator.codec import Level
from curator.figure import FigureState, Shared
from data.store.syncs import SyncStatus
from ui.api.figure_shapes import AnyNode
from ui.api.shape import Shape


class ConnectedShape(Shape):
    """The Label Studio project that this one is kept in step with."""

    url: str
    project_id: int
    at: str
    """Since when."""
    read_until: str
    """The newest change there that was read, by Label Studio's own clock; empty before the first."""
    sends_new: bool
    """Whether figures go there by themselves."""


class RunningPass(Shape):
    since: float
    """Unix time."""
    done: int
    """Figures."""
    figure_id: str | None
    """At work on it."""


class LastPass(Shape):
    """What the last pass did that went over everything, in figures."""

    at: float
    """Unix time."""
    seconds: float
    sent: int
    made: int
    """Of the sent ones, new tasks."""
    taken_in: int
    conflicts: int
    """Found in it."""
    held: int
    """Wait for a person who edits them here."""
    failed: int
    renewed: int
    """Links to images that were replaced before they expire."""
    doubles: int
    """Tasks there of a figure that has another one."""


class PassFailure(Shape):
    at: float
    """Unix time."""
    message: str


class OutboxShape(Shape):
    count: int
    """Figures that wait to be sent."""
    since: str | None
    """When the oldest of them was changed."""


class PickingShape(Shape):
    """Many figures that are being put into the outbox, or left out, beside the answers."""

    what: Literal["send", "leave out"]
    done: int
    """Figures."""
    total: int
    error: str
    """Why it ended early."""


class SyncState(Shape):
    """Where keeping in step with Label Studio stands."""

    connected: ConnectedShape | None
    """Null where no Label Studio is connected."""
    watching: bool
    """Pass after pass, as long as the server runs."""
    waiting: bool
    """A pass is asked for and begins soon."""
    running: RunningPass | None
    last: LastPass | None
    failure: PassFailure | None
    """Why the last pass could not be done."""
    next_at: float | None
    """Unix time of the next pass."""
    passes: int
    """Since the server was started."""
    not_called: str
    """Why Label Studio calls this app neither with hints nor for proposals; empty where it does."""
    counts: dict[SyncStatus, int] | None
    """Figures by where they stand; null where they were not asked for."""
    outbox: OutboxShape
    picking: PickingShape | None


class PickedSyncState(SyncState):
    count: int
    """Figures that were chosen; what is done with them goes on beside this answer."""


class FormFields(Shape):
    """As the settings of [label_studio] of the same names."""

    url: str
    project: str
    images: str
    image_root: str
    image_root_there: str
    public_url: str


class SyncForm(Shape):
    fields: FormFields
    has_token: bool
    variables: dict[str, str]
    """Fields that the environment sets, which cannot be changed here, and the variable that does."""
    file: str
    """Where the form is kept."""
    folder: str
    """That the project is in."""


class TestedShape(Shape):
    """What was found at the form's address."""

    release: str
    """Of Label Studio."""
    who: str
    """E-mail address of the token's owner."""
    project: str
    """What connecting would do with the project named."""
    images: str
    """How images get there."""


class Proposer(Shape):
    name: str
    count: int
    """Figures whose proposals are this agent's."""


class ProposersShape(Shape):
    agents: list[Proposer]


class ChosenShape(Shape):
    count: int
    counts: dict[SyncStatus, int]
    """Of them, by where they stand."""


class SyncedFigure(Shape):
    figure_id: str
    number: int
    label: str
    article_id: str
    image_sha256: str
    state: FigureState
    confidence: float | None
    status: SyncStatus
    task_id: int | None
    waiting_since: str | None
    tries: int
    """In vain."""
    next_at: float | None
    """Unix time of the next try."""
    reason: str
    """Why the last try was in vain."""
    conflicts: int
    decided: int
    """Conflicts of it that were decided."""
    task_url: str | None


class OneFigure(Shape):
    item: SyncedFigure | None
    """Null where no Label Studio is connected."""


class WaitingShape(Shape):
    """A figure that waits to be sent."""

    figure_id: str
    revision: int
    at: str


Version = AnyNode | Shared | tuple[FigureState, str] | None
"""A node, what all panels share, or a state and why the figure was skipped; null where there is no such node."""


class VersionsShape(Shape):
    """What somebody changed there and somebody else here."""

    who: str
    """Changed it there."""
    base: Version
    """What both had agreed on."""
    ours: Version
    theirs: Version


class ConflictShape(Shape):
    """Something that was changed here and there since both last agreed."""

    figure_id: str
    key: str
    """A node's id, or shared, state, task, annotation."""
    found_at: str
    doc: VersionsShape


Kind = Literal["node", "shared", "state", "gone", "overwritten"]
"""``gone``: the task or annotation was deleted there; ``overwritten``: something there may have been."""


class FigureConflict(VersionsShape):
    key: str
    kind: Kind
    found_at: str


class ConflictDecisionShape(VersionsShape):
    """A decision on a conflict; ``who`` had changed it there."""

    id: int
    key: str
    kind: Kind
    keep: Literal["ours", "theirs"]
    by: str
    """Decided."""
    at: str


class ConflictFigure(Shape):
    id: str
    label: str
    caption: str
    width: int
    height: int


class ConflictNode(Shape):
    """A node of the figure as it stands here."""

    id: str
    label: str
    level: Level
    box: tuple[float, float, float, float]


class WhoWhen(Shape):
    who: str
    at: str


class ConflictDetail(Shape):
    """All versions of what both sides changed of a figure."""

    figure: ConflictFigure
    item: SyncedFigure | None
    ours: WhoWhen | None
    """The last decision here."""
    total: int
    """Its open conflicts."""
    offset: int
    conflicts: list[FigureConflict]
    """The first of them from ``offset`` on."""
    decisions: list[ConflictDecisionShape]
    """On its conflicts so far."""
    nodes: list[ConflictNode]


class DecidedShape(Shape):
    decided: int
    left: int


class DecidedAgainShape(Shape):
    changed: bool
    """Whether anything is another now."""
