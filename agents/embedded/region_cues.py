"""What the words of a clause say of a place: a position in the panel, or the colour of a stain."""

from __future__ import annotations

import re

import cv2
import numpy as np

from agents.embedded.marker_colors import Image, layer
from curator.geometry import Box, area

_SIDES = {"upper": "top", "top": "top", "lower": "bottom", "bottom": "bottom", "left": "left", "right": "right"}
_POSITION = re.compile(
    r"\b(upper|top|lower|bottom)(?:most)?[- ]?(left|right)?\b"
    r"|\b(left|right)\b(?=\s+(?:side|half|corner|part|edge))",
    re.IGNORECASE,
)
_CENTRE = re.compile(r"\b(?:in the )?(?:cent(?:er|re)|middle)\b(?!\s+(?:panel|row|column|image))", re.IGNORECASE)
_NOT_A_PLACE = re.compile(r"\b(?:panel|row|column|image|micrograph|graph|inset|trace|lane)s?\b", re.IGNORECASE)
_STAIN = re.compile(
    r"\b(red|green|blue|yellow|magenta|cyan|purple)\b(?!\s+(?:arrow|asterisk|star|box|circle|dash|line))"
)
_LAYER = {"purple": "magenta"}
_LEVEL = 70  # grey levels of a colour layer; guess: autofluorescence stays below
_MOST_SHARE = 0.5  # a stain that fills more of the panel is no place in it
_LEAST_SHARE = 0.002


def position_box(clause: str, panel_xyxy: Box) -> Box | None:
    """The half or quarter of the panel that words such as "upper left" name; None where the clause names none."""
    x0, y0, x1, y1 = panel_xyxy
    found = _POSITION.search(clause)
    if found is None:
        if not _CENTRE.search(clause):
            return None
        width, height = x1 - x0, y1 - y0
        return x0 + width / 4, y0 + height / 4, x1 - width / 4, y1 - height / 4
    if _NOT_A_PLACE.match(clause[found.end() :].lstrip()):
        return None  # "upper panels" speaks of the layout
    for side in (_SIDES[word.lower()] for word in found.groups() if word):
        if side == "top":
            y1 = (y0 + y1) / 2
        elif side == "bottom":
            y0 = (y0 + y1) / 2
        elif side == "left":
            x1 = (x0 + x1) / 2
        else:
            x0 = (x0 + x1) / 2
    return x0, y0, x1, y1


def stain_box(clause: str, image_rgb: Image, panel_xyxy: Box) -> Box | None:
    """The greatest connected patch of the colour that the clause names; None where there is no clear one.

    The patch is joined over gaps of 2 % of the panel, must hold half of all such pixels of the panel, and be neither
    tiny nor most of the panel.
    """
    found = _STAIN.search(clause.lower())
    if found is None:
        return None
    x0, y0, x1, y1 = (round(v) for v in panel_xyxy)
    crop = np.ascontiguousarray(image_rgb[max(0, y0) : y1, max(0, x0) : x1])
    if not crop.size:
        return None
    name = found.group(1)
    stained = (layer(crop, _LAYER.get(name, name)) > _LEVEL).astype(np.uint8)
    reach = max(3, round(0.02 * max(crop.shape[:2]))) | 1  # odd: OpenCV shifts a closing by an even kernel
    joined = cv2.morphologyEx(stained, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    if count < 2:
        return None
    inside = np.bincount(labels.ravel(), weights=stained.ravel(), minlength=count)[1:]
    greatest = int(inside.argmax()) + 1
    x, y, w, h = (int(v) for v in stats[greatest, :4])
    box = (x0 + float(x), y0 + float(y), x0 + float(x + w), y0 + float(y + h))
    share = area(box) / max(area(panel_xyxy), 1.0)
    if inside.max() < 0.5 * inside.sum() or not _LEAST_SHARE <= share <= _MOST_SHARE:
        return None
    return box
