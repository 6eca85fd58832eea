"""Panels of a figure from its pixels, its printed letters and the letters that its caption promises."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from agents.embedded.layout_bodies import split_bodies
from agents.embedded.layout_grid import split_grid
from agents.embedded.layout_ink import Ink, Rect, find_ink
from agents.embedded.layout_partition import Leaf, Missing, Partition, Work, best_partition
from agents.embedded.layout_places import split_by_places
from agents.embedded.layout_split import split_images, split_into
from agents.embedded.layout_strays import with_strays_moved
from curator.geometry import Box, clip

if TYPE_CHECKING:
    from agents.embedded.letters import Letter


_COLOURED, _DARK, _GLOWING = 60, 90, 0.02  # grey levels between channels; median level; share of pixels (guesses)
_UNREAD_RIGHT = 0.75  # of panels whose letter was not read (measured, see _confidence)
_GUTTERS_RIGHT = 0.6  # of panels cut by gutters alone, as many as the caption promises (measured: 91 of 141)
_IMAGES_RIGHT = 0.4  # of images taken for panels (guess; before fluorescence was told apart 10 of 28, measured)
_PLACES_RIGHT = 0.7  # of panels that the caption tells apart by place (all 10 of drawn figures; real ones guessed)
_BODIES_RIGHT = 0.6  # of plots and drawings taken for panels (guess)
_ONE_BODY_RIGHT = 0.9  # of figures with a single body, taken for one panel (measured: 19 of 20, most of them drawn)
_ONE_RIGHT = 0.75  # of figures taken for one panel (measured: 22 of 30; 81 % of figures without letters are one)
_MISFIT = -3.0  # nats of a letter's panel below which the letter may be false (guess)
_MISFIT_GAIN = 2.0  # nats that its absence must gain, beside twice the letter's log odds (guess)
_LINE, _SCRAP = 2.5, 0.05  # letter heights, and share of the median panel's area: of 16,337 real panels none is below
_SUREST = 0.999  # confidence of a letter that is taken at its word
_EMPTY_RIGHT = 0.2  # of images without any content (guess)
_UNPROMISED = 0.5  # mean confidence that letters need where the caption promises none, before and after the figure
# was cut between them: true letters sit well, lane numbers read as letters do not (guess)


@dataclass(frozen=True, slots=True)
class PanelProposal:
    """A panel: pixels of the original image."""

    label: str | None
    label_box_xyxy: Box | None
    box_xyxy: Box
    confidence: float
    """Probability that the box is right at IoU 0.5 and bears the right label."""


def propose_panels(
    image_rgb: NDArray[np.uint8],
    letters: Sequence[Letter],
    expected: tuple[str, ...],
    places: tuple[str, ...] = (),
) -> list[PanelProposal]:
    """Panels in reading order of their labels; at least one for an image with content.

    Args:
        image_rgb: [H, W, 3].
        letters: printed letters as read, boxes in pixels of the image; may hold false ones and lack true ones.
        expected: labels that the caption promises, in its order; may be empty or wrong.
        places: words such as "left" and "right" by which the caption tells its panels apart where it promises no
            labels; they become the labels of the panels.
    """
    height, width = image_rgb.shape[:2]
    ink = find_ink(image_rgb)
    whole = ink.trim(ink.frame) if ink.on_paper else ink.frame
    if whole is None:
        return [PanelProposal(None, None, (0.0, 0.0, float(width), float(height)), _EMPTY_RIGHT)]
    anchors = chosen_letters(letters, expected)
    labels = list({label_key(label): label for label in reversed(expected)}.values())[::-1]
    if not labels and len(anchors) > 1:  # one letter that no caption promises tells no panels apart
        labels = [letter.text for letter in anchors]
    if not anchors or len(labels) < 2:
        return _without_letters(image_rgb, ink, whole, anchors, labels, places)
    anchors, missing, found = _without_false_letters(ink, labels, anchors)
    boxes = [_reduced(letter.box_xyxy, ink) for letter in anchors]
    rects = with_strays_moved(
        ink,
        [leaf.rect for leaf in found.leaves],
        [None if leaf.anchor is None else boxes[leaf.anchor] for leaf in found.leaves],
        float(np.median([box.height for box in boxes])),
    )
    if not ink.on_paper:
        rects = _grown(rects, ink.frame)
    unread = [leaf for leaf in found.leaves if leaf.anchor is None]
    named = dict(zip(unread, _names(unread, missing, boxes), strict=True))
    proposals: list[PanelProposal] = []
    for leaf, rect in zip(found.leaves, rects, strict=True):
        letter = None if leaf.anchor is None else anchors[leaf.anchor]
        proposals.append(
            PanelProposal(
                letter.text if letter else named[leaf],
                letter.box_xyxy if letter else None,
                _original(rect, ink, (width, height)),
                _confidence(leaf, letter),
            )
        )
    if not expected and (len(proposals) < 2 or sum(p.confidence for p in proposals) < _UNPROMISED * len(proposals)):
        return _without_letters(image_rgb, ink, whole, [], [], places)
    place = {label_key(label): index for index, label in enumerate(labels)}
    return sorted(proposals, key=lambda p: place.get(label_key(p.label or ""), len(place)))


def _without_false_letters(
    ink: Ink, labels: Sequence[str], anchors: list[Letter]
) -> tuple[list[Letter], dict[str, Missing], Partition]:
    """The letters less those that fit no partition, the labels left without letter, and the best partition."""
    missing = _missing(labels, anchors)
    work = Work()
    found = best_partition(ink, [_reduced(a.box_xyxy, ink) for a in anchors], list(missing.values()), work)[1]
    while len(anchors) > 1 and not work.done:
        scrap = _scrap(found, float(np.median([_reduced(a.box_xyxy, ink).height for a in anchors])))
        own, worst = min((leaf.own, leaf.anchor) for leaf in found.leaves if leaf.anchor is not None)
        worst = worst if scrap is None else scrap
        if own > _MISFIT and scrap is None:
            break
        fewer = [letter for index, letter in enumerate(anchors) if index != worst]
        rest = _missing(labels, fewer)
        other = best_partition(ink, [_reduced(a.box_xyxy, ink) for a in fewer], list(rest.values()), work)[1]
        sure = min(max(anchors[worst].confidence, 1 - _SUREST), _SUREST)
        if scrap is None and other.score < found.score + _MISFIT_GAIN + 2 * math.log(sure / (1 - sure)):
            break
        anchors, missing, found = fewer, rest, other
    return anchors, missing, found


def _scrap(found: Partition, letter_height: float) -> int | None:
    """The letter of a panel that is but a line of text beside the others: a word of an axis or legend, misread."""
    least = _SCRAP * float(np.median([leaf.rect.area for leaf in found.leaves]))
    for leaf in found.leaves:
        if min(leaf.rect.width, leaf.rect.height) < _LINE * letter_height and leaf.rect.area < least:
            return leaf.anchor
    return None


def _grown(rects: Sequence[Rect], frame: Rect) -> list[Rect]:
    """The rectangles grown to half of the gap to the next, or to the image's edge."""
    out: list[Rect] = []
    for index, rect in enumerate(rects):
        sides = list(rect)
        for axis in (0, 1):
            beside = [
                other
                for k, other in enumerate(rects)
                if k != index and other[1 - axis] < rect[3 - axis] and other[3 - axis] > rect[1 - axis]
            ]
            before = [other[axis + 2] for other in beside if other[axis + 2] <= rect[axis]]
            after = [other[axis] for other in beside if other[axis] >= rect[axis + 2]]
            sides[axis] = (rect[axis] + max(before) + 1) // 2 if before else frame[axis]
            sides[axis + 2] = (rect[axis + 2] + min(after)) // 2 if after else frame[axis + 2]
        out.append(Rect(*sides))
    return out


