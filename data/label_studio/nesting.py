"""What hangs under what: Label Studio's nesting (``parentID``) and relations as our parents.

A panel is the nearest one above in the nesting; a region's marker is the one that a relation links it with, or that it
is nested under.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from curator.errors import GeometryError
from curator.figure import Figure, Marker, Node, Panel, Region, State
from curator.geometry import Box, Point, area, centre, contains_point
from data.label_studio.controls import ATTACHED
from data.label_studio.places import Place
from data.label_studio.rows import Drawn, Row, Sorted, parent_in, part_place

REACH = 0.1  # guess: a tip drawn up to a tenth of the arrow's larger side beside its box is that arrow's


def parents_of(node: Node) -> tuple[str | None, str | None]:
    """Ids of the node's panel and marker."""
    return (
        None if isinstance(node, Panel) else node.panel_id,
        node.marker_id if isinstance(node, Region) else None,
    )


def under(node: Node, panel_id: str | None, marker_id: str | None) -> Node:
    """The node with these parents, as far as its level has them."""
    match node:
        case Marker():
            return replace(node, panel_id=panel_id)
        case Region():
            return replace(node, panel_id=panel_id, marker_id=marker_id)
    return node


def hung(nodes: Mapping[str, Node], rejected: Mapping[str, Node], found: Sorted) -> dict[str, Node]:
    """Every node under the parents that nesting and relations say, by row id.

    A node that we did not send and that is nested nowhere hangs under the smallest panel that holds its centre.
    """
    marked = {row_id: _hung_marker(drawn, nodes, rejected, found) for row_id, drawn in found.drawn.items()}
    by_id = {node.id: node for node in marked.values()}
    return {row_id: _hung_region(found.drawn[row_id], node, by_id, rejected, found) for row_id, node in marked.items()}


def panel_above(drawn: Drawn, nodes: Mapping[str, Node], found: Sorted) -> str | None:
    """Id of the nearest panel above in the nesting; that of a marker's panel where it is nested under a marker."""
    for row in _above(drawn, found):
        node = nodes[row.node_id]
        if isinstance(node, Panel):
            return node.id
        if isinstance(node, Marker) and node.panel_id in nodes:
            return node.panel_id
    return None


def markers_of(drawn: Drawn, nodes: Mapping[str, Node], found: Sorted) -> list[str]:
    """Ids of the markers that relations link a region with, then of those it is nested under."""
    linked = []
    for row in found.relations:
        ends = [row["from_id"], row["to_id"]]
        if drawn.row_id in ends:
            ends.remove(drawn.row_id)
            linked.append(found.drawn[ends[0]].node_id)
    return linked + [row.node_id for row in _above(drawn, found) if isinstance(nodes[row.node_id], Marker)]


def parts_of(nodes: Mapping[str, Node], found: Sorted, figure: Figure) -> dict[str, Row]:
    """The row of each node's tip or printed letter, by node id.

    It is the one nested under the node, else one that is nested nowhere and lies in the smallest marker (a little
    beyond counts) or panel that has none.
    """
    levels: dict[str, type[Node]] = {"marker": Marker, "panel": Panel}
    owned: dict[str, Row] = {}
    loose: list[tuple[Row, Point, type[Node]]] = []
    for row in found.parts:
        level = levels[ATTACHED[row["from_name"]]]
        try:
            place = part_place(row, figure)
        except GeometryError:
            continue
        parent = found.drawn.get(parent_in(row))
        if parent is None:
            loose.append((row, centre(place.box_xyxy) if isinstance(place, Place) else place, level))
        elif isinstance(nodes.get(parent.node_id), level):
            owned.setdefault(parent.node_id, row)
    for row, point, level in loose:
        around = [
            node
            for node in nodes.values()
            if isinstance(node, level) and node.id not in owned and contains_point(_reach(node), point)
        ]
        if around:
            owned[min(around, key=lambda node: area(node.box_xyxy)).id] = row
    return owned


def _reach(node: Node) -> Box:
    x0, y0, x1, y1 = node.box_xyxy
    beyond = REACH * max(x1 - x0, y1 - y0) if isinstance(node, Marker) else 0.0
    return x0 - beyond, y0 - beyond, x1 + beyond, y1 + beyond


def _above(drawn: Drawn, found: Sorted) -> list[Drawn]:
    """The nodes above in the nesting, nearest first; a circle is gone round once."""
    above: list[Drawn] = []
    seen = {drawn.row_id}
    parent = found.drawn.get(parent_in(drawn.shape))
    while parent is not None and parent.row_id not in seen:
        seen.add(parent.row_id)
        above.append(parent)
        parent = found.drawn.get(parent_in(parent.shape))
    return above


def _hung_marker(drawn: Drawn, nodes: Mapping[str, Node], rejected: Mapping[str, Node], found: Sorted) -> Node:
    node = nodes[drawn.node_id]
    if not isinstance(node, Marker):
        return node
    return replace(node, panel_id=_panel_id(node, drawn, nodes, rejected, found))


def _hung_region(
    drawn: Drawn, node: Node, nodes: Mapping[str, Node], rejected: Mapping[str, Node], found: Sorted
) -> Node:
    if not isinstance(node, Region):
        return node
    linked = markers_of(drawn, nodes, found)
    shown = node.marker_id if node.marker_id in nodes else None
    if shown in linked or (shown is None and not linked):
        kept = node.marker_id in nodes or node.marker_id in rejected
        marker_id = node.marker_id if kept else None
        return replace(node, marker_id=marker_id, panel_id=_panel_id(node, drawn, nodes, rejected, found))
    marker = nodes[linked[0]] if linked else None
    if isinstance(marker, Marker) and marker.panel_id is not None:
        return replace(node, marker_id=marker.id, panel_id=marker.panel_id)
    panel_id = _panel_id(node, drawn, nodes, rejected, found)
    return replace(node, marker_id=marker.id if marker else None, panel_id=panel_id)


def _panel_id(
    node: Marker | Region, drawn: Drawn, nodes: Mapping[str, Node], rejected: Mapping[str, Node], found: Sorted
) -> str | None:
    above = panel_above(drawn, nodes, found)
    if drawn.sent is None:
        return above or _holding(node, nodes)
    if above == (node.panel_id if node.panel_id in nodes else None):
        return node.panel_id if above or node.panel_id in rejected else None
    return above


def _holding(node: Node, nodes: Mapping[str, Node]) -> str | None:
    """The smallest panel that holds the node's centre."""
    holding = [
        panel
        for panel in nodes.values()
        if isinstance(panel, Panel)
        and panel.state != State.REJECTED
        and contains_point(panel.box_xyxy, centre(node.box_xyxy))
    ]
    return min(holding, key=lambda panel: area(panel.box_xyxy)).id if holding else None
