"""Label Studio's annotations and predictions as hierarchies.

A row carries in its meta the node that we sent. Where the row still says what Label Studio was shown of that node, the
node stands as it was, to the last digit; what a person changed there changes the node. What Curator cannot hold is
listed with the reason and stays in Label Studio as it is (``to_rows`` gives it back).
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

from curator.codec import node_from_doc, validated
from curator.errors import CuratorError, InputError
from curator.figure import (
    Figure,
    FigureState,
    Hierarchy,
    Node,
    Shared,
    State,
    check,
)
from data.label_studio.controls import FIGURE_CHOICES, UNFINISHED
from data.label_studio.nesting import hung, parents_of, under
from data.label_studio.nodes import Author, nodes_in, with_parts
from data.label_studio.rows import (
    Foreign,
    Sorted,
    orphan,
    sort_rows,
    text_in,
    words_in,
)
from data.label_studio.version import Version

_STATES = dict(zip(FIGURE_CHOICES, (FigureState.ACCEPTED, FigureState.SKIPPED), strict=True))


@dataclass(frozen=True, slots=True)
class Reading:
    """What an annotation or prediction says of a figure, and what of it Curator cannot hold."""

    version: Version
    foreign: tuple[Foreign, ...] = ()
    chosen: bool = False
    """Whether it says itself where the figure stands: accepted, skipped or unfinished."""


def from_annotation(figure: Figure, data: Mapping[str, Any], annotation: Mapping[str, Any], author: Author) -> Reading:
    """The hierarchy that an annotation or prediction describes, valid for the figure (``curator.figure.check``).

    ``data`` is the task's; our own part of it (``to_tasks.to_data``) tells the shared sentences and rejected nodes.
    Rows that cannot be read never raise: they are foreign.

    Raises:
        InputError: ``data`` belongs to another figure or its part of ours was changed; ``annotation`` has no result.
    """
    ours = _our_data(figure, data)
    result = annotation.get("result")
    if not isinstance(result, list):
        raise InputError(f"the annotation's result is {result!r:.80}; expected a list of rows: fetch the task again")
    found = sort_rows(result, figure)
    nodes = with_parts(nodes_in(found, figure, author), found, figure)
    rejected = {node.id: node for node in ours.hierarchy.nodes() if node.id not in nodes}
    exists = {*nodes, *rejected}
    judged = [_judged(node, found.drawn[row_id].sent, exists) for row_id, node in hung(nodes, rejected, found).items()]
    apart = [
        under(node, *(parent_id if parent_id in exists else None for parent_id in parents_of(node)))
        for node in rejected.values()
    ]
    hierarchy = ours.hierarchy.with_nodes([*judged, *apart])
    cancelled = bool(annotation.get("was_cancelled"))
    version = _with_state(replace(ours, hierarchy=hierarchy), found, cancelled)
    return Reading(version, tuple(found.foreign), cancelled or bool(_choices(found)))


def _our_data(figure: Figure, data: Mapping[str, Any]) -> Version:
    """State, shared sentences and rejected nodes as we sent them; an empty version where the task is not ours."""
    ours = data.get("curator")
    if ours is None:
        return Version(Hierarchy())
    try:
        if ours["figure_id"] != figure.id:
            raise InputError(f"the task is of figure {ours['figure_id']!r}, not of {figure.id!r}; connect them again")
        hierarchy = Hierarchy(shared=validated(Shared, ours["shared"])).with_nodes(
            node_from_doc(document) for document in ours["rejected"]
        )
        check(_apart(hierarchy), figure.image_wh, figure.caption)
        return Version(hierarchy, FigureState(ours["state"]), str(ours["reason"]))
    except (CuratorError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"the field 'curator' of the task of {figure.id!r} is not as Curator wrote it ({error}); "
            "send the figure again"
        ) from error


def _apart(hierarchy: Hierarchy) -> Hierarchy:
    """The same nodes under nothing: the parents of rejected nodes may be among those drawn."""
    return hierarchy.with_nodes(orphan(node) for node in hierarchy.nodes())


def _judged(node: Node, sent: Node | None, exists: Set[str]) -> Node:
    """Edited where a person changed it; a person's own node stays accepted. A parent that went is no change of it."""
    if sent is None:
        return node
    settled = under(sent, *(parent_id if parent_id in exists else None for parent_id in parents_of(sent)))
    if node == settled:
        return node
    return replace(node, state=State.ACCEPTED if node.provenance.person else State.EDITED)


def _accepted(hierarchy: Hierarchy) -> Hierarchy:
    return hierarchy.with_nodes(
        replace(node, state=State.ACCEPTED) if node.state == State.PROPOSED else node for node in hierarchy.nodes()
    )


def _with_state(sent: Version, found: Sorted, cancelled: bool) -> Version:
    """The version in the state that was chosen there: choosing "accepted" accepts open proposals, as here.

    Without a choice an accepted figure stays so, and a skipped one is open again.
    """
    reason = text_in(found.reason)
    if cancelled:
        return replace(sent, state=FigureState.SKIPPED, reason=reason or sent.reason or "skipped in Label Studio")
    chosen = _choices(found)
    if UNFINISHED in chosen or (not chosen and sent.state == FigureState.SKIPPED):
        closed = sent.state in _STATES.values()
        return replace(sent, state=FigureState.PROPOSED if closed else sent.state, reason="" if closed else sent.reason)
    if not chosen:
        return sent
    state = _STATES[chosen[0]]
    if state == FigureState.ACCEPTED != sent.state:
        sent = replace(sent, hierarchy=_accepted(sent.hierarchy))
    if state == FigureState.SKIPPED:
        return replace(sent, state=state, reason=reason or "skipped in Label Studio")
    return replace(sent, state=state)


def _choices(found: Sorted) -> list[str]:
    words = words_in(found.figure, "choices") if found.figure else []
    return [word for word in words if word in (*FIGURE_CHOICES, UNFINISHED)]
