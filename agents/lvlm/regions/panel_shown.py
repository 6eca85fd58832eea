"""One panel in front of a model: its crop, its words, and the facts that a prompt about it gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.embedded.caption_pointers import Pointer
from agents.embedded.markers import PanelView, speaks_of
from agents.lvlm.asking.coordinates import from_replies, to_reply
from agents.lvlm.captions.verbatim import quotable
from agents.lvlm.doubting import Doubting, doubting
from agents.lvlm.look import Look
from agents.lvlm.marks.drawing import draw_marks
from agents.lvlm.views import View, to_picture, view_of
from curator.doubts import Question
from curator.exchange import Picture
from curator.figure import Panel, Span, own_caption
from curator.geometry import Box, clip


@dataclass(frozen=True, slots=True)
class ShownPanel:
    """A panel's crop and what the caption says of it."""

    look: Look
    panel: Panel
    view: View
    own: str
    """The panel's own words of the caption."""
    pointers: tuple[Pointer, ...]
    """Clauses about markers that speak of this panel, or of all."""

    @property
    def promises_markers(self) -> bool:
        """A clause names the panel and a marker, or a clause about any panel can mean this picture."""
        return any(self.panel.photographic or pointer.labels for pointer in self.pointers)

    def plain(self) -> Picture:
        return to_picture(self.view.rgb)

    def marked(self, boxes_xyxy: Mapping[int, Box], keep_clear_xyxy: Sequence[Box] = ()) -> Picture:
        """The crop with a number at each box; boxes in the figure's frame."""
        if not boxes_xyxy:
            return self.plain()
        letter = (self.panel.label_box_xyxy,) if self.panel.label_box_xyxy else ()
        clear = [self.view.from_figure(box) for box in (*keep_clear_xyxy, *letter)]
        boxes = [self.view.from_figure(box) for box in boxes_xyxy.values()]
        return to_picture(draw_marks(self.view.rgb, boxes, list(boxes_xyxy), clear))

    def facts(self, boxes_xyxy: Mapping[int, Box] | None = None) -> dict[str, Any]:
        """Caption, panel and part; with ``boxes_xyxy`` (figure's frame) also the marks, as the model counts boxes."""
        look = self.look
        facts: dict[str, Any] = {
            "caption": look.figure.caption,
            "part_percent": self.view.part_percent(look.figure.image_wh),
            "panel": self.panel.label,
            "own_caption": self.own,
        }
        if boxes_xyxy is not None:
            facts["marks"] = {str(number): self.to_reply(box) for number, box in boxes_xyxy.items()}
        return facts

    def doubting(self, question: Question) -> Doubting:
        """What an earlier mining may have got wrong here."""
        return doubting(self.look.doubts, question, self.panel.box_xyxy, self.to_reply)

    def describe_boxes(self) -> str:
        """One sentence: how to write a box in the crop."""
        return self.look.frame.describe(self.view.wh)

    def to_reply(self, box_xyxy: Box) -> list[float]:
        """A box of the figure's frame as the model would write it, less what lies outside of the crop."""
        inside = clip(box_xyxy, self.view.window_xyxy)
        return to_reply(self.view.from_figure(inside), self.look.frame, self.view.wh)

    def boxes_from(self, replied: Sequence[Sequence[float]]) -> list[Box]:
        """The boxes of one reply in the figure's frame.

        Raises:
            ReplyFault: see ``coordinates.from_replies``.
        """
        return [
            clip(self.view.to_figure(box), self.view.window_xyxy)
            for box in from_replies(replied, self.look.frame, self.view.wh)
        ]

    def clause_of(self, quote: str) -> Span | None:
        """Where the caption says the quote: best inside the panel's own words, then inside a pointer about it."""
        places = quotable(self.look.figure.caption).places(quote)
        own = [place for place in places if any(_inside(place, span) for span in self.panel.own_spans)]
        pointed = [place for place in places if any(_inside(place, pointer.span) for pointer in self.pointers)]
        return next(iter((*own, *pointed, *places)), None)


def show(look: Look, panel: Panel) -> ShownPanel:
    seen = PanelView(panel.id, panel.label, panel.box_xyxy, panel.kind, panel.label_box_xyxy)
    pointers = tuple(
        pointer
        for pointer in look.split.pointers
        if speaks_of(pointer, seen) or any(_inside(pointer.span, span) for span in panel.own_spans)
    )
    view = view_of(look.image_rgb, panel.box_xyxy, look.max_side_px)
    return ShownPanel(look, panel, view, own_caption(look.figure.caption, panel), pointers)


def _inside(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end
