"""What both sides last agreed on of a figure, as the store keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from curator.codec import node_to_doc, to_doc, validated
from curator.figure import FigureState, Hierarchy, Node
from data.label_studio.merge import Conflict, NodeConflict, SharedConflict, StateConflict
from data.label_studio.version import Version, mark_of

Doc: TypeAlias = dict[str, Any]

_WRITINGS: Final = 8
"""How many of our last writings are remembered as they were. Guess: somebody decides here eight times, each sent by
itself, while somebody there has the figure open."""


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
    mark: str = ""
    """Of the writing that the rows there are of (``version.mark_of``); "" before rows said so."""
    writings: Mapping[str, Doc] = field(default_factory=dict)
    """The base that each of our last writings left, by its mark and as a document, the oldest first: an editor that was
    opened before the last one is compared with what it had been shown."""
    sending: Agreed | None = None
    """What is agreed on once what is on its way is there. Kept before it is sent: whoever is killed then cannot know
    whether it came to be, but the rows there tell by their mark."""

    def written(self, version: Version, base: Version, sent: Mapping[str, str]) -> Agreed:
        """As it is once ``version`` is written there, and ``base`` is what the next merge starts from."""
        mark = mark_of(version)
        writings = {**{name: doc for name, doc in self.writings.items() if name != mark}, mark: version_to_doc(base)}
        newest = dict(list(writings.items())[-_WRITINGS:])
        return replace(self, base=base, theirs=version, sent=sent, mark=mark, writings=newest, sending=None)

    def shown(self, mark: str) -> Version | None:
        """The base that the writing of the mark left; None where it is not remembered."""
        return version_from_doc(self.writings[mark]) if mark in self.writings else None


def agreed_to_doc(agreed: Agreed) -> Doc:
    """JSON-ready types."""
    return {
        "mark": agreed.mark,
        "writings": dict(agreed.writings),
        "sending": agreed.sending and agreed_to_doc(agreed.sending),
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
        doc.get("mark", ""),  # documents of before there were marks have none of these
        doc.get("writings", {}),
        agreed_from_doc(doc["sending"]) if doc.get("sending") else None,
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
