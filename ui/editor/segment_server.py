"""Server functions about segmenting: a click or a box becomes an outline, boxes are snapped to what they mean."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from agents.segment.segmenter import Click
from agents.segment.snap import PANEL_IOU, THING_IOU, snapped
from curator.codec import level_of
from curator.errors import ReviewError
from curator.figure import Figure, Hierarchy, Marker, Node, Panel, State
from curator.geometry import Box, checked_box, checked_point
from data.store import Store
from ui.editor.answers import Answer, answering
from ui.editor.requests import FigureId, FigureRequest, Request, parse_request
from ui.segmenting import NotReadyError, Segmenting

if TYPE_CHECKING:
    from agents.segment.masks import Outline

_WAIT_S = 2.0  # guess: a figure is embedded in less; later the page is told "working" and asks again
_MOST_CLICKS = 50  # guess: nobody clicks so often at one thing

BoxField = tuple[float, float, float, float]


class OpenRequest(FigureRequest):
    """A figure is open now, and which comes next."""

    next_id: FigureId | None = None


class SegmentRequest(FigureRequest):
    """The outline of what clicks (x, y, inside?) or a box mean, inside ``within_xyxy``."""

    clicks: list[tuple[float, float, bool]] = Field(default_factory=list, max_length=_MOST_CLICKS)
    box_xyxy: BoxField | None = None
    within_xyxy: BoxField | None = None


class SnapRequest(FigureRequest):
    """Better boxes for some nodes, or for all of a level."""

    ids: list[str] = Field(default_factory=list, max_length=1000)
    level: Literal["panel", "region"] | None = None


class SegmentServer:
    """Every method takes untrusted JSON values and returns a document.

    An answer's ``state`` is "done", "nothing" (no outline) or "working" (the figure is being prepared; ask again).
    """

    def __init__(self, store: Store, segmenting: Segmenting, wait_s: float = _WAIT_S) -> None:
        self._store = store
        self._segmenting = segmenting
        self._wait_s = wait_s

    def functions(self) -> list[Callable[..., Answer]]:
        """What the page can call, by name."""
        return [
            answering(self.segment_open, "segment_open"),
            answering(self.segment_status, "segment_status"),
            answering(self.segment, "segment"),
            answering(self.snap, "snap"),
        ]

    def segment_open(self, raw: Any) -> Answer:
        """Prepares the figure for clicks; which segmenter is at work."""
        request = parse_request(OpenRequest, raw)
        self._segmenting.open(request.figure_id, request.next_id)
        return self._at_work()

    def segment_status(self, raw: Any) -> Answer:
        """Which segmenter is at work, and why."""
        parse_request(Request, raw)
        return self._at_work()

    def segment(self, raw: Any) -> Answer:
        """Tight box and outline of what was pointed at."""
        began = time.perf_counter()
        request = parse_request(SegmentRequest, raw)
        if not request.clicks and request.box_xyxy is None:
            raise ReviewError("nothing was pointed at; click into the figure or draw a box")
        wh = self._store.reviews.figure(request.figure_id).image_wh
        clicks = [Click(checked_point((x, y), wh), inside) for x, y, inside in request.clicks]
        box, within = (one and checked_box(one, wh) for one in (request.box_xyxy, request.within_xyxy))
        try:
            outline = self._segmenting.outline(request.figure_id, clicks, box, within, self._wait_s)
        except NotReadyError:
            return {"state": "working"}
        if outline is None:
            return {"state": "nothing"}
        return {
            "state": "done",
            "box_xyxy": outline.box_xyxy,
            "polygon_xy": outline.polygon_xy,
            "seconds": round(time.perf_counter() - began, 4),
        }

    def snap(self, raw: Any) -> Answer:
        """Commands that draw boxes tight, for the page to show and send; and how many boxes were looked at."""
        request = parse_request(SnapRequest, raw)
        review = self._store.reviews.load(request.figure_id, time.time()).review
        nodes = [node for node in review.hierarchy.nodes() if node.state != State.REJECTED]
        wanted = [node for node in nodes if node.id in request.ids or level_of(node) == request.level]
        try:
            found = [(node, self._snapped(review.figure, review.hierarchy, node)) for node in wanted]
        except NotReadyError:
            return {"state": "working"}
        commands = [_resize(node, outline) for node, outline in found if outline is not None]
        return {"state": "done", "commands": commands, "looked_at": len(wanted)}

    def _snapped(self, figure: Figure, hierarchy: Hierarchy, node: Node) -> Outline | None:
        outline = self._segmenting.outline(figure.id, (), node.box_xyxy, None, self._wait_s)
        least_iou = PANEL_IOU if isinstance(node, Panel) else THING_IOU
        return snapped(node.box_xyxy, outline, least_iou, _inside(hierarchy, node), _beside(hierarchy, node))

    def _at_work(self) -> Answer:
        at_work = self._segmenting.at_work()
        return {"state": at_work.state, "name": at_work.name, "why": at_work.why}


def _resize(node: Node, outline: Outline) -> dict[str, Any]:
    command = {"op": "resize", "id": node.id, "box_xyxy": outline.box_xyxy}
    return command if isinstance(node, Marker) else {**command, "polygon_xy": outline.polygon_xy}


def _inside(hierarchy: Hierarchy, node: Node) -> list[Box]:
    """What a node's box must go on holding."""
    below: Sequence[Node] = hierarchy.descendants(node.id)
    boxes = [one.box_xyxy for one in below if one.state != State.REJECTED]
    if isinstance(node, Panel) and node.label_box_xyxy is not None:
        boxes.append(node.label_box_xyxy)
    return boxes


def _beside(hierarchy: Hierarchy, node: Node) -> list[Box]:
    """Panels that a panel's box must not reach further into; regions may overlap."""
    if not isinstance(node, Panel):
        return []
    return [one.box_xyxy for one in hierarchy.panels if one.id != node.id and one.state != State.REJECTED]
