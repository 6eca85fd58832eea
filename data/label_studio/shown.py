"""What Label Studio shows of a node beside its place: label, texts, choices; and what a change to one of them means.

A ``with_`` function gives the very same node where what was found is what Curator would show of it. So a row that a
person left alone changes nothing, and a row that says what a node says already need not be written again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from curator.codec import level_of
from curator.commands import MAX_TEXT
from curator.errors import InputError
from curator.figure import Marker, MarkerKind, Node, Panel, PanelKind, Region, Span, clause_of, own_caption
from curator.geometry import Point
from data.label_studio import controls
from data.label_studio.controls import CHOICES, COLORS, KINDS, LETTER_BOX, PHOTOGRAPHIC, TEXTS, TIP
from data.label_studio.places import Place, near


def label_of(node: Node) -> str:
    """The label of the node's shape."""
    return "region" if isinstance(node, Region) else str(node.kind)


def place_of(node: Node) -> Place:
    return Place(node.box_xyxy, () if isinstance(node, Marker) else node.polygon_xy)


def texts_of(node: Node, caption: str) -> dict[str, str]:
    """The node's texts by control, ``""`` where it has none."""
    return {name: _text(node, name, caption) for name, levels in TEXTS.items() if level_of(node) in levels}


def choices_of(node: Node) -> dict[str, tuple[str, ...]]:
    """The node's choices by control; a colour that the configuration does not offer is not shown."""
    return {name: _chosen(node) for name, levels in CHOICES.items() if level_of(node) in levels}


def part_of(node: Node) -> tuple[str, Place | Point] | None:
    """The control and place of what is drawn beside the node: a marker's tip, the box of a panel's printed letter."""
    if isinstance(node, Marker) and node.tip_xy is not None:
        return TIP, node.tip_xy
    if isinstance(node, Panel) and node.label_box_xyxy is not None:
        return LETTER_BOX, Place(node.label_box_xyxy)
    return None


def with_label(node: Node, labels: Sequence[str]) -> Node:
    """The node of the kind that the labels name; words that are no kind of its level say nothing."""
    known = [label for label in labels if label in KINDS[level_of(node)]]
    if not known or label_of(node) in known:
        return node
    match node:
        case Panel():
            return replace(node, kind=PanelKind(known[0]))
        case Marker():
            return replace(node, kind=MarkerKind(known[0]))
        case Region():
            return node


def with_place(node: Node, place: Place) -> Node:
    """The node at the place. A marker has no outline: it gets the box around it."""
    if isinstance(node, Marker):
        return node if near(node.box_xyxy, place.box_xyxy) else replace(node, box_xyxy=place.box_xyxy)
    if place_of(node).same(place):
        return node
    return replace(node, box_xyxy=place.box_xyxy, polygon_xy=place.polygon_xy)


def with_part(node: Node, place: Place | Point | None) -> Node:
    """The marker with the tip, or the panel with the box of its letter; None where there is none."""
    match node, place:
        case Marker(), Place() | None:
            return replace(node, tip_xy=None)
        case Marker(), (x, y):
            return node if node.tip_xy and near(node.tip_xy, (x, y)) else replace(node, tip_xy=(x, y))
        case Panel(), Place(box_xyxy=box):
            held = node.label_box_xyxy
            return node if held and near(held, box) else replace(node, label_box_xyxy=box)
        case Panel(), _:
            return replace(node, label_box_xyxy=None)
    return node


def with_text(node: Node, name: str, text: str, caption: str) -> Node:
    """The node with the text that the control ``name`` holds, as words of the caption where they are found there once.

    Raises:
        InputError: the node cannot hold the text.
    """
    if text == _text(node, name, caption):
        return node
    if len(text) > MAX_TEXT:
        raise InputError(f"{name} has {len(text)} characters; Curator holds {MAX_TEXT}: shorten it")
    match node, name:
        case Panel(), controls.LETTER:
            return replace(node, label=text or None)
        case Panel(), controls.OWN_CAPTION:
            span = _found(text, caption)
            return replace(node, own_spans=(span,), own_text=None) if span else replace(node, own_text=text)
        case Panel(), controls.SUMMARY:
            return replace(node, summary=text)
        case Panel() | Region(), controls.DESCRIPTION:
            return replace(node, description=text)
        case Marker(), controls.CLAUSE:
            span = _found(text, caption)
            return replace(node, clause_span=span, clause_text=None if span else text)
        case Region(), controls.CLAUSE:
            span = _found(text, caption)
            if text.strip() and span is None:
                raise InputError(f"{text!r} is not once in the caption; a region's clause is words of the caption")
            return replace(node, clause_span=span)
        case Region(), controls.REGION_LABEL:
            return replace(node, label=text)
        case Region(), controls.REGION_CAPTION:
            return replace(node, caption=text)
    return node


def with_choices(node: Node, found: Sequence[str]) -> Node:
    """The marker with the colour (also one that the configuration does not offer), the panel photographic or not."""
    match node:
        case Marker() if tuple(found) != _chosen(node):
            return node if node.color in found else replace(node, color=found[0] if found else None)
        case Panel():
            return replace(node, photographic=PHOTOGRAPHIC in found)
    return node


def _text(node: Node, name: str, caption: str) -> str:
    match node, name:
        case Panel(), controls.LETTER:
            return node.label or ""
        case Panel(), controls.OWN_CAPTION:
            return own_caption(caption, node)
        case Panel(), controls.SUMMARY:
            return node.summary
        case Panel() | Region(), controls.DESCRIPTION:
            return node.description
        case Marker() | Region(), controls.CLAUSE:
            return clause_of(caption, node)
        case Region(), controls.REGION_LABEL:
            return node.label
        case Region(), controls.REGION_CAPTION:
            return node.caption
    return ""


def _chosen(node: Node) -> tuple[str, ...]:
    if isinstance(node, Panel):
        return (PHOTOGRAPHIC,) if node.photographic else ()
    return (node.color,) if isinstance(node, Marker) and node.color in COLORS else ()


def _found(text: str, caption: str) -> Span | None:
    """Where the caption says the text, if it says it once."""
    words = text.strip()
    if not words or caption.count(words) != 1:
        return None
    start = caption.index(words)
    return Span(start, start + len(words))
