"""Markers of a figure: found by their drawn shape, weighed by what the caption promises, linked to their clauses."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np

from agents.embedded.caption_pointers import Pointer
from agents.embedded.marker_circles import find_rings
from agents.embedded.marker_colors import Image, color_layers, colors_agree
from agents.embedded.marker_outlines import Outline, find_outlines
from agents.embedded.marker_shapes import Sign, find_signs
from agents.embedded.marker_text import LEAST_LETTERS, Words, find_words
from agents.embedded.marker_texture import against_texture
from curator.figure import MarkerKind, PanelKind
from curator.geometry import Box, Point, clip, coverage, suppress

_LEAST = 0.4  # measured: less likely proposals cost more precision than they gain recall
_PROMISED = 2.0  # log odds that a caption's promise adds; guess, "white arrows indicate ..." is rarely wrong
_TWIN_LOG_ODDS = -3.0  # below it an outline is not worth a look, nor a witness for others
_ALONE_LOG_ODDS = -2.0  # what an outline without twins counts as its twin; guess, many figures have one box only
_LETTERS = 2.5  # of the least box; guess: outlines up to this size may be letters
_WEAKER = 3.0  # log odds below the panel's best sign of the same clause where texture begins; guess
_RING, _NAMED_RING = 0.5, 0.7  # guess: confidence of a ring that a caption explains, without and with its colour
_ALIKE = 3  # guess: the largest sign of a clause over its smallest; foreshortened arrows differ by 2
_LARGER = 1.5  # times a letter's height; guess: what a caption explains on a plot is drawn larger than print
_WORKING_PX = 1700
"""Longer side. Measured on four figures of 2,300 to 3,200 px: half the time; 17, 4, 0 and 6 signs found at full size
become 17, 2, 1 and 9 (thin lines are lost, thick ones and JPEG noise are smoothed)."""
_MOST_EXPLAINED = 8
"""Of one clause: boxes in a panel, signs on a plot or diagram. Guess: more are texture, glyphs or the drawing's own."""
_ON_LETTER = 0.5  # guess: share of a candidate's box that lies in the box of the panel's printed letter
_SAME = 0.3  # IoU; above it two candidates are one marker
_LEAST_PANEL = 16  # px
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

    Photographic panels are searched for all kinds; elsewhere only what the caption promises is looked for, because
    axes, legends and letters of plots and diagrams resemble markers.
    """
    longer = max(image_rgb.shape[:2])
    if longer > _WORKING_PX:
        scale = _WORKING_PX / longer
        shrunk = np.asarray(cv2.resize(image_rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
        small_panels = [_shrunk(panel, scale) for panel in panels]
        height, width = image_rgb.shape[:2]
        return [
            _enlarged(m, 1 / scale, (0.0, 0.0, width, height)) for m in find_markers(shrunk, small_panels, pointers)
        ]
    promised = [[p for p in pointers if speaks_of(p, panel)] for panel in panels]
    worth = [panel.kind.photographic or bool(own) for panel, own in zip(panels, promised, strict=True)]
    if not any(worth):
        return []
    layers = color_layers(image_rgb)
    words = find_words(layers, longer)
    searches = []
    for panel, own in zip(compress(panels, worth), compress(promised, worth), strict=True):
        x0, y0, x1, y1 = _pixels(panel.box_xyxy, image_rgb)
        if min(x1 - x0, y1 - y0) < _LEAST_PANEL:
            continue
        crop = image_rgb[y0:y1, x0:x1]
        crop_layers = {name: values[y0:y1, x0:x1] for name, values in layers.items()}
        printed = words.within((float(x0), float(y0), float(x1), float(y1)))
        letter = panel.label_box_xyxy and _shifted(panel.label_box_xyxy, -x0, -y0)
        searches.append(_Search(panel, own, crop, crop_layers, printed, letter, longer))
    outlines = [_outlines(search) for search in searches]
    everywhere = [outline for found in outlines for outline in found]
    markers: list[MarkerProposal] = []
    for search, found in zip(searches, outlines, strict=True):
        proposals = _from_outlines(search, found, everywhere) + _from_signs(search) + _from_rings(search)
        kept = suppress([p.box_xyxy for p in proposals], [p.confidence for p in proposals], _SAME)
        x0, y0, _, _ = _pixels(search.panel.box_xyxy, image_rgb)
        chosen = sorted((proposals[i] for i in kept), key=lambda p: (p.box_xyxy[1], p.box_xyxy[0]))
        markers.extend(_moved(proposal, x0, y0) for proposal in chosen)
    return markers


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


class _Search(NamedTuple):
    panel: PanelView
    promised: list[Pointer]
    crop: Image
    layers: dict[str, Image]
    words: Words
    letter_xyxy: Box | None
    longer_px: int
    """The longer side of the whole figure: signs and lines are drawn to its scale."""

    def prints(self, box_xyxy: Box, least_letters: int = LEAST_LETTERS) -> bool:
        """What the box (of the crop) holds is a piece of print: of a word or of the panel's letter."""
        on_letter = self.letter_xyxy is not None and coverage(box_xyxy, self.letter_xyxy) >= _ON_LETTER
        return on_letter or self.words.hold(box_xyxy, least_letters)

    def larger_than_print(self, box_xyxy: Box) -> bool:
        return _long_px(box_xyxy) > _LARGER * self.words.letter_px

    def wants_promised(self, *kinds: MarkerKind) -> bool:
        return any(family(pointer.kind) in kinds for pointer in self.promised)

    def wants(self, *kinds: MarkerKind) -> bool:
        return self.panel.kind.photographic or self.wants_promised(*kinds)


