"""How families of models count boxes, and the way between their numbers and pixels of the sent picture."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from enum import StrEnum

from agents.lvlm.asking.parsing import ReplyFault
from curator.errors import GeometryError, SettingsError
from curator.geometry import Box, Size, area, clip
from curator.settings import ModelSettings

QWEN2_5_FACTOR = 28
"""Sides of Qwen2.5-VL's input are multiples of this: patches of 14 px, merged two by two."""
QWEN2_5_LEAST_PIXELS = 3136
QWEN2_5_MOST_PIXELS = 12_845_056
"""``min_pixels`` and ``max_pixels`` in preprocessor_config.json of the published Qwen2.5-VL checkpoints."""
_QWEN2_5_MOST_ASPECT = 200  # its processor refuses more
_OVERSHOOT = 0.02  # of a side: so far outside, a box is clipped and not refused; guess
_SMALLER = 0.85  # of a side: frames that end no sooner than this are too much alike to be told apart; guess
_FILLED, _FILLED_ALONE = (0.45, 0.5), (0.8, 0.17)
# A smaller frame is recognised by boxes that span so much of its sides: this, and this times the frame's share of the
# picture; several boxes or one. Measured on 9,642 layouts: docs/models.md.
_TIE = 0.05  # frames whose far edge is reached this equally well are all named; guess


class Frame(StrEnum):
    """How a model counts boxes; the values are those of the setting ``model.coordinates``."""

    QWEN2_5_PIXELS = "qwen2.5-pixels"
    """Pixels of the picture as Qwen2.5-VL resizes it."""
    PIXELS = "pixels"
    """Pixels of the picture as it is sent."""
    THOUSAND = "0-1000"
    """Thousandths of the picture's width and height."""
    THOUSAND_YX = "0-1000-yx"
    """The same, y before x."""
    PERCENT = "percent"
    UNIT = "0-1"

    def extent(self, wh: Size) -> tuple[float, float]:
        """The numbers of the right and the lower edge of a picture of ``wh`` pixels."""
        match self:
            case Frame.QWEN2_5_PIXELS:
                return qwen2_5_input_wh(wh)
            case Frame.PIXELS:
                return wh
            case Frame.THOUSAND | Frame.THOUSAND_YX:
                return 1000, 1000
            case Frame.PERCENT:
                return 100, 100
            case Frame.UNIT:
                return 1, 1

    @property
    def y_first(self) -> bool:
        return self is Frame.THOUSAND_YX

    @property
    def decimals(self) -> int:
        """Digits after the point that boxes are written with: as fine as 0-1000."""
        return {Frame.UNIT: 3, Frame.PERCENT: 1}.get(self, 0)

    def describe(self, wh: Size) -> str:
        """One sentence for prompts: how to write a box in a picture of ``wh`` pixels."""
        right, low = self.extent(wh)
        order = "[y0, x0, y1, x1]" if self.y_first else "[x0, y0, x1, y1]"
        corners = "(x0, y0) is the top left corner and (x1, y1) the bottom right one"
        if self in (Frame.PIXELS, Frame.QWEN2_5_PIXELS):
            count = f"in pixels of the picture, which is {right} wide and {low} high"
        else:
            kind = "numbers with three decimals" if self is Frame.UNIT else "numbers"
            kind = "whole numbers" if self.decimals == 0 else kind
            count = f"in {kind} from 0 to {right}, x as a share of the picture's width and y of its height"
        return f"A box is {order} {count}; {corners}."


# Parts of model names, the first that occurs decides.
_FAMILIES: tuple[tuple[str, Frame], ...] = (
    (r"qwen-?2[._]5[-_]?(vl|omni)", Frame.QWEN2_5_PIXELS),  # its model card and report (arXiv 2502.13923)
    (r"qwen", Frame.THOUSAND),  # Qwen-VL and Qwen2-VL (arXiv 2409.12191), Qwen3-VL and later (cookbooks)
    (r"gemini", Frame.THOUSAND_YX),  # the Gemini API's page on image understanding
    (r"gemma", Frame.THOUSAND_YX),  # not documented for Gemma 3, likely as Gemini: guess
    (r"internvl", Frame.THOUSAND),  # its documentation of grounding
    (r"glm-?\d", Frame.THOUSAND),  # the GLM-V model cards
    (r"llava", Frame.UNIT),  # boxes of its instruction data (arXiv 2310.03744)
    (r"molmo", Frame.PERCENT),  # points of its training data (arXiv 2409.17146); boxes: guess
    (r"claude", Frame.PIXELS),  # the vendor's page on coordinates: pixels of the picture that it sees
    (r"\bgpt|\bo[34]\b", Frame.PIXELS),  # not documented: guess
)
_UNKNOWN_FAMILY = Frame.THOUSAND  # guess: the most usual, and the same whatever a server does to the picture's size


