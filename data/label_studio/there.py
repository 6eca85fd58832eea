"""A task as Label Studio gives it, and what it says of a figure beside what both sides last agreed on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from curator.codec import node_to_doc
from curator.errors import SyncError
from curator.figure import Figure, FigureState, Hierarchy, Node, State
from data.label_studio.agreed import Agreed
from data.label_studio.from_annotations import from_annotation
from data.label_studio.merge import with_removed
from data.label_studio.nodes import Author
from data.label_studio.rows import Drawn, sort_rows
from data.label_studio.to_tasks import MODEL_VERSION
from data.label_studio.version import Version

Doc = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """One task as read from there."""

    id: int
    data: Doc
    updated_at: str
    """By Label Studio's clock, as it wrote it."""
    annotations: tuple[Doc, ...]
    predictions: tuple[Doc, ...]

    @property
    def figure_id(self) -> str | None:
        """The figure that it holds; None where Curator did not make it."""
        found = self.data.get("figure_id")
        return found if isinstance(found, str) and "curator" in self.data else None

    @property
    def prediction(self) -> Doc | None:
        """Ours, not another model's."""
        ours = [found for found in self.predictions if found.get("model_version") == MODEL_VERSION]
        return max(ours, key=lambda found: int(found["id"]), default=None)

    @property
    def annotation(self) -> Doc | None:
        """The one that somebody changed last: where several persons annotate, what each does comes here in turn."""
        return max(self.annotations, key=lambda found: (str(found.get("updated_at", "")), found["id"]), default=None)


@dataclass(frozen=True, slots=True)
class There:
    """What a task says of a figure, ready to be merged."""

    task: Task
    annotation: Doc | None
    version: Version
    base: Version
    sent: Mapping[str, str]
    foreign: tuple[Any, ...]
    mark: str = ""
    """Of the writing that the rows are of; "" where they do not say, or not with one voice."""
    submitted: frozenset[str] | None = None
    """Ids of the nodes that a person was shown who submitted without saying where the figure stands; see
    ``data.label_studio.submitted``."""

    @property
    def earlier(self) -> list[Any]:
        """The rows as they stand there."""
        return list(self.annotation["result"]) if self.annotation else []


def parse_task(doc: Any) -> Task:
    """The task in Label Studio's reply.

    Raises:
        SyncError: it is none.
    """
    match doc:
        case {"id": int(task_id), "data": dict(data), "updated_at": str(updated_at)}:
            parts = [doc.get(name) or [] for name in ("annotations", "predictions")]
            if all(isinstance(part, list) and all(_is_part(item) for item in part) for part in parts):
                return Task(task_id, data, updated_at, tuple(parts[0]), tuple(parts[1]))
    raise SyncError(f"Label Studio answered {str(doc)[:80]!r}; expected a task with id, data and updated_at")


def arrived(figure: Figure, task: Task, agreed: Agreed) -> Agreed:
    """What is agreed on, where what was being sent when we were killed has come there (``Agreed.sending``)."""
    if agreed.sending is None or task.annotation is None:
        return agreed
    drawn = _sent_rows(task.annotation, figure)
    return agreed.sending if {row.mark for row in drawn} == {agreed.sending.mark} else agreed


def read_there(figure: Figure, task: Task, agreed: Agreed, annotation_id: int | None, author: Author) -> There:
    """What the task says of the figure, and the base to merge it by.

    Only annotations say what persons did; where there is none, there is nothing new. Rows that an editor sent which was
    opened before our last writing, and those of another annotation than ``annotation_id``, are compared with what that
    editor had been shown: with the writing of their mark, or where that is not remembered, with what the rows
    themselves say that they were sent as.

    Raises:
        InputError: see ``from_annotations.from_annotation``.
    """
    annotation = task.annotation
    carrier = annotation or task.prediction
    if carrier is None or (annotation is None and agreed.base is not None):
        base = agreed.base or Version(Hierarchy())
        return There(task, annotation, base, base, {}, (), agreed.mark)
    rows = _sent_rows(carrier, figure)
    sent = {row.node_id: row.sent for row in rows if row.sent is not None}
    hashes = {node_id: _hash(node) for node_id, node in sent.items()}
    marks = {row.mark for row in rows}
    mark = next(iter(marks)) if len(marks) == 1 else ""
    behind = agreed.base is not None and bool(marks - {agreed.mark})
    shown = agreed.shown(mark) if behind else None
    base = agreed.base or _as_sent(figure, task, sent, author)
    reading = from_annotation(figure, _with_state(task.data, shown or agreed.base), carrier, author)
    theirs = _settled(reading.version, base)
    if not carrier["result"] and carrier.get("was_cancelled"):  # "Skip" on a task that shows nothing yet
        theirs = replace(theirs, hierarchy=base.hierarchy)
    another = annotation is not None and annotation["id"] != annotation_id
    beside = another and annotation_id is not None
    changed = {node_id for node_id, found in hashes.items() if beside or agreed.sent.get(node_id, found) != found}
    if shown is not None and not beside:
        base = shown
    else:
        unknown = {node_id for node_id in sent if node_id not in agreed.sent} if behind else set()
        stale = {node_id: sent[node_id] for node_id in changed | unknown}
        base = replace(base, hierarchy=base.hierarchy.with_nodes((base.hierarchy.by_id() | stale).values()))
        if stale or behind or beside or (another and not sent):
            base = _without_unseen(base, theirs)
        if shown is not None:
            base = replace(base, state=shown.state, reason=shown.reason)
        elif (behind or beside) and theirs.state == FigureState.PROPOSED:
            # as it was shown, or as it opens a skipped one
            theirs = replace(theirs, state=base.state, reason=base.reason)
    base = _as_we_wrote(base, theirs)
    foreign = tuple(item.row for item in reading.foreign)
    seen = None if annotation is None or reading.chosen else frozenset(theirs.hierarchy.by_id().keys() - changed)
    return There(task, annotation, with_removed(base, theirs), base, hashes, foreign, mark, seen)


