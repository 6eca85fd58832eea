"""What curators did in some stretch of the log: figures closed, edits, errors found, time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from curator.agreement import text_of_node
from curator.figure import FigureState, Marker, Node, Panel, Region, State
from curator.geometry import iou
from curator.merge import SAME_IOU
from curator.review import Decision


@dataclass(frozen=True, slots=True)
class Work:
    """Sums over figures."""

    figures: int = 0
    """Accepted or skipped."""
    edits: int = 0
    """Nodes that were changed, drawn or taken away; accepting as it is counts as none."""
    errors: int = 0
    """Of them, those that mended something wrong: see ``mends``."""
    untouched: int = 0
    """Figures accepted without any edit."""
    seconds: float = 0.0
    """Of curators' time, as pages counted it."""

    def __add__(self, other: Work) -> Work:
        return Work(
            self.figures + other.figures,
            self.edits + other.edits,
            self.errors + other.errors,
            self.untouched + other.untouched,
            self.seconds + other.seconds,
        )


def work_on_figure(caption: str, decisions: Sequence[Decision], seconds: float) -> Work:
    """Of one figure's decisions, in their order: what was changed and changed back counts as nothing."""
    first: dict[str, Node | None] = {}
    last: dict[str, Node | None] = {}
    state = None
    for decision in decisions:
        for change in decision.changes:
            node = change.before or change.after
            assert node is not None
            first.setdefault(node.id, change.before)
            last[node.id] = change.after
        if decision.state:
            state = decision.state[1]
    pairs = [(first[node_id], last[node_id]) for node_id in first]
    edits = sum(_is_edit(before, after) for before, after in pairs)
    return Work(
        figures=int(state in (FigureState.ACCEPTED, FigureState.SKIPPED)),
        edits=edits,
        errors=sum(mends(caption, before, after) for before, after in pairs),
        untouched=int(state == FigureState.ACCEPTED and not edits),
        seconds=seconds,
    )


def mends(caption: str, before: Node | None, after: Node | None) -> bool:
    """Whether a person mended an error: drew what was missing, took away what is not there, or changed what a node
    says (box by more than IoU ``SAME_IOU``, label, kind, words, parent)."""
    if before is None or before.state == State.REJECTED:
        return after is not None and after.state != State.REJECTED
    if after is None or after.state == State.REJECTED:
        return True
    return (
        type(before) is not type(after)
        or iou(before.box_xyxy, after.box_xyxy) < SAME_IOU
        or _said(before) != _said(after)
        or before.parent_id != after.parent_id
        or text_of_node(caption, before) != text_of_node(caption, after)
    )


def total(parts: Iterable[Work]) -> Work:
    return sum(parts, Work())


def _is_edit(before: Node | None, after: Node | None) -> bool:
    if before is None or after is None:
        return before is not after
    return State.REJECTED in (before.state, after.state) or after.state == State.EDITED


def _said(node: Node) -> tuple[str | None, str]:
    match node:
        case Panel():
            return node.label, str(node.kind)
        case Marker():
            return node.color, str(node.kind)
        case Region():
            return node.label, ""
