"""How a question names what an earlier mining may have got wrong; one without doubts stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from agents.lvlm.asking.prompts import Prompt, load_prompt
from curator.doubts import Doubt, Question
from curator.geometry import Box, coverage

_MOST = 8  # guess: more are no help to a model
_SHOWN = 0.5  # of a doubted box, or of a picture, that both must share; guess


@dataclass(frozen=True, slots=True)
class Doubting:
    """The doubts of one question."""

    question: Question
    told: tuple[dict[str, Any], ...] = ()
    """As the facts give them: ``doubt``, in words, and ``box``, as the model counts boxes, where it is about one."""

    @property
    def facts(self) -> dict[str, Any]:
        return {"doubts": list(self.told)} if self.told else {}

    def added_to(self, prompt: Prompt) -> Prompt:
        """The prompt with what to make of doubts, where there are any."""
        return prompt.with_part(load_prompt(f"doubts_{self.question}")) if self.told else prompt


def doubting(
    doubts: Sequence[Doubt],
    question: Question,
    window_xyxy: Box | None = None,
    written: Callable[[Box], Sequence[float]] = list,
) -> Doubting:
    """The first of the doubts that concern a question about ``window_xyxy``, a part of the figure.

    Those of the whole figure, and those of which the part shows half, or half of which is shown; where it is None, and
    there is no picture, all in words alone. ``written``: a box of the figure's frame as the model would write it.
    """
    told: list[dict[str, Any]] = []
    for doubt in doubts:
        box = doubt.box_xyxy
        if question not in doubt.concerns or (box and window_xyxy and not _meet(box, window_xyxy)):
            continue
        place = {"box": list(written(box))} if box and window_xyxy else {}
        told.append({"doubt": doubt.words, **place})
    return Doubting(question, tuple(told[:_MOST]))


def _meet(box_xyxy: Box, window_xyxy: Box) -> bool:
    return max(coverage(box_xyxy, window_xyxy), coverage(window_xyxy, box_xyxy)) >= _SHOWN