def _missing(labels: Sequence[str], anchors: Sequence[Letter]) -> dict[str, Missing]:
    """For each label without a letter, the letters before and after it in the labels' order."""
    found = {label_key(letter.text): index for index, letter in enumerate(anchors)}
    places = [found.get(label_key(label)) for label in labels]
    missing: dict[str, Missing] = {}
    for index, (label, place) in enumerate(zip(labels, places, strict=True)):
        if place is None:
            before = [p for p in places[:index] if p is not None]
            after = [p for p in places[index + 1 :] if p is not None]
            missing[label] = Missing(before[-1] if before else None, after[0] if after else None)
    return missing


def _names(leaves: Sequence[Leaf], missing: dict[str, Missing], anchors: Sequence[Rect]) -> list[str]:
    """The missing labels for the panels without letter: each near the letters before and after it, not before those."""
    labels = list(missing)
    cost = np.zeros((len(leaves), len(labels)))
    for row, leaf in enumerate(leaves):
        x, y = leaf.rect.x0, leaf.rect.y0
        for column, label in enumerate(labels):
            after, before = missing[label]
            for index, sign in ((after, 1), (before, -1)):
                if index is not None:
                    dx, dy = sign * (x - anchors[index].x0), sign * (y - anchors[index].y0)
                    # forwards is right or down; backwards in one of them is a new row or column, in both is wrong
                    cost[row, column] += (
                        abs(dx) + abs(dy) + (1e4 if dx + dy < 0 and min(dx, dy) < 0 >= max(dx, dy) else 0)
                    )
    rows, columns = linear_sum_assignment(cost)
    chosen = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    return [labels[chosen[row]] for row in range(len(leaves))]