def _outlines(search: _Search) -> list[Outline]:
    line_px, least_px = _drawn_px(search.longer_px)
    if not search.wants(MarkerKind.BOX):
        return []
    found = find_outlines(search.crop, search.layers, line_px, least_px, _TWIN_LOG_ODDS)
    found = [found[i] for i in suppress([o.box_xyxy for o in found], [o.log_odds for o in found], _SAME)]
    found = [o for o in found if not search.prints(o.box_xyxy, least_letters=2) and not search.words.fill(o.box_xyxy)]
    if not search.panel.kind.photographic:
        found = [outline for outline in found if search.larger_than_print(outline.box_xyxy)]
    letter_px = _LETTERS * least_px
    return [o for o in found if _short_px(o) > letter_px or not any(_in_line(o, other) for other in found)]


def _drawn_px(longer_px: int) -> tuple[int, int]:
    """The thickest line and the shortest side of an outline, for the longer side of the figure."""
    line_px = min(8, max(4, round(0.0025 * longer_px)))  # measured: the thickest outline seen, 6 px of 2,700
    return line_px, max(8, round(0.0065 * longer_px))  # measured: the smallest box, 9 px of 1,280


def _long_px(box_xyxy: Box) -> float:
    return max(box_xyxy[2] - box_xyxy[0], box_xyxy[3] - box_xyxy[1])


def _short_px(outline: Outline) -> float:
    return min(outline.box_xyxy[2] - outline.box_xyxy[0], outline.box_xyxy[3] - outline.box_xyxy[1])


def _in_line(first: Outline, second: Outline) -> bool:
    """The two stand next to each other like letters of a word: as high, on one line, a few heights apart."""
    (x0, y0, x1, y1), (other_x0, other_y0, other_x1, other_y1) = first.box_xyxy, second.box_xyxy
    height, other_height = y1 - y0, other_y1 - other_y0
    return (
        first is not second
        and 0.7 <= other_height / height <= 1.4
        and min(y1, other_y1) - max(y0, other_y0) > 0.6 * height
        and max(x0, other_x0) - min(x1, other_x1) < 3 * height
    )


