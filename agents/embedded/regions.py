"""Regions: the part of a panel that a clause explains, from its markers, from the clause's words, or from both."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from agents.embedded.caption_pointers import Pointer
from agents.embedded.marker_colors import Image
from agents.embedded.markers import MarkerProposal, PanelView, family, speaks_of
from agents.embedded.region_cues import position_box, stain_box
from agents.embedded.region_fusion import Candidate, Extent, fuse, window
from curator.figure import MarkerKind, Span
from curator.geometry import Box, area, centre, clip
from curator.settings import MiningSettings

_ENCLOSING = (MarkerKind.BOX, MarkerKind.CIRCLE)
_SEPARABLE = 0.7  # Otsu's between-class share of the variance; guess: a clear blob, not a gradient
_TEXT_CONFIDENCE = {"position": 0.3, "stain": 0.4}  # guess: words alone place a region roughly
_POINTED_SHARE = 0.8  # guess: how often a right arrow's window holds its target


@dataclass(frozen=True, slots=True)
class RegionProposal:
    """A region in the figure's frame."""

    panel_id: str
    box_xyxy: Box
    label: str
    """A few words: what is there; empty where no clause says it."""
    caption: str
    """One sentence; empty where no clause says anything."""
    clause_span: Span | None
    marker: int | None
    """Index of its marker; None for a region found from words alone."""
    confidence: float


def propose_regions(
    image_rgb: Image,
    panels: Sequence[PanelView],
    markers: Sequence[MarkerProposal],
    pointers: Sequence[Pointer],
    caption: str,
    settings: MiningSettings,
) -> list[RegionProposal]:
    """Regions of all panels, by panel and best first, inside their panels.

    Every marker gives one: the inside of an outline, or a window at the place that an arrow or sign points at. A
    clause that names a position or a stain gives one too; ``region_fusion.fuse`` says which of them stay.
    """
    height, width = image_rgb.shape[:2]
    found: list[RegionProposal] = []
    for panel in panels:
        frame = clip(panel.box_xyxy, (0.0, 0.0, float(width), float(height)))
        if area(frame) <= 0:
            continue
        half_side = settings.dilation * math.hypot(frame[2] - frame[0], frame[3] - frame[1])
        from_markers = [
            _target(image_rgb, marker, index, pointers, frame, half_side)
            for index, marker in enumerate(markers)
            if marker.panel_id == panel.id
        ]
        from_text = _from_text(image_rgb, panel, pointers, caption, frame)
        for region in fuse([c for c in from_markers if area(c.box_xyxy) > 0], from_text, frame, settings):
            pointer = None if region.clause is None else pointers[region.clause]
            found.append(
                RegionProposal(
                    panel.id,
                    region.box_xyxy,
                    pointer.target if pointer else "",
                    sentence(caption, pointer) if pointer else "",
                    pointer.span if pointer else None,
                    region.marker,
                    region.confidence,
                )
            )
    return found


def sentence(caption: str, pointer: Pointer) -> str:
    """The pointer's clause as one sentence: capital first letter, full stop, single spaces, no open bracket."""
    return as_sentence(caption[pointer.span.start : pointer.span.end])


def as_sentence(clause: str) -> str:
    """The clause as one sentence, see ``sentence``."""
    text = re.sub(r"\s+", " ", clause).strip(" ,;:")
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _target(
    image_rgb: Image, marker: MarkerProposal, index: int, pointers: Sequence[Pointer], frame: Box, half_side: float
) -> Candidate:
    clause = next(
        (i for i, pointer in enumerate(pointers) if pointer is marker.pointer or pointer == marker.pointer), None
    )
    if family(marker.kind) in _ENCLOSING:
        return Candidate(clip(marker.box_xyxy, frame), clause, index, marker.confidence, Extent.DRAWN)
    if marker.tip_xy is None:
        return Candidate(clip(marker.box_xyxy, frame), clause, index, marker.confidence * _POINTED_SHARE)
    x, y = centre(marker.box_xyxy)
    dx, dy = marker.tip_xy[0] - x, marker.tip_xy[1] - y
    length = math.hypot(dx, dy) or 1.0
    # half a window beyond the tip, so that the window starts at the tip and shows what lies ahead of it
    ahead = (marker.tip_xy[0] + dx / length * half_side / 2, marker.tip_xy[1] + dy / length * half_side / 2)
    confidence = marker.confidence * _POINTED_SHARE
    seen = window(ahead, half_side, frame)
    if area(seen) <= 0:
        return Candidate(window(marker.tip_xy, half_side, frame), clause, index, confidence)
    blob = _blob(image_rgb, marker.box_xyxy, seen, window(ahead, 2 * half_side, frame))
    if blob is not None:
        return Candidate(blob, clause, index, confidence, Extent.OUTLINE)
    return Candidate(seen, clause, index, confidence)


def _blob(image_rgb: Image, marker_xyxy: Box, near_xyxy: Box, wide_xyxy: Box) -> Box | None:
    """The box of the one clear blob that fills the middle of ``near`` and ends inside ``wide``; None without one."""
    x0, y0, x1, y1 = (round(v) for v in wide_xyxy)
    if min(x1 - x0, y1 - y0) < 8:
        return None
    grey = cv2.GaussianBlur(cv2.cvtColor(np.ascontiguousarray(image_rgb[y0:y1, x0:x1]), cv2.COLOR_RGB2GRAY), (5, 5), 0)
    level, bright = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    above = grey > level
    share = float(above.mean())
    if not 0.02 < share < 0.98:
        return None
    gap = float(grey[above].mean()) - float(grey[~above].mean())
    if share * (1 - share) * gap**2 < _SEPARABLE * float(grey.var()):
        return None
    x, y = (round(v) for v in centre(near_xyxy))
    row, column = min(max(y - y0, 0), y1 - y0 - 1), min(max(x - x0, 0), x1 - x0 - 1)
    same = (bright == bright[row, column]).astype(np.uint8)
    mx0, my0, mx1, my1 = (round(v) for v in marker_xyxy)
    same[max(0, my0 - y0) : max(0, my1 - y0), max(0, mx0 - x0) : max(0, mx1 - x0)] = 0
    _, labels, stats, _ = cv2.connectedComponentsWithStats(same, connectivity=4)
    piece = int(labels[row, column])
    if piece == 0:
        return None
    bx, by, bw, bh = (int(v) for v in stats[piece, :4])
    touches = bx == 0 or by == 0 or bx + bw == x1 - x0 or by + bh == y1 - y0
    box = (float(x0 + bx), float(y0 + by), float(x0 + bx + bw), float(y0 + by + bh))
    if touches or area(box) < 0.1 * area(near_xyxy):
        return None
    return box


def _from_text(
    image_rgb: Image, panel: PanelView, pointers: Sequence[Pointer], caption: str, frame: Box
) -> list[Candidate]:
    found = []
    for index, pointer in enumerate(pointers):
        if not speaks_of(pointer, panel):
            continue
        clause = caption[pointer.span.start : pointer.span.end]
        position = position_box(clause, frame)
        if position is not None:
            found.append(Candidate(position, index, None, _TEXT_CONFIDENCE["position"]))
        stain = stain_box(clause, image_rgb, frame) if panel.kind.photographic else None
        if stain is not None:
            found.append(Candidate(stain, index, None, _TEXT_CONFIDENCE["stain"]))
    return found
