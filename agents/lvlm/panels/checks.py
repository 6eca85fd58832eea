"""What a model's panels must be like before they are used; whatever is not is told to it, in its own numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from agents.lvlm.asking.asker import Judged
from agents.lvlm.asking.coordinates import Frame, from_replies
from agents.lvlm.asking.parsing import ReplyFault
from agents.lvlm.asking.replies import BoxedPanel, BoxedPanels, MarkedPanels
from agents.lvlm.panels.identifiers import identifier_key, invented, read_identifier
from agents.lvlm.panels.pooling import Sighting
from agents.lvlm.panels.view_plan import PlannedView
from agents.lvlm.views import View
from curator.figure import Panel
from curator.geometry import Box, clip, intersection, iou, union

_SURE = 0.9  # confidence of candidates that a picture without any panel contradicts; measured: 99 % of such are right
_REPEATED = 0.5  # IoU of two panels under one label that are one panel told twice: the usual threshold


@dataclass(frozen=True, slots=True)
class PanelChecks:
    """Reads the panels of one picture.

    What ``marked`` and ``boxed`` find wrong with labels alone is a fault of these: a model that insists gives a panel
    without label. All else makes the reply unusable (ReplyFault).
    """

    view: View
    planned: PlannedView
    frame: Frame
    candidates: Sequence[Panel]
    """The embedded agent's panels of the whole figure."""
    known: Sequence[str]
    """Labels that the caption promises or the embedded agent read."""

    def marked(self, numbers: Mapping[int, int]) -> Callable[[MarkedPanels], Judged[tuple[Sighting, ...]]]:
        """The check of one question's replies about marks; ``numbers`` gives the candidate under each.

        A number that a reply leaves out is asked for once; then its silence counts as no. Where it finds no panel at
        all though the embedded agent is sure of some, it is asked again until it names all numbers as no panels twice.
        """
        silent_before = rejected_before = False

        def judge(reply: MarkedPanels) -> Judged[tuple[Sighting, ...]]:
            nonlocal silent_before, rejected_before
            insists = rejected_before and bool(numbers) and set(numbers) <= set(reply.not_panels)
            if not reply.panels and not insists:
                rejected_before = True
                self._refuse_nothing([self.candidates[i] for i in numbers.values()])
            marks = [sorted(set(panel.marks)) for panel in reply.panels]
            self._refuse_wrong_marks([*marks, sorted(set(reply.not_panels))], numbers)
            silent = sorted(set(numbers).difference(*marks, reply.not_panels))
            if silent and not silent_before:
                silent_before = True
                raise ReplyFault(f"marks {silent} are named nowhere; each belongs to one panel or to not_panels")
            for number, panel in enumerate(reply.panels, start=1):
                if not panel.marks and panel.box is None:
                    raise ReplyFault(f"panel {number} ({panel.label!r}) has neither marks nor a box")
            boxes = iter(self._boxes([panel.box for panel in reply.panels if panel.box is not None]))
            sightings = [
                Sighting(
                    tuple(sorted(numbers[mark] for mark in own)),
                    None if panel.box is None else next(boxes),
                    read_identifier(panel.label, self.known),
                    panel.kind,
                    _in_one_line(panel.description),
                )
                for panel, own in zip(reply.panels, marks, strict=True)
            ]
            self._refuse_boxes_elsewhere(sightings)
            return self._with_right_labels(sightings)

        return judge

    def boxed(self, reply: BoxedPanels) -> Judged[tuple[Sighting, ...]]:
        """The check of replies with boxes alone."""
        if not reply.panels:
            self._refuse_nothing([panel for panel in self.candidates if self.planned.shows(panel.box_xyxy)])
        boxes = self._boxes([panel.box for panel in reply.panels])
        return self._with_right_labels([self._sighting(*pair) for pair in zip(reply.panels, boxes, strict=True)])

    def _sighting(self, panel: BoxedPanel, box: Box) -> Sighting:
        label = read_identifier(panel.label, self.known)
        return Sighting((), box, label, panel.kind, _in_one_line(panel.description))

    def _boxes(self, replied: Sequence[Sequence[float]]) -> list[Box]:
        """The boxes in the figure's frame."""
        window = self.planned.window_xyxy
        return [clip(self.view.to_figure(box), window) for box in from_replies(replied, self.frame, self.view.wh)]

    def _refuse_nothing(self, shown: Sequence[Panel]) -> None:
        sure = [panel for panel in shown if (panel.provenance.confidence or 0) >= _SURE]
        if sure:
            raise ReplyFault(f"it has no panels, but the picture shows {len(sure)} at least; look again")

    def _refuse_wrong_marks(self, groups: Sequence[Sequence[int]], numbers: Mapping[int, int]) -> None:
        """``groups``: the marks of each panel, then those of no panel."""
        unknown = sorted({mark for group in groups for mark in group} - set(numbers))
        if unknown:
            drawn = f"the numbers drawn are 1 to {len(numbers)}" if numbers else "no numbers are drawn"
            raise ReplyFault(f"marks {unknown} are not in the picture; {drawn}")
        twice = sorted(mark for mark, n in Counter(mark for group in groups for mark in group).items() if n > 1)
        if twice:
            raise ReplyFault(
                f"marks {twice} are named twice; each belongs to one panel or to not_panels. Where the outline of a "
                "mark holds several panels, name it under not_panels and give each panel its own box"
            )

    def _refuse_boxes_elsewhere(self, sightings: Sequence[Sighting]) -> None:
        for number, sighting in enumerate(sightings, start=1):
            outlines = [self.candidates[i].box_xyxy for i in sighting.marks]
            if sighting.box_xyxy and outlines and not intersection(sighting.box_xyxy, union(*outlines)):
                raise ReplyFault(f"the box of panel {number} ({sighting.label!r}) does not touch its own marks")

    def _with_right_labels(self, sightings: Sequence[Sighting]) -> Judged[tuple[Sighting, ...]]:
        """The sightings, each once, without labels that cannot be right or that several places are given."""
        faults: list[str] = []
        wrong = invented([s.label for s in sightings if s.label], self.known)
        if wrong:
            promised = (
                f"the caption and the letters found speak of {list(self.known)}" if self.known else "none is known"
            )
            faults.append(
                f"labels {wrong} cannot be right: {promised}; give the identifier that is printed beside the panel, "
                "null where none is printed"
            )
        bearers = Counter(identifier_key(panel.label) for panel in self.candidates if panel.label)
        seen: dict[str, list[Box]] = {}
        out: list[Sighting] = []
        for told in sightings:
            sighting = replace(told, label=None) if told.label in wrong else told
            box = sighting.box_xyxy or union(*(self.candidates[i].box_xyxy for i in sighting.marks))
            key = identifier_key(sighting.label or "")
            others = seen.setdefault(key, [])
            if not sighting.marks and any(iou(box, other) >= _REPEATED for other in others):
                continue
            if key and others and len(others) >= bearers[key]:
                faults.append(
                    f"label {sighting.label!r} is given to several panels; parts of one panel are one entry with all "
                    "their marks and one box around them, and different panels have different labels or null"
                )
                sighting = replace(sighting, label=None)
            others.append(box)
            out.append(sighting)
        return Judged(tuple(out), tuple(dict.fromkeys(faults)))


def _in_one_line(text: str) -> str:
    return " ".join(text.split())
