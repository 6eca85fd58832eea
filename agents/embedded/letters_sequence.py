"""Which sightings are the figure's panel letters: a search for the most consistent set.

One sighting alone proves little: an axis label "A" looks like a panel letter "A". A *set* does: panel letters of a
figure share size, polarity, case and brackets, stand in reading order and line up with each other. Every term below is
a log-odds contribution, so that the sum of a letter's terms is the log-odds that it is right.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass

from agents.embedded.letters_glyphs import Glyphs
from agents.embedded.ocr import Reading
from curator.geometry import iou

# Heights in capital heights, from the metrics of Arial/Helvetica (x-height 0.52/0.72, descender 0.21/0.72).
_X_HEIGHT = dict.fromkeys("acemnorsuvwxz", 0.73)
_DESCENDING = dict.fromkeys("gpqy", 1.02) | {"j": 1.28, "t": 0.93, "Q": 1.06}
_RELATIVE_HEIGHT = _X_HEIGHT | _DESCENDING
_SAME_IN_BOTH_CASES = frozenset("ckopsuvwxz")
_LOOKALIKES = {"I": "l1i|", "l": "I1i|", "i": "I1l|", "O": "0oQD", "o": "0O", "S": "5s", "B": "8", "Z": "2z", "G": "6C"}
_LOOKALIKE_SHARE = 0.5  # guess: what a reading of "1" is worth for an "I"

_DOUBTFUL, _CLEAR = 0.2, 0.8
"""What reads above 0.8 as something else is no letter that it reads as below 0.2 (guess; "L" had passed for "F")."""
_CHANCE = 0.02
"""Probability that an arbitrary shape reads as one given label: about one in fifty letters and digits (guess)."""
_SIZE_TOLERANCE = 0.12
"""Spread (natural log) of the measured letter size in one figure: 1-2 px of 12-40 (measured on 184 letters)."""
# The contributions below are guesses, checked by the calibration of the sums: of the letters given p >= 0.99, p around
# 0.97, 0.93 and 0.86, 1.00, 1.00, 0.9 and 0.8 were right (740 drawn and published letters).
_SAME_SIZE, _OTHER_SIZE = 1.5, -5.0
_OTHER_POLARITY, _OTHER_BRACKETS = -1.5, -2.0
_ALIGNED, _ALONE, _BACKWARDS = 0.8, -0.4, -2.0
_SKIPPED = -5.0
"""A label left out before one that is taken, where nobody promised the sequence."""
_UNPROMISED = -2.0
"""A letter that the caption does not name."""
_LEAST_UNPROMISED = 4.0
"""Log-odds that a set must reach where the caption promises none of it: more than one letter alone ever has."""
_SAME_PRINT_IOU = 0.2
"""Two letters do not overlap; one letter cut at two grey values does."""
_BEAM, _CHOICES, _STYLES = 10, 4, 10
"""Partial placements kept, sightings tried for each label, letter styles tried (guess)."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One glyph run, what it reads, and the log-odds from its shape alone that it is a panel letter."""

    glyphs: Glyphs
    reading: Reading
    shape_logit: float

    @property
    def core(self) -> str:
        """The text without brackets and stops."""
        return re.sub(r"[^0-9A-Za-z]", "", self.reading.text)

    @property
    def bracketed(self) -> bool:
        return self.glyphs.parts >= 2 and self.reading.text.strip()[-1:] in (")", "]")

    def probability(self, label: str) -> float:
        """That the run reads ``label`` (case counts, except where both cases have one shape)."""
        core = self.core
        if len(label) > 1:
            return self.reading.confidence if core == label else 0.0
        accepted = {label, label.swapcase()} if label.lower() in _SAME_IN_BOTH_CASES else {label}
        exact = max(self.reading.letters.get(c, 0.0) for c in accepted)
        alike = max((self.reading.letters.get(c, 0.0) for c in _LOOKALIKES.get(label, "")), default=0.0)
        if label in "Iil" and self.reading.text.strip() in ("|", "丨", "!", "/", "工"):
            alike = max(alike, self.reading.confidence)
        best = max(exact, _LOOKALIKE_SHARE * alike)
        if best < _DOUBTFUL and self.reading.confidence > _CLEAR:
            return 0.0
        return best * (1 - self.reading.confidence) if len(core) > 1 else best

    def size_px(self, label: str) -> float:
        """Height of a capital (or of the bracket, where bracketed) if the run says ``label``."""
        if self.bracketed or len(label) != 1:
            return self.glyphs.height_px
        return self.glyphs.height_px / _RELATIVE_HEIGHT.get(label, 1.0)


@dataclass(frozen=True, slots=True)
class Placed:
    """A label where it was found, with the log-odds that this is right."""

    label: str
    sighting: Sighting
    logit: float


