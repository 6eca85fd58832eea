"""A new mining meets what stands: decided nodes stay as they are, open proposals are replaced, level by level."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace

from curator.codec import Level, level_of
from curator.figure import Hierarchy, Marker, Node, Panel, Region, State
from curator.geometry import area, centre, contains_point, iou

SAME_IOU = 0.5  # the usual threshold for "the same box"
LEVELS: frozenset[Level] = frozenset({"panel", "marker", "region"})


def merge_proposals(kept: Hierarchy, proposed: Hierarchy, levels: Set[Level] = LEVELS) -> Hierarchy:
    """``kept`` with its open proposals of ``levels`` replaced by those of ``proposed``.

    A proposal with IoU above ``SAME_IOU`` to a decided node of its level is dropped, also where that node was rejected,
    so that nobody is asked twice; its children hang under the node that it repeats. One that repeats an open node takes
    over its id. A node whose parent went hangs under the new node that repeats the parent, else under the smallest
    panel that holds its centre. What the caption says of all panels comes along with the panels, unless a person has
    decided on one.
    """
    stay = {node.id: node for node in kept.nodes() if node.state != State.PROPOSED or level_of(node) not in levels}
    if not stay and levels >= LEVELS:
        return proposed
    replaced = {node.id: node for node in kept.nodes() if node.id not in stay}
    number = max((int(node.id[1:]) for node in kept.nodes() if node.id[1:].isdigit()), default=0)
    new: list[Node] = []
    new_ids: dict[str, str] = {}
    free = dict(replaced)
    for node in proposed.nodes():
        if (twin := _twin(node, stay.values())) is not None:
            new_ids[node.id] = twin.id
        elif level_of(node) in levels:
            if (earlier := _twin(node, free.values())) is not None:
                new_ids[node.id] = free.pop(earlier.id).id
            else:
                number += 1
                new_ids[node.id] = f"{node.id[0]}{number}"
            new.append(replace(node, id=new_ids[node.id]))
    old_ids = {node_id: node_id for node_id in stay}
    old_ids |= {node.id: twin.id for node in replaced.values() if (twin := _twin(node, new)) is not None}
    merged: dict[str, Node] = {node.id: node for node in (*stay.values(), *new) if isinstance(node, Panel)}
    # markers before regions, which follow their marker
    for level in (Marker, Region):
        for nodes, ids in ((stay.values(), old_ids), (new, new_ids)):
            merged |= {node.id: _hung(node, ids, merged) for node in nodes if isinstance(node, level)}
    decided = any(panel.state != State.PROPOSED for panel in kept.panels)
    shared = kept.shared if decided or "panel" not in levels else proposed.shared
    return replace(kept, shared=shared).with_nodes(merged.values())


def _twin(node: Node, others: Iterable[Node]) -> Node | None:
    """The node of the same level that has the same box; one that was not rejected before one that was."""
    found = [other for other in others if type(other) is type(node) and iou(other.box_xyxy, node.box_xyxy) > SAME_IOU]
    return max(
        found, key=lambda other: (other.state != State.REJECTED, iou(other.box_xyxy, node.box_xyxy)), default=None
    )


def _hung(node: Marker | Region, ids: Mapping[str, str], merged: Mapping[str, Node]) -> Marker | Region:
    """The node under what its parents have become (``ids``) among the panels and markers of ``merged``."""
    panel_id = node.panel_id and (ids.get(node.panel_id) or _holding(node, merged.values()))
    if isinstance(node, Marker):
        return replace(node, panel_id=panel_id)
    marker = merged.get(ids.get(node.marker_id or "", ""))
    if not isinstance(marker, Marker):
        return replace(node, panel_id=panel_id, marker_id=None)
    return replace(node, panel_id=marker.panel_id or panel_id, marker_id=marker.id)


def _holding(node: Node, others: Iterable[Node]) -> str | None:
    middle = centre(node.box_xyxy)
    holding = [
        panel
        for panel in others
        if isinstance(panel, Panel) and panel.state != State.REJECTED and contains_point(panel.box_xyxy, middle)
    ]
    return min(holding, key=lambda panel: area(panel.box_xyxy)).id if holding else None
