"""What a panel is: microscopy, radiology, photo, gel, plot, diagram, table.

A log-linear model over a score of cheap pixel statistics and a few words of the panel's caption. Micrographs are full
of grey values and texture; plots and diagrams are flat, white and ruled; gels are stacks of grey strips; radiographs
are colourless on black. The weights were fitted on published panels (``kinds_weights``).
"""

from __future__ import annotations

import math
import re
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from agents.embedded.kinds_weights import KINDS, WEIGHTS
from curator.figure import PanelKind

Rgb: TypeAlias = NDArray[np.uint8]
Gray: TypeAlias = NDArray[np.uint8]

_SIDE_PX = 320
"""Working size: large enough for axis lines and letters, small enough for 5 ms."""
_LEAST_SIDE_PX = 12
"""Below this a crop shows nothing that could be told (guess)."""
_FLAT_RANGE = 3
"""Grey range of a crop that is empty (guess: JPEG noise)."""
_HUES = 12
"""Bins of the hue circle: red, orange, yellow... (guess)."""
_CELLS = 20
"""So many enclosed white fields are counted; more say nothing more (guess)."""

_WORDS: dict[PanelKind, re.Pattern[str]] = {
    PanelKind.GEL: re.compile(r"blot|\bSDS|\bPAGE\b|\bgels?\b|electrophore|lysate|in-gel|immunoprecipit", re.I),
    PanelKind.PLOT: re.compile(
        r"quantif|histogram|\bplots?\b|\bgraphs?\b|\bcurves?\b|bar chart|mean ?±|± ?s|error bars?|p ?[<=] ?0?\.\d"
        r"|\bn ?= ?|distribution|heat ?map|scatter|viability|percentage|kaplan|correlation|average"
        r"|axis|levels? of|qPCR",
        re.I,
    ),
    PanelKind.DIAGRAM: re.compile(
        r"schema|diagram|cartoon|illustrat|workflow|overview|\bmodel\b|strategy|pathway|flow ?chart|protocol"
        r"|structures? of|map of|timeline",
        re.I,
    ),
    PanelKind.TABLE: re.compile(r"\btables?\b|\blist(s|ed|ing)? of|\bsummary of", re.I),
    PanelKind.MICROSCOPY: re.compile(
        r"microscop|micrograph|confocal|fluorescen|immunofluor|immunohisto|histolog|H ?& ?E|hematoxylin|haematoxylin"
        r"|eosin|stain|scale bars?|\bDAPI\b|\bGFP\b|magnification|\b\d+ ?[µμ]m\b|\bTEM\b|\bSEM image"
        r"|LM \u00d7|\u00d7 ?\d{2,4}",
        re.I,
    ),
    PanelKind.RADIOLOGY: re.compile(
        r"\bCT\b|\bMRI?\b|tomogra|radiogra|x-?ray|magnetic resonance|ultraso|angiogra|\bPET\b|\bscans?\b|T[12]-weight",
        re.I,
    ),
    PanelKind.PHOTO: re.compile(
        r"photo|macroscopic|gross|appearance|dorsal view|lateral view|habitus|specimen|\bclinical image|endoscop", re.I
    ),
}


def classify_panel(crop_rgb: Rgb, caption: str = "") -> tuple[PanelKind, float]:
    """The panel's kind and the probability that it is right, 0 to 1.

    ``other`` is said only of crops that show nothing (tiny or of one grey value), with probability 0.5.

    Args:
        crop_rgb: UInt8[H, W, 3], the panel alone.
        caption: what the caption says of this panel; may be empty.
    """
    features = panel_features(crop_rgb)
    if features is None:
        return PanelKind.OTHER, 0.5
    probabilities = kind_probabilities(features | word_features(caption))
    kind = max(probabilities, key=lambda k: probabilities[k])
    return kind, probabilities[kind]


def kind_probabilities(features: dict[str, float]) -> dict[PanelKind, float]:
    """Softmax of the weighted features: p(kind) ~ exp(sum of weight * feature)."""
    logits = {
        kind: sum(WEIGHTS[name][column] * value for name, value in features.items())
        for column, kind in enumerate(KINDS)
    }
    highest = max(logits.values())
    odds = {kind: math.exp(value - highest) for kind, value in logits.items()}
    total = sum(odds.values())
    return {kind: value / total for kind, value in odds.items()}


def word_features(caption: str) -> dict[str, float]:
    """``says_KIND``: 1 for each kind that a word of the caption speaks for; ``first_KIND``: 1 for the first of them.

    Captions name what is shown before how it was made or measured ("Quantification of the bands in (a)").
    """
    found = {kind: match.start() for kind, pattern in _WORDS.items() if (match := pattern.search(caption))}
    first = min(found, key=lambda kind: found[kind], default=None)
    said = {f"says_{kind}": float(kind in found) for kind in _WORDS}
    return said | {f"first_{kind}": float(kind == first) for kind in _WORDS}


