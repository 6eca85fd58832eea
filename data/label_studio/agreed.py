"""What both sides last agreed on of a figure, as the store keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from curator.codec import node_to_doc, to_doc, validated
from curator.figure import FigureState, Hierarchy, Node
from data.label_studio.merge import Conflict, NodeConflict, SharedConflict, StateConflict
from data.label_studio.version import Version

Doc: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Agreed:
    """One figure's base for the next merge, and what stood there when it was made."""

    base: Version | None
    """None where a task of the figure was found there of which nothing is remembered here."""
    theirs: Version | None = None
    """What Label Studio held when it was last read or written; differs from the base where there are conflicts."""
    sent: Mapping[str, str] = field(default_factory=dict)
    """Hash of what each node's row there says that it was sent as; tells whether an editor there was out of date."""
    foreign: tuple[Any, ...] = ()
    """Rows there that Curator cannot hold."""
    annotated: bool = False
    """Whether an annotation held the figure there."""


def agreed_to_doc(agreed: Agreed) -> Doc:
    """JSON-ready types."""
    return {
        "base": agreed.base and version_to_doc(agreed.base),
        "theirs": agreed.theirs and version_to_doc(agreed.theirs),
        "sent": dict(agreed.sent),
        "foreign": list(agreed.foreign),
        "annotated": agreed.annotated,
    }


def agreed_from_doc(doc: Doc) -> Agreed:
    return Agreed(
        doc["base"] and version_from_doc(doc["base"]),
        doc["theirs"] and version_from_doc(doc["theirs"]),
        doc["sent"],
        tuple(doc["foreign"]),
        doc["annotated"],
    )


def version_to_doc(version: Version) -> Doc:
    return {"hierarchy": to_doc(version.hierarchy), "state": str(version.state), "reason": version.reason}


def version_from_doc(doc: Doc) -> Version:
    return Version(validated(Hierarchy, doc["hierarchy"]), FigureState(doc["state"]), doc["reason"])


def key_of(conflict: Conflict) -> str:
    """What of the figure is at odds: a node's id, ``shared`` or ``state``."""
    match conflict:
        case NodeConflict():
            return conflict.node_id
        case SharedConflict():
            return "shared"
        case StateConflict():
            return "state"


def conflict_to_doc(conflict: Conflict, who: str) -> Doc:
    """Both versions and what they came from, JSON-ready, and ``who`` changed it there."""
    return {
        "who": who,
        "base": _side_to_doc(conflict.base),
        "ours": _side_to_doc(conflict.ours),
        "theirs": _side_to_doc(conflict.theirs),
    }


def _side_to_doc(side: Any) -> Any:
    if side is None:
        return None
    if isinstance(side, tuple):  # a state and its reason
        return [str(side[0]), side[1]]
    return node_to_doc(side) if isinstance(side, Node) else to_doc(side)
