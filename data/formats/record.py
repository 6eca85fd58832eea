"""One figure as a plain record: the shape of the JSONL export, from which the other formats are made."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any, Literal

from curator.codec import to_doc
from curator.figure import (
    Figure,
    FigureState,
    Hierarchy,
    Marker,
    Node,
    Panel,
    Region,
    State,
    clause_of,
    full_caption,
    own_caption,
)
from curator.review import Review

SCHEMA_VERSION = 2  # 2: description, summary, finding and polygon_xy beside what 1 had
Split = Literal["train", "val", "test"]


def split_of(article_id: str) -> Split:
    """The split of all figures of an article: 80 / 10 / 10 by hash, so that it never changes as the project grows."""
    bucket = int.from_bytes(hashlib.sha256(article_id.encode()).digest()[:8], "big") % 10
    return "test" if bucket == 0 else "val" if bucket == 1 else "train"


def to_record(
    review: Review,
    license_: str | None,
    verified_only: bool,
    auto_batch: int | None = None,
    unsure: Collection[str] = (),
) -> dict[str, Any]:
    """The figure with its panels, and their markers and regions inside them.

    Rejected nodes are left out; with ``verified_only`` open proposals too. Markers and regions that belong to no panel
    that is exported stand under ``unassigned``. ``license_`` is the article's, used where the figure has none.
    ``auto_batch``: the batch in which it was accepted without a person: the record then says so in ``auto``, and its
    nodes stay the proposals that they are. ``unsure``: ids of open proposals that are left out too.
    """
    figure, hierarchy = review.figure, review.hierarchy
    kept = {node.id: node for node in hierarchy.nodes() if _exported(node, verified_only) and node.id not in unsure}
    panels = [node for node in kept.values() if isinstance(node, Panel)]
    return {
        "schema_version": SCHEMA_VERSION,
        "figure_id": figure.id,
        "article_id": figure.article_id,
        "split": split_of(figure.article_id),
        "image": figure.image_name,
        "image_sha256": figure.image_sha256,
        "image_wh": list(figure.image_wh),
        "label": figure.label,
        "caption": figure.caption,
        "mentions": list(figure.mentions),
        "license": figure.license or license_,
        "doi": figure.doi,
        "state": str(review.state),
        **({} if auto_batch is None else {"auto": {"batch": auto_batch}}),
        "panels": [
            {
                "id": panel.id,
                "label": panel.label,
                "label_box_xyxy": panel.label_box_xyxy and list(panel.label_box_xyxy),
                "kind": str(panel.kind),
                "photographic": panel.photographic,
                "own_caption": own_caption(figure.caption, panel),
                "own_spans": [list(span) for span in panel.own_spans],
                "caption": full_caption(figure.caption, hierarchy, panel),
                "description": panel.description,
                "summary": panel.summary,
                "polygon_xy": [list(point) for point in panel.polygon_xy],
                **_common(panel),
                **_below(figure, hierarchy, kept, panel.id),
            }
            for panel in panels
        ],
        "unassigned": _below(figure, hierarchy, kept, None),
    }


def exported(review: Review, verified_only: bool) -> bool:
    """Whether the figure is exported at all: accepted ones always, open ones unless ``verified_only``."""
    wanted = (FigureState.ACCEPTED,) if verified_only else (FigureState.ACCEPTED, FigureState.PROPOSED)
    return review.state in wanted


def _exported(node: Node, verified_only: bool) -> bool:
    return node.state.verified if verified_only else node.state != State.REJECTED


def _common(node: Node) -> dict[str, Any]:
    return {
        "box_xyxy": list(node.box_xyxy),
        "confidence": node.provenance.confidence,
        "status": str(node.state),
        "provenance": to_doc(node.provenance),
    }


def _below(figure: Figure, hierarchy: Hierarchy, kept: dict[str, Node], panel_id: str | None) -> dict[str, Any]:
    def belongs(node: Marker | Region) -> bool:
        parent = node.panel_id if isinstance(kept.get(node.panel_id or ""), Panel) else None
        return node.id in kept and parent == panel_id

    return {
        "markers": [
            {
                "id": marker.id,
                "kind": str(marker.kind),
                "color": marker.color,
                "tip_xy": marker.tip_xy and list(marker.tip_xy),
                "clause": clause_of(figure.caption, marker),
                "clause_span": marker.clause_span and list(marker.clause_span),
                **_common(marker),
            }
            for marker in hierarchy.markers
            if belongs(marker)
        ],
        "regions": [
            {
                "id": region.id,
                "label": region.label,
                "caption": region.caption,
                "clause": clause_of(figure.caption, region),
                "clause_span": region.clause_span and list(region.clause_span),
                "marker_id": region.marker_id if region.marker_id in kept else None,
                "description": region.description,
                "finding": region.finding and to_doc(region.finding),
                "polygon_xy": [list(point) for point in region.polygon_xy],
                **_common(region),
            }
            for region in hierarchy.regions
            if belongs(region)
        ],
    }