def _from_outlines(search: _Search, found: list[Outline], everywhere: list[Outline]) -> list[MarkerProposal]:
    proposals = []
    explained: Counter[Pointer] = Counter()
    for outline in sorted(found, key=_short_px, reverse=True):
        twins = (other.log_odds for other in everywhere if other is not outline and _twins(outline, other))
        best = max(_ALONE_LOG_ODDS, max(twins, default=_ALONE_LOG_ODDS))
        # fitted on the same boxes as ``Measures.log_odds``
        log_odds = 0.83 * outline.log_odds + 0.68 * best - 0.4
        kind = MarkerKind.DASHED_BOX if outline.dashed else MarkerKind.BOX
        pointer = explaining(kind, outline.color, search.promised)
        if pointer:
            explained[pointer] += 1
            # "boxed areas" are the few largest ones, and no reason to believe in each cell's walls
            log_odds += _PROMISED if explained[pointer] <= _MOST_EXPLAINED else 0
        confidence = _share(log_odds)
        if confidence >= _LEAST:
            proposals.append(
                MarkerProposal(search.panel.id, kind, outline.color, outline.box_xyxy, None, pointer, confidence)
            )
    return proposals


def _twins(first: Outline, second: Outline) -> bool:
    """Same colour and size: one author draws all boxes of a figure alike."""
    width, height = (first.box_xyxy[i + 2] - first.box_xyxy[i] for i in (0, 1))
    other_width, other_height = (second.box_xyxy[i + 2] - second.box_xyxy[i] for i in (0, 1))
    return (
        first.color == second.color
        and abs(width - other_width) <= max(2, 0.08 * width)
        and abs(height - other_height) <= max(2, 0.08 * height)
    )


_Weighed: TypeAlias = tuple[float, Sign, Pointer | None]
"""Log-odds of a candidate, and the clause that explains it."""


def _from_signs(search: _Search) -> list[MarkerProposal]:
    if not search.wants(MarkerKind.ARROW, MarkerKind.ASTERISK):
        return []
    wanted = search.wants_promised(MarkerKind.ARROW, MarkerKind.ASTERISK)
    least_px = max(5, round((0.004 if wanted else 0.007) * search.longer_px))
    most_px = round(0.6 * min(search.crop.shape[:2]))
    weighed: list[_Weighed] = []
    for sign in find_signs(search.crop, search.layers, least_px, most_px, 3 if wanted else 1):
        if search.prints(sign.box_xyxy):
            continue
        pointer = explaining(sign.kind, sign.color, search.promised)
        if search.panel.kind.photographic:
            log_odds = _unpromised_log_odds(sign)
            if pointer:
                log_odds = max(log_odds + _PROMISED, _promised_log_odds(sign))
        elif pointer:
            log_odds = _drawn_log_odds(sign) + _PROMISED
            if search.larger_than_print(sign.box_xyxy):
                log_odds += _PROMISED / 2
        else:
            continue
        weighed.append((log_odds, sign, pointer))
    if search.panel.kind.photographic:
        weighed = _standing_out(weighed)
    best = {pointer: (log_odds, sign) for log_odds, sign, pointer in sorted(weighed, key=_first) if pointer}
    proposals = [
        MarkerProposal(search.panel.id, sign.kind, sign.color, sign.box_xyxy, sign.tip_xy, pointer, _share(log_odds))
        for log_odds, sign, pointer in weighed
        if _share(log_odds) >= _LEAST and (pointer is None or _alike(log_odds, sign, *best[pointer]))
    ]
    if search.panel.kind.photographic:
        return proposals
    explained = Counter(proposal.pointer for proposal in proposals)
    return [proposal for proposal in proposals if explained[proposal.pointer] <= _MOST_EXPLAINED]


def _standing_out(weighed: list[_Weighed]) -> list[_Weighed]:
    """The same, each judged against the texture that those of its clause (or without one) are likely to be."""
    judged: list[_Weighed] = []
    for pointer in dict.fromkeys(pointer for _, _, pointer in weighed):
        own = [(log_odds, sign) for log_odds, sign, of in weighed if of == pointer]
        lowered = against_texture([log_odds for log_odds, _ in own]).tolist()
        judged += [(log_odds, sign, pointer) for log_odds, (_, sign) in zip(lowered, own, strict=True)]
    return judged


def _first(weighed: _Weighed) -> float:
    return weighed[0]


