"""Which figure a curator should see next: strategies over one table of all figures that wait for a review.

A strategy gives each figure a score, higher comes sooner. ``rank`` makes the order of it and sets the audit sample's
figures into it at every twentieth place, in their own order (``curator.audit_sample`` says why).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from curator.audit_sample import SHARE, place_of
from curator.figure import PanelKind

Floats: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.int64]
KINDS = tuple(PanelKind)
"""Bit ``1 << index`` of ``FigureTable.kinds``."""
AUDIT_EVERY = round(1 / SHARE)

_HEAD = 1024
"""Figures at the front among which redundancy is weighed; a day of reviews at 30 s each, and their similarities to each
other are 4 MB; twice as many took a fifth of all ranking (measured)."""
_REDUNDANT = 0.5
"""What is left of a figure's worth when one just like it comes before it. Guess: one correction does not teach the
next one's, it has still to be made."""
_NOVEL = 0.1
"""By how much more a figure of a kind and journal that nobody has reviewed is worth. It settles the order among figures
of nearly the same rate, and never puts a fine figure before a broken one: a quarter more cost up to a tenth of the
errors mended in the first hour (measured on seeds of ``runs.review`` that are not reported)."""
_DISAGREEING = 0.2  # guess: of a figure's nodes; from there on it is named in the reason
_PAIRS = 65_536  # from which the usual distance of two figures is estimated


VectorsOf: TypeAlias = Callable[[Indices], NDArray[np.float32]]


@dataclass(frozen=True, slots=True, eq=False)
class FigureTable:
    """All figures that wait, as columns of equal length n."""

    figure_ids: Sequence[str]
    numbers: Indices
    """In order of ingest."""
    expected_errors: Floats
    seconds: Floats
    """Expected for a review, above 0."""
    uncertainty: Floats
    """1 - confidence, 0 to 1; 1 where nothing is known."""
    disagreement: Floats
    """Share of nodes on which agents differ, 0 to 1."""
    kinds: Indices
    """Bits of the panels' kinds, as ``KINDS``."""
    journals: Indices
    """Codes from 0 on."""
    audit: NDArray[np.bool_]
    vectors: NDArray[np.float32] | VectorsOf | None = None
    """[n, d], unit length; zeros where a figure has none. Or what reads those of some rows: few are needed."""
    covered: Indices | None = None
    """[journals, kinds]: figures of the project that were reviewed already; None: none."""
    covered_vectors: NDArray[np.float32] | None = None
    """[m, d]: embeddings of figures that were reviewed already, or the latest of them."""
    nameless: int | None = None
    """Code of the journal of articles whose journal is not known."""

    def __len__(self) -> int:
        return len(self.figure_ids)


Strategy = Callable[[FigureTable, np.random.Generator], Floats]


def at_random(table: FigureTable, rng: np.random.Generator) -> Floats:
    """Any order."""
    return rng.random(len(table))


def fifo(table: FigureTable, rng: np.random.Generator) -> Floats:
    """First in, first out."""
    return -table.numbers.astype(np.float64)


def least_confident(table: FigureTable, rng: np.random.Generator) -> Floats:
    """By the figure's own confidence."""
    return table.uncertainty


def errors_per_second(table: FigureTable, rng: np.random.Generator) -> Floats:
    """Expected errors found in a second of review.

    With figures of unlike length and a fixed time this order finds the most errors (Dantzig's rule for the knapsack
    problem), as far as the expectations are right.
    """
    return table.expected_errors / table.seconds


def disagreement(table: FigureTable, rng: np.random.Generator) -> Floats:
    """Where agents differ most."""
    return table.disagreement


def diverse(table: FigureTable, rng: np.random.Generator) -> Floats:
    """Each figure as unlike all before it as can be: k-center greedy (Sener and Savarese 2018, arXiv 1708.00489).

    Among ``_HEAD`` figures drawn at random, which a cover of all is near to; the rest follows in any order.
    """
    drawn = rng.permutation(len(table))
    head = drawn[:_HEAD]
    return _scores(np.concatenate([head[_spread(table, head, np.ones(len(head)), 1.0)], drawn[_HEAD:]]))