def chosen_letters(letters: Sequence[Letter], expected: tuple[str, ...]) -> list[Letter]:
    """The letters to build on, one for each label, in the caption's order; where it promises none, all or nothing."""
    best: dict[str, Letter] = {}
    for letter in letters:
        key = label_key(letter.text)
        if key and (key not in best or letter.confidence > best[key].confidence):
            best[key] = letter
    if expected:
        return [best[key] for key in dict.fromkeys(map(label_key, expected)) if key in best]
    if sum(letter.confidence for letter in best.values()) < _UNPROMISED * len(best):
        return []
    return [best[key] for key in sorted(best)]


def label_key(label: str) -> str:
    """What is left of a label without case, brackets and dots."""
    return re.sub(r"[^0-9a-z]", "", label.casefold())


def _without_letters(
    image_rgb: NDArray[np.uint8],
    ink: Ink,
    whole: Rect,
    anchors: Sequence[Letter],
    labels: Sequence[str],
    places: Sequence[str],
) -> list[PanelProposal]:
    """As many panels as there are labels or places, by gutters alone; else one, or one for each picture or plot."""
    image_wh = image_rgb.shape[1], image_rgb.shape[0]
    if len(labels) > 1:
        split = split_into(ink, whole, len(labels))
        if split is not None and len(split.parts) == len(labels):
            return [
                PanelProposal(label, None, _original(part, ink, image_wh), _GUTTERS_RIGHT)
                for label, part in zip(labels, split.parts, strict=True)
            ]
    confidence = _ONE_RIGHT
    if not labels:
        placed = split_by_places(ink, whole, places)
        if placed is not None:
            return [PanelProposal(p, None, _original(part, ink, image_wh), _PLACES_RIGHT) for p, part in placed.items()]
        parts, confidence = _free_parts(image_rgb, ink, whole)
        if len(parts) > 1:
            return [PanelProposal(None, None, _original(part, ink, image_wh), confidence) for part in parts]
    letter = anchors[0] if anchors else None
    label = labels[0] if len(labels) == 1 else letter.text if letter else None
    return [PanelProposal(label, letter.box_xyxy if letter else None, _original(whole, ink, image_wh), confidence)]


def _free_parts(image_rgb: NDArray[np.uint8], ink: Ink, whole: Rect) -> tuple[tuple[Rect, ...], float]:
    """The panels that pixels alone tell apart, and the probability that they are right."""
    image_wh = image_rgb.shape[1], image_rgb.shape[0]
    for parts in (split_images(ink, whole), split_grid(image_rgb, ink)):
        boxes = [_original(part, ink, image_wh) for part in parts]
        if len(parts) > 1 and not any(_is_fluorescence(image_rgb, box) for box in boxes):
            return parts, _IMAGES_RIGHT
    bodies = split_bodies(ink, whole)
    if len(bodies.parts) > 1:
        return bodies.parts, _BODIES_RIGHT
    return bodies.parts, _ONE_BODY_RIGHT if bodies.found == 1 else _ONE_RIGHT


def _is_fluorescence(image_rgb: NDArray[np.uint8], box_xyxy: Box) -> bool:
    """A dark picture with glowing colour: side by side without letters, such pictures are channels of one field."""
    x0, y0, x1, y1 = (round(value) for value in box_xyxy)
    sample = image_rgb[y0:y1:4, x0:x1:4].astype(np.int16)
    if sample.size == 0:
        return False
    brightest = sample.max(axis=2)
    coloured = brightest - sample.min(axis=2) > _COLOURED
    return bool(np.median(brightest) < _DARK and coloured.mean() > _GLOWING)


def _confidence(leaf: Leaf, letter: Letter | None) -> float:
    """Fitted by eye to how often panels of real and drawn figures were right (measured: 281 of 284 with all letters
    read; 24 of 33 of those without, where letters were hidden or falsely promised on purpose)."""
    fit = 1.0 / (1.0 + math.exp(-4.5 - 0.35 * (leaf.own + leaf.worst_cut)))
    return fit * (_UNREAD_RIGHT if letter is None else letter.confidence)


def _reduced(box_xyxy: Box, ink: Ink) -> Rect:
    frame = ink.frame
    x0 = min(max(0, math.floor(box_xyxy[0] * ink.scale)), frame.x1 - 1)
    y0 = min(max(0, math.floor(box_xyxy[1] * ink.scale)), frame.y1 - 1)
    x1 = min(max(x0 + 1, math.ceil(box_xyxy[2] * ink.scale)), frame.x1)
    y1 = min(max(y0 + 1, math.ceil(box_xyxy[3] * ink.scale)), frame.y1)
    return Rect(x0, y0, x1, y1)


def _original(rect: Rect, ink: Ink, image_wh: tuple[int, int]) -> Box:
    x0, y0, x1, y1 = (value / ink.scale for value in rect)
    return clip((x0, y0, x1, y1), (0.0, 0.0, float(image_wh[0]), float(image_wh[1])))
