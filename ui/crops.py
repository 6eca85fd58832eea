"""Panels and regions as small pictures, cut out of their figures."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from curator.errors import StoreError
from curator.figure import Panel
from curator.geometry import Box, Size, clip, union

if TYPE_CHECKING:
    from curator.figure import Hierarchy, Node
    from data.images import Rgb
    from data.store import Store

LONG_SIDE = 480  # px of a crop: twice the width of a card, for screens of two pixels a point
_PANEL_MARGIN = 0.01  # of its longer side: the border that the author drew belongs to a panel
_CONTEXT = 0.6  # of a region's longer side on each of its sides; guess: what it lies in can be told, it is still large
_LEAST_CONTEXT = 24.0  # px of the original; guess: a region of a few pixels shows nothing without what is around it
_REDUCTIONS = ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))
_KEPT_BYTES = 32 * 2**20  # of encoded crops: about 1,200 at 28 KB (measured on drawn figures)
_AT_ONCE = 2  # figures decoded at one time: one of 200 megapixels takes 600 MB
_QUALITY = 88  # of JPEG, not WebP: 2 ms a crop against 14 (measured); guess: print and scale bars stay clean
_LEAST_SIDE = 240  # px; what is smaller is enlarged, or the line of its box would hide it
_LINE_RGB = (45, 120, 241)
_LINE_PX = 2
_LOOK = "1"  # raise it when the same box is drawn otherwise: browsers then ask again


@dataclass(frozen=True, slots=True)
class Cut:
    """What of a figure a crop shows; ``tag`` changes with anything that changes the picture."""

    image_sha256: str
    image_wh: Size
    window_xyxy: Box
    """In the frame."""
    drawn_xyxy: Box | None
    """The box that is drawn into it: a region's."""

    @property
    def tag(self) -> str:
        return hashlib.sha256(repr((_LOOK, self)).encode()).hexdigest()


def cut_of(image_sha256: str, image_wh: Size, hierarchy: Hierarchy, node: Node) -> Cut:
    """A panel with a thin margin; a marker or region with what is around it, no farther than its panel reaches."""
    width, height = image_wh
    frame = (0.0, 0.0, float(width), float(height))
    x0, y0, x1, y1 = node.box_xyxy
    longer = max(x1 - x0, y1 - y0)
    if isinstance(node, Panel):
        return Cut(image_sha256, image_wh, clip(_grown(node.box_xyxy, _PANEL_MARGIN * longer), frame), None)
    panel = next((one for one in hierarchy.panels if one.id == node.panel_id), None)
    within = union(panel.box_xyxy, node.box_xyxy) if panel is not None else frame
    window = clip(clip(_grown(node.box_xyxy, max(_CONTEXT * longer, _LEAST_CONTEXT)), within), frame)
    return Cut(image_sha256, image_wh, window, node.box_xyxy)


def _grown(box_xyxy: Box, by: float) -> Box:
    x0, y0, x1, y1 = box_xyxy
    return x0 - by, y0 - by, x1 + by, y1 + by


def decoded(path: Path, reduction: int) -> Rgb:
    """RGB uint8 [H, W, 3] at 1/``reduction`` of the size (1, 2, 4 or 8): a JPEG is never decoded at its full size.

    Raises:
        StoreError: the file cannot be read as an image.
    """
    flag = dict(_REDUCTIONS).get(reduction, cv2.IMREAD_COLOR)
    bgr = cv2.imdecode(np.fromfile(path, np.uint8), flag | cv2.IMREAD_IGNORE_ORIENTATION)
    if bgr is None:
        raise StoreError(f"image {path} cannot be read; run `curator ingest` on its source again to restore it")
    return np.asarray(bgr[:, :, ::-1], dtype=np.uint8)