def coverage(table: FigureTable, rng: np.random.Generator) -> Floats:
    """Kinds and journals of which little was reviewed first; any order among equals."""
    return _novelty(table, rng.permutation(len(table)))


def default(table: FigureTable, rng: np.random.Generator) -> Floats:
    """Expected errors in a second, a little more for kinds and journals that nobody has reviewed, and at the front less
    for what looks like a figure before it.

    The rate decides, since it is what an hour is spent for; novelty is worth at most ``_NOVEL`` more and redundancy at
    most ``_REDUNDANT`` less, so that both settle the order only among figures of like rates. Redundancy is weighed
    greedily, figure by figure, as maximal marginal relevance does (Carbonell and Goldstein 1998).
    """
    rate = errors_per_second(table, rng)
    by_rate = _order(table, rate)
    worth = rate * (1 + _NOVEL * _novelty(table, by_rate))
    order = _order(table, worth)
    head = order[:_HEAD]
    return _scores(np.concatenate([head[_spread(table, head, worth[head], _REDUNDANT)], order[_HEAD:]]))


STRATEGIES: Mapping[str, Strategy] = {
    "default": default,
    "errors_per_second": errors_per_second,
    "least_confident": least_confident,
    "disagreement": disagreement,
    "diverse": diverse,
    "coverage": coverage,
    "random": at_random,
    "fifo": fifo,
}


def rank(table: FigureTable, strategy: Strategy, seed: int = 0, since_audit: int = 0) -> Indices:
    """Rows of the table in the order of review; the same for the same table and seed. Ties go by ingest.

    Every ``AUDIT_EVERY``-th place belongs to the audit sample, by the hash that drew it, and no other place does.
    ``since_audit``: figures that were reviewed since the last one of the sample, which count as places before the
    first: else each new order would put the sample off again, and nobody would ever come to it.
    """
    order = _order(table, strategy(table, np.random.default_rng(seed)))
    audited = table.audit[order]
    others = order[~audited]
    sample = np.array(
        sorted(order[audited].tolist(), key=lambda index: place_of(table.figure_ids[index])), dtype=np.int64
    )
    # the k-th of the sample after AUDIT_EVERY - 1 others each; what is left of either comes at the end
    reviewed = min(since_audit, AUDIT_EVERY - 1)
    before = np.minimum((AUDIT_EVERY - 1) * np.arange(1, len(sample) + 1) - reviewed, len(others))
    found: Indices = np.insert(others, before, sample)
    return found


def why(table: FigureTable, index: int, doubted: str = "") -> str:
    """One line that says why the figure comes when it comes, in numbers; audit figures are told of as all others.

    ``doubted``: what of it is least sure, such as "panel C", where it is known.
    """
    errors, seconds = float(table.expected_errors[index]), float(table.seconds[index])
    parts = [f"about {errors:.1f} {'error' if f'{errors:.1f}' == '1.0' else 'errors'} in {seconds:.0f} s"]
    if table.disagreement[index] >= _DISAGREEING:
        parts.append(f"agents disagree, {doubted} is least sure" if doubted else "agents disagree")
    if first := _first_of(table, index):
        parts.append(first)
    return "; ".join(parts)


def _first_of(table: FigureTable, index: int) -> str:
    """What of the figure nobody has reviewed yet; empty where nothing was reviewed at all, since then all is new, and
    where its journal is not known."""
    if table.covered is None or not table.covered.any() or table.journals[index] == table.nameless:
        return ""
    row = table.covered[table.journals[index]]
    if not row.any():
        return "no figure of its journal reviewed yet"
    bits = int(table.kinds[index])
    new = [kind for bit, kind in enumerate(KINDS) if bits >> bit & 1 and not row[bit] and kind != PanelKind.OTHER]
    return f"no {new[0]} of its journal reviewed yet" if new else ""


def _order(table: FigureTable, scores: Floats) -> Indices:
    order: Indices = np.lexsort((table.numbers, -scores))
    return order