def place_labels(sightings: Sequence[Sighting], labels: Sequence[str], promised: Set[str]) -> list[Placed]:
    """The most consistent placement of ``labels`` (in reading order, in the case to be printed) on the sightings.

    Labels without a convincing sighting are left out. Those that the caption does not promise are only tried: one that
    follows a hole in the sequence needs much better evidence, and a single one is not believed.
    """
    options = {label: _options(sightings, label) for label in labels}
    best: tuple[float, list[Placed]] = (0.0, [])
    for style in _styles(options):
        score, placed = _search(options, labels, style, promised)
        if score > best[0]:
            best = (score, placed)
    return best[1]


@dataclass(frozen=True, slots=True)
class _Style:
    size_px: float
    dark: bool
    bracketed: bool

    def agreement(self, sighting: Sighting, label: str) -> float:
        """Log-odds that a letter of this style looks like the sighting."""
        # one pixel of doubt at each edge matters for small letters
        spread = _SIZE_TOLERANCE + 0.7 / self.size_px
        off = abs(math.log(sighting.size_px(label) / self.size_px)) / spread
        value = max(_OTHER_SIZE, _SAME_SIZE - off * off)
        if sighting.glyphs.dark != self.dark:
            value += _OTHER_POLARITY
        if sighting.bracketed != self.bracketed:
            value += _OTHER_BRACKETS
        return value


def _options(sightings: Sequence[Sighting], label: str) -> list[tuple[float, Sighting]]:
    """Sightings that may read ``label`` with their own log-odds, best first."""
    found = []
    for sighting in sightings:
        p = sighting.probability(label)
        if p > _CHANCE:
            found.append((sighting.shape_logit + math.log(p / _CHANCE), sighting))
    return sorted(found, key=lambda o: -o[0])


def _styles(options: dict[str, list[tuple[float, Sighting]]]) -> list[_Style]:
    """Styles worth trying: those of the best sightings, each once."""
    seeds = sorted(
        ((value, label, sighting) for label, found in options.items() for value, sighting in found[:6]),
        key=lambda s: -s[0],
    )
    styles: list[_Style] = []
    for _, label, sighting in seeds:
        style = _Style(sighting.size_px(label), sighting.glyphs.dark, sighting.bracketed)
        if all(
            abs(math.log(style.size_px / other.size_px)) > _SIZE_TOLERANCE / 2
            or style.dark != other.dark
            or style.bracketed != other.bracketed
            for other in styles
        ):
            styles.append(style)
        if len(styles) == _STYLES:
            break
    return styles


def _search(
    options: dict[str, list[tuple[float, Sighting]]], labels: Sequence[str], style: _Style, promised: Set[str]
) -> tuple[float, list[Placed]]:
    """Beam search over the labels in order; a partial placement is (score, placed, labels skipped since)."""
    beam: list[tuple[float, list[Placed], int]] = [(0.0, [], 0)]
    for label in labels:
        judged = sorted(
            ((value + style.agreement(sighting, label), sighting) for value, sighting in options[label]),
            key=lambda o: -o[0],
        )[:_CHOICES]
        grown: list[tuple[float, list[Placed], int]] = []
        for score, placed, skipped in beam:
            grown.append((score, placed, skipped + (label not in promised)))
            for value, sighting in judged:
                if any(iou(p.sighting.glyphs.box_xyxy, sighting.glyphs.box_xyxy) > _SAME_PRINT_IOU for p in placed):
                    continue
                logit = value + _arrangement(sighting, placed)
                if label not in promised:
                    logit += _UNPROMISED + _SKIPPED * skipped
                if logit > 0:
                    grown.append((score + logit, [*placed, Placed(label, sighting, logit)], 0))
        beam = sorted(grown, key=lambda b: -b[0])[:_BEAM]
    score, placed, _ = beam[0]
    if score < _LEAST_UNPROMISED and not any(p.label in promised for p in placed):
        return 0.0, []
    return score, placed


def _arrangement(sighting: Sighting, placed: list[Placed]) -> float:
    """How the next letter stands to those before it: in line with one, and not up and to the left of the last."""
    if not placed:
        return 0.0
    x0, y0, x1, y1 = sighting.glyphs.box_xyxy
    height = sighting.glyphs.height_px
    before = [p.sighting.glyphs.box_xyxy for p in placed]
    in_line = any(
        abs(bx0 - x0) < 0.6 * height or abs(by1 - y1) < 0.6 * height or abs((bx0 + bx1) - (x0 + x1)) < 1.2 * height
        for bx0, _, bx1, by1 in before
    )
    lx0, ly0, _, _ = before[-1]
    value = _ALIGNED if in_line else _ALONE
    if x0 < lx0 - height and y0 < ly0 - height:
        value += _BACKWARDS
    return value
