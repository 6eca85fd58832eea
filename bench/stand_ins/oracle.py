"""A noisy oracle: answers a model's prompts from the truth of drawn figures, with errors at set rates.

It sees what a model sees of the prompt (the facts and the reply's schema), knows the truth of the figure whose caption
the facts quote, and counts boxes from 0 to 1000. Errors are drawn from the question itself: the same question gets the
same wrong answer, another view of the figure another one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from agents.lvlm.asking.coordinates import Frame, to_reply
from agents.lvlm.model import Message, Sampling, Schema
from bench.stand_ins.server import words_of
from curator.exchange import Reply
from curator.geometry import Box, area, centre, clip, contains_point, coverage, iou, shift, union

FRAME = Frame.THOUSAND
_FACTS = re.compile(r"```json\s*(\{.*?\})\s*```", re.DOTALL)
_VISIBLE = 0.6  # share of a panel that a view must show for the oracle to speak of it
_ON_PANEL = 0.5  # share of a mark that must lie on a panel to belong to it
_LOOSE = 0.8  # IoU below which the oracle corrects the marks' box
_ON_MARKER = 0.3  # IoU from which a number lies on a marker
_UNIT: Box = (0.0, 0.0, 1000.0, 1000.0)


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """How often each panel of an answer is wrong in each way, 0 to 1."""

    missed: float = 0.0
    merged: float = 0.0
    """Answered as one with the panel that follows it."""
    split: float = 0.0
    """Answered as two halves."""
    shifted: float = 0.0
    """Its box is off by 15 to 40 % of its size."""
    swapped: float = 0.0
    """Its letter is another panel's."""

    @classmethod
    def evenly(cls, rate: float) -> ErrorRates:
        """Each panel is wrong with this probability, in any of the five ways alike."""
        return cls(*(rate / 5,) * 5)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A panel as the oracle is about to answer it; boxes in thousandths of the view."""

    label: str
    kind: str
    box_xyxy: Box
    shifted: bool = False


class NoisyOracle:
    """Answers for figures with a truth like that of a drawn corpus (``truth.json``); of other figures it says that each
    mark is a panel of its own, and nothing more. ``systematic``: share of errors that every view of a figure repeats,
    as a real model's would. Safe to call from several threads."""

    provider = "oracle"
    name = "noisy-oracle"

    def __init__(
        self, truths: Iterable[Mapping[str, Any]], rates: ErrorRates, seed: int = 0, systematic: float = 0.0
    ) -> None:
        self._truths = {truth["caption"]: truth for truth in truths}
        self._rates = rates
        self._seed = seed
        self._systematic = systematic

    def complete(self, messages: Sequence[Message], schema: Schema | None, sampling: Sampling) -> Reply:
        """In place of a model."""
        assert schema is not None
        asked = "\n".join(message.text for message in messages)
        return Reply(self.answer(str(schema["title"]), f"{asked}\n{sampling.seed}"))

    def respond(self, body: dict[str, Any]) -> str:
        """In place of a server: ``body`` is a chat completion request with a response format."""
        title = body["response_format"]["json_schema"]["schema"]["title"]
        return self.answer(title, f"{words_of(body)}\n{body.get('seed')}")

    def answer(self, shape: str, asked: str) -> str:
        """The reply's text. The last facts among the words ``asked`` are the question's; errors are drawn from all."""
        facts = json.loads(_FACTS.findall(asked)[-1])
        truth = self._truths.get(facts["caption"])
        if truth is None:
            return json.dumps(_agreeing(shape, facts))
        match shape:
            case "MarkedPanels" | "BoxedPanels":
                return json.dumps(self._panels(shape, facts, truth, self._rng(asked), self._rng(facts["caption"])))
            case "CaptionUnits":
                return json.dumps(_units(truth))
            case "MarkerTargets":
                return json.dumps(_targets(facts, truth))
            case "TextRegions":
                return json.dumps({"regions": []})
            case "PanelTexts":
                return json.dumps(_texts(facts))
        raise ValueError(f"the oracle knows no reply of shape {shape!r}")

    def _rng(self, words: str) -> np.random.Generator:
        digest = hashlib.sha256(f"{self._seed} {words}".encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "big"))

    def _panels(
        self,
        shape: str,
        facts: dict[str, Any],
        truth: Mapping[str, Any],
        rng: np.random.Generator,
        fixed_rng: np.random.Generator,
    ) -> dict[str, Any]:
        panels = self._with_errors(truth["panels"], truth["image_wh"], facts["part_percent"], rng, fixed_rng)
        if shape == "BoxedPanels":
            return {
                "panels": [
                    {"label": p.label or None, "box": _rounded(p.box_xyxy), "kind": p.kind, "description": p.kind}
                    for p in panels
                ]
            }
        marks = {int(number): tuple(box) for number, box in facts.get("marks", {}).items()}
        answered, used = [], set()
        for panel in panels:
            on_it = [n for n, box in marks.items() if n not in used and coverage(box, panel.box_xyxy) >= _ON_PANEL]
            used.update(on_it)
            marked = union(*(marks[n] for n in on_it)) if on_it else None
            agrees = marked is not None and iou(marked, panel.box_xyxy) >= _LOOSE
            answered.append(
                {
                    "marks": on_it,
                    "label": panel.label or None,
                    "kind": panel.kind,
                    "description": panel.kind,
                    "box": None if agrees else _rounded(panel.box_xyxy),
                }
            )
        return {"panels": answered, "not_panels": sorted(set(marks) - used)}

    def _with_errors(
        self,
        panels: Sequence[Mapping[str, Any]],
        image_wh: Sequence[int],
        part_percent: Sequence[float],
        rng: np.random.Generator,
        fixed_rng: np.random.Generator,
    ) -> list[_Seen]:
        """The panels that the view shows, each wrong with the set rates."""
        rates = self._rates
        # one draw a panel of the figure, whatever the view shows, so that systematic errors stay with their panel
        fixed = fixed_rng.random((len(panels), 6))
        own = rng.random((len(panels), 6))
        draws = np.where(fixed[:, 5:] < self._systematic, fixed, own)
        visible = []
        for panel, draw in zip(panels, draws, strict=True):
            box = _in_part(tuple(panel["box_xyxy"]), image_wh, part_percent)
            if coverage(box, _UNIT) >= _VISIBLE:
                visible.append((_Seen(panel["label"], panel["kind"], clip(box, _UNIT)), draw))
        labels = [seen.label for seen, _ in visible]
        answered: list[_Seen] = []
        skipped = False
        for index, (seen, draw) in enumerate(visible):
            if skipped:
                skipped = False
                continue
            if draw[0] < rates.missed:
                continue
            if draw[1] < rates.merged and index + 1 < len(visible):
                answered.append(replace(seen, box_xyxy=union(seen.box_xyxy, visible[index + 1][0].box_xyxy)))
                skipped = True
                continue
            if draw[4] < rates.swapped and len(labels) > 1:
                seen = replace(seen, label=labels[(index + 1) % len(labels)])
            if draw[3] < rates.shifted:
                seen = _shifted(seen, float(draw[3] / rates.shifted))
            answered.extend(_halves(seen) if draw[2] < rates.split else [seen])
        return answered


