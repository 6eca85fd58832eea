"""Weighted box fusion (Solovyev, Wang and Gabruseva 2021): what several proposers say of one thing, as one.

Every function gives the same for votes in any order.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from curator.figure import Node
from curator.geometry import Box, Point, iou

N = TypeVar("N", bound=Node)
H = TypeVar("H", bound=Hashable)

FUSE_IOU = 0.55  # the threshold of the paper
UNSAID_CONFIDENCE = 0.5  # guess: a proposal whose agent says nothing of its confidence


@dataclass(frozen=True, slots=True)
class Vote(Generic[N]):
    """One proposer's node."""

    proposer: int
    node: N

    @property
    def weight(self) -> float:
        """The proposer's confidence; never 0, so that weighted means exist."""
        confidence = self.node.provenance.confidence
        return max(UNSAID_CONFIDENCE if confidence is None else confidence, 1e-3)


@dataclass(frozen=True)
class Cluster(Generic[N]):
    """Votes for the same thing, surest first."""

    votes: tuple[Vote[N], ...]
    same_iou: float

    @cached_property
    def box_xyxy(self) -> Box:
        return fused_box(
            [vote.node.box_xyxy for vote in self.votes], [vote.weight for vote in self.votes], self.same_iou
        )

    @cached_property
    def proposers(self) -> frozenset[int]:
        return frozenset(vote.proposer for vote in self.votes)

    def with_vote(self, vote: Vote[N]) -> Cluster[N]:
        return Cluster((*self.votes, vote), self.same_iou)

    def __iter__(self) -> Iterator[Vote[N]]:
        return iter(self.votes)


def clustered(
    votes: Iterable[Vote[N]], affinity: Callable[[Vote[N], Cluster[N]], float], same_iou: float = FUSE_IOU
) -> list[Cluster[N]]:
    """Votes for the same thing together, of each proposer at most one, from top to bottom and left to right.

    Each vote, the surest first, joins the cluster of the greatest ``affinity``, or opens one where none is above 0.
    """
    clusters: list[Cluster[N]] = []
    for vote in sorted(votes, key=lambda vote: (-vote.weight, vote.node.box_xyxy, repr(vote))):
        scores = {
            index: affinity(vote, cluster)
            for index, cluster in enumerate(clusters)
            if vote.proposer not in cluster.proposers
        }
        best = max(scores, key=scores.__getitem__, default=None)
        if best is not None and scores[best] > 0:
            clusters[best] = clusters[best].with_vote(vote)
        else:
            clusters.append(Cluster((vote,), same_iou))
    return sorted(clusters, key=lambda cluster: (cluster.box_xyxy[1], cluster.box_xyxy[0], repr(cluster)))


def fused_box(boxes_xyxy: Sequence[Box], weights: Sequence[float], same_iou: float = FUSE_IOU) -> Box:
    """The weighted mean of the boxes that agree with the one that most agree with; an outlier does not pull."""

    def support(anchor: Box) -> tuple[float, Box]:
        return math.fsum(w * iou(anchor, box) for box, w in zip(boxes_xyxy, weights, strict=True)), anchor

    anchor = max(boxes_xyxy, key=support)
    core = [
        (box, w) for box, w in zip(boxes_xyxy, weights, strict=True) if box == anchor or iou(anchor, box) >= same_iou
    ]
    x0, y0, x1, y1 = (_mean([box[side] for box, _ in core], [w for _, w in core]) for side in range(4))
    return x0, y0, x1, y1


def fused_point(points_xy: Sequence[Point], weights: Sequence[float]) -> Point:
    """The weighted mean."""
    return _mean([x for x, _ in points_xy], weights), _mean([y for _, y in points_xy], weights)


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    mean = math.fsum(w * value for value, w in zip(values, weights, strict=True)) / math.fsum(weights)
    # rounding must not carry it past an edge of the image
    return min(max(mean, min(values)), max(values))


def fused_confidence(weights: Sequence[float], proposers: int) -> float:
    """How sure those who found a thing are together, times the share of all proposers that found it.

    Of n that agree each is taken as 1 / sqrt(n) of an independent witness: agents err on the same figures, so that
    n independent ones would be too sure, and their mean (the paper's) not sure enough. Guess, until calibration knows.
    """
    doubt = math.prod(sorted(1 - min(weight, 1.0) for weight in weights)) ** (1 / math.sqrt(len(weights)))
    return len(weights) / proposers * (1 - doubt)


def elected(ballots: Iterable[tuple[H, float]]) -> list[H]:
    """What was voted for, the greatest sum of weights first; ties go to the first in order of their ``repr``."""
    sums: dict[H, list[float]] = defaultdict(list)
    for choice, weight in ballots:
        sums[choice].append(weight)
    return sorted(sums, key=lambda choice: (-math.fsum(sums[choice]), repr(choice)))
