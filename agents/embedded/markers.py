"""Markers of a figure: found by their drawn shape, weighed by what the caption promises, linked to their clauses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from agents.embedded.caption_pointers import Pointer
from agents.embedded.marker_colors import LAYERS, Image, colors_agree
from agents.embedded.marker_outlines import find_outlines, log_odds
from agents.embedded.marker_shapes import Sign, find_signs
from curator.figure import MarkerKind, PanelKind
from curator.geometry import Box, Point, suppress

_HUES = LAYERS[2:]
_LEAST = 0.5  # proposals less likely than not are left out
_SAME = 0.3  # IoU; above it two candidates are one marker
_FAMILY = {
    MarkerKind.ARROWHEAD: MarkerKind.ARROW,
    MarkerKind.STAR: MarkerKind.ASTERISK,
    MarkerKind.DASHED_BOX: MarkerKind.BOX,
}
"""Kinds that captions call by each other's name."""


@dataclass(frozen=True, slots=True)
class PanelView:
    """What marker search needs to know of a panel."""

    id: str
    label: str | None
    box_xyxy: Box
    kind: PanelKind
    label_box_xyxy: Box | None


@dataclass(frozen=True, slots=True)
class MarkerProposal:
    """A marker of a panel, in the figure's frame; ``pointer`` is the clause that explains it, where one does."""

    panel_id: str
    kind: MarkerKind
    color: str | None
    box_xyxy: Box
    tip_xy: Point | None
    pointer: Pointer | None
    confidence: float


def find_markers(image_rgb: Image, panels: Sequence[PanelView], pointers: Sequence[Pointer]) -> list[MarkerProposal]:
    """Markers of all panels, by panel and then from top to bottom; boxes and tips in the frame of ``image_rgb``.

    Photographic panels are searched for all kinds. Elsewhere only coloured outlines and what the caption promises are
    looked for, because axes, legends and letters of plots and diagrams resemble the rest.
    """
    longer = max(image_rgb.shape[:2])
    found: list[MarkerProposal] = []
    for panel in panels:
        promised = [pointer for pointer in pointers if speaks_of(pointer, panel)]
        x0, y0, x1, y1 = _pixels(panel.box_xyxy, image_rgb)
        if min(x1 - x0, y1 - y0) < 16:
            continue
        crop = np.ascontiguousarray(image_rgb[y0:y1, x0:x1])
        candidates = _boxes(crop, panel, promised, longer) + _pointing(crop, panel, promised, longer)
        kept = suppress([c.box_xyxy for c in candidates], [c.confidence for c in candidates], _SAME)
        chosen = sorted((candidates[i] for i in kept), key=lambda c: (c.box_xyxy[1], c.box_xyxy[0]))
        found.extend(_moved(candidate, x0, y0) for candidate in chosen)
    return found


def speaks_of(pointer: Pointer, panel: PanelView) -> bool:
    """The pointer's clause is about this panel (a pointer without labels is about all)."""
    label = (panel.label or "").casefold()
    return not pointer.labels or not label or label in {name.casefold() for name in pointer.labels}


def family(kind: MarkerKind) -> MarkerKind:
    """The kind that stands for all kinds which captions do not tell apart."""
    return _FAMILY.get(kind, kind)


def explaining(kind: MarkerKind, color: str | None, promised: Sequence[Pointer]) -> Pointer | None:
    """The pointer that fits best: same kind before same family, named colour before none; None where none fits."""
    fitting = [p for p in promised if family(p.kind) == family(kind) and colors_agree(p.color, color)]
    if not fitting:
        return None
    return max(fitting, key=lambda p: (p.kind == kind, p.color is not None and p.color == color, p.color is not None))


def _boxes(crop: Image, panel: PanelView, promised: Sequence[Pointer], longer: int) -> list[MarkerProposal]:
    line_px = min(8, max(4, round(0.0025 * longer)))  # measured: the thickest outline seen, 6 px of 2,700
    wanted = any(family(p.kind) == MarkerKind.BOX for p in promised)
    layers = LAYERS if panel.kind.photographic or wanted else _HUES
    least_px = 0.007 * longer  # measured: the smallest box, 9 px of 1,280; letters are below
    proposals = []
    for outline in find_outlines(crop, line_px, layers):
        x0, y0, x1, y1 = outline.box_xyxy
        if min(x1 - x0, y1 - y0) < least_px:
            continue
        kind = MarkerKind.DASHED_BOX if outline.dashed else MarkerKind.BOX
        pointer = explaining(kind, outline.color, promised)
        confidence = _share(log_odds(outline) + (1.0 if pointer else 0.0))
        if confidence >= _LEAST:
            proposals.append(MarkerProposal(panel.id, kind, outline.color, outline.box_xyxy, None, pointer, confidence))
    return proposals


def _pointing(crop: Image, panel: PanelView, promised: Sequence[Pointer], longer: int) -> list[MarkerProposal]:
    wanted = any(family(p.kind) in (MarkerKind.ARROW, MarkerKind.ASTERISK) for p in promised)
    if not (panel.kind.photographic or wanted):
        return []
    least_px = max(5, round(0.005 * longer))
    most_px = round(0.6 * min(crop.shape[:2]))
    proposals = []
    for sign in find_signs(crop, least_px, most_px, 3 if wanted else 1):
        pointer = explaining(sign.kind, sign.color, promised)
        confidence = _share(_sign_log_odds(sign) + (1.5 if pointer else 0.0))
        if confidence >= _LEAST:
            proposals.append(
                MarkerProposal(panel.id, sign.kind, sign.color, sign.box_xyxy, sign.tip_xy, pointer, confidence)
            )
    return proposals


def _sign_log_odds(sign: Sign) -> float:
    return 40 * (sign.likeness - 0.94) + 20 * (sign.margin - 0.08) - 4 * sign.text


def _share(log_odds: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))


def _pixels(box_xyxy: Box, image_rgb: Image) -> tuple[int, int, int, int]:
    height, width = image_rgb.shape[:2]
    x0, y0, x1, y1 = box_xyxy
    return max(0, math.floor(x0)), max(0, math.floor(y0)), min(width, math.ceil(x1)), min(height, math.ceil(y1))


def _moved(proposal: MarkerProposal, dx: int, dy: int) -> MarkerProposal:
    x0, y0, x1, y1 = proposal.box_xyxy
    tip = None if proposal.tip_xy is None else (proposal.tip_xy[0] + dx, proposal.tip_xy[1] + dy)
    return replace(proposal, box_xyxy=(x0 + dx, y0 + dy, x1 + dx, y1 + dy), tip_xy=tip)
