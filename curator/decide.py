"""Commands become a decision: what a curator asked, node by node before and after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from curator.codec import level_of, node_to_doc, to_doc, validated
from curator.commands import (
    MAX_TEXT,
    AcceptAbove,
    Add,
    Assign,
    Command,
    Judge,
    JudgeFigure,
    Move,
    Remove,
    Reparent,
    Resize,
    Update,
)
from curator.errors import ReviewError
from curator.figure import FigureState, Hierarchy, Marker, Node, Panel, Provenance, Region, Shared, Span, State, check
from curator.geometry import Box, Point, area, centre, checked_box, checked_point, contains_point, shift
from curator.review import Change, Decision, Review

_PREFIX = {"panel": "p", "marker": "m", "region": "r"}
_EDITABLE: dict[str, frozenset[str]] = {
    "panel": frozenset({"label", "label_box_xyxy", "kind", "photographic", "own_text", "own_spans"})
    | {"rival_spans", "description", "summary"},
    "marker": frozenset({"kind", "color", "tip_xy", "clause_text", "clause_span"}),
    "region": frozenset({"label", "caption", "clause_span", "description"}),
}


def decide(review: Review, commands: Sequence[Command], who: str, at: str) -> Decision:
    """What the commands, one after the other, change in the review (ISO time ``at``, curator's name ``who``).

    Raises:
        ReviewError: a command names a node that does not exist or a field that cannot be set.
        GeometryError, HierarchyError: the outcome would be no hierarchy; nothing is changed.
    """
    draft = _Draft(review, who, at)
    for command in commands:
        draft.obey(command)
    check(draft.hierarchy(), review.figure.image_wh, review.figure.caption)
    return draft.decision()


class _Draft:
    """The nodes while commands are obeyed, and what they were before."""

    def __init__(self, review: Review, who: str, at: str) -> None:
        self._review = review
        self._image_wh = review.figure.image_wh
        self._who = who
        self._at = at
        self._before = review.hierarchy.by_id()
        self._nodes = dict(self._before)
        self._shared = review.hierarchy.shared
        self._state = review.state
        self._reason = ""

    def hierarchy(self) -> Hierarchy:
        return replace(self._review.hierarchy, shared=self._shared).with_nodes(self._nodes.values())

    def decision(self) -> Decision:
        ids = dict.fromkeys([*self._before, *self._nodes])
        changes = tuple(
            Change(self._before.get(node_id), self._nodes.get(node_id))
            for node_id in ids
            if self._before.get(node_id) != self._nodes.get(node_id)
        )
        shared = self._review.hierarchy.shared
        return Decision(
            changes,
            (shared, self._shared) if shared != self._shared else None,
            (self._review.state, self._state) if self._review.state != self._state else None,
            self._reason,
        )

    def obey(self, command: Command) -> None:
        match command:
            case Add():
                self._add(command)
            case Move(id=node_id, dx=dx, dy=dy):
                self._move(node_id, dx, dy)
            case Resize(id=node_id, box_xyxy=box, polygon_xy=polygon):
                self._put(_edited(self._outlined(replace(self._get(node_id), box_xyxy=self._box(box)), polygon)))
            case Update(id=node_id, fields=fields):
                self._put(_edited(self._with_fields(self._get(node_id), fields)))
            case Reparent(id=node_id, parent_id=parent_id):
                self._reparent(node_id, parent_id)
            case Assign():
                self._assign(command)
            case Judge(id=node_id, state=state):
                self._judge(node_id, State(state))
            case Remove(id=node_id):
                self._remove(node_id)
            case AcceptAbove(confidence=least):
                self._accept(lambda node: (node.provenance.confidence or 0.0) >= least)
            case JudgeFigure(state=figure_state, reason=reason):
                self._judge_figure(FigureState(figure_state), reason)

    def _get(self, node_id: str) -> Node:
        try:
            return self._nodes[node_id]
        except KeyError:
            raise ReviewError(
                f"there is no node {node_id!r} in this figure; it may have been deleted: reload"
            ) from None

    def _put(self, node: Node) -> None:
        self._nodes[node.id] = node

    def _below(self, node_id: str) -> list[Node]:
        return self.hierarchy().descendants(node_id)

    def _box(self, box_xyxy: Box) -> Box:
        return checked_box(box_xyxy, self._image_wh)

    def _inside(self, point_xy: Point) -> Point:
        """The nearest point of the image."""
        width, height = self._image_wh
        return min(max(point_xy[0], 0.0), float(width)), min(max(point_xy[1], 0.0), float(height))

    def _outlined(self, node: Node, polygon_xy: tuple[Point, ...]) -> Node:
        if isinstance(node, Marker):
            if polygon_xy:
                raise ReviewError(f"marker {node.id!r} cannot have an outline; only panels and regions have one")
            return node
        if 0 < len(polygon_xy) < 3:
            raise ReviewError(f"the outline {polygon_xy!r} of {node.id} is no polygon; give at least three corners")
        return replace(node, polygon_xy=tuple(checked_point(point, self._image_wh) for point in polygon_xy))

    def _with_fields(self, node: Node, fields: dict[str, Any]) -> Node:
        level = level_of(node)
        unknown = sorted(set(fields) - _EDITABLE[level])
        if unknown:
            raise ReviewError(f"a {level} has no editable {unknown!r}; expected some of {sorted(_EDITABLE[level])!r}")
        too_long = [name for name, value in fields.items() if isinstance(value, str) and len(value) > MAX_TEXT]
        if too_long:
            raise ReviewError(f"{too_long!r} exceeds {MAX_TEXT} characters; shorten it")
        document = {**node_to_doc(node), **fields}
        document.pop("level")
        changed: Node = validated(type(node), document)
        return changed

    def _add(self, command: Add) -> None:
        box = self._box(command.box_xyxy)
        numbers = [int(node_id[1:]) for node_id in self._nodes if node_id[1:].isdigit()]
        node_id = f"{_PREFIX[command.level]}{max(numbers, default=0) + 1}"
        provenance = Provenance(f"person:{self._who}", "1", self._at)
        node: Node
        match command.level:
            case "panel":
                node = Panel(node_id, box, provenance, state=State.ACCEPTED)
            case "marker":
                kind = command.fields.get("kind", "arrow")
                panel_id = command.parent_id or self._panel_at(box)
                node = validated(
                    Marker,
                    {"id": node_id, "panel_id": panel_id, "kind": kind, "box_xyxy": box, "provenance": provenance},
                )
                node = replace(node, state=State.ACCEPTED)
            case _:
                node = Region(node_id, None, box, provenance, state=State.ACCEPTED)
                node = self._under(node, command.parent_id or self._panel_at(box))
        self._put(self._outlined(self._with_fields(node, command.fields), command.polygon_xy))

    def _panel_at(self, box_xyxy: Box) -> str | None:
        """The smallest panel that holds the box's centre."""
        holding = [
            node
            for node in self._nodes.values()
            if isinstance(node, Panel)
            and node.state != State.REJECTED
            and contains_point(node.box_xyxy, centre(box_xyxy))
        ]
        return min(holding, key=lambda panel: area(panel.box_xyxy)).id if holding else None

    def _move(self, node_id: str, dx: float, dy: float) -> None:
        node = self._get(node_id)
        for moved in (node, *self._below(node_id)):
            box = self._box(shift(moved.box_xyxy, dx, dy))
            if isinstance(moved, Panel) and moved.label_box_xyxy is not None:
                moved = replace(moved, label_box_xyxy=self._box(shift(moved.label_box_xyxy, dx, dy)))
            if isinstance(moved, Marker) and moved.tip_xy is not None:
                moved = replace(moved, tip_xy=(moved.tip_xy[0] + dx, moved.tip_xy[1] + dy))
            if isinstance(moved, Panel | Region) and moved.polygon_xy:
                # the box may reach past the image by less than a pixel and is clipped, so are the corners
                moved = replace(moved, polygon_xy=tuple(self._inside((x + dx, y + dy)) for x, y in moved.polygon_xy))
            self._put(_edited(replace(moved, box_xyxy=box)))

    def _under(self, node: Node, parent_id: str | None) -> Node:
        parent = self._get(parent_id) if parent_id is not None else None
        match node, parent:
            case Marker(), None | Panel():
                return replace(node, panel_id=parent_id)
            case Region(), None | Panel():
                return replace(node, panel_id=parent_id, marker_id=None)
            case Region(), Marker(panel_id=panel_id):
                return replace(node, panel_id=panel_id, marker_id=parent_id)
        raise ReviewError(
            f"{node.id} cannot hang under {parent_id!r}: a marker belongs to a panel, a region to a panel or marker"
        )

    def _reparent(self, node_id: str, parent_id: str | None) -> None:
        node = self._under(self._get(node_id), parent_id)
        self._put(_edited(node))
        if isinstance(node, Marker):
            for below in self._below(node_id):
                if isinstance(below, Region):
                    self._put(_edited(replace(below, panel_id=node.panel_id)))

    def _assign(self, command: Assign) -> None:
        span = Span(*command.span)
        if not 0 <= span.start < span.end <= len(self._review.figure.caption):
            length = len(self._review.figure.caption)
            raise ReviewError(f"span {command.span!r} lies outside the caption of {length} characters; select again")
        if command.id in ("lead", "tail"):
            name = f"{command.id}_spans"
            spans = _with_span(getattr(self._shared, name), span, command.mode)
            self._shared = validated(Shared, {**to_doc(self._shared), name: spans})
            return
        node = self._get(command.id)
        if isinstance(node, Panel):
            self._put(_edited(replace(node, own_spans=_with_span(node.own_spans, span, command.mode), own_text=None)))
            return
        clause = None if command.mode == "remove" else span
        if isinstance(node, Marker):
            self._put(_edited(replace(node, clause_span=clause, clause_text=None)))
        else:
            self._put(_edited(replace(node, clause_span=clause)))

    def _judge(self, node_id: str, state: State) -> None:
        node = self._get(node_id)
        if state == State.REJECTED:
            for below in self._below(node_id):
                self._put(replace(below, state=State.REJECTED))
        else:
            parent = self._nodes.get(node.parent_id) if node.parent_id else None
            if parent is not None and parent.state == State.REJECTED:
                raise ReviewError(f"{node_id} hangs under {parent.id}, which is rejected; accept {parent.id} first")
            if node.state == State.EDITED:
                return
        self._put(replace(node, state=state))

    def _remove(self, node_id: str) -> None:
        nodes = [self._get(node_id), *self._below(node_id)]
        gone = {node.id for node in nodes if node.provenance.person}
        for node in nodes:
            if node.id in gone:
                del self._nodes[node.id]
                continue
            if isinstance(node, Marker | Region) and node.panel_id in gone:
                node = replace(node, panel_id=None)
            if isinstance(node, Region) and node.marker_id in gone:
                node = replace(node, marker_id=None)
            self._put(replace(node, state=State.REJECTED))

    def _accept(self, wanted: Callable[[Node], bool]) -> None:
        for node in list(self._nodes.values()):
            if node.state == State.PROPOSED and wanted(node):
                self._put(replace(node, state=State.ACCEPTED))

    def _judge_figure(self, state: FigureState, reason: str) -> None:
        if state == FigureState.SKIPPED and not reason.strip():
            raise ReviewError("a figure is skipped for a reason; give one")
        if state == FigureState.ACCEPTED:
            if self._state == FigureState.UNMINED:
                raise ReviewError("the figure is not mined yet; run `curator mine`, or draw its panels first")
            self._accept(lambda node: True)
        self._state = state
        self._reason = reason


def _edited(node: Node) -> Node:
    """The node as a person left it; a person's own node stays accepted."""
    return replace(node, state=State.ACCEPTED if node.provenance.person else State.EDITED)


def _with_span(spans: tuple[Span, ...], span: Span, mode: str) -> tuple[Span, ...]:
    """Spans with ``span`` set, added or cut out; sorted, merged where they touch."""
    if mode == "set":
        return (span,)
    rest = [piece for old in spans for piece in _cut(old, span)]
    if mode == "remove":
        return tuple(sorted(rest))
    merged: list[Span] = []
    for piece in sorted([*rest, span]):
        if merged and piece.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, piece.end))
        else:
            merged.append(piece)
    return tuple(merged)


def _cut(old: Span, hole: Span) -> list[Span]:
    pieces = [Span(old.start, min(old.end, hole.start)), Span(max(old.start, hole.end), old.end)]
    return [piece for piece in pieces if piece.start < piece.end]