def _agreeing(shape: str, facts: dict[str, Any]) -> dict[str, Any]:
    """What can be said without knowing the figure."""
    match shape:
        case "MarkedPanels":
            marks = [int(number) for number in facts["marks"]]
            panel = {"label": None, "kind": "other", "description": "", "box": None}
            return {"panels": [{**panel, "marks": [number]} for number in marks], "not_panels": []}
        case "CaptionUnits":
            return {"shared": [], "units": []}
        case "MarkerTargets":
            return {"targets": []}
        case "TextRegions":
            return {"regions": []}
        case "PanelTexts":
            return _texts(facts)
    raise ValueError(f"the oracle cannot answer in the shape {shape!r} for a figure whose truth it does not know")


def _in_part(box_xyxy: Box, image_wh: Sequence[int], part_percent: Sequence[float]) -> Box:
    """A box of the figure in thousandths of the part that is shown."""
    x0, y0, x1, y1 = (percent * size / 100 for percent, size in zip(part_percent, [*image_wh, *image_wh], strict=True))
    moved = shift(box_xyxy, -x0, -y0)
    sx, sy = 1000 / (x1 - x0), 1000 / (y1 - y0)
    return moved[0] * sx, moved[1] * sy, moved[2] * sx, moved[3] * sy


def _shifted(seen: _Seen, draw: float) -> _Seen:
    x0, y0, x1, y1 = seen.box_xyxy
    share = 0.15 + 0.25 * draw
    dx, dy = share * (x1 - x0) * (1 if x0 < 500 else -1), share * (y1 - y0) * (1 if y0 < 500 else -1)
    return replace(seen, box_xyxy=clip(shift(seen.box_xyxy, dx, dy), _UNIT))


