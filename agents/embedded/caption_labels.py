"""Which panel labels a caption promises."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import count, takewhile

from agents.embedded.caption_groups import ALPHABETS
from agents.embedded.caption_mentions import Form, Mention, Place


@dataclass(frozen=True, slots=True)
class Labels:
    """The label set that explains a caption best."""

    alphabet: str
    symbols: tuple[str, ...]
    """What each position is written as."""
    order: tuple[int, ...]
    """Positions of the promised labels, ascending."""
    mentions: tuple[Mention, ...]
    """Mentions readable in that alphabet whose labels are all promised, in text order."""
    confidence: float
    """Probability that these are exactly the labels printed in the figure."""

    def indices(self, mention: Mention) -> tuple[int, ...]:
        return mention.readings[self.alphabet]

    def union(self, mentions: Iterable[Mention]) -> tuple[int, ...]:
        """Positions of all labels that the mentions name, ascending."""
        return tuple(sorted({index for mention in mentions for index in mention.readings[self.alphabet]}))


# Numbers and numerals count only where no letters explain the caption: beside letters they name parts of a panel.
_TIERS = (("upper", "lower"), ("digit", "roman", "ROMAN"))
_COST = 0.38  # evidence below which one more label is not worth believing: measured on half of the caption truth
_STRONG = 0.7  # a mention that leads its text and is hardly anything but a label: guess
_OPENS = 0.6  # a mention that opens its sentence and is no article: guess
_WEAK_FORMS = (Form.BARE, Form.COMMA, Form.DOT)
_CHAIN_OF_LETTERS = 3  # guess
_CHAIN_OF_NUMBERS = 4  # guess: numbers also count days, doses and lanes
_CHAIN_WEIGHT = 0.45  # guess: just above the cost of a label
_GAP = 0.5  # cost of each label left out between two others


def choose_labels(mentions: list[Mention]) -> Labels | None:
    """The best explanation of the mentions as labels of panels; None where the caption promises none."""
    best: tuple[float, str, tuple[int, ...], list[Mention]] | None = None
    for tier in _TIERS:
        for alphabet in tier:
            readable = _with_chain(alphabet, [m for m in mentions if alphabet in m.readings])
            readable = _with_lost_stops(alphabet, _without_articles(alphabet, readable))
            run = _best_run(alphabet, readable)
            if run is not None and (best is None or run[0] > best[0]):
                best = (run[0], alphabet, run[1], readable)
        if best is not None:
            break
    if best is None:
        return None
    score, alphabet, order, readable = best
    promised = set(order)
    kept = tuple(m for m in readable if promised.issuperset(m.readings[alphabet]))
    return Labels(alphabet, ALPHABETS[alphabet], order, kept, _confidence(score / len(order) + _COST))


def _with_chain(alphabet: str, mentions: list[Mention]) -> list[Mention]:
    """The mentions, those of a chain "... A habitus B head C wing" made likelier.

    A chain is at least so many weakly marked mentions of one label each, from the first letter on, in order: each alone
    could be an article or a name, all together can not.
    """
    weak: dict[int, list[int]] = {}
    for number, mention in enumerate(mentions):
        indices = mention.readings[alphabet]
        if mention.form in _WEAK_FORMS and len(indices) == 1:
            weak.setdefault(indices[0], []).append(number)
    chain: list[int] = []
    for second in weak.get(1, []):
        before = bisect_left(weak.get(0, []), second)
        links = [weak[0][before - 1], second] if before else []
        while links and links[-1] < (later := weak.get(len(links), [-1]))[-1]:
            links.append(later[bisect_right(later, links[-1])])
        chain = max(chain, links, key=len)
    if len(chain) < (_CHAIN_OF_NUMBERS if alphabet == "digit" else _CHAIN_OF_LETTERS):
        return mentions
    upgraded = list(mentions)
    for number in chain:
        mention = mentions[number]
        follows = mention.place is Place.AFTER and mention.form is not Form.COMMA  # "frontal view: A, lateral view: B"
        place = Place.CLAUSE if follows else mention.place
        upgraded[number] = replace(mention, weight=max(mention.weight, _CHAIN_WEIGHT), place=place, doubtful=False)
    return upgraded


def _without_articles(alphabet: str, mentions: list[Mention]) -> list[Mention]:
    """The mentions less a bare first letter that opens a sentence, where it is marked elsewhere: "A cell. (A) ..."."""
    marked = any(m.form not in _WEAK_FORMS and m.weight >= _STRONG and 0 in m.readings[alphabet] for m in mentions)
    if not marked or alphabet not in ("upper", "lower"):
        return mentions
    return [m for m in mentions if (m.form, m.place, m.readings[alphabet]) != (Form.BARE, Place.SENTENCE, (0,))]


def _with_lost_stops(alphabet: str, mentions: list[Mention]) -> list[Mention]:
    """The mentions, those taken to open a sentence that follow one that does as its next letter, set the same way.

    "(B) At 5 s, slow (C) At 10 s, fast": in a caption whose labels all lead their texts a full stop was left out.
    """
    first = next((m for m in mentions if m.weight >= _STRONG), None)
    if first is None or first.place is not Place.SENTENCE:
        return mentions
    mended = list(mentions)
    last = first
    for number, mention in enumerate(mentions):
        if mention.place is Place.SENTENCE and mention.weight >= _STRONG:
            last = mention
        elif (
            mention.leads_words
            and mention.form is last.form is Form.BRACKETS
            and not mention.doubtful
            and mention.readings[alphabet][0] == last.readings[alphabet][-1] + 1
        ):
            last = mended[number] = replace(mention, weight=max(mention.weight, _STRONG), place=Place.SENTENCE)
    return mended


def _confidence(evidence: float) -> float:
    """Probability that all labels are right, from the mean evidence for one.

    Measured on 350 captions: 79 % were right at evidence 0.5 to 0.6, 95 % at 0.6 to 0.9, all above.
    """
    return min(0.99, 0.6 + 0.4 * evidence)


def _best_run(alphabet: str, mentions: list[Mention]) -> tuple[float, tuple[int, ...]] | None:
    """(score, positions) of the best run of labels in one alphabet."""
    evidence = _evidence(alphabet, mentions)
    if not evidence:
        return None
    best: tuple[float, tuple[int, ...]] | None = None
    for first in (0, 1):
        total = -_GAP * first
        chosen: list[int] = []
        gaps = 0
        for index in range(first, len(ALPHABETS[alphabet])):
            value, shared = evidence.get(index, (0.0, 1))
            if value <= _COST:
                gaps += 1
                total -= _GAP
                if gaps > 2:
                    break
                continue
            gaps = 0
            total += (value - _COST) / shared**0.5
            chosen.append(index)
            if len(chosen) >= 2 and (best is None or total > best[0]):
                best = (total, tuple(chosen))
    if best is None and evidence.get(0, (0.0, 1))[0] >= 0.9:
        return evidence[0][0] - _COST, (0,)
    return best if best is not None and best[0] > 0 else None


def _evidence(alphabet: str, mentions: list[Mention]) -> dict[int, tuple[float, int]]:
    """Per position in the alphabet: the weight of its best mention, and how many labels share that mention."""
    plain = {(m.form, m.place, index) for m in mentions if not m.doubtful for index in m.readings[alphabet]}
    leading = [i for m in mentions if m.place is not Place.AFTER and m.weight >= _STRONG for i in m.readings[alphabet]]
    last_leading = max(leading) if len(set(leading)) > 1 else None
    opening = {
        index: m.span.start
        for m in mentions
        if m.place is Place.SENTENCE and m.weight >= _OPENS and not m.doubtful
        for index in m.readings[alphabet]
    }
    going_on = set()
    if last_leading is not None:
        run = list(takewhile(lambda i: (Form.BRACKETS, Place.AFTER, i) in plain, count(last_leading + 1)))
        going_on = set(run) if len(run) >= _CHAIN_OF_LETTERS else set()
    evidence: dict[int, tuple[float, int]] = {}
    for mention in mentions:
        indices = mention.readings[alphabet]
        for index in indices:
            weight = mention.weight
            alike = any((mention.form, mention.place, index + step) in plain for step in (-1, 1))
            followed = opening.get(index + 1, -1) > mention.span.start  # "... in black areas (a). b Invasion of"
            if mention.doubtful and not alike and not followed:
                weight *= 0.5
            if last_leading is not None and index > last_leading and mention.place is Place.AFTER:
                # Labels that lead their text end before this one, which follows its text: "(B) ... curcumin (C) and".
                weight *= 0.8 if indices == (last_leading + 1,) or index in going_on else 0.5
            if weight > evidence.get(index, (0.0, 1))[0]:
                evidence[index] = (weight, len(indices))
    return evidence
