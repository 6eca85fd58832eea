"""Adopting: open proposals are replaced by those of another mining, as a decision that can be undone."""

from __future__ import annotations

from collections.abc import Set

from curator.codec import Level
from curator.errors import ReviewError
from curator.figure import FigureState, Hierarchy, check
from curator.merge import merge_proposals
from curator.review import Decision, Review, changes_between


def adopt(review: Review, proposed: Hierarchy, levels: Set[Level]) -> Decision:
    """What changes in the review when the open proposals of ``levels`` give way to those of ``proposed``.

    What a person decided stays, and other levels too; children hang where their parents lie now
    (``curator.merge``). An unmined figure becomes a proposed one.

    Raises:
        ReviewError: the figure is closed, or no level is named.
        GeometryError, HierarchyError: ``proposed`` is no hierarchy of this figure.
    """
    if review.state in (FigureState.ACCEPTED, FigureState.SKIPPED):
        raise ReviewError(f"the figure is {review.state}; open it again before adopting other proposals")
    if not levels:
        raise ReviewError("no level was named to adopt; name panel, marker or region")
    merged = merge_proposals(review.hierarchy, proposed, levels)
    check(merged, review.figure.image_wh, review.figure.caption)
    shared = review.hierarchy.shared
    return Decision(
        changes_between(review.hierarchy, merged),
        (shared, merged.shared) if shared != merged.shared else None,
        (review.state, FigureState.PROPOSED) if review.state != FigureState.PROPOSED else None,
    )
