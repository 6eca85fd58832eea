"""Many answers about one figure become one set of panels, with the probability that each is right."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from agents.lvlm.panels.identifiers import identifier_key
from agents.lvlm.panels.pooling_boxes import Seen, corrected_box, pooled_box
from agents.lvlm.panels.pooling_labels import Reading, choose_labels, kind_of, words_of
from agents.lvlm.panels.pooling_places import Place, Sighting, ViewAnswer, find_places
from curator.figure import Panel, PanelKind
from curator.geometry import Box, Size, coverage
from curator.samples import Samples

__all__ = ["Dropped", "PanelFinding", "Pooled", "Sighting", "ViewAnswer", "fused", "pool"]

ANSWER_RIGHT = 0.85
"""Share of a model's yes and no to a panel that are right. Guess, between what is reported: 80 % of whole figures
(Panel2Patch's audit) and a panel F1 of 0.94 (Gemini 3 Flash, zero-shot)."""
ANSWERS_ALIKE = 0.3
"""Correlation of one model's answers about one panel: it repeats its own mistakes. Guess."""
_SUREST, _LEAST_SURE = 0.98, 0.05
"""Of an agent here. Measured: 99 % of the panels with 0.9 and more in 39 published figures are right."""
_UNLETTERED = 0.7  # the same without a printed letter; docs/accuracy.md: F1 0.37 at first sight, 0.98 once mended
_UNFOUND = 0.3  # probability of a panel where the embedded agent has none and nothing in its place; guess
_UNKNOWN = 0.5  # no agent but the model was asked
_KEPT = 0.4  # least probability; F1 is greatest near half of what it can reach (Lipton et al. 2014), here 0.8 to 0.95
_LETTER_IN = 0.5  # of a printed letter that lies in a box which is the letter's panel; guess


@dataclass(frozen=True, slots=True)
class PanelFinding:
    """A panel, in the figure's frame."""

    box_xyxy: Box
    label: str | None
    label_box_xyxy: Box | None
    kind: PanelKind
    description: str
    confidence: float
    """Probability that the box is right at IoU 0.5 and bears the right label."""
    exchanges: tuple[str, ...]
    """Keys of the exchanges that speak for it; of those that were asked about it where none does."""
    samples: Samples | None = None
    """Of the pictures that show it; None where no usable answer was about it."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A place that was proposed and is not kept."""

    box_xyxy: Box
    label: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Pooled:
    panels: tuple[PanelFinding, ...]
    dropped: tuple[Dropped, ...]
    faults: tuple[str, ...] = ()
    """What of the answers was left out because it could not be used, and why."""


def fused(prior: float, yes: float, no: float) -> float:
    """The probability of a panel that one agent gives ``prior`` and of so many answers ``yes`` see and ``no`` do not.

    Agent and model err independently, so that their log odds add up; answers of one model do not, so that n of them
    count as n / (1 + rho (n - 1)) (Kish's design effect):

        sigmoid(logit(prior) + logit(r) (yes - no) / (1 + rho (n - 1))),    n = yes + no at least 1

    with r = ANSWER_RIGHT and rho = ANSWERS_ALIKE. It rises with ``prior`` and with every answer that says yes, and
    falls with every one that says no.
    """
    n_alike = 1 + ANSWERS_ALIKE * max(0.0, yes + no - 1)
    return 1 / (1 + math.exp(-_logit(prior) - _logit(ANSWER_RIGHT) * (yes - no) / n_alike))


def pool(
    candidates: Sequence[Panel], answers: Iterable[ViewAnswer], image_wh: Size, promised: Sequence[str] = ()
) -> Pooled:
    """The panels that the answers and the embedded agent's candidates (none, for the paper's own variant) make
    together; the order of the answers does not matter, and one that is there twice counts once.

    1. Answers that name the same marks speak of one place. A box without marks joins the place that it overlaps, a
       little overlap being enough under the same letter; what the picture cuts off is left out of account.
    2. Each picture that shows a place whole, with its marks, votes for or against it; one that cuts it can only vote
       for it, with half a vote. Votes and the candidate's confidence make its probability (see ``fused``). A place
       that is no candidate starts from 1 - the confidence of the candidates that stand where it does.
    3. Dropped: the less probable one of two places that exclude each other (unless an answer has both, one inside the
       other); what is less probable than 0.4.
    4. The box is the candidates' own, unless more than half of the answers for the place, and two at least, correct it
       in the same way; then, and without candidates, each side is the median of the answers that agree, those on the
       edge of a crop counting least.
    5. Letters: see ``choose_labels``; the confidence is the product of both probabilities.

    Panels come in the order of ``promised``, others after them from top to bottom.
    """
    ordered = _distinct(answers)
    dropped: list[Dropped] = []
    places = find_places(candidates, ordered, image_wh)
    probable = [
        (fused(_prior(place, places, candidates), *place.tally(ordered)), place.base_xyxy, place.members, place)
        for place in places
    ]
    kept: list[tuple[Place, float]] = []
    for probability, _, _, place in sorted(probable, key=lambda p: (-p[0], p[1], p[2])):
        rival = next((other for other, _ in kept if place.excludes(other)), None)
        if rival is not None:
            dropped.append(_dropped(place, candidates, f"outvoted by {_names(rival, candidates)} in the same place"))
        elif probability < _KEPT:
            yes, no = place.tally(ordered)
            dropped.append(_dropped(place, candidates, f"{_answers(yes)} for it and {no:g} against it"))
        else:
            kept.append((place, probability))
    findings = _findings(kept, candidates, ordered, image_wh, promised)
    return Pooled(findings, tuple(sorted(dropped, key=lambda d: (d.box_xyxy, d.reason))))


def _distinct(answers: Iterable[ViewAnswer]) -> list[ViewAnswer]:
    """The answers and their panels in orders of their own, each exchange and each content once."""
    in_order = [replace(a, sightings=tuple(sorted(a.sightings, key=repr))) for a in answers]
    by_exchange = {a.exchange: a for a in sorted(in_order, key=repr)}
    by_content = {repr((a.view, a.scale, a.sightings)): a for a in by_exchange.values()}
    return [by_content[key] for key in sorted(by_content)]


def _prior(place: Place, places: Sequence[Place], candidates: Sequence[Panel]) -> float:
    """The probability of a place before the model was asked."""
    if not candidates:
        return _UNKNOWN
    if place.alone:
        return max(_sureness(candidates[i]) for i in place.alone)
    rivals = [_sureness(candidates[i]) for other in places if place.excludes(other) for i in other.alone]
    return 1 - max(rivals) if rivals else _UNFOUND


def _sureness(panel: Panel) -> float:
    """The confidence of a candidate, within what it may weigh here."""
    confidence, most = panel.provenance.confidence, _UNLETTERED if panel.label_box_xyxy is None else _SUREST
    return most if confidence is None else min(max(confidence, _LEAST_SURE), most)


def _findings(
    kept: Sequence[tuple[Place, float]],
    candidates: Sequence[Panel],
    answers: Sequence[ViewAnswer],
    image_wh: Size,
    promised: Sequence[str],
) -> tuple[PanelFinding, ...]:
    boxes = [_box_of(place, answers, image_wh) for place, _ in kept]
    readings = [_reading(place, box, candidates) for (place, _), box in zip(kept, boxes, strict=True)]
    found: list[PanelFinding] = []
    for (place, probability), box, label in zip(kept, boxes, choose_labels(readings, promised), strict=True):
        votes = [(vote, answers[number]) for number, vote in sorted(place.votes.items())]
        asked = [answer.exchange for answer in answers if place.asked_by(answer)]
        kind = kind_of([vote.kind for vote, _ in votes], [candidates[i].kind for i in place.candidates])
        found.append(
            PanelFinding(
                box,
                label.text,
                label.box_xyxy,
                kind,
                words_of([(vote.label, vote.description, answer.scale) for vote, answer in votes], label.text),
                round(probability * label.probability, 4),
                tuple(sorted({answer.exchange for _, answer in votes} or set(asked))),
                _samples(place, answers, label.text, kind),
            )
        )
    places = {identifier_key(label): number for number, label in reversed(list(enumerate(promised)))}

    def order(panel: PanelFinding) -> tuple[float, float, float]:
        return places.get(identifier_key(panel.label or ""), len(places)), panel.box_xyxy[1], panel.box_xyxy[0]

    return tuple(sorted(found, key=order))


def _samples(place: Place, answers: Sequence[ViewAnswer], label: str | None, kind: PanelKind) -> Samples | None:
    votes, asked = place.votes.values(), place.asked(answers)
    if not asked:
        return None
    key = identifier_key(label or "")
    same_label = sum(identifier_key(vote.label or "") == key for vote in votes)
    return Samples(asked, len(votes), label=same_label, kind=sum(vote.kind == kind for vote in votes))


def _box_of(place: Place, answers: Sequence[ViewAnswer], image_wh: Size) -> Box:
    """The box of a place that is kept; see ``pool``, 4."""
    asked = [number for number in sorted(place.votes) if place.asked_by(answers[number])]
    boxes = [(number, place.votes[number].box_xyxy) for number in asked]
    seen = [Seen(box, answers[number].view.window_xyxy) for number, box in boxes if box is not None]
    found = corrected_box(place.base_xyxy, seen, len(asked), image_wh) if place.members else pooled_box(seen, image_wh)
    return found or place.base_xyxy


def _reading(place: Place, box_xyxy: Box, candidates: Sequence[Panel]) -> Reading:
    """All that was read of the letter of a place; for a box of the model, also of the candidates that it replaces."""
    own = place.candidates or [
        i
        for i, panel in enumerate(candidates)
        if panel.label_box_xyxy is not None and coverage(panel.label_box_xyxy, box_xyxy) > _LETTER_IN
    ]
    return Reading(
        [vote.label for _, vote in sorted(place.votes.items())],
        [(candidates[i].label, candidates[i].label_box_xyxy, _sureness(candidates[i])) for i in own],
    )


def _dropped(place: Place, candidates: Sequence[Panel], reason: str) -> Dropped:
    labels = [candidates[i].label for i in place.candidates] + [vote.label for _, vote in sorted(place.votes.items())]
    return Dropped(place.base_xyxy, next((label for label in labels if label), None), reason)


def _names(place: Place, candidates: Sequence[Panel]) -> str:
    return "candidate " + " + ".join(candidates[i].id for i in place.members) if place.members else "a model's box"


def _answers(n: float) -> str:
    return f"{n:g} answer{'' if n == 1 else 's'}"


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))
