"""A new mining meets what persons decided: decided nodes stay as they are, open proposals are replaced."""

from __future__ import annotations

from dataclasses import replace

from curator.figure import Hierarchy, Marker, Node, Panel, Region, State
from curator.geometry import area, centre, contains_point, iou

SAME_IOU = 0.5  # the usual threshold for "the same box"


def merge_proposals(kept: Hierarchy, proposed: Hierarchy) -> Hierarchy:
    """The decided nodes of ``kept`` beside the proposals that do not repeat one of them.

    A proposal with IoU above ``SAME_IOU`` to a decided node of its level is dropped, also where that node was rejected,
    so that nobody is asked twice; its children hang under the node that it repeats. A decided node whose open parent
    went hangs under the smallest new panel that holds its centre.
    """
    decided = {node.id: node for node in kept.nodes() if node.state != State.PROPOSED}
    if not decided:
        return proposed
    number = max(int(node_id[1:]) for node_id in decided)
    new_ids: dict[str, str] = {}
    merged: dict[str, Node] = {}
    for node in proposed.nodes():
        twins = [
            old for old in decided.values() if type(old) is type(node) and iou(old.box_xyxy, node.box_xyxy) > SAME_IOU
        ]
        if twins:
            new_ids[node.id] = max(twins, key=lambda old: iou(old.box_xyxy, node.box_xyxy)).id
            continue
        number += 1
        new_ids[node.id] = f"{node.id[0]}{number}"
        if isinstance(node, Marker | Region):
            node = replace(node, panel_id=node.panel_id and new_ids[node.panel_id])
        if isinstance(node, Region):
            node = replace(node, marker_id=node.marker_id and new_ids[node.marker_id])
        merged[new_ids[node.id]] = replace(node, id=new_ids[node.id])
    panels = [node for node in (*decided.values(), *merged.values()) if isinstance(node, Panel)]
    for node in decided.values():
        if isinstance(node, Region) and node.marker_id not in decided:
            node = replace(node, marker_id=None)
        if isinstance(node, Marker | Region) and node.panel_id not in decided:
            node = replace(node, panel_id=_holding(node, panels))
        merged[node.id] = node
    panels_decided = any(isinstance(node, Panel) for node in decided.values())
    return (kept if panels_decided else proposed).with_nodes(merged.values())


def _holding(node: Node, panels: list[Panel]) -> str | None:
    holding = [panel for panel in panels if contains_point(panel.box_xyxy, centre(node.box_xyxy))]
    return min(holding, key=lambda panel: area(panel.box_xyxy)).id if holding else None