def panel_features(crop_rgb: Rgb) -> dict[str, float] | None:
    """Pixel statistics by name, each about 0 to 1; None where the crop shows nothing."""
    if min(crop_rgb.shape[:2]) < _LEAST_SIDE_PX:
        return None
    scale = min(1.0, _SIDE_PX / max(crop_rgb.shape[:2]))
    size = max(8, round(crop_rgb.shape[1] * scale)), max(8, round(crop_rgb.shape[0] * scale))
    rgb = np.asarray(cv2.resize(crop_rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    gray = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    if int(gray.max()) - int(gray.min()) <= _FLAT_RANGE:
        return None
    return {"one": 1.0} | _tone(rgb, gray) | _colour(rgb, gray) | _texture(gray) | _marks(gray)


def _tone(rgb: Rgb, gray: Gray) -> dict[str, float]:
    counts = np.bincount(gray.ravel() >> 3, minlength=32) / gray.size
    used = counts[counts > 0]
    quantised = (rgb >> 5).astype(np.int64)
    colours = np.bincount((quantised[..., 0] << 6 | quantised[..., 1] << 3 | quantised[..., 2]).ravel(), minlength=512)
    shares = np.sort(colours)[::-1] / gray.size
    rim = np.concatenate((gray[0], gray[-1], gray[:, 0], gray[:, -1]))
    return {
        "white": float((gray > 240).mean()),
        "black": float((gray < 24).mean()),
        "mean": float(gray.mean()) / 255,
        "spread": float(gray.std()) / 128,
        "entropy": float(-(used * np.log2(used)).sum()) / 5,
        "next_colours": float(shares[1:4].sum()),
        "rim_white": float((rim > 240).mean()),
    }


def _colour(rgb: Rgb, gray: Gray) -> dict[str, float]:
    wide = rgb.astype(np.int16)
    high, low = wide.max(axis=2), wide.min(axis=2)
    chroma = high - low
    coloured = chroma > 40
    red, green, blue = wide[..., 0], wide[..., 1], wide[..., 2]
    stain = coloured & (red > green + 15) & (blue > green + 10) & (gray > 70)
    glow = coloured & (low < 60)
    hue = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV), np.uint8)[..., 0][coloured]
    # A few coloured pixels are JPEG fringes: their hue says nothing (0.2% is a guess).
    shares = np.bincount(hue // (180 // _HUES), minlength=_HUES) / hue.size if coloured.mean() > 0.002 else np.zeros(0)
    used = shares[shares > 0]
    return {
        "chroma": float(chroma.mean()) / 255,
        "coloured": float(coloured.mean()),
        "stain": float(stain.mean()),
        "glow": float(glow.mean()),
        "hues": float(-(used * np.log2(used)).sum()) / math.log2(_HUES),
        "grey_middle": float(((chroma < 16) & (gray > 48) & (gray < 224)).mean()),
    }


def _texture(gray: Gray) -> dict[str, float]:
    smooth = cv2.GaussianBlur(gray, (0, 0), 1.0).astype(np.float32)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    strength = cv2.magnitude(across, down)
    edge = strength > 60
    upright = (np.abs(across) > 6 * np.abs(down)) & edge
    level = (np.abs(down) > 6 * np.abs(across)) & edge
    edges = max(1, int(edge.sum()))
    rough = np.abs(gray.astype(np.float32) - smooth)
    inner = (gray > 24) & (gray < 240)
    return {
        "flat": float((strength < 4).mean()),
        "edges": float(edge.mean()),
        "upright_edges": float(upright.sum()) / edges,
        "level_edges": float(level.sum()) / edges,
        "rough": float(rough.mean()) / 16,
        "rough_inside": float(rough[inner].mean()) / 16 if inner.any() else 0.0,
    }


def _marks(gray: Gray) -> dict[str, float]:
    """Small dark marks on white, as letters are, and the white fields that lines enclose: cells of tables, boxes."""
    ink = (gray < 170).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    sizes = stats[1:]
    marks = (sizes[:, 3] <= 14) & (sizes[:, 2] <= 30) & (sizes[:, 4] >= 3)
    blocks = sizes[:, 4] > 0.02 * gray.size
    _, _, stats, _ = cv2.connectedComponentsWithStats((gray > 235).astype(np.uint8), connectivity=4)
    fields = stats[1:]
    share = fields[:, 4] / gray.size
    # Smaller fields are the insides of letters, larger ones the background; a cell fills its bounding box (guesses).
    cells = (share > 0.004) & (share < 0.4) & (fields[:, 4] > 0.7 * fields[:, 2] * fields[:, 3])
    return {
        "marks": min(int(marks.sum()), 200) / 200,
        "marks_share": float(sizes[marks, 4].sum()) / max(1, int(ink.sum())),
        "blocks": min(int(blocks.sum()), 6) / 6,
        "cells": min(int(cells.sum()), _CELLS) / _CELLS,
    }