def frame_of(settings: ModelSettings) -> Frame:
    """How the model counts boxes: ``coordinates`` of the settings, else told by the model's name.

    Raises:
        SettingsError: ``coordinates`` names no frame.
    """
    if settings.coordinates:
        try:
            return Frame(settings.coordinates.strip().lower())
        except ValueError as error:
            known = ", ".join(frame.value for frame in Frame)
            raise SettingsError(
                f"model.coordinates is {settings.coordinates!r}; expected one of {known}, or empty to tell it by "
                "the model's name"
            ) from error
    name = settings.model.lower()
    return next((frame for pattern, frame in _FAMILIES if re.search(pattern, name)), _UNKNOWN_FAMILY)


def qwen2_5_input_wh(
    wh: Size, least_pixels: int = QWEN2_5_LEAST_PIXELS, most_pixels: int = QWEN2_5_MOST_PIXELS
) -> Size:
    """The size to which Qwen2.5-VL's processor resizes a picture: multiples of 28 px, nearly the same aspect, and
    between ``least_pixels`` and ``most_pixels`` in all (``smart_resize`` of the published processor).

    Raises:
        GeometryError: one side is more than 200 times the other.
    """
    width, height = wh
    if max(wh) > _QWEN2_5_MOST_ASPECT * min(wh):
        raise GeometryError(f"a picture of {width} x {height} px is too long for Qwen2.5-VL, which takes 1:200 at most")
    unit = QWEN2_5_FACTOR
    resized = round(width / unit) * unit, round(height / unit) * unit
    if resized[0] * resized[1] > most_pixels:
        shrink = math.sqrt(width * height / most_pixels)
        resized = (
            max(unit, math.floor(width / shrink / unit) * unit),
            max(unit, math.floor(height / shrink / unit) * unit),
        )
    elif resized[0] * resized[1] < least_pixels:
        grow = math.sqrt(least_pixels / (width * height))
        resized = math.ceil(width * grow / unit) * unit, math.ceil(height * grow / unit) * unit
    return resized


def to_reply(box_xyxy: Box, frame: Frame, wh: Size) -> list[float]:
    """A box in pixels of the sent picture (``wh``) as the model would write it, for facts and examples in prompts.

    Off by at most half a step of the frame's last digit; by a whole one where the box would become empty.
    """
    right, low = frame.extent(wh)
    x0, x1 = _rounded(box_xyxy[0] * right / wh[0], box_xyxy[2] * right / wh[0], frame.decimals)
    y0, y1 = _rounded(box_xyxy[1] * low / wh[1], box_xyxy[3] * low / wh[1], frame.decimals)
    return [y0, x0, y1, x1] if frame.y_first else [x0, y0, x1, y1]


def from_replies(list_of_values: Sequence[Sequence[float]], frame: Frame, wh: Size) -> list[Box]:
    """All boxes of one reply, in pixels of the sent picture (``wh``), in the same order.

    Repaired: corners given in another order are reordered; what reaches past an edge by at most 2 % of the
    picture's side is clipped. Never guessed: boxes that only make sense in another frame are refused, and the fault
    names that frame. Give all boxes of a reply together, since one box alone seldom tells.

    Raises:
        ReplyFault: numbers that are not finite, boxes without area or outside the picture, corners given as width
            and height, or boxes that only make sense in another frame.
    """
    for number, values in enumerate(list_of_values, start=1):
        if len(values) != 4 or not all(math.isfinite(value) for value in values):
            raise ReplyFault(f"box {number} is {_shown(values)}, which is not four finite numbers")
    if not list_of_values:
        return []
    _refuse_sizes(list_of_values, frame, wh)
    _refuse_other_frames(list_of_values, frame, wh)
    right, low = frame.extent(wh)
    across, down = wh[0] / right, wh[1] / low
    image: Box = (0.0, 0.0, float(wh[0]), float(wh[1]))
    boxes = [
        clip((x0 * across, y0 * down, x1 * across, y1 * down), image)
        for x0, y0, x1, y1 in (_ordered(values, frame.y_first) for values in list_of_values)
    ]
    empty = [number for number, box in enumerate(boxes) if area(box) <= 0]
    if empty:
        named = ", ".join(f"box {number + 1} {_shown(list_of_values[number])}" for number in empty)
        raise ReplyFault(f"{named}: no area inside the picture. {frame.describe(wh)}")
    return boxes


def _refuse_sizes(boxes: Sequence[Sequence[float]], frame: Frame, wh: Size) -> None:
    """Raises ReplyFault where boxes read as corners are upside down and all would fit as a corner with a size.

    Where every box has both corners swapped, the model means corners.
    """
    swaps = {(box[2] < box[0], box[3] < box[1]) for box in boxes}
    if swaps <= {(False, False)} or swaps == {(True, True)}:
        return
    sized = [(box[0], box[1], box[0] + box[2], box[1] + box[3]) for box in boxes]
    if _reach(sized, frame, frame.y_first, wh) is not None:
        raise ReplyFault(
            "some boxes end before they begin, and all would fit as a corner with a width and a height. "
            f"{frame.describe(wh)}"
        )


