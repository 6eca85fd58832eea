"""Places of a figure that may be panels, with the answers that see them or do not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from agents.lvlm.panels.identifiers import identifier_key
from agents.lvlm.panels.pooling_boxes import Seen, likeness, pooled_box
from agents.lvlm.panels.view_plan import PlannedView
from curator.figure import Panel, PanelKind
from curator.geometry import Box, Size, area, clip, coverage, iou, union

_SAME = 0.8  # IoU above which sets of marks are one place, whatever small mark they differ in; guess
_ALIKE, _ALIKE_NAMED = 0.5, 0.3  # IoU of one panel's boxes in two answers, and where they bear one letter; guesses
_MOST = 0.5  # share of one of two places that both cover when they exclude each other; guess
_SEEN = 0.25  # of a place that a window must hold to compare a box with it; guess
_CUT_WEIGHT = 0.5  # of an answer that saw only a part of the place; guess


@dataclass(frozen=True, slots=True)
class Sighting:
    """A panel as one answer has it."""

    marks: tuple[int, ...]
    """Indices of the candidates that together are the panel, ascending; empty where only a box was given."""
    box_xyxy: Box | None
    """In the figure's frame; None where the marks' own boxes are right."""
    label: str | None
    kind: PanelKind
    description: str

    def __post_init__(self) -> None:
        if not self.marks and self.box_xyxy is None:
            raise ValueError("a sighting needs marks or a box")


@dataclass(frozen=True, slots=True)
class ViewAnswer:
    """What a model said of one picture."""

    view: PlannedView
    scale: float
    """Pixels of the picture for each of the figure."""
    sightings: tuple[Sighting, ...]
    exchange: str


@dataclass(slots=True)
class Place:
    """A place that may be a panel."""

    base_xyxy: Box
    members: tuple[int, ...] = ()
    """The candidates whose union it is; empty where it is known from boxes alone."""
    alone: set[int] = field(default_factory=set)
    """Candidates that are this place by themselves."""
    votes: dict[int, Sighting] = field(default_factory=dict)
    """How answers see it, by the answer's number."""

    @property
    def candidates(self) -> list[int]:
        return sorted(self.alone.union(self.members))

    def asked_by(self, answer: ViewAnswer) -> bool:
        """Whether the picture had all its members as marks."""
        return set(self.members) <= set(answer.view.drawn)

    def tally(self, answers: Sequence[ViewAnswer]) -> tuple[float, float]:
        """Votes for and against it: a picture that cuts it has half a vote for it and none against it."""
        yes = no = 0.0
        for number, answer in enumerate(answers):
            whole = answer.view.shows(self.base_xyxy)
            if number in self.votes:
                yes += 1.0 if whole else _CUT_WEIGHT
            elif whole and self.asked_by(answer):
                no += 1.0
        return yes, no

    def asked(self, answers: Sequence[ViewAnswer]) -> int:
        """How many answers could see it: those that do, and those whose picture shows it whole, with its marks."""
        silent = (answer for number, answer in enumerate(answers) if number not in self.votes)
        return len(self.votes) + sum(answer.view.shows(self.base_xyxy) and self.asked_by(answer) for answer in silent)

    def excludes(self, other: Place) -> bool:
        """Whether not both can be panels: they share most of one of them, and no answer has one inside the other."""
        if self is other:
            return False
        one, two = self.base_xyxy, other.base_xyxy
        if iou(one, two) > _ALIKE:
            return True
        return max(coverage(one, two), coverage(two, one)) > _MOST and not self.votes.keys() & other.votes.keys()


def find_places(candidates: Sequence[Panel], answers: Sequence[ViewAnswer], image_wh: Size) -> list[Place]:
    """All places that a candidate or an answer proposes."""
    places = _marked(candidates, answers)
    boxes = [
        _Boxed(number, sighting, Seen(sighting.box_xyxy, answer.view.window_xyxy))
        for number, answer in enumerate(answers)
        for sighting in answer.sightings
        if not sighting.marks and sighting.box_xyxy is not None
    ]
    first_free = len(places)
    for boxed in sorted(boxes, key=lambda b: (-_support(b, boxes), b.seen, b.number)):
        alike = [
            (_overlap(boxed, place, candidates), -index)
            for index, place in enumerate(places)
            if boxed.number not in place.votes
        ]
        overlap, index = max(alike, default=(0.0, 0))
        if overlap > 0:
            places[-index].votes[boxed.number] = boxed.sighting
        else:
            places.append(Place(boxed.seen.box_xyxy, votes={boxed.number: boxed.sighting}))
    for place in places[first_free:]:
        seen = [boxed.seen for boxed in boxes if place.votes.get(boxed.number) is boxed.sighting]
        place.base_xyxy = pooled_box(seen, image_wh) or place.base_xyxy
    return places


class _Boxed(NamedTuple):
    """A box without marks."""

    number: int
    """Of the answer."""
    sighting: Sighting
    seen: Seen


def _support(boxed: _Boxed, others: Sequence[_Boxed]) -> int:
    """How many boxes are alike, as far as both windows show them: the most typical ones found a place first."""
    return sum(likeness(boxed.seen, other.seen) >= _ALIKE for other in others)


def _marked(candidates: Sequence[Panel], answers: Iterable[ViewAnswer]) -> list[Place]:
    """A place for each candidate and for each set of marks, those that are nearly the same made one."""
    marked: dict[tuple[int, ...], Place] = {
        (i,): Place(panel.box_xyxy, (i,), {i}) for i, panel in enumerate(candidates)
    }
    for number, answer in enumerate(answers):
        for sighting in answer.sightings:
            if sighting.marks:
                base = union(*(candidates[i].box_xyxy for i in sighting.marks))
                marked.setdefault(sighting.marks, Place(base, sighting.marks)).votes[number] = sighting
    places: list[Place] = []
    for place in sorted(marked.values(), key=lambda p: (-len(p.votes), len(p.members), p.members)):
        home = max(places, key=lambda p: iou(p.base_xyxy, place.base_xyxy), default=None)
        if home is None or iou(home.base_xyxy, place.base_xyxy) < _SAME:
            places.append(place)
        else:
            home.alone |= place.alone
            home.votes = place.votes | home.votes
    return places


def _overlap(boxed: _Boxed, place: Place, candidates: Sequence[Panel]) -> float:
    """IoU of a box with what its window shows of a place; 0 where they are not the same."""
    box, window = boxed.seen
    shown = clip(place.base_xyxy, window)
    if area(shown) < _SEEN * area(place.base_xyxy):
        return 0.0
    labels = [candidates[i].label for i in place.candidates] + [vote.label for vote in place.votes.values()]
    key = identifier_key(boxed.sighting.label or "")
    named = bool(key) and key in {identifier_key(label or "") for label in labels}
    overlap = iou(box, shown)
    return overlap if overlap >= (_ALIKE_NAMED if named else _ALIKE) else 0.0
