"""Hierarchies as Label Studio's result rows.

With the rows that stand there already (``earlier``), only what says something else than the hierarchy is written anew;
rows, labels and fields that are not ours are given back as they came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from curator.codec import level_of, node_to_doc
from curator.errors import GeometryError, InputError
from curator.figure import Figure, FigureState, Marker, Node, Panel, Region, State
from data.label_studio.controls import (
    FIGURE,
    IMAGE,
    KEY_POINT,
    KINDS,
    LETTER_BOX_LABEL,
    MARKER,
    PANEL,
    PANEL_OUTLINE,
    POLYGON,
    REASON,
    RECTANGLE,
    REGION,
    REGION_OUTLINE,
    TIP,
    TIP_LABEL,
    UNFINISHED,
)
from data.label_studio.nesting import markers_of, panel_above, parts_of
from data.label_studio.nodes import Author, nodes_in
from data.label_studio.places import Place, point_value, polygon_value, rectangle_value
from data.label_studio.rows import (
    MARK,
    Drawn,
    Row,
    Sorted,
    parent_in,
    part_place,
    place_in,
    sort_rows,
    text_in,
    type_in,
    words_in,
)
from data.label_studio.shown import (
    choices_of,
    label_of,
    part_of,
    place_of,
    texts_of,
    with_choices,
    with_label,
    with_part,
    with_place,
    with_text,
)
from data.label_studio.version import Version, mark_of

_GEOMETRY: Final = ("x", "y", "width", "height", "rotation", "points", "closed")


def to_result(
    figure: Figure, version: Version, earlier: Sequence[Any] = (), *, says_unfinished: bool = False
) -> list[Any]:
    """All rows: panels, markers and regions with their texts, then relations, the figure's state, and foreign rows.

    ``says_unfinished``: a figure that is neither accepted nor skipped says so, as annotations must.
    """
    found = sort_rows(earlier, figure)
    nodes_in(found, figure, Author.model("", ""))  # sets apart the shapes that are no nodes
    return _Writing(figure, version, found, says_unfinished).rows()


class _Writing:
    """The rows of one hierarchy over those that stand there."""

    def __init__(self, figure: Figure, version: Version, earlier: Sorted, says_unfinished: bool) -> None:
        self._figure = figure
        self._open = [UNFINISHED] if says_unfinished else []
        self._version = version
        self._mark = mark_of(version)
        self._earlier = earlier
        self._nodes = {node.id: node for node in version.hierarchy.nodes() if node.state != State.REJECTED}
        self._drawn = {drawn.node_id: drawn for drawn in earlier.drawn.values() if drawn.node_id in self._nodes}
        gone = {row_id for row_id, drawn in earlier.drawn.items() if drawn.node_id not in self._nodes}
        self._gone = gone
        self._kept = Sorted(
            {drawn.row_id: drawn for drawn in self._drawn.values()},
            [row for row in earlier.parts if parent_in(row) not in gone],
            [row for row in earlier.relations if not {row["from_id"], row["to_id"]} & gone],
        )
        self._parts = parts_of(self._nodes, self._kept, figure)

    def rows(self) -> list[Any]:
        out: list[Any] = []
        for node in self._nodes.values():
            out += self._of_node(node)
        out += self._loose_parts()
        out += self._relations()
        out += self._state()
        out += self._foreign()
        return out

    def _row_id(self, node_id: str) -> str:
        return self._drawn[node_id].row_id if node_id in self._drawn else node_id

    def _of_node(self, node: Node) -> list[Row]:
        drawn = self._drawn.get(node.id)
        shape = self._shape(node, drawn)
        rows = [shape]
        place = {key: value for key, value in shape["value"].items() if key != type_in(shape)}
        for name, text in texts_of(node, self._figure.caption).items():
            row = drawn.texts.get(name) if drawn else None
            if self._says_text(node, name, text_in(row)):
                rows += [row] if row else []
            elif text:
                rows.append(self._below(shape, name, "textarea", {**place, "text": [text]}, row))
        for name, choices in choices_of(node).items():
            row = drawn.choices.get(name) if drawn else None
            if with_choices(node, words_in(row, "choices") if row else ()) == node:
                rows += [row] if row else []
            elif choices:
                rows.append(self._below(shape, name, "choices", {**place, "choices": list(choices)}, row))
        rows += drawn.others if drawn else []
        return [_with_meta(row, shape["meta"]) for row in rows] + self._part(node, shape)

    def _says_text(self, node: Node, name: str, text: str) -> bool:
        try:
            return with_text(node, name, text, self._figure.caption) == node
        except InputError:  # it stays there as a foreign row
            return True

    def _shape(self, node: Node, drawn: Drawn | None) -> Row:
        row = self._fresh_shape(node) if drawn is None else dict(drawn.shape)
        if drawn is not None and not self._says_place(node, row):
            fresh = self._fresh_shape(node)
            others = {key: value for key, value in row["value"].items() if key not in (*_GEOMETRY, type_in(row))}
            value = {**others, **fresh["value"], fresh["type"]: words_in(row, type_in(row))}
            row |= {"from_name": fresh["from_name"], "type": fresh["type"], "image_rotation": 0, "value": value}
        labels = words_in(row, type_in(row))
        if with_label(node, labels) != node or not labels:
            unknown = [label for label in labels if label not in KINDS[level_of(node)]]
            row["value"] = {**row["value"], type_in(row): [label_of(node), *unknown]}
        meta = row.get("meta")
        row["meta"] = {**(meta if isinstance(meta, Mapping) else {}), "curator": node_to_doc(node), MARK: self._mark}
        if node.provenance.confidence is not None:
            row["score"] = node.provenance.confidence
        return self._nested(row, node, drawn)

    def _says_place(self, node: Node, row: Row) -> bool:
        try:
            return with_place(node, place_in(row, self._figure)) == node
        except GeometryError:  # it stays there as a foreign row
            return True

    def _nested(self, row: Row, node: Node, drawn: Drawn | None) -> Row:
        panel_id = None if isinstance(node, Panel) else node.panel_id
        shown = panel_id if panel_id in self._nodes else None
        if drawn is not None and not isinstance(node, Panel) and parent_in(row) not in self._gone:
            above = panel_above(drawn, self._nodes, self._kept)
            nested = markers_of(drawn, self._nodes, self._kept)
            if above == shown and (not isinstance(node, Region) or set(nested) <= {node.marker_id}):
                return row
        if shown is not None:
            return {**row, "parentID": self._row_id(shown)}
        if parent_in(row) in self._rows_of_nodes():
            return {key: value for key, value in row.items() if key != "parentID"}
        return row

    def _rows_of_nodes(self) -> set[str]:
        return {self._row_id(node_id) for node_id in self._nodes} | self._gone

    def _fresh_shape(self, node: Node) -> Row:
        place = place_of(node)
        outlined = bool(place.polygon_xy)
        match node:
            case Panel():
                name = PANEL_OUTLINE if outlined else PANEL
            case Marker():
                name = MARKER
            case Region():
                name = REGION_OUTLINE if outlined else REGION
        kind = POLYGON if outlined else RECTANGLE
        value = (
            polygon_value(place.polygon_xy, self._figure.image_wh)
            if outlined
            else rectangle_value(place.box_xyxy, self._figure.image_wh)
        )
        return self._placed(self._row_id(node.id), name, kind, {**value, kind: [label_of(node)]})

    def _placed(self, row_id: str, name: str, kind: str, value: Mapping[str, Any]) -> Row:
        width, height = self._figure.image_wh
        return {
            "id": row_id,
            "from_name": name,
            "to_name": IMAGE,
            "type": kind,
            "original_width": width,
            "original_height": height,
            "image_rotation": 0,
            "value": dict(value),
        }

    def _below(self, shape: Row, name: str, kind: str, value: Mapping[str, Any], earlier: Row | None) -> Row:
        """A text or choice of the shape; it repeats where the shape lies, as Label Studio's own rows do."""
        return {**(earlier or {}), **self._placed(shape["id"], name, kind, value)}

    def _part(self, node: Node, shape: Row) -> list[Row]:
        row = self._parts.get(node.id)
        part = part_of(node)
        if part is None:
            return []
        name, place = part
        if row is not None and with_part(node, part_place(row, self._figure)) == node:
            return [{**row, "parentID": shape["id"]}]
        kind = KEY_POINT if name == TIP else RECTANGLE
        label = TIP_LABEL if name == TIP else LETTER_BOX_LABEL
        size = self._figure.image_wh
        value = rectangle_value(place.box_xyxy, size) if isinstance(place, Place) else point_value(place, size)
        row_id = row["id"] if row else f"{shape['id']}-{name}"
        fresh = self._placed(row_id, name, kind, {**value, kind: [label]})
        return [{**(row or {}), **fresh, "parentID": shape["id"]}]

    def _loose_parts(self) -> list[Row]:
        used = {id(row) for row in self._parts.values()}
        return [row for row in self._kept.parts if id(row) not in used]

    def _relations(self) -> list[Row]:
        rows: list[Row] = []
        written: set[tuple[str, str]] = set()
        for row in self._kept.relations:
            ends = sorted((self._kept.drawn[row[end]].node_id for end in ("from_id", "to_id")), key=self._is_region)
            region = self._nodes[ends[1]]
            if isinstance(region, Region) and region.marker_id == ends[0]:
                rows.append(row)
                written.add((ends[0], ends[1]))
        for node in self._nodes.values():
            if isinstance(node, Region) and node.marker_id in self._nodes and (node.marker_id, node.id) not in written:
                ends = [self._row_id(node.marker_id), self._row_id(node.id)]
                rows.append(
                    {
                        "type": "relation",
                        "from_id": ends[0],
                        "to_id": ends[1],
                        "direction": "right",
                        "labels": [],  # there are many, and their labels would hide the picture
                    }
                )
        return rows

    def _is_region(self, node_id: str) -> bool:
        return isinstance(self._nodes[node_id], Region)

    def _state(self) -> list[Row]:
        """The figure's choice and reason; rows of the whole image have no place."""
        rows: list[Row] = []
        closed = self._version.state in (FigureState.ACCEPTED, FigureState.SKIPPED)
        chosen = [str(self._version.state)] if closed else self._open
        reason = [self._version.reason] if self._version.state == FigureState.SKIPPED and self._version.reason else []
        for name, kind, key, found, earlier in (
            (FIGURE, "choices", "choices", chosen, self._earlier.figure),
            (REASON, "textarea", "text", reason, self._earlier.reason),
        ):
            idle = name == REASON and self._version.state != FigureState.SKIPPED  # a word that nobody asks for yet
            if earlier is not None and (idle or words_in(earlier, key) == found):
                rows.append(earlier)
            elif found:
                fresh = {"id": name, "from_name": name, "to_name": IMAGE, "type": kind, "value": {key: found}}
                rows.append({**fresh, **(earlier or {}), "value": {key: found}})
        return rows

    def _foreign(self) -> list[Any]:
        """Rows that are not ours. What speaks of a shape that went, as a relation to it does, goes with it.

        So does a second answer to what is asked of the figure once: it would be the first after our next reading.
        """
        ours = {
            id(row)
            for drawn in self._earlier.drawn.values()
            for row in (drawn.shape, *drawn.texts.values(), *drawn.choices.values(), *drawn.others)
        }
        return [
            foreign.row
            for foreign in self._earlier.foreign
            if id(foreign.row) not in ours
            and not self._spoke_of(foreign.row) & self._gone
            and not (isinstance(foreign.row, dict) and foreign.row.get("from_name") in (FIGURE, REASON))
        ]

    @staticmethod
    def _spoke_of(row: Any) -> set[str]:
        return {str(row.get(key)) for key in ("id", "from_id", "to_id")} if isinstance(row, dict) else set()


def _with_meta(row: Row, meta: Mapping[str, Any]) -> Row:
    """The row with the node as it is now, where it repeats the meta of its shape, as rows that the editor saved do."""
    theirs = row.get("meta")
    if not isinstance(theirs, Mapping) or "curator" not in theirs:
        return row
    return {**row, "meta": {**theirs, "curator": meta["curator"], MARK: meta[MARK]}}
