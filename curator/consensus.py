"""Several agents' or samples' hierarchies become one: boxes fused, words voted, agreement turned into confidence."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias, TypeVar

from curator.figure import Hierarchy, Marker, MarkerKind, Panel, Provenance, Region, Shared, State
from curator.fusion import FUSE_IOU, Cluster, N, Vote, clustered, elected, fused_box, fused_confidence, fused_point
from curator.geometry import Box, Point, Size, area, centre, contains_point, coverage, iou
from curator.samples import Samples

AGENT = "consensus"
VERSION = "1"

_MARK_IOU = 0.3  # as markers are scored: a few pixels halve the IoU of a small mark
_NEAR_SHARE = 0.02  # of the image's diagonal; guess: models put small marks beside themselves, not elsewhere
_NESTED_SHARE = 0.5  # a panel whose larger half lies in another is another reading of the same place
_FAMILIES = (
    {MarkerKind.ARROW, MarkerKind.ARROWHEAD},
    {MarkerKind.ASTERISK, MarkerKind.STAR},
    {MarkerKind.BOX, MarkerKind.DASHED_BOX},
)
"""Kinds that are taken for each other."""

_Places: TypeAlias = dict[tuple[int, str], str]
"""(proposer, id in the proposer's hierarchy) to id in the consensus."""
T = TypeVar("T")


def consensus(hierarchies: Sequence[Hierarchy], image_wh: Size) -> Hierarchy:
    """One hierarchy of proposals of agent ``consensus``; the order of the hierarchies does not matter.

    Panels are the same where their boxes overlap (``FUSE_IOU``), markers where they are of like kind and overlap or lie
    close, regions where they answer to the same marker or overlap. Box: weighted box fusion. Kind, label, spans,
    parents: votes, weighted by confidence. A panel is read in the caption by those who gave it its label; another
    reading stands in ``rival_spans``. Confidence: see ``fused_confidence``; who did not find a node is against it. Its
    samples are the hierarchies.
    Rejected nodes count as absent.
    """
    # any order gives the same from here on
    ordered = sorted(hierarchies, key=repr)
    places: _Places = {}
    panels = _panels(ordered, places)
    markers = _markers(ordered, image_wh, panels, places)
    regions = _regions(ordered, panels, markers, places)
    return Hierarchy(panels, markers, regions, _shared([hierarchy.shared for hierarchy in ordered]))


def _votes(levels: Iterable[Sequence[N]]) -> list[Vote[N]]:
    return [
        Vote(proposer, node) for proposer, nodes in enumerate(levels) for node in nodes if node.state != State.REJECTED
    ]


def _numbered(prefix: str, clusters: Sequence[Cluster[N]], start: int, places: _Places) -> list[str]:
    ids = [f"{prefix}{start + index}" for index in range(len(clusters))]
    for node_id, cluster in zip(ids, clusters, strict=True):
        places.update({(vote.proposer, vote.node.id): node_id for vote in cluster})
    return ids


def _provenance(cluster: Cluster[N], proposers: int, **alike: int) -> Provenance:
    """``alike``: how many say the same label, kind or text."""
    said = [vote.node.provenance for vote in cluster]
    return Provenance(
        AGENT,
        VERSION,
        max(provenance.at for provenance in said),
        fused_confidence([vote.weight for vote in cluster], proposers),
        exchanges=tuple(sorted({key for provenance in said for key in provenance.exchanges})),
        samples=Samples(proposers, len(cluster.votes), **alike),
    )


def _alike(cluster: Iterable[Vote[N]], read: Callable[[N], T], chosen: T) -> int:
    """How many say what was chosen."""
    return sum(read(vote.node) == chosen for vote in cluster)


def _most(cluster: Iterable[Vote[N]], read: Callable[[N], T]) -> T:
    """What most of the weight says."""
    return elected((read(vote.node), vote.weight) for vote in cluster)[0]


def _said(cluster: Iterable[Vote[N]], read: Callable[[N], T]) -> list[T]:
    """What is said, by weight, of those who say anything."""
    return elected((found, vote.weight) for vote in cluster if (found := read(vote.node)))


# --- panels -------------------------------------------------------------------------------------------------------


def _panels(hierarchies: Sequence[Hierarchy], places: _Places) -> tuple[Panel, ...]:
    votes = _votes([hierarchy.panels for hierarchy in hierarchies])

    def affinity(vote: Vote[Panel], cluster: Cluster[Panel]) -> float:
        overlap = iou(vote.node.box_xyxy, cluster.box_xyxy)
        if overlap < FUSE_IOU:
            return 0.0
        # of two places that fit, the one with the same letter
        return overlap + any(_key(vote.node.label) == _key(other.node.label) for other in cluster)

    clusters = _without_rivals(clustered(votes, affinity), len(hierarchies))
    labels = _labels(clusters)
    ids = _numbered("p", clusters, 1, places)
    return tuple(
        _panel(node_id, cluster, label, len(hierarchies))
        for node_id, cluster, label in zip(ids, clusters, labels, strict=True)
    )


def _without_rivals(clusters: list[Cluster[Panel]], proposers: int) -> list[Cluster[Panel]]:
    """Of two panels in one place that no proposer has both of (one drew A and B as one panel), the surer one."""
    kept: list[Cluster[Panel]] = []
    by_confidence = sorted(
        clusters, key=lambda cluster: -fused_confidence([vote.weight for vote in cluster], proposers)
    )
    for cluster in by_confidence:
        rivals = (other for other in kept if other.proposers.isdisjoint(cluster.proposers))
        if not any(_nested(cluster.box_xyxy, other.box_xyxy) for other in rivals):
            kept.append(cluster)
    return [cluster for cluster in clusters if cluster in kept]


def _nested(first: Box, second: Box) -> bool:
    small, large = sorted((first, second), key=area)
    return coverage(small, large) > _NESTED_SHARE


def _key(label: str | None) -> str:
    return (label or "").casefold()


def _labels(clusters: Sequence[Cluster[Panel]]) -> list[str | None]:
    """Each cluster's label by vote; one label stands for as many panels as some proposer gave it to."""
    ballots = [[(_key(vote.node.label), vote.weight) for vote in cluster] for cluster in clusters]
    proposers = {vote.proposer for cluster in clusters for vote in cluster}
    room: dict[str, int] = {}
    for proposer in proposers:
        own = [_key(vote.node.label) for cluster in clusters for vote in cluster if vote.proposer == proposer]
        room |= {key: max(room.get(key, 0), own.count(key)) for key in own}
    claims = [
        (-math.fsum(weight for other, weight in votes if other == key), key, index)
        for index, votes in enumerate(ballots)
        for key in {key for key, _ in votes}
        if key
    ]
    won: dict[int, str] = {}
    for _, key, index in sorted(claims):
        if index not in won and room[key] > 0:
            won[index] = key
            room[key] -= 1
    return [
        _said((vote for vote in cluster if _key(vote.node.label) == won[index]), lambda panel: panel.label)[0]
        if index in won
        else None
        for index, cluster in enumerate(clusters)
    ]


def _panel(node_id: str, cluster: Cluster[Panel], label: str | None, proposers: int) -> Panel:
    box = cluster.box_xyxy
    # what the caption says of A is not asked of those who took the panel for B
    agreeing = [vote for vote in cluster if _key(vote.node.label) == _key(label)] or list(cluster)
    readings = _said(agreeing, lambda panel: panel.own_spans)
    spans = readings[0] if readings else ()
    rivals = [*readings[1:], *(rival for rival in _said(agreeing, lambda panel: panel.rival_spans) if rival != spans)]
    kind, photographic = _most(cluster, lambda panel: (panel.kind, panel.photographic))
    return Panel(
        node_id,
        box,
        _provenance(
            cluster,
            proposers,
            label=_alike(cluster, lambda panel: _key(panel.label), _key(label)),
            kind=_alike(cluster, lambda panel: panel.kind, kind),
            text=_alike(cluster, lambda panel: panel.own_spans, spans),
        ),
        label,
        _letter_box(agreeing),
        kind,
        photographic,
        spans,
        rival_spans=rivals[0] if rivals else (),
        description=_first(_said(agreeing, lambda panel: panel.description)),
        summary=_first(_said(agreeing, lambda panel: panel.summary)),
        polygon_xy=_outline(cluster, box),
    )


def _letter_box(cluster: Iterable[Vote[Panel]]) -> Box | None:
    found = [(vote.node.label_box_xyxy, vote.weight) for vote in cluster if vote.node.label_box_xyxy is not None]
    return fused_box([box for box, _ in found], [weight for _, weight in found]) if found else None


def _outline(cluster: Cluster[Panel] | Cluster[Region], box: Box) -> tuple[Point, ...]:
    """The outline whose tight box the fused box is; a mean of boxes has none."""
    outlines = (vote.node.polygon_xy for vote in cluster if vote.node.box_xyxy == box and vote.node.polygon_xy)
    return next(outlines, ())


def _first(texts: Sequence[str]) -> str:
    return texts[0] if texts else ""


# --- markers ------------------------------------------------------------------------------------------------------


def _markers(
    hierarchies: Sequence[Hierarchy], image_wh: Size, panels: Sequence[Panel], places: _Places
) -> tuple[Marker, ...]:
    votes = _votes([hierarchy.markers for hierarchy in hierarchies])
    near_px = _NEAR_SHARE * math.hypot(*image_wh)

    def affinity(vote: Vote[Marker], cluster: Cluster[Marker]) -> float:
        box = cluster.box_xyxy
        if not any(_of_like_kind(vote.node.kind, other.node.kind) for other in cluster):
            return 0.0
        overlap = iou(vote.node.box_xyxy, box)
        if overlap >= _MARK_IOU:
            return 1 + overlap
        return max(0.0, 1 - math.dist(centre(vote.node.box_xyxy), centre(box)) / near_px)

    clusters = clustered(votes, affinity, _MARK_IOU)
    ids = _numbered("m", clusters, len(panels) + 1, places)
    return tuple(
        _marker(node_id, cluster, panels, places, len(hierarchies))
        for node_id, cluster in zip(ids, clusters, strict=True)
    )


def _of_like_kind(first: MarkerKind, second: MarkerKind) -> bool:
    return first == second or any({first, second} <= family for family in _FAMILIES)


def _marker(node_id: str, cluster: Cluster[Marker], panels: Sequence[Panel], places: _Places, proposers: int) -> Marker:
    box = cluster.box_xyxy
    tips = [(vote.node.tip_xy, vote.weight) for vote in cluster if vote.node.tip_xy is not None]
    clauses = _said(cluster, lambda marker: marker.clause_span)
    colors = _said(cluster, lambda marker: marker.color)
    kind = _most(cluster, lambda marker: marker.kind)
    clause = clauses[0] if clauses else None
    return Marker(
        node_id,
        _panel_of(cluster, box, panels, places),
        kind,
        box,
        _provenance(
            cluster,
            proposers,
            kind=_alike(cluster, lambda marker: marker.kind, kind),
            text=_alike(cluster, lambda marker: marker.clause_span, clause),
        ),
        colors[0] if colors else None,
        fused_point([tip for tip, _ in tips], [weight for _, weight in tips]) if tips else None,
        clause,
    )


def _panel_of(
    cluster: Cluster[Marker] | Cluster[Region], box: Box, panels: Sequence[Panel], places: _Places
) -> str | None:
    """By vote; where the panels that were meant are gone, the smallest that holds the box's centre."""
    meant = elected(
        (vote.node.panel_id and places.get((vote.proposer, vote.node.panel_id)), vote.weight) for vote in cluster
    )
    found = next((panel_id for panel_id in meant if panel_id), None)
    if found is not None or all(vote.node.panel_id is None for vote in cluster):
        return found
    holding = [panel for panel in panels if contains_point(panel.box_xyxy, centre(box))]
    return min(holding, key=lambda panel: area(panel.box_xyxy)).id if holding else None


# --- regions ------------------------------------------------------------------------------------------------------


def _regions(
    hierarchies: Sequence[Hierarchy], panels: Sequence[Panel], markers: Sequence[Marker], places: _Places
) -> tuple[Region, ...]:
    votes = _votes([hierarchy.regions for hierarchy in hierarchies])

    def marker_of(vote: Vote[Region]) -> str | None:
        return places.get((vote.proposer, vote.node.marker_id)) if vote.node.marker_id else None

    def affinity(vote: Vote[Region], cluster: Cluster[Region]) -> float:
        marker_id = marker_of(vote)
        if marker_id is not None and any(marker_of(other) == marker_id for other in cluster):
            return 2.0
        overlap = iou(vote.node.box_xyxy, cluster.box_xyxy)
        return overlap if overlap >= FUSE_IOU else 0.0

    clusters = clustered(votes, affinity)
    by_id = {marker.id: marker for marker in markers}
    found = []
    for index, cluster in enumerate(clusters):
        box = cluster.box_xyxy
        meant = elected((marker_of(vote), vote.weight) for vote in cluster)
        marker = by_id.get(next((marker_id for marker_id in meant if marker_id), ""))
        label = _first(_said(cluster, lambda region: region.label))
        # a sentence is taken from those who mean the same by it
        agreeing = [vote for vote in cluster if vote.node.label == label]
        clauses = _said(cluster, lambda region: region.clause_span)
        clause = clauses[0] if clauses else None
        findings = _said(agreeing, lambda region: region.finding)
        found.append(
            Region(
                f"r{len(panels) + len(markers) + index + 1}",
                (marker.panel_id if marker else None) or _panel_of(cluster, box, panels, places),
                box,
                _provenance(
                    cluster,
                    len(hierarchies),
                    label=len(agreeing),
                    text=_alike(cluster, lambda region: region.clause_span, clause),
                ),
                label,
                _first(_said(agreeing, lambda region: region.caption)),
                clause,
                marker.id if marker else None,
                _first(_said(agreeing, lambda region: region.description)),
                findings[0] if findings else None,
                _outline(cluster, box),
            )
        )
    return tuple(found)


def _shared(said: Sequence[Shared]) -> Shared:
    """What most hierarchies say of the figure as a whole; who says nothing does not vote."""

    def most(read: Callable[[Shared], tuple[T, ...]]) -> tuple[T, ...]:
        choices = elected((found, 1.0) for shared in said if (found := read(shared)))
        return choices[0] if choices else ()

    return Shared(most(lambda s: s.lead_spans), most(lambda s: s.tail_spans), most(lambda s: s.promised_labels))
