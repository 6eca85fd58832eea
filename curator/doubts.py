"""Doubts: what may be wrong with a figure's proposals, in words for a model that is asked again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from curator.evidence import MARKER_WORDS
from curator.figure import (
    Figure,
    Flag,
    Hierarchy,
    Marker,
    Node,
    Panel,
    Region,
    Span,
    State,
    clause_of,
    flags,
    own_caption,
)
from curator.geometry import Box, union

Question: TypeAlias = Literal["panels", "caption", "markers", "regions"]
"""What a model is asked about: the panels of a picture, the caption's words, a panel's markers with what they point at,
the parts of a panel that words place."""

DOUBTED_BELOW: Final = 0.5  # a node that is rather wrong than right
_CLAUSE: Final = re.compile(r"[^.;\n]+")
_MOST_CHARACTERS: Final = 160  # of a clause that is quoted; guess: enough to know it by


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing that may be wrong."""

    concerns: frozenset[Question]
    """The questions in which it is worth naming."""
    words: str
    box_xyxy: Box | None = None
    """Where, in the figure's frame; None of the figure as a whole."""


def doubts(figure: Figure, hierarchy: Hierarchy, confidences: Mapping[str, float]) -> tuple[Doubt, ...]:
    """What may be wrong with a hierarchy: what cannot be right as it stands, then open proposals that are doubted, the
    least sure ones first.

    ``confidences``: of open proposals, by id; one without is not doubted. Rejected nodes count as absent.
    """
    nodes = {node.id: node for node in hierarchy.nodes() if node.state != State.REJECTED}
    found = [doubt for flag in flags(hierarchy) if (doubt := _of_flag(flag, nodes))]
    found += _of_words(figure, hierarchy)
    found += _of_clauses(figure, hierarchy)
    opened = [node for node in nodes.values() if node.state == State.PROPOSED]
    for node in sorted(opened, key=lambda node: (confidences.get(node.id, 1.0), node.id)):
        if doubt := _of_node(figure, node, confidences.get(node.id, 1.0) < DOUBTED_BELOW):
            found.append(doubt)
    return tuple(dict.fromkeys(found))


def _of_flag(flag: Flag, nodes: Mapping[str, Node]) -> Doubt | None:
    about = [nodes[node_id] for node_id in flag.node_ids]
    box = union(*(node.box_xyxy for node in about)) if about else None
    match flag.code:
        case "overlap":
            return _doubt(f"{' and '.join(map(_name, about))} overlap", "panels", box=box)
        case "duplicate_label":
            return _doubt(flag.message, "panels")
        case "missing_label":
            return _doubt(flag.message, "panels", "caption")
        case "two_readings" if isinstance(about[0], Panel) and about[0].label:
            return _doubt(f"two readings give {_name(about[0])} different words", "caption")
        case "outside_parent":
            inner, outer = about
            words = f"{_name(inner)} lies mostly outside of its panel, {_name(outer)}"
            return _doubt(words, "panels", "markers", box=inner.box_xyxy)
        case "no_panel":
            return _doubt(f"{_name(about[0])} lies in no panel", "panels", "markers", box=box)
    return None


def _of_words(figure: Figure, hierarchy: Hierarchy) -> Iterator[Doubt]:
    """Letters and words that do not go together, where the caption promises letters."""
    promised = {label.casefold() for label in hierarchy.shared.promised_labels}
    for panel in hierarchy.panels:
        if not promised or not panel.label or panel.state != State.PROPOSED:
            continue
        if panel.label.casefold() not in promised:
            words = f"{_name(panel)} has a letter that the caption does not name"
            yield _doubt(words, "panels", "caption", box=panel.box_xyxy)
        elif not own_caption(figure.caption, panel):
            yield _doubt(f"no words of the caption were given to {_name(panel)}", "caption")


def _of_clauses(figure: Figure, hierarchy: Hierarchy) -> Iterator[Doubt]:
    """Clauses that speak of a marker where no marker has them; not those about plots and drawings alone, where a star
    or a box seldom is one."""
    caption = figure.caption
    markers = [marker for marker in hierarchy.markers if marker.state != State.REJECTED]
    explained = [marker.clause_span for marker in markers if marker.clause_span]
    panels = [panel for panel in hierarchy.panels if panel.state != State.REJECTED]
    for match in _CLAUSE.finditer(caption):
        clause = Span(match.start(), match.end())
        if not MARKER_WORDS.search(match.group()) or any(_share(clause, span) for span in explained):
            continue
        owners = [panel for panel in panels if any(_share(clause, span) for span in panel.own_spans)]
        if any(marker.clause_text is not None and marker.panel_id in {one.id for one in owners} for marker in markers):
            continue  # a person wrote of it in other words
        if any(panel.photographic for panel in owners or panels):
            words = f'no marker was found for "{match.group().strip()[:_MOST_CHARACTERS]}"'
            yield _doubt(words, "caption", "markers", box=owners[0].box_xyxy if len(owners) == 1 else None)


def _of_node(figure: Figure, node: Node, doubted: bool) -> Doubt | None:
    name, box = _name(node), node.box_xyxy
    match node:
        case Panel() if doubted:
            return _doubt(f"{name} is perhaps no panel, or has another extent or label", "panels", box=box)
        case Marker() if not clause_of(figure.caption, node):
            words = (
                f"no words of the caption were found for {name}: it is perhaps no marker, or its words were overlooked"
            )
            return _doubt(words, "markers", box=box)
        case Marker() if doubted:
            return _doubt(f"{name} is perhaps no marker, or of another kind", "markers", box=box)
        case Region() if doubted:
            about: Question = "markers" if node.marker_id else "regions"
            return _doubt(f"{name} is perhaps elsewhere, or has another extent", about, box=box)
    return None


def _doubt(words: str, *concerns: Question, box: Box | None = None) -> Doubt:
    return Doubt(frozenset(concerns), words, box)


def _name(node: Node) -> str:
    match node:
        case Panel():
            return f"panel {node.label}" if node.label else "a panel without a letter"
        case Marker():
            kind = node.kind.replace("_", " ")
            return f"the {node.color} {kind}" if node.color else f"the {kind}"
        case Region():
            return f"the region {node.label!r}" if node.label else "a region without a label"


def _share(first: Span, second: Span) -> bool:
    return first.start < second.end and second.start < first.end
