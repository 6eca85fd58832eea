"""Three-way merge: what both sides did to a figure since they last agreed.

Changes to different nodes join. The same node changed on both sides, or changed on one and deleted on the other, or
deleted on one while something was hung under it on the other, is a conflict: each side keeps its own until a person
decides, and the state that both had agreed on stays the base. (``curator.merge`` is another thing: a new mining meets
decisions by where boxes lie; here nodes are known by their ids.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, TypeVar

from curator.errors import ReviewError
from curator.figure import FigureState, Hierarchy, Node, Shared, State
from data.label_studio.nesting import parents_of, under
from data.label_studio.version import Version

_T = TypeVar("_T")
Side: TypeAlias = Literal["ours", "theirs"]


@dataclass(frozen=True, slots=True)
class NodeConflict:
    """One node of which both sides made something else; None where it does not exist."""

    node_id: str
    base: Node | None
    ours: Node | None
    theirs: Node | None


@dataclass(frozen=True, slots=True)
class SharedConflict:
    """Both sides changed the sentences that all panels share."""

    base: Shared
    ours: Shared
    theirs: Shared


@dataclass(frozen=True, slots=True)
class StateConflict:
    """Both sides changed where the review stands, or why the figure was skipped."""

    base: tuple[FigureState, str]
    ours: tuple[FigureState, str]
    theirs: tuple[FigureState, str]


Conflict: TypeAlias = NodeConflict | SharedConflict | StateConflict


@dataclass(frozen=True, slots=True)
class Merged:
    """What each side holds from now on; the three differ only where there are conflicts."""

    ours: Version
    """For Curator: conflicts as they stand here."""
    theirs: Version
    """For Label Studio: conflicts as they stand there."""
    base: Version
    """What both agree on, for the next merge: conflicts as they were before both sides changed them."""
    conflicts: tuple[Conflict, ...] = ()

    def resolved(self, choices: Mapping[Conflict, Side]) -> Merged:
        """The same with some conflicts decided: both sides get the chosen version.

        What hung under a node that goes for good is kept and hangs under nothing.

        Raises:
            ReviewError: a choice names a conflict that is none of these.
        """
        strangers = [conflict for conflict in choices if conflict not in self.conflicts]
        if strangers:
            raise ReviewError(f"{strangers[0]!r:.120} is no open conflict of this figure; reload it")
        ours, theirs, base = self.ours, self.theirs, self.base
        for conflict, side in choices.items():
            ours, theirs, base = (_decided(version, conflict, side) for version in (ours, theirs, base))
        left = tuple(conflict for conflict in self.conflicts if conflict not in choices)
        return Merged(_sound(ours), _sound(theirs), _sound(base), left)


def merge(base: Version, ours: Version, theirs: Version) -> Merged:
    """Joins the changes of both sides since ``base``; all three valid hierarchies of one figure, so are the results.

    A node that is rejected counts as deleted: rejected here and deleted there is no conflict.
    """
    before, here, there = (version.hierarchy.by_id() for version in (base, ours, theirs))
    conflicts: dict[str, NodeConflict] = {}
    nodes: dict[str, Node | None] = {}
    for node_id in dict.fromkeys([*before, *here, *there]):
        three = before.get(node_id), here.get(node_id), there.get(node_id)
        settled = _settled(*three)
        if settled is None:
            conflicts[node_id] = NodeConflict(node_id, *three)
        else:
            (nodes[node_id],) = settled
    while uprooted := _uprooted(nodes, conflicts, before, here, there):
        for node_id in uprooted:
            del nodes[node_id]
            conflicts[node_id] = NodeConflict(node_id, before.get(node_id), here.get(node_id), there.get(node_id))
    shared, shared_conflict = _either(base.hierarchy.shared, ours.hierarchy.shared, theirs.hierarchy.shared)
    states = ((base.state, base.reason), (ours.state, ours.reason), (theirs.state, theirs.reason))
    state, state_conflict = _either(*states)

    def version(side: Mapping[str, Node], shared_of: Shared, state_of: tuple[FigureState, str]) -> Version:
        kept = {**nodes, **{node_id: side.get(node_id) for node_id in conflicts}}
        present = {node_id: node for node_id, node in kept.items() if node is not None}
        hierarchy = Hierarchy(shared=shared_of if shared_conflict else shared)
        hierarchy = hierarchy.with_nodes(_rooted(present, conflicts).values())
        return Version(hierarchy, *(state_of if state_conflict else state))

    found: list[Conflict] = [conflicts[node_id] for node_id in sorted(conflicts)]
    if shared_conflict:
        found.append(SharedConflict(base.hierarchy.shared, ours.hierarchy.shared, theirs.hierarchy.shared))
    if state_conflict:
        found.append(StateConflict(*states))
    return Merged(
        version(here, ours.hierarchy.shared, states[1]),
        version(there, theirs.hierarchy.shared, states[2]),
        version(before, base.hierarchy.shared, states[0]),
        tuple(found),
    )


def with_removed(base: Version, theirs: Version) -> Version:
    """``theirs`` with the proposals that were deleted there kept as rejected, as a curator's deletion keeps them.

    So nobody is asked twice; what a person had drawn is gone. What hung under those stays where it was.
    """
    there = theirs.hierarchy.by_id()
    gone = [
        replace(node, state=State.REJECTED)
        for node in base.hierarchy.nodes()
        if node.id not in there and not node.provenance.person
    ]
    return _sound(replace(theirs, hierarchy=theirs.hierarchy.with_nodes([*there.values(), *gone])))


def _settled(base: Node | None, ours: Node | None, theirs: Node | None) -> tuple[Node | None] | None:
    """What becomes of a node, in a tuple since it may become None; no tuple where the sides are at odds."""
    if ours == theirs or theirs == base:
        return (ours,)
    if ours == base:
        return (theirs,)
    if _gone(ours) and _gone(theirs) and (ours is None or theirs is None):
        return (ours or theirs,)
    return None


def _gone(node: Node | None) -> bool:
    return node is None or node.state == State.REJECTED


def _uprooted(
    nodes: Mapping[str, Node | None],
    conflicts: Mapping[str, NodeConflict],
    before: Mapping[str, Node],
    here: Mapping[str, Node],
    there: Mapping[str, Node],
) -> set[str]:
    """Nodes that one side deleted while the other changed something under them, or keeps it for being in conflict."""
    found = set()
    for child_id in {*here, *there}:
        for side in (here, there):
            child = side.get(child_id)
            if child is None or (child_id not in conflicts and (_gone(child) or child == before.get(child_id))):
                continue
            for parent_id in parents_of(child):
                if parent_id is None or parent_id not in nodes:
                    continue
                parent = nodes[parent_id]
                if parent is None or (_gone(parent) and not _gone(child) and not _gone(side.get(parent_id))):
                    found.add(parent_id)
    return found


def _rooted(nodes: Mapping[str, Node], conflicts: Mapping[str, NodeConflict]) -> dict[str, Node]:
    """The nodes, and for each whose parent is in conflict and absent here, the parent as the other side has it."""
    rooted = dict(nodes)
    waiting = list(nodes.values())
    while waiting:
        for parent_id in parents_of(waiting.pop()):
            if parent_id is not None and parent_id not in rooted and parent_id in conflicts:
                conflict = conflicts[parent_id]
                parent = conflict.ours or conflict.theirs or conflict.base
                if parent is not None:
                    rooted[parent_id] = parent
                    waiting.append(parent)
    return _held(rooted)


def _held(nodes: Mapping[str, Node]) -> dict[str, Node]:
    """Each node under those of its parents that exist."""
    return {
        node_id: under(node, *(parent_id if parent_id in nodes else None for parent_id in parents_of(node)))
        for node_id, node in nodes.items()
    }


def _sound(version: Version) -> Version:
    nodes = _held(version.hierarchy.by_id())
    return replace(version, hierarchy=version.hierarchy.with_nodes(nodes.values()))


def _decided(version: Version, conflict: Conflict, side: Side) -> Version:
    """The version with what the side made of it."""
    match conflict:
        case SharedConflict():
            shared = conflict.ours if side == "ours" else conflict.theirs
            return replace(version, hierarchy=replace(version.hierarchy, shared=shared))
        case StateConflict():
            state, reason = conflict.ours if side == "ours" else conflict.theirs
            return replace(version, state=state, reason=reason)
        case NodeConflict():
            nodes = version.hierarchy.by_id()
            nodes.pop(conflict.node_id, None)
            if (node := conflict.ours if side == "ours" else conflict.theirs) is not None:
                nodes[node.id] = node
            return replace(version, hierarchy=version.hierarchy.with_nodes(nodes.values()))


def _either(base: _T, ours: _T, theirs: _T) -> tuple[_T, bool]:
    """The side that changed, and whether both did, differently."""
    if ours == theirs or theirs == base:
        return ours, False
    return theirs, ours != base
