"""What the ML backend answers: proposals of whole figures, and what lies where a person points."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Any, Final

from agents.segment.masks import Outline
from agents.segment.segmenter import Click
from curator.errors import GeometryError, InputError, StoreError
from curator.figure import Figure, State
from curator.geometry import Box, Point, Size, area, contains_point
from data.label_studio.controls import (
    IMAGE,
    KINDS,
    MARKER,
    PANEL,
    POLYGON,
    RECTANGLE,
    REGION_OUTLINE,
    SHAPES,
)
from data.label_studio.places import point_place, polygon_value, rectangle_place, rectangle_value
from data.label_studio.there import tidy
from data.label_studio.to_tasks import MODEL_VERSION, to_prediction
from data.label_studio.version import Version
from data.store import Store
from ui.label_studio.requests import PredictRequest, SentRow, SentTask
from ui.segmenting import Segmenting

Doc = dict[str, Any]
_WAIT_S: Final = 20.0  # guess: a person waits for the first click at a figure, and Label Studio gives up after that
_BOXES: Final = {"panel": PANEL, "marker": MARKER}
"""Control of the levels that are answered with a box; a region gets an outline."""


class Backend:
    """Proposals from the project itself, outlines from the segmenter at work. Safe to call from several threads."""

    def __init__(self, store: Store, segmenting: Segmenting, wait_s: float = _WAIT_S) -> None:
        self._store = store
        self._segmenting = segmenting
        self._wait_s = wait_s

    def predict(self, request: PredictRequest) -> list[Any]:
        """One answer a task: a prediction, or none (an empty list) where the task is of no mined figure of ours.

        Raises:
            InputError, GeometryError: what was drawn cannot be read.
            NotReadyError, ImageError, ModelError: see ``Segmenting.outline``.
        """
        context = request.params.context
        if context is None or not context.result:
            return [self._proposals(task) for task in request.tasks]
        if len(request.tasks) != 1:
            raise InputError(f"a click is at one task, not at {len(request.tasks)}")
        return [{"model_version": MODEL_VERSION, "result": self._pointed_at(request.tasks[0], context.result)}]

    def _proposals(self, task: SentTask) -> Doc | list[Any]:
        figure_id = task.data.get("figure_id")
        if not isinstance(figure_id, str):
            return []
        try:
            stored = self._store.reviews.load(figure_id, time.time())
        except StoreError:
            return []
        review = stored.review
        if not review.hierarchy.nodes():
            return []
        return to_prediction(review.figure, tidy(Version(review.hierarchy, review.state, stored.reason)))

    def _pointed_at(self, task: SentTask, rows: Sequence[SentRow]) -> list[Doc]:
        """The row of the thing that was drawn around or clicked at; none where nothing is there."""
        figure_id = task.data.get("figure_id")
        if not isinstance(figure_id, str):
            raise InputError("the task is of no figure of Curator")
        figure = self._store.reviews.figure(figure_id)
        drawn = rows[-1]
        box, clicks = _box_of(drawn, figure), _clicks_of(rows, figure)
        within = None if box or not clicks else self._panel_at(figure_id, clicks[0].xy)
        outline = self._segmenting.outline(figure_id, clicks, box, within, self._wait_s)
        return [_row(drawn, outline, figure.image_wh)] if outline is not None else []

    def _panel_at(self, figure_id: str, at: Point) -> Box | None:
        """The smallest panel that holds the point."""
        hierarchy = self._store.reviews.load(figure_id, time.time()).review.hierarchy
        around = [
            panel.box_xyxy
            for panel in hierarchy.panels
            if panel.state != State.REJECTED and contains_point(panel.box_xyxy, at)
        ]
        return min(around, key=area, default=None)


def _box_of(row: SentRow, figure: Figure) -> Box | None:
    return rectangle_place(row.value, figure.image_wh).box_xyxy if row.type.startswith("rectangle") else None


def _clicks_of(rows: Sequence[SentRow], figure: Figure) -> list[Click]:
    """Several clicks mean one thing together; Label Studio sends those before along.

    Raises:
        GeometryError: neither a box nor a click was drawn.
    """
    if rows[-1].type.startswith("rectangle"):
        return []
    clicks = [
        Click(point_place(row.value, figure.image_wh), row.is_positive)
        for row in rows
        if row.type.startswith("keypoint")
    ]
    if not clicks:
        raise GeometryError(f"Curator answers clicks and boxes, no {rows[-1].type!r}")
    return clicks


def _row(drawn: SentRow, outline: Outline, image_wh: Size) -> Doc:
    """The thing as the level that was asked for draws it."""
    shape = SHAPES.get(drawn.from_name)
    level = shape.level if shape else "region"
    labels = [word for word in _labels(drawn) if word in KINDS[level]] or [KINDS[level][-1]]
    if level in _BOXES:
        name, kind, value = _BOXES[level], RECTANGLE, rectangle_value(outline.box_xyxy, image_wh)
    else:
        name, kind, value = REGION_OUTLINE, POLYGON, polygon_value(outline.polygon_xy, image_wh)
    return {
        "id": secrets.token_urlsafe(7),  # as long as those that the editor makes
        "from_name": name,
        "to_name": IMAGE,
        "type": kind,
        "original_width": image_wh[0],
        "original_height": image_wh[1],
        "image_rotation": 0,
        "value": {**value, kind: labels},
    }


def _labels(drawn: SentRow) -> list[str]:
    found = drawn.value.get(drawn.type, drawn.value.get("labels"))
    return [word for word in found if isinstance(word, str)] if isinstance(found, list) else []