def _scores(order: Indices) -> Floats:
    """Scores whose order is this one."""
    scores = np.empty(len(order))
    scores[order] = np.arange(len(order), 0, -1)
    return scores


def _novelty(table: FigureTable, order: Indices) -> Floats:
    """How little has been seen of the figure's kinds and journal before it in this order, 0 to 1.

    The gain of a sum of square roots of counts, by kind, by journal and by both: each further figure of the same is
    worth less than the one before (a submodular function, which greedy selection serves well). A figure's gain is
    the mean over its kinds.
    """
    journals = table.journals[order]
    bits = table.kinds[order]
    covered = table.covered
    if covered is None:
        covered = np.zeros((int(table.journals.max(initial=-1)) + 1, len(KINDS)), np.int64)
    of_journal = _gain(_earlier(journals) + covered.sum(axis=1)[journals])
    found = np.zeros(len(order))
    kinds_of_figure = np.zeros(len(order))
    for bit in range(len(KINDS)):
        has = (bits >> bit & 1).astype(np.bool_)
        here = journals[has]
        alone = np.arange(len(here)) + covered[:, bit].sum()
        both = _earlier(here) + covered[here, bit]
        found[has] += _gain(alone) + _gain(both)
        kinds_of_figure[has] += 1
    novelty = np.empty(len(order))
    novelty[order] = (found / np.maximum(kinds_of_figure, 1) + of_journal) / 3
    return novelty


def _gain(counts: Indices) -> Floats:
    """What one more adds to the square root of a count: 1 for the first."""
    gain: Floats = np.sqrt(counts + 1.0) - np.sqrt(counts)
    return gain


def _earlier(codes: Indices) -> Indices:
    """For each place, how many places before it have the same code."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(codes) else np.empty(0, np.int64)
    first = np.repeat(starts, np.diff(np.r_[starts, len(codes)]))
    earlier = np.empty(len(codes), np.int64)
    earlier[order] = np.arange(len(codes)) - first
    return earlier


def _spread(table: FigureTable, head: Indices, worth: Floats, redundant: float) -> Indices:
    """Places of the head in greedy order: at each step what is worth most, less ``redundant`` of it where one like it
    was taken before, or reviewed; as they are where nothing has an embedding.

    How alike two are is measured against the usual distance in the head: 1 at none, 0 from the usual one on. Embeddings
    of different models lie differently close.
    """
    places = np.arange(len(head))
    if table.vectors is None:
        return places
    vectors = table.vectors(head) if callable(table.vectors) else table.vectors[head]
    there = np.linalg.norm(vectors, axis=1) > 0.5
    known = vectors[there][: int(_PAIRS**0.5)]
    usual = float(np.median(_distance(known @ known.T))) if len(known) > 1 else 0.0
    if usual == 0:
        return places
    cosines = vectors @ vectors.T
    cosines[~there] = cosines[:, ~there] = -1.0  # like nothing: what has no embedding is not redundant
    alike = np.full(len(head), -1.0, np.float32)
    if table.covered_vectors is not None and len(table.covered_vectors):
        alike[there] = (vectors[there] @ table.covered_vectors[-_HEAD:].T).max(axis=1)

    def left(some: Indices | slice) -> Floats:
        likeness = 1 - np.minimum(_distance(alike[some]) / usual, 1.0)
        found: Floats = worth[some] * (1 - redundant * likeness)
        return found

    order = np.empty(len(head), np.int64)
    worths = left(slice(None))
    for place in places:
        order[place] = chosen = int(np.argmax(worths))
        worths[chosen], alike[chosen] = -1.0, np.inf  # taken
        # only what is nearer to this one than to any before it is worth less now: few, once some were taken
        nearer = np.flatnonzero(cosines[chosen] > alike)
        alike[nearer] = cosines[chosen, nearer]
        worths[nearer] = left(nearer)
    return order


def _distance(cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    """Between unit vectors."""
    found: NDArray[np.float32] = np.sqrt(np.maximum(2 - 2 * cosines, 0))
    return found
