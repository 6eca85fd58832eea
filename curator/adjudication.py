"""Two readings of one figure made into one: what both say alike is joined, the rest a third person decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from curator.agreement import LEVELS, present, same_boxes, text_of_node
from curator.codec import Level, level_of
from curator.errors import ReviewError
from curator.figure import Hierarchy, Marker, Node, Panel, Region, State
from curator.geometry import Box, area, centre, contains_point, iou

Choice: TypeAlias = Literal["first", "second"]
_AGREES: Mapping[Level, float] = {"panel": 0.85, "marker": 0.5, "region": 0.5}
"""IoU from which two boxes need nobody to decide. Guess: two careful persons draw panels alike to some percent; of a
marker of ten pixels one pixel is a fifth."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A node that the readers do not agree on; None for the one who has no such node."""

    key: str
    first: Node | None
    second: Node | None
    fields: tuple[str, ...]
    """What differs: "box", "label", "kind", "text", "parent"; all of it ("node") where only one reader has the node."""

    @property
    def level(self) -> Level:
        node = self.first or self.second
        assert node is not None
        return level_of(node)


@dataclass(frozen=True, slots=True)
class Compared:
    """Both readings, node by node."""

    agreed: tuple[tuple[Node, Node], ...]
    differences: tuple[Difference, ...]


def compare(caption: str, first: Hierarchy, second: Hierarchy) -> Compared:
    """Which nodes of two readings are the same, and which are not. What a reader rejected is not in the reading.

    Nodes that both have from one proposal belong together by their id where their boxes overlap at all; others by
    their boxes.
    """
    pairs: list[tuple[Node, Node]] = []
    ours = {node.id: node for node in present(first)}
    theirs = {node.id: node for node in present(second)}
    for node_id in [one for one in ours if one in theirs]:
        one, other = ours[node_id], theirs[node_id]
        if type(one) is type(other) and iou(one.box_xyxy, other.box_xyxy) > 0:
            pairs.append((ours.pop(node_id), theirs.pop(node_id)))
    for level in LEVELS:
        left, right = ([node for node in side.values() if level_of(node) == level] for side in (ours, theirs))
        for one, other in same_boxes(left, right):
            pairs.append((ours.pop(one.id), theirs.pop(other.id)))
    partners = {one.id: other.id for one, other in pairs}
    agreed: list[tuple[Node, Node]] = []
    differences: list[Difference] = []
    for one, other in pairs:
        fields = _fields_that_differ(caption, one, other, partners)
        if fields:
            differences.append(Difference(f"{one.id}={other.id}", one, other, fields))
        else:
            agreed.append((one, other))
    differences += [Difference(f"{node.id}=", node, None, ("node",)) for node in ours.values()]
    differences += [Difference(f"={node.id}", None, node, ("node",)) for node in theirs.values()]
    return Compared(tuple(agreed), tuple(differences))


def adjudicated(first: Hierarchy, second: Hierarchy, compared: Compared, choices: Mapping[str, Choice]) -> Hierarchy:
    """The hierarchy that the readers agree on, and where they do not, that of the chosen reader.

    Boxes that both drew nearly alike become their mean. Nodes keep the first reader's ids; one that only the second
    has keeps its own where that is free. Proposals that are in neither stay as rejected. ``choices``: the reader to
    follow, by the difference's key. What the caption says of all panels is the first's.

    Raises:
        ReviewError: a difference has no choice, or a choice names none of them.
    """
    keys = {difference.key for difference in compared.differences}
    if keys != set(choices):
        open_, strange = sorted(keys - set(choices)), sorted(set(choices) - keys)
        raise ReviewError(
            f"every difference needs a choice: {open_!r} have none, {strange!r} are no differences of this figure; "
            "reload it"
        )
    taken: list[tuple[Node, str]] = [(_joined(one, other), one.id) for one, other in compared.agreed]
    ids = {other.id: one.id for one, other in compared.agreed}  # the second reader's ids in the outcome
    used = {node.id for node in present(first)}
    for difference in compared.differences:
        if difference.first is not None and difference.second is not None:
            ids[difference.second.id] = difference.first.id
        chosen = difference.first if choices[difference.key] == "first" else difference.second
        if chosen is None:
            continue
        if chosen is difference.first:
            taken.append((chosen, chosen.id))
            continue
        node_id = ids.get(chosen.id) or _free_id(chosen.id, used)
        used.add(node_id)
        ids[chosen.id] = node_id
        taken.append((chosen, node_id))
    rejected = {node.id: node for side in (first, second) for node in side.nodes() if node.state == State.REJECTED}
    kept = {node_id for _, node_id in taken}
    taken += [(node, node_id) for node_id, node in rejected.items() if node_id not in kept]
    from_second = {id(difference.second) for difference in compared.differences}
    return _rooted(first, [(node, node_id, id(node) in from_second) for node, node_id in taken], ids)