def _alike(log_odds: float, sign: Sign, best_log_odds: float, best: Sign) -> bool:
    """Drawn like the best sign of the clause: about as large, and no mere texture beside it."""
    size, best_size = _long_px(sign.box_xyxy), _long_px(best.box_xyxy)
    return log_odds >= best_log_odds - _WEAKER and max(size, best_size) <= _ALIKE * min(size, best_size)


def _from_rings(search: _Search) -> list[MarkerProposal]:
    """Circles of a picture whose caption speaks of circles; cells, vessels and data points are round too."""
    if not search.panel.kind.photographic or not search.wants_promised(MarkerKind.CIRCLE):
        return []
    line_px, least_px = _drawn_px(search.longer_px)
    found = []
    for ring in find_rings(search.crop, search.layers, line_px, 2 * least_px):
        pointer = explaining(MarkerKind.CIRCLE, ring.color, search.promised)
        if pointer and not search.prints(ring.box_xyxy, least_letters=2):
            sure = _NAMED_RING if pointer.color else _RING
            found.append(
                MarkerProposal(search.panel.id, MarkerKind.CIRCLE, ring.color, ring.box_xyxy, None, pointer, sure)
            )
    return found if len(found) <= _MOST_EXPLAINED else []


def _unpromised_log_odds(sign: Sign) -> float:
    """Logistic regression on 36 published signs against 12,300 other pieces of 25 figures; contrast set by hand."""
    return (
        -19.2
        + 12.55 * sign.likeness
        + 39.49 * sign.margin
        + 4 * (sign.contrast - 0.5)
        - 6.05 * sign.page
        - 1.18 * sign.text
    )


def _drawn_log_odds(sign: Sign) -> float:
    """The same on the white page of a plot or diagram, where words are known and only the shape tells."""
    return _unpromised_log_odds(sign) + 6.05 * sign.page


def _promised_log_odds(sign: Sign) -> float:
    """Where the caption names kind and colour, what stands out is the sign, even if too small to show its shape.

    Set by hand on 31 published signs (contrast 0.33 to 0.99) and 158 pieces of texture (contrast up to 0.37).
    """
    return -4.8 + 12 * sign.contrast + 25 * sign.margin + 8 * (sign.likeness - 0.9) - sign.text


def _share(log_odds: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))


def _pixels(box_xyxy: Box, image_rgb: Image) -> tuple[int, int, int, int]:
    height, width = image_rgb.shape[:2]
    x0, y0, x1, y1 = box_xyxy
    return max(0, math.floor(x0)), max(0, math.floor(y0)), min(width, math.ceil(x1)), min(height, math.ceil(y1))


def _shrunk(panel: PanelView, scale: float) -> PanelView:
    letter = panel.label_box_xyxy and _scaled(panel.label_box_xyxy, scale)
    return replace(panel, box_xyxy=_scaled(panel.box_xyxy, scale), label_box_xyxy=letter)


def _scaled(box_xyxy: Box, scale: float) -> Box:
    x0, y0, x1, y1 = box_xyxy
    return x0 * scale, y0 * scale, x1 * scale, y1 * scale


def _enlarged(proposal: MarkerProposal, scale: float, frame_xyxy: Box) -> MarkerProposal:
    tip = None
    if proposal.tip_xy is not None:
        tip = (min(proposal.tip_xy[0] * scale, frame_xyxy[2]), min(proposal.tip_xy[1] * scale, frame_xyxy[3]))
    return replace(proposal, box_xyxy=clip(_scaled(proposal.box_xyxy, scale), frame_xyxy), tip_xy=tip)


def _moved(proposal: MarkerProposal, dx: int, dy: int) -> MarkerProposal:
    tip = None if proposal.tip_xy is None else (proposal.tip_xy[0] + dx, proposal.tip_xy[1] + dy)
    return replace(proposal, box_xyxy=_shifted(proposal.box_xyxy, dx, dy), tip_xy=tip)


def _shifted(box_xyxy: Box, dx: int, dy: int) -> Box:
    x0, y0, x1, y1 = box_xyxy
    return x0 + dx, y0 + dy, x1 + dx, y1 + dy
