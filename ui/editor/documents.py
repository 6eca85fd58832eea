"""What the review page is told of figures and the queue, as JSON-ready documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from curator.codec import node_to_doc, to_doc
from curator.figure import Article, flags
from data.store.queue import QueueItem
from data.store.reviews import Stored
from ui.learning.assessing import Word


def figure_document(
    stored: Stored, article: Article | None, fits: Mapping[str, float], assessed: Mapping[str, Word]
) -> dict[str, Any]:
    """All that one screen shows of a figure; boxes in the domain's frame, spans as offsets into ``caption``.

    ``fits``: how sure the model in use is of each node's text, by the node's id (``data.store.fits``).
    ``assessed``: the assessor's word on open proposals, likewise."""
    review = stored.review
    figure = review.figure
    return {
        "id": figure.id,
        "label": figure.label,
        "caption": figure.caption,
        "image_wh": list(figure.image_wh),
        "license": figure.license or (article and article.license),
        "doi": figure.doi or (article and article.doi),
        "mentions": list(figure.mentions),
        "article_id": figure.article_id,
        "title": article.title if article else "",
        "journal": article.journal if article else "",
        "state": review.state,
        "reason": stored.reason,
        "revision": stored.revision,
        "confidence": stored.confidence,
        "undoable": stored.undoable,
        "redoable": stored.redoable,
        "replaced_by": stored.replaced_by,
        "nodes": [node_to_doc(node) for node in review.hierarchy.nodes()],
        "shared": to_doc(review.hierarchy.shared),
        "fits": dict(fits),
        "assessed": {node_id: asdict(word) for node_id, word in assessed.items()},
        "flags": [to_doc(flag) for flag in flags(review.hierarchy)],
    }


def queue_item_document(item: QueueItem) -> dict[str, Any]:
    return {
        "id": item.figure_id,
        "number": item.number,
        "label": item.label,
        "article_id": item.article_id,
        "state": item.state,
        "confidence": item.confidence,
        "flags": item.flag_count,
        "panels": item.panel_count,
        "markers": item.marker_count,
        "regions": item.region_count,
        "lease_by": item.lease_by and item.lease_by.partition("#")[0],
        "why": item.why,
        "auto": item.auto,
    }