class Crops:
    """Crops of a project's figures; those last asked for are kept. Safe to share among threads."""

    def __init__(self, store: Store, decode: Callable[[Path, int], Rgb] = decoded) -> None:
        """``decode(path, reduction)`` reads an image at 1, 1/2, 1/4 or 1/8 of its size."""
        self._store = store
        self._decode = decode
        self._kept: OrderedDict[Cut, bytes] = OrderedDict()
        self._kept_bytes = 0
        self._lock = threading.Lock()
        self._decoding = threading.Semaphore(_AT_ONCE)

    def cut(self, figure_id: str, node_id: str) -> Cut:
        """What the crop of a node shows as the figure stands now.

        Raises:
            StoreError: no such figure, or no such node in it.
        """
        review = self._store.reviews.load(figure_id, 0.0).review
        node = review.hierarchy.by_id().get(node_id)
        if node is None:
            raise StoreError(f"figure {figure_id!r} has no node {node_id!r}; it may have been removed: search again")
        return cut_of(review.figure.image_sha256, review.figure.image_wh, review.hierarchy, node)

    def jpeg(self, cut: Cut) -> bytes:
        """The picture, of at most ``LONG_SIDE`` pixels a side.

        Raises:
            StoreError: the image is missing or broken.
        """
        with self._lock:
            if cut in self._kept:
                self._kept.move_to_end(cut)
                return self._kept[cut]
        path = self._store.images.web(cut.image_sha256)
        with self._decoding:
            shown = _shown(cut, self._decode(path, _reduction(cut)))
        content = _encoded(shown)
        with self._lock:
            if cut not in self._kept:
                self._kept[cut] = content
                self._kept_bytes += len(content)
            while self._kept_bytes > _KEPT_BYTES:
                self._kept_bytes -= len(self._kept.popitem(last=False)[1])
        return content


def _reduction(cut: Cut) -> int:
    """The largest that leaves the crop as many pixels as are shown."""
    x0, y0, x1, y1 = cut.window_xyxy
    return next((factor for factor, _ in _REDUCTIONS if max(x1 - x0, y1 - y0) >= LONG_SIDE * factor), 1)


def _shown(cut: Cut, rgb: Rgb) -> Rgb:
    height, width = rgb.shape[:2]
    sx, sy = width / cut.image_wh[0], height / cut.image_wh[1]
    x0, y0, x1, y1 = cut.window_xyxy
    # a window of less than a pixel still shows one
    left, top = min(round(x0 * sx), width - 1), min(round(y0 * sy), height - 1)
    right, bottom = max(round(x1 * sx), left + 1), max(round(y1 * sy), top + 1)
    crop = np.ascontiguousarray(rgb[top:bottom, left:right])
    longer = max(crop.shape[:2])
    scale = min(max(longer, _LEAST_SIDE), LONG_SIDE) / longer
    if scale != 1:
        wh = max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        crop = np.asarray(cv2.resize(crop, wh, interpolation=way), dtype=np.uint8)
    if cut.drawn_xyxy is not None:
        bx0, by0, bx1, by1 = cut.drawn_xyxy
        corners = ((bx0 * sx - left, by0 * sy - top), (bx1 * sx - left, by1 * sy - top))
        _draw_box(crop, *((round(x * scale), round(y * scale)) for x, y in corners))
    return crop


def _draw_box(rgb: Rgb, top_left: tuple[int, int], bottom_right: tuple[int, int]) -> None:
    """Outside the box a line in colour, and a white one around it: it shows on any ground. At the edge they stand
    inside, so that all four sides are seen."""
    height, width = rgb.shape[:2]
    edge = 2 * _LINE_PX
    x0, y0 = max(top_left[0], edge), max(top_left[1], edge)
    x1, y1 = min(bottom_right[0], width - 1 - edge), min(bottom_right[1], height - 1 - edge)
    for outset, colour in ((edge, (255, 255, 255)), (_LINE_PX, _LINE_RGB)):
        cv2.rectangle(rgb, (x0 - outset, y0 - outset), (x1 + outset, y1 + outset), colour, _LINE_PX)


def _encoded(rgb: Rgb) -> bytes:
    done, content = cv2.imencode(".jpg", rgb[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise StoreError(f"a crop of {rgb.shape[1]} x {rgb.shape[0]} px could not be written as JPEG")
    return content.tobytes()