def _refuse_other_frames(boxes: Sequence[Sequence[float]], frame: Frame, wh: Size) -> None:
    """Raises ReplyFault where the boxes leave the picture, or crowd the corner that another frame's would fill."""
    right, low = frame.extent(wh)
    if _reach(boxes, frame, frame.y_first, wh) is not None:
        if smaller := [other for other in Frame if other is not frame and _fill(boxes, other, frame, wh)]:
            raise ReplyFault(
                f"the boxes lie in the top left part of the picture, which ends at x {right:g} and y {low:g}; they "
                f"would fill it and make sense only as {_or(smaller)}. {frame.describe(wh)}",
                _mend(smaller),
            )
        return
    numbers = [value for box in boxes for value in box]
    outside = (
        f"the boxes' numbers run from {min(numbers):g} to {max(numbers):g}, but the picture ends at "
        f"x {right:g} and y {low:g}"
    )
    readings = [(other, other.y_first) for other in Frame if other is not frame] + [(frame, not frame.y_first)]
    reaches = {reading: _reach(boxes, *reading, wh) for reading in readings}
    best = max((reach for reach in reaches.values() if reach is not None), default=None)
    if best is None:
        raise ReplyFault(f"{outside}. {frame.describe(wh)}")
    likely = [other for (other, _), reach in reaches.items() if reach is not None and reach >= best - _TIE]
    others = [other for other in likely if other is not frame]
    if not others:  # no setting mends it: the model writes its own frame in another order
        first, second = ("x", "y") if frame.y_first else ("y", "x")
        raise ReplyFault(f"{outside}; they make sense only with {first} before {second}. {frame.describe(wh)}")
    raise ReplyFault(f"{outside}; they make sense only as {_or(others)}. {frame.describe(wh)}", _mend(others))


def _reach(boxes: Sequence[Sequence[float]], frame: Frame, y_first: bool, wh: Size) -> float | None:
    """How near the boxes come to the far edges of a frame, as a share of its sides (the lesser of both); None where
    they leave it."""
    right, low = frame.extent(wh)
    ordered = [_ordered(box, y_first) for box in boxes]
    x0, y0 = min(box[0] for box in ordered), min(box[1] for box in ordered)
    x1, y1 = max(box[2] for box in ordered) / right, max(box[3] for box in ordered) / low
    fits = x0 >= -_OVERSHOOT * right and y0 >= -_OVERSHOOT * low and max(x1, y1) <= 1 + _OVERSHOOT
    return min(x1, y1) if fits else None


def _fill(boxes: Sequence[Sequence[float]], other: Frame, frame: Frame, wh: Size) -> bool:
    """Whether boxes in the top left part of ``frame`` would fill the picture in the frame ``other``.

    Small things in a corner are not rare, so the larger that part, the more of it they have to span. Where one number
    is the whole picture they are nothing but shares.
    """
    right, low = other.extent(wh)
    across, down = right / frame.extent(wh)[0], low / frame.extent(wh)[1]
    if min(across, down) > _SMALLER or _reach(boxes, other, other.y_first, wh) is None:
        return False
    if other is Frame.UNIT:
        return True
    ordered = [_ordered(box, other.y_first) for box in boxes]
    wide = max(box[2] for box in ordered) - min(box[0] for box in ordered)
    high = max(box[3] for box in ordered) - min(box[1] for box in ordered)
    least, more = _FILLED if len(boxes) > 1 else _FILLED_ALONE
    return min(wide / right, high / low) >= least + more * math.sqrt(across * down)


def _or(frames: Sequence[Frame]) -> str:
    return " or ".join(repr(frame.value) for frame in frames)


def _mend(frames: Sequence[Frame]) -> str:
    return f"if the model always counts so, set model.coordinates to {_or(frames)}"


def _ordered(values: Sequence[float], y_first: bool) -> Box:
    """Four numbers as corners, x first, top left before bottom right."""
    a, b, c, d = values
    x0, y0, x1, y1 = (b, a, d, c) if y_first else (a, b, c, d)
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _rounded(start: float, end: float, decimals: int) -> tuple[float, float]:
    """Both rounded, outwards where they would meet; whole numbers as int, so that JSON shows no point."""
    step = 10**decimals
    low, high = round(start * step), round(end * step)
    if low == high:
        low, high = math.floor(start * step), math.ceil(end * step)
    return (low / step, high / step) if decimals else (low, high)


def _shown(values: Sequence[float]) -> str:
    return f"[{', '.join(f'{value:g}' for value in values)}]"