def _fields_that_differ(caption: str, one: Node, other: Node, partners: Mapping[str, str]) -> tuple[str, ...]:
    found = []
    if iou(one.box_xyxy, other.box_xyxy) < _AGREES[level_of(one)]:
        found.append("box")
    if isinstance(one, Panel) and isinstance(other, Panel) and _plain(one.label) != _plain(other.label):
        found.append("label")
    if not isinstance(one, Region) and not isinstance(other, Region) and one.kind != other.kind:
        found.append("kind")
    if _plain(text_of_node(caption, one)) != _plain(text_of_node(caption, other)):
        found.append("text")
    if (one.parent_id and partners.get(one.parent_id, one.parent_id)) != other.parent_id:
        found.append("parent")
    return tuple(found)


def _plain(text: str | None) -> str:
    """Without what two persons write differently and mean alike: case, spaces, a full stop."""
    return " ".join((text or "").casefold().split()).rstrip(" .;,")


def _joined(one: Node, other: Node) -> Node:
    """The first reader's node with the mean of both boxes; an outline has no mean, so its box stays."""
    outlined = any(not isinstance(node, Marker) and node.polygon_xy for node in (one, other))
    if one.box_xyxy == other.box_xyxy or outlined:
        return one
    x0, y0, x1, y1 = ((a + b) / 2 for a, b in zip(one.box_xyxy, other.box_xyxy, strict=True))
    mean: Box = (x0, y0, x1, y1)
    return replace(one, box_xyxy=mean)


def _free_id(node_id: str, used: set[str]) -> str:
    if node_id not in used:
        return node_id
    number = max((int(name[1:]) for name in used if name[1:].isdigit()), default=0) + 1
    return f"{node_id[0]}{number}"


def _rooted(first: Hierarchy, taken: list[tuple[Node, str, bool]], ids: Mapping[str, str]) -> Hierarchy:
    """The nodes under what their parents have become; under the smallest panel that holds them where those are gone."""
    panels = [replace(node, id=node_id) for node, node_id, _ in taken if isinstance(node, Panel)]
    marker_ids = {node_id for node, node_id, _ in taken if isinstance(node, Marker)}
    panel_ids = {panel.id for panel in panels}

    def panel_of(node: Marker | Region, of_second: bool) -> str | None:
        named = ids.get(node.panel_id or "") if of_second else node.panel_id
        if named in panel_ids or node.panel_id is None:
            return named
        middle = centre(node.box_xyxy)
        holding = [panel for panel in panels if contains_point(panel.box_xyxy, middle)]
        return min(holding, key=lambda panel: area(panel.box_xyxy)).id if holding else None

    nodes: list[Node] = list(panels)
    for node, node_id, of_second in taken:
        if isinstance(node, Marker):
            nodes.append(replace(node, id=node_id, panel_id=panel_of(node, of_second)))
        elif isinstance(node, Region):
            marker_id = ids.get(node.marker_id or "") if of_second else node.marker_id
            kept = marker_id if marker_id in marker_ids else None
            nodes.append(replace(node, id=node_id, panel_id=panel_of(node, of_second), marker_id=kept))
    return first.with_nodes(nodes)
