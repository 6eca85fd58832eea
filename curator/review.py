"""Review: decisions change the hierarchy, and every decision can be undone (``curator.decide`` makes them).

A decision holds each changed node before and after, so that undo swaps the two and the log alone rebuilds any state.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from curator.codec import node_from_doc, node_to_doc, to_doc, validated
from curator.errors import ReviewError
from curator.figure import (
    Figure,
    FigureState,
    Hierarchy,
    Node,
    Shared,
)


@dataclass(frozen=True, slots=True)
class Change:
    """One node before and after; None where it does not exist."""

    before: Node | None
    after: Node | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What one request of a curator changed. ``shared`` and ``state`` are (before, after), None where unchanged."""

    changes: tuple[Change, ...] = ()
    shared: tuple[Shared, Shared] | None = None
    state: tuple[FigureState, FigureState] | None = None
    reason: str = ""

    def __bool__(self) -> bool:
        return bool(self.changes or self.shared or self.state)

    def inverse(self) -> Decision:
        """The decision that takes this one back."""
        return Decision(
            tuple(Change(change.after, change.before) for change in reversed(self.changes)),
            self.shared and (self.shared[1], self.shared[0]),
            self.state and (self.state[1], self.state[0]),
        )


@dataclass(frozen=True, slots=True)
class Review:
    """A figure, its hierarchy as it stands, and where its review stands."""

    figure: Figure
    hierarchy: Hierarchy
    state: FigureState


def apply(review: Review, decision: Decision) -> Review:
    """The review after the decision.

    Raises:
        ReviewError: the review is not the one that the decision was made on.
    """
    nodes = review.hierarchy.by_id()
    for change in decision.changes:
        node = change.before or change.after
        assert node is not None
        if nodes.get(node.id) != change.before:
            raise ReviewError(f"{node.id} is no longer what it was when the decision was made; reload the figure")
        if change.after is None:
            del nodes[node.id]
        else:
            nodes[node.id] = change.after
    hierarchy = review.hierarchy.with_nodes(nodes.values())
    if decision.shared:
        hierarchy = replace(hierarchy, shared=decision.shared[1])
    return replace(review, hierarchy=hierarchy, state=decision.state[1] if decision.state else review.state)


def changes_between(before: Hierarchy, after: Hierarchy) -> tuple[Change, ...]:
    """Node by node, what makes the one hierarchy of the other."""
    old, new = before.by_id(), after.by_id()
    return tuple(
        Change(old.get(node_id), new.get(node_id))
        for node_id in dict.fromkeys([*old, *new])
        if old.get(node_id) != new.get(node_id)
    )


def undo_stacks(log: Iterable[tuple[int, str, int | None]]) -> tuple[list[int], list[int]]:
    """The events that undo and redo would take next (last one first to go), from a figure's whole log.

    Each log entry is (event id, kind, target): "decide" opens, "undo"/"redo" name their target event, "mine" is a
    barrier, since the nodes that earlier decisions speak of may be gone.
    """
    done: list[int] = []
    undone: list[int] = []
    for event_id, kind, target in log:
        match kind:
            case "decide":
                done.append(event_id)
                undone.clear()
            case "undo" if target is not None:
                done.remove(target)
                undone.append(target)
            case "redo" if target is not None:
                undone.remove(target)
                done.append(target)
            case _:
                done.clear()
                undone.clear()
    return done, undone


def decision_to_doc(decision: Decision) -> dict[str, Any]:
    """JSON-ready types."""
    return {
        "changes": [
            [change.before and node_to_doc(change.before), change.after and node_to_doc(change.after)]
            for change in decision.changes
        ],
        "shared": decision.shared and [to_doc(part) for part in decision.shared],
        "state": decision.state,
        "reason": decision.reason,
    }


def decision_from_doc(document: dict[str, Any]) -> Decision:
    shared, state = document["shared"], document["state"]
    return Decision(
        tuple(
            Change(before and node_from_doc(before), after and node_from_doc(after))
            for before, after in document["changes"]
        ),
        (validated(Shared, shared[0]), validated(Shared, shared[1])) if shared else None,
        (FigureState(state[0]), FigureState(state[1])) if state else None,
        document["reason"],
    )
