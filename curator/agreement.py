"""Agreement of two curators who read the same figure: boxes, kinds and texts, level by level."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from curator.codec import Level, level_of
from curator.figure import Hierarchy, Node, Panel, Region, State, clause_of, own_caption
from curator.geometry import iou
from curator.merge import SAME_IOU

LEVELS: tuple[Level, ...] = ("panel", "marker", "region")


@dataclass(frozen=True, slots=True)
class LevelAgreement:
    """Of one level, over any number of figures."""

    first: int = 0
    """Nodes of the first reading."""
    second: int = 0
    matched: int = 0
    """Pairs of one node each, the same box at IoU of ``SAME_IOU`` or more."""
    kinds: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """How often the first called the nodes of a pair one kind and the second another; regions have none."""
    texts: int = 0
    """Pairs of which at least one has a text."""
    text_sum: float = 0.0

    def __add__(self, other: LevelAgreement) -> LevelAgreement:
        return LevelAgreement(
            self.first + other.first,
            self.second + other.second,
            self.matched + other.matched,
            Counter(self.kinds) + Counter(other.kinds),
            self.texts + other.texts,
            self.text_sum + other.text_sum,
        )

    @property
    def f1(self) -> float | None:
        """Harmonic mean of the shares of either reading that the other has too; None where both found nothing."""
        nodes = self.first + self.second
        return 2 * self.matched / nodes if nodes else None

    @property
    def kappa(self) -> float | None:
        """Of the kinds; see ``cohens_kappa``."""
        return cohens_kappa(self.kinds)

    @property
    def text(self) -> float | None:
        """Mean share of words in common, 0 to 1; see ``words_in_common``."""
        return self.text_sum / self.texts if self.texts else None


def agreement(caption: str, first: Hierarchy, second: Hierarchy) -> dict[Level, LevelAgreement]:
    """How far two readings of a figure agree. What a reader rejected is not in the reading."""
    found: dict[Level, LevelAgreement] = {}
    for level in LEVELS:
        ours, theirs = ([node for node in present(side) if level_of(node) == level] for side in (first, second))
        pairs = same_boxes(ours, theirs)
        texts = [(text_of_node(caption, one), text_of_node(caption, other)) for one, other in pairs]
        said = [words_in_common(one, other) for one, other in texts if one or other]
        kinds = Counter(
            (str(one.kind), str(other.kind))
            for one, other in pairs
            if not isinstance(one, Region) and not isinstance(other, Region)
        )
        found[level] = LevelAgreement(len(ours), len(theirs), len(pairs), kinds, len(said), sum(said))
    return found


def cohens_kappa(counts: Mapping[tuple[str, str], int]) -> float | None:
    """Agreement beyond chance (Cohen 1960): 1 is full, 0 what chance gives; None where chance alone would give full.

    >>> cohens_kappa({("a", "a"): 20, ("a", "b"): 5, ("b", "a"): 10, ("b", "b"): 15})
    0.4
    """
    total = sum(counts.values())
    if not total:
        return None
    first: Counter[str] = Counter()
    second: Counter[str] = Counter()
    for (one, other), count in counts.items():
        first[one] += count
        second[other] += count
    agreed = sum(count for (one, other), count in counts.items() if one == other) / total
    chance = sum(first[kind] * second[kind] for kind in first) / total**2
    return None if chance == 1 else round((agreed - chance) / (1 - chance), 12)


def words_in_common(first: str, second: str) -> float:
    """Twice the words that both have in the same order, over the words of both; 0 to 1, 1 for two empty texts.

    >>> words_in_common("Scale bar, 5 µm", "scale bar, 10 µm")
    0.75
    """
    ours, theirs = first.casefold().split(), second.casefold().split()
    total = len(ours) + len(theirs)
    return 2 * _in_same_order(ours, theirs) / total if total else 1.0


def _in_same_order(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common subsequence, in steps of a whole row as bits (Hyyro 2004)."""
    places: Counter[str] = Counter()
    for place, word in enumerate(first):
        places[word] |= 1 << place
    row = every = (1 << len(first)) - 1
    for word in second:
        row = (row + (row & places[word]) | row & ~places[word]) & every
    return len(first) - row.bit_count()


def present(hierarchy: Hierarchy) -> list[Node]:
    """The nodes that were not rejected."""
    return [node for node in hierarchy.nodes() if node.state != State.REJECTED]


def text_of_node(caption: str, node: Node) -> str:
    """What the caption, or a curator instead of it, says of the node itself."""
    if isinstance(node, Panel):
        return own_caption(caption, node)
    return clause_of(caption, node) or (node.caption if isinstance(node, Region) else "")


def same_boxes(first: Sequence[Node], second: Sequence[Node]) -> list[tuple[Node, Node]]:
    """One-to-one pairs of nodes with boxes at IoU of ``SAME_IOU`` or more, so that the sum of IoU is the greatest."""
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    if not first or not second:
        return []
    overlap = np.array([[iou(one.box_xyxy, other.box_xyxy) for other in second] for one in first])
    overlap[overlap < SAME_IOU] = 0.0
    rows, columns = linear_sum_assignment(overlap, maximize=True)
    return [(first[i], second[j]) for i, j in zip(rows.tolist(), columns.tolist(), strict=True) if overlap[i, j] > 0]


def summed(figures: Iterable[Mapping[Level, LevelAgreement]]) -> dict[Level, LevelAgreement]:
    """All figures together."""
    total = {level: LevelAgreement() for level in LEVELS}
    for one in figures:
        total = {level: total[level] + one[level] for level in LEVELS}
    return total
