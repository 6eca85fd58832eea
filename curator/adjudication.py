"""Two readings of one figure made into one: what both say alike is joined, the rest a third person decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import dist
from typing import Literal, TypeAlias

from curator.agreement import LEVELS, present, same_boxes, text_of_node
from curator.codec import Level, level_of
from curator.errors import ReviewError
from curator.figure import Hierarchy, Marker, Node, Panel, Region, State
from curator.geometry import Box, area, centre, contains_point, iou
from curator.merge import SAME_IOU

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
    """What differs: "box", "letter", "label", "kind", "colour", "tip", "text", "caption", "summary", "description",
    "parent"; all of it ("node") where only one reader has the node."""

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
    their boxes (what two persons drew may have one id by chance).
    """
    pairs: list[tuple[Node, Node]] = []
    ours = {node.id: node for node in present(first)}
    theirs = {node.id: node for node in present(second)}
    for node_id in [one for one in ours if one in theirs]:
        one, other = ours[node_id], theirs[node_id]
        if one.provenance == other.provenance and type(one) is type(other) and iou(one.box_xyxy, other.box_xyxy) > 0:
            pairs.append((ours.pop(node_id), theirs.pop(node_id)))
    for level in LEVELS:
        left, right = ([node for node in side.values() if level_of(node) == level] for side in (ours, theirs))
        for one, other in same_boxes(left, right):
            pairs.append((ours.pop(one.id), theirs.pop(other.id)))
    partners: dict[str, str | None] = dict.fromkeys(ours) | {one.id: other.id for one, other in pairs}
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
    number = max((int(node.id[1:]) for node in (*first.nodes(), *second.nodes()) if node.id[1:].isdigit()), default=0)
    for difference in compared.differences:
        if difference.first is not None and difference.second is not None:
            ids[difference.second.id] = difference.first.id
        chosen = difference.first if choices[difference.key] == "first" else difference.second
        if chosen is None:
            continue
        if chosen is difference.first:
            taken.append((chosen, chosen.id))
            continue
        node_id = ids.get(chosen.id, chosen.id)
        if chosen.id not in ids and node_id in used:
            number += 1
            node_id = f"{chosen.id[0]}{number}"
        used.add(node_id)
        ids[chosen.id] = node_id
        taken.append((chosen, node_id))
    rejected = {node.id: node for side in (first, second) for node in side.nodes() if node.state == State.REJECTED}
    kept = {node_id for _, node_id in taken}
    taken += [(node, node_id) for node_id, node in rejected.items() if node_id not in kept]
    from_second = {id(difference.second) for difference in compared.differences}
    return _rooted(first, [(node, node_id, id(node) in from_second) for node, node_id in taken], ids)


def _fields_that_differ(caption: str, one: Node, other: Node, partners: Mapping[str, str | None]) -> tuple[str, ...]:
    differs = {"box": iou(one.box_xyxy, other.box_xyxy) < _AGREES[level_of(one)]}
    match one, other:
        case Panel(), Panel():
            differs["letter"] = not _same_place(one.label_box_xyxy, other.label_box_xyxy)
            differs["label"] = _plain(one.label) != _plain(other.label)
            differs["kind"] = (one.kind, one.photographic) != (other.kind, other.photographic)
            differs["summary"] = _plain(one.summary) != _plain(other.summary)
            differs["description"] = _plain(one.description) != _plain(other.description)
        case Marker(), Marker():
            differs["kind"] = one.kind != other.kind
            differs["colour"] = _plain(one.color) != _plain(other.color)
            differs["tip"] = not _same_tip(one, other)
        case Region(), Region():
            differs["label"] = _plain(one.label) != _plain(other.label)
            differs["caption"] = _plain(one.caption) != _plain(other.caption)
            differs["description"] = _plain(one.description) != _plain(other.description)
    differs["text"] = _plain(text_of_node(caption, one)) != _plain(text_of_node(caption, other))
    # of a region without a clause the text is its caption
    differs["text"] &= not differs.get("caption")
    differs["parent"] = (one.parent_id and partners.get(one.parent_id, one.parent_id)) != other.parent_id
    return tuple(name for name, is_so in differs.items() if is_so)


def _same_place(one: Box | None, other: Box | None) -> bool:
    if one is None or other is None:
        return one is other
    return iou(one, other) >= SAME_IOU


def _same_tip(one: Marker, other: Marker) -> bool:
    """Whether both tips lie as near each other as the longer side of the marker's box is half of; guess."""
    if one.tip_xy is None or other.tip_xy is None:
        return one.tip_xy is other.tip_xy
    x0, y0, x1, y1 = one.box_xyxy
    return dist(one.tip_xy, other.tip_xy) <= max(x1 - x0, y1 - y0) / 2


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
    return replace(one, box_xyxy=mean, state=one.state if one.provenance.person else State.EDITED)


def _rooted(first: Hierarchy, taken: list[tuple[Node, str, bool]], ids: Mapping[str, str]) -> Hierarchy:
    """The nodes under what their parents have become; under the smallest panel that holds them where those are gone. A
    parent that was rejected is gone for all that were not."""
    panels = {node_id: replace(node, id=node_id) for node, node_id, _ in taken if isinstance(node, Panel)}
    markers: dict[str, Marker] = {}
    regions: list[Region] = []

    def panel_of(node: Marker | Region, of_second: bool) -> str | None:
        named = ids.get(node.panel_id or "") if of_second else node.panel_id
        if node.panel_id is None or _may_hang(node, panels.get(named or "")):
            return named
        middle = centre(node.box_xyxy)
        holding = [one for one in panels.values() if _may_hang(node, one) and contains_point(one.box_xyxy, middle)]
        return min(holding, key=lambda panel: area(panel.box_xyxy)).id if holding else None

    for node, node_id, of_second in taken:
        if isinstance(node, Marker):
            markers[node_id] = replace(node, id=node_id, panel_id=panel_of(node, of_second))
    for node, node_id, of_second in taken:
        if isinstance(node, Region):
            marker = markers.get((ids.get(node.marker_id or "") if of_second else node.marker_id) or "")
            if marker is not None and _may_hang(node, marker):
                regions.append(replace(node, id=node_id, panel_id=marker.panel_id, marker_id=marker.id))
            else:
                regions.append(replace(node, id=node_id, panel_id=panel_of(node, of_second), marker_id=None))
    return first.with_nodes([*panels.values(), *markers.values(), *regions])


def _may_hang(node: Node, parent: Node | None) -> bool:
    return parent is not None and (parent.state != State.REJECTED or node.state == State.REJECTED)