def hashes_of(version: Version) -> dict[str, str]:
    """As ``There.sent`` will be once the version is written there."""
    return {node.id: _hash(node) for node in version.hierarchy.nodes() if node.state != State.REJECTED}


def tidy(version: Version) -> Version:
    """A reason only where the figure is skipped: both sides keep old ones otherwise."""
    return version if version.state == FigureState.SKIPPED else replace(version, reason="")


def _is_part(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("id"), int) and isinstance(item.get("result"), list)


def _sent_rows(carrier: Mapping[str, Any], figure: Figure) -> list[Drawn]:
    """Those of nodes that we sent."""
    rows: Sequence[Any] = carrier["result"]
    return [drawn for drawn in sort_rows(rows, figure).drawn.values() if drawn.sent is not None]


def _with_state(data: Mapping[str, Any], shown: Version | None) -> Mapping[str, Any]:
    """The task's data in the state that the editor was shown. The data are written before the rows: whoever is killed
    in between has not said anything there."""
    ours = data.get("curator")
    if shown is None or not isinstance(ours, Mapping):
        return data
    return {**data, "curator": {**ours, "state": str(shown.state), "reason": shown.reason}}


def _without_unseen(base: Version, theirs: Version) -> Version:
    """The base of an editor that did not show all that is known, or of an annotation from scratch: what it lacks was
    not deleted."""
    there = theirs.hierarchy.by_id()
    nodes = [node for node in base.hierarchy.nodes() if node.id in there or node.state == State.REJECTED]
    return replace(base, hierarchy=base.hierarchy.with_nodes(nodes))


def _as_we_wrote(base: Version, theirs: Version) -> Version:
    """The base with what nobody there can change, the task's data, as it is there: it is ours, of now or of before."""
    known = base.hierarchy.by_id()
    rejected = [node for node in theirs.hierarchy.nodes() if node.state == State.REJECTED and node.id not in known]
    hierarchy = replace(base.hierarchy, shared=theirs.hierarchy.shared)
    return replace(base, hierarchy=hierarchy.with_nodes([*known.values(), *rejected]))


def _as_sent(figure: Figure, task: Task, sent: Mapping[str, Node], author: Author) -> Version:
    """What the rows' own memory says that Curator once wrote there."""
    empty = from_annotation(figure, task.data, {"result": []}, author).version
    nodes = empty.hierarchy.by_id() | dict(sent)
    state = FigureState(task.data["curator"]["state"]) if "curator" in task.data else empty.state
    return tidy(Version(empty.hierarchy.with_nodes(nodes.values()), state, empty.reason))


def _settled(theirs: Version, base: Version) -> Version:
    """Nodes that are known keep the provenance they are known by, whoever else touched the annotation."""
    known = base.hierarchy.by_id()
    nodes = [
        replace(node, provenance=known[node.id].provenance) if node.id in known else node
        for node in theirs.hierarchy.nodes()
    ]
    return tidy(replace(theirs, hierarchy=theirs.hierarchy.with_nodes(nodes)))


def _hash(node: Node) -> str:
    """The same as before nodes had samples, where they have none: it is compared with what was kept then."""
    doc = node_to_doc(node)
    if doc["provenance"].get("samples") is None:
        doc["provenance"].pop("samples", None)
    return hashlib.sha256(json.dumps(doc, sort_keys=True).encode()).hexdigest()[:16]
