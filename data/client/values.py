"""What the API tells, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from curator.codec import node_from_doc, validated
from curator.figure import FigureState, Hierarchy, Shared
from curator.geometry import Size
from curator.user import Right, Role


@dataclass(frozen=True, slots=True)
class Whoami:
    """Whom the client acts as."""

    name: str
    role: Role
    rights: tuple[Right, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A figure of the queue."""

    id: str
    number: int
    """Order of ingest."""
    label: str
    article_id: str
    state: FigureState
    confidence: float | None
    flags: int
    lease_by: str | None


@dataclass(frozen=True, slots=True)
class RemoteFigure:
    """A figure as it stood when it was read; an edit of it fails where it has changed since."""

    id: str
    revision: int
    state: FigureState
    label: str
    caption: str
    image_wh: Size
    hierarchy: Hierarchy
    confidence: float | None
    undoable: bool
    redoable: bool
    document: Mapping[str, Any]
    """All that the server says of it (docs/api.md, FigureShape)."""

    @property
    def etag(self) -> str:
        return f'"{self.revision}"'


@dataclass(frozen=True, slots=True)
class RemoteMining:
    """What an agent proposed."""

    id: int
    agent: str
    model: str | None
    at: str
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Job:
    """A mining job."""

    id: int
    state: str
    total: int
    done: tuple[str, ...]
    waiting: int
    reason: str

    @property
    def over(self) -> bool:
        return self.state in ("done", "stopped", "failed")


def whoami(doc: Mapping[str, Any]) -> Whoami:
    return Whoami(doc["name"], doc["role"], tuple(doc["rights"]))


def listed(doc: Mapping[str, Any]) -> Listed:
    return Listed(
        doc["id"],
        doc["number"],
        doc["label"],
        doc["article_id"],
        FigureState(doc["state"]),
        doc["confidence"],
        doc["flags"],
        doc["lease_by"],
    )


def remote_figure(doc: Mapping[str, Any]) -> RemoteFigure:
    """Raises HierarchyError where a node is not as this version knows them."""
    shared: Shared = validated(Shared, doc["shared"])
    width, height = doc["image_wh"]
    return RemoteFigure(
        doc["id"],
        doc["revision"],
        FigureState(doc["state"]),
        doc["label"],
        doc["caption"],
        (width, height),
        Hierarchy(shared=shared).with_nodes(node_from_doc(node) for node in doc["nodes"]),
        doc["confidence"],
        doc["undoable"],
        doc["redoable"],
        doc,
    )


def remote_mining(doc: Mapping[str, Any]) -> RemoteMining:
    return RemoteMining(doc["id"], doc["agent"], doc["model"], doc["at"], doc["confidence"])


def job(doc: Mapping[str, Any]) -> Job:
    return Job(doc["id"], doc["state"], doc["total"], tuple(doc["done"]), doc["waiting"], doc["reason"])