def _halves(seen: _Seen) -> list[_Seen]:
    x0, y0, x1, y1 = seen.box_xyxy
    middle = (x0 + x1) / 2
    return [replace(seen, box_xyxy=(x0, y0, middle, y1)), replace(seen, label="", box_xyxy=(middle, y0, x1, y1))]


def _rounded(box_xyxy: Box) -> list[float]:
    return to_reply(box_xyxy, FRAME, (1000, 1000))


def _units(truth: Mapping[str, Any]) -> dict[str, Any]:
    panels = truth["panels"]
    units = [
        {"label": p["label"], "text": p["subcaption"]}
        for p in panels
        if p["label"] and p["subcaption"] and p["subcaption"] in truth["caption"]
    ]
    return {"shared": [], "units": units}


def _targets(facts: dict[str, Any], truth: Mapping[str, Any]) -> dict[str, Any]:
    """The true markers of the part that is shown, by number where one lies on them, and what they point at."""
    numbers = {int(number): tuple(box) for number, box in facts["marks"].items()}
    regions = {region["marker"]: region for region in truth["regions"]}
    targets = []
    for index, marker in enumerate(truth["markers"]):
        box = _in_part(tuple(marker["box_xyxy"]), truth["image_wh"], facts["part_percent"])
        if not contains_point(_UNIT, centre(box)):
            continue
        number = max(numbers, key=lambda n, box=box: iou(numbers[n], box), default=None)  # type: ignore[misc]
        if number is not None and iou(numbers[number], box) < _ON_MARKER:
            number = None
        if number is not None:
            del numbers[number]
        region = regions.get(index)
        target = _in_part(tuple(region["box_xyxy"]), truth["image_wh"], facts["part_percent"]) if region else box
        if area(clip(target, _UNIT)) <= 0:
            target = box
        targets.append(
            {
                "marker": number,
                "kind": marker["kind"],
                "color": marker["color"],
                "marker_box": None if number is not None else _rounded(clip(box, _UNIT)),
                "target": _rounded(clip(target, _UNIT)),
                "label": region["label"] if region else "",
                "sentence": region["caption"] if region else "",
                "clause": marker["clause"] if (marker["clause"] or "\0") in truth["caption"] else None,
            }
        )
    return {"targets": targets}


def _texts(facts: dict[str, Any]) -> dict[str, Any]:
    """Texts that keep the rules of the prompt: a description, and five negatives that change its adjective alone."""
    others = ("small", "round", "pale", "dense", "irregular")
    return {
        "summary": "A panel of the figure that shows what its own caption says of it.",
        "regions": [
            {
                "region": int(number),
                "description": "A bright structure in the centre.",
                "adjective": "bright",
                "term": "structure",
                "position": "centre",
                "negatives": [f"A {other} structure in the centre." for other in others],
            }
            for number in facts.get("marks", {})
        ],
    }
