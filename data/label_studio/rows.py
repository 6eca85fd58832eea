"""Label Studio's result rows, sorted by what they speak of; rows that are not ours are set apart, never dropped."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from curator.codec import Level, level_of, node_from_doc
from curator.errors import CuratorError, GeometryError
from curator.figure import Figure, Hierarchy, Marker, Node, Region, State, check
from curator.geometry import Point
from data.label_studio import controls
from data.label_studio.controls import ATTACHED, CHOICES, POINTS_AT, SHAPES, TEXTS, TIP
from data.label_studio.places import Place, point_place, polygon_place, rectangle_place

Row: TypeAlias = dict[str, Any]
_OWN_ID = re.compile(r"[pmr](?:\d{1,9}|-[\w-]{1,64})", re.ASCII)
_PLAIN_ID = re.compile(r"[\w-]{1,62}", re.ASCII)

MARK = "curator_written"
"""Key in the meta of our shapes: of which writing they are (``version.mark_of``). Editors give it back as it came."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A row that Curator cannot hold, or holds only in part, and why. It stays in Label Studio as it is."""

    row: Any
    reason: str
    node_id: str | None = None
    """The node that the row belongs to."""


@dataclass(slots=True)
class Drawn:
    """The rows of one node."""

    node_id: str
    level: Level
    shape: Row
    sent: Node | None
    """The node as we sent it, from the row's meta; None where a person drew it or another tool proposed it."""
    texts: dict[str, Row] = field(default_factory=dict)
    choices: dict[str, Row] = field(default_factory=dict)
    others: list[Row] = field(default_factory=list)
    """Rows of the same shape by controls that are not ours."""

    @property
    def controls(self) -> list[str]:
        """The text controls that nodes of the level have."""
        return [name for name, levels in TEXTS.items() if self.level in levels]

    @property
    def row_id(self) -> str:
        return str(self.shape["id"])

    @property
    def mark(self) -> str:
        """Of the writing that the row is of; "" where it does not say."""
        return str(self.shape["meta"].get(MARK, "")) if self.sent is not None else ""


@dataclass(slots=True)
class Sorted:
    """All rows of one annotation or prediction."""

    drawn: dict[str, Drawn] = field(default_factory=dict)
    """By row id."""
    parts: list[Row] = field(default_factory=list)
    """Tips and boxes of printed letters."""
    relations: list[Row] = field(default_factory=list)
    """Relations between a marker and a region that say nothing else than that the one points at the other."""
    figure: Row | None = None
    reason: Row | None = None
    foreign: list[Foreign] = field(default_factory=list)


def sort_rows(result: Sequence[Any], figure: Figure) -> Sorted:
    """The rows by what they speak of. Never raises: what cannot be read is foreign."""
    found = Sorted()
    relations: list[Row] = []
    below: list[Row] = []
    for row in result:
        match row:
            case {"type": "relation"}:
                relations.append(row)
            case {"from_name": str(name), "id": str(), "value": {}} if name in SHAPES:
                _add_shape(found, row, figure)
            case {"from_name": str(name), "id": str(), "value": {}} if name in ATTACHED:
                found.parts.append(row)
            case {"from_name": controls.FIGURE, "value": {}} if found.figure is None:
                found.figure = row
            case {"from_name": controls.REASON, "value": {}} if found.reason is None:
                found.reason = row
            case {"id": str()}:
                below.append(row)
            case _:
                found.foreign.append(Foreign(row, "no result of Label Studio with an id, a control and a value"))
    for row in below:
        _add_below(found, row)
    for row in relations:
        if _points(row, found):
            found.relations.append(row)
        else:
            found.foreign.append(Foreign(row, "Curator holds relations between a marker and a region only"))
    return found


def node_id_of(row_id: str, level: Level) -> str:
    """Our id for a row: its own where we gave it, else one that starts with the level's letter, as ours do."""
    prefix = level[0]
    if _OWN_ID.fullmatch(row_id) and row_id.startswith(prefix):
        return row_id
    plain = row_id if _PLAIN_ID.fullmatch(row_id) else hashlib.sha256(row_id.encode()).hexdigest()[:16]
    return f"{prefix}-{plain}"


def place_in(row: Row, figure: Figure) -> Place:
    """Where the row's shape lies.

    Raises:
        GeometryError: a shape that is neither box nor polygon, a turned image, or numbers that cannot be.
    """
    if row.get("image_rotation") not in (None, 0):
        raise GeometryError(f"the image was turned by {row['image_rotation']!r} degrees; turn it back there")
    if (kind := row.get("type")) in ("polygonlabels", "polygon"):
        return polygon_place(row["value"], figure.image_wh)
    if kind not in ("rectanglelabels", "rectangle"):
        raise GeometryError(f"Curator holds boxes and polygons, no {kind!r}")
    return rectangle_place(row["value"], figure.image_wh)


