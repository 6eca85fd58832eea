"""The nodes that result rows describe, apart from what they hang under."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from curator.errors import GeometryError, InputError
from curator.figure import Figure, Marker, MarkerKind, Node, Panel, PanelKind, Provenance, Region, State
from data.label_studio.controls import ATTACHED, KINDS
from data.label_studio.nesting import parts_of
from data.label_studio.places import Place
from data.label_studio.rows import Drawn, Foreign, Sorted, part_place, place_in, text_in, type_in, words_in
from data.label_studio.shown import with_choices, with_label, with_part, with_place, with_text


@dataclass(frozen=True, slots=True)
class Author:
    """Who stands behind shapes that we did not send."""

    provenance: Provenance
    state: State

    @classmethod
    def person(cls, name: str, at: str) -> Author:
        """A person who annotates there (``at``: ISO 8601, UTC): what they draw is accepted."""
        return cls(Provenance(f"person:{name}", "1", at), State.ACCEPTED)

    @classmethod
    def model(cls, model_version: str, at: str) -> Author:
        """A model whose predictions stand there: proposals, as sure as each row's score says."""
        return cls(Provenance("label-studio", "1", at, model=model_version), State.PROPOSED)


def nodes_in(found: Sorted, figure: Figure, author: Author) -> dict[str, Node]:
    """By node id; what is drawn but cannot be a node moves to the foreign rows, with all that hangs on it."""
    nodes: dict[str, Node] = {}
    for row_id, drawn in list(found.drawn.items()):
        try:
            nodes[drawn.node_id] = _node(drawn, found, figure, author)
        except (GeometryError, InputError) as error:
            del found.drawn[row_id]
            rows = (drawn.shape, *drawn.texts.values(), *drawn.choices.values())
            found.foreign.extend(Foreign(row, str(error)) for row in rows)
    for relation in [row for row in found.relations if not {row["from_id"], row["to_id"]} <= set(found.drawn)]:
        found.relations.remove(relation)
        found.foreign.append(Foreign(relation, "one of its ends is no node of Curator"))
    return nodes


def _node(drawn: Drawn, found: Sorted, figure: Figure, author: Author) -> Node:
    """The node as its rows say it, under the parents that it was sent with.

    Raises:
        GeometryError, InputError: nothing was sent and the rows are no node.
    """
    labels = words_in(drawn.shape, type_in(drawn.shape))
    unknown = [label for label in labels if label not in KINDS[drawn.level]]
    try:
        place = place_in(drawn.shape, figure)
    except GeometryError as error:
        if drawn.sent is None:
            raise
        found.foreign.append(Foreign(drawn.shape, str(error), drawn.node_id))
        node = drawn.sent
    else:
        node = with_place(drawn.sent, place) if drawn.sent else _new(drawn, place, labels, author)
        if isinstance(node, Marker) and place.polygon_xy:
            reason = "a marker has no outline: Curator holds the box around it"
            found.foreign.append(Foreign(drawn.shape, reason, drawn.node_id))
    if unknown:
        reason = f"{unknown!r} is no kind of {drawn.level} in Curator"
        found.foreign.append(Foreign(drawn.shape, reason, drawn.node_id))
    node = with_label(node, labels)
    for name in drawn.controls:
        row = drawn.texts.get(name)
        try:
            node = with_text(node, name, text_in(row), figure.caption)
        except InputError as error:
            found.foreign.append(Foreign(row, str(error), drawn.node_id))
    return with_choices(node, [word for row in drawn.choices.values() for word in words_in(row, "choices")])


def _new(drawn: Drawn, place: Place, labels: Sequence[str], author: Author) -> Node:
    provenance = author.provenance
    score = drawn.shape.get("score")
    if not provenance.person and isinstance(score, int | float) and 0 <= score <= 1:
        provenance = replace(provenance, confidence=float(score))
    known = next((label for label in labels if label in KINDS[drawn.level]), None)
    match drawn.level:
        case "panel":
            kind = PanelKind(known or "other")
            return Panel(
                drawn.node_id,
                place.box_xyxy,
                provenance,
                kind=kind,
                polygon_xy=place.polygon_xy,
                state=author.state,
            )
        case "marker":
            if known is None:
                raise InputError(
                    f"{list(labels)!r} is no kind of marker in Curator; expected one of {KINDS['marker']!r}"
                )
            return Marker(drawn.node_id, None, MarkerKind(known), place.box_xyxy, provenance, state=author.state)
        case "region":
            return Region(
                drawn.node_id, None, place.box_xyxy, provenance, polygon_xy=place.polygon_xy, state=author.state
            )


def with_parts(nodes: dict[str, Node], found: Sorted, figure: Figure) -> dict[str, Node]:
    """The nodes with the tips and printed letters that are drawn; other such rows become foreign."""
    owned = parts_of(nodes, found, figure)
    used = {id(row) for row in owned.values()}
    for row in found.parts:
        if id(row) not in used:
            found.foreign.append(Foreign(row, f"belongs to no {ATTACHED[row['from_name']]}, or to one that has one"))
    changed = dict(nodes)
    for node_id, node in nodes.items():
        part = owned.get(node_id)
        changed[node_id] = with_part(node, part_place(part, figure) if part else None)
    return changed