def part_place(row: Row, figure: Figure) -> Place | Point:
    """Where a tip (a point) or a printed letter (a box) lies; raises as ``place_in``."""
    if row["from_name"] != TIP:
        return Place(place_in(row, figure).box_xyxy)
    if row.get("image_rotation") not in (None, 0):
        raise GeometryError(f"the image was turned by {row['image_rotation']!r} degrees; turn it back there")
    return point_place(row["value"], figure.image_wh)


def words_in(row: Row, key: str) -> list[str]:
    """The row's labels, choices or texts; what is no text is left out."""
    found = row["value"].get(key)
    if isinstance(found, str):
        return [found]
    return [word for word in found if isinstance(word, str)] if isinstance(found, list) else []


def text_in(row: Row | None) -> str:
    return "\n".join(words_in(row, "text")) if row else ""


def parent_in(row: Row) -> str:
    """Id of the row that it is nested under; "" where it is under none."""
    parent_id = row.get("parentID")
    return parent_id if isinstance(parent_id, str) else ""


def type_in(row: Row) -> str:
    """What kind of result the row is, which is also the name of its labels."""
    return str(row.get("type"))


def sound(node: Node, figure: Figure) -> bool:
    """Whether the node alone, its parents aside, can be in a hierarchy of the figure."""
    try:
        check(Hierarchy().with_nodes([orphan(node)]), figure.image_wh, figure.caption)
    except CuratorError:
        return False
    return True


def orphan(node: Node) -> Node:
    """The node under nothing."""
    match node:
        case Marker():
            return replace(node, panel_id=None)
        case Region():
            return replace(node, panel_id=None, marker_id=None)
    return node


def _add_shape(found: Sorted, row: Row, figure: Figure) -> None:
    level = SHAPES[row["from_name"]].level
    sent = _sent(row, figure)
    if sent is not None and level_of(sent) != level:
        sent = None
    drawn = Drawn(sent.id if sent else node_id_of(row["id"], level), level, row, sent)
    other = found.drawn.get(row["id"])
    if other is not None and other.sent is None and sent is not None:
        found.drawn[row["id"]] = drawn
        drawn, other = other, drawn
    if other is not None:
        reason = f"the shape is a {other.level} already; delete it there and draw it again to make it a {level}"
        found.foreign.append(Foreign(drawn.shape, reason, other.node_id))
    elif any(drawn.node_id == earlier.node_id for earlier in found.drawn.values()):
        found.foreign.append(Foreign(row, f"another shape has the id {drawn.node_id!r} already"))
    else:
        found.drawn[row["id"]] = drawn


def _add_below(found: Sorted, row: Row) -> None:
    drawn = found.drawn.get(row["id"])
    name = row.get("from_name")
    value = row.get("value")
    if drawn is None:
        found.foreign.append(Foreign(row, f"the control {name!r} is not one of Curator's"))
        return
    if isinstance(name, str) and isinstance(value, Mapping):
        for known, rows in ((TEXTS, drawn.texts), (CHOICES, drawn.choices)):
            if drawn.level in known.get(name, ()) and name not in rows:
                rows[name] = row
                return
    drawn.others.append(row)
    reason = f"a {drawn.level} of Curator has no {name!r}"
    found.foreign.append(Foreign(row, reason, drawn.node_id))


def _sent(row: Row, figure: Figure) -> Node | None:
    """The node as we sent it. A copy that a person made of a shape carries its meta too, under an id of its own."""
    meta = row.get("meta")
    document = meta.get("curator") if isinstance(meta, Mapping) else None
    if not isinstance(document, dict):
        return None
    try:
        node = node_from_doc(document)
    except CuratorError:
        return None
    if node.id not in (row["id"], node_id_of(row["id"], level_of(node))) or node.state == State.REJECTED:
        return None
    return node if sound(node, figure) else None


def _points(row: Row, found: Sorted) -> bool:
    labels = row.get("labels") or []
    ends = [found.drawn.get(end) for end in (row.get("from_id"), row.get("to_id")) if isinstance(end, str)]
    levels = sorted(end.level for end in ends if end)
    return levels == ["marker", "region"] and (labels == [] or labels == [POINTS_AT])
