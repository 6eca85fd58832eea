"""A model's numbers beside those of the model that it started from, as JSON-ready documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from trainer.evaluate.answers import TASKS, Answers, Task
from trainer.evaluate.classification import FewShot, ZeroShot
from trainer.evaluate.grounding import Grounding
from trainer.evaluate.intervals import Estimate, estimate
from trainer.evaluate.negatives import HardNegatives
from trainer.evaluate.retrieval import KS, Direction, Retrieval, retrieve

_CURVE = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 200, 500, 1000)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One model's answers, and what they are worth."""

    name: str
    answers: Answers
    retrievals: dict[Task, Retrieval]
    zero_shot: ZeroShot | None = None
    few_shot: tuple[FewShot, ...] = ()

    @classmethod
    def of(
        cls, name: str, answers: Answers, zero_shot: ZeroShot | None = None, few_shot: tuple[FewShot, ...] = ()
    ) -> Evaluated:
        return cls(name, answers, {task: retrieve(answers.pairs[task]) for task in TASKS}, zero_shot, few_shot)


def compare(model: Evaluated, start: Evaluated | None) -> dict[str, Any]:
    """``retrieval``, ``grounding``, ``negatives`` and, where they were asked for, ``classes``.

    Every number is ``{"value", "low", "high", "n", "articles", "start", "gain"}``: its 95 % interval (null where there
    is none), the same of the start model, and the difference with an interval of its own; null without a start model.
    """
    return {
        "retrieval": {task: _retrieval(task, model, start) for task in TASKS if model.answers.ids[task]},
        "grounding": _grounding(model.answers.grounding, start.answers.grounding if start else None),
        "negatives": _negatives(model.answers.negatives, start.answers.negatives if start else None),
        "classes": _classes(model, start),
    }


def _retrieval(task: Task, model: Evaluated, start: Evaluated | None) -> dict[str, Any]:
    found, before = model.retrievals[task], start.retrievals[task] if start else None
    return {
        "image_to_text": _direction(found.image_to_text, before.image_to_text if before else None),
        "text_to_image": _direction(found.text_to_image, before.text_to_image if before else None),
    }


def _direction(found: Direction, before: Direction | None) -> dict[str, Any]:
    ks = [k for k in _CURVE if k < found.pool]
    return {
        "queries": len(found.ranks),
        "pool": found.pool,
        "median_rank": {"value": found.median_rank, "start": before.median_rank if before else None},
        "chance": {f"r{k}": found.chance[k] for k in KS},
        **{f"r{k}": _beside(found.ranks < k, None if before is None else before.ranks < k, found.articles) for k in KS},
        "curve": {
            "k": ks,
            "value": [_share(found.ranks, k) for k in ks],
            "start": [_share(before.ranks, k) for k in ks] if before else None,
        },
    }


def _grounding(found: Grounding, before: Grounding | None) -> dict[str, Any] | None:
    if not len(found.points):
        return None
    return {
        "phrases": len(found.points),
        "chance": found.chance,
        "pointing": _beside(found.points, before.points if before else None, found.articles),
        "iou": _beside(found.ious, before.ious if before else None, found.articles),
    }


def _negatives(found: HardNegatives, before: HardNegatives | None) -> dict[str, Any] | None:
    if not len(found.hits):
        return None
    return {
        "regions": len(found.hits),
        "chance": found.chance,
        "accuracy": _beside(found.hits, before.hits if before else None, found.articles),
    }


def _classes(model: Evaluated, start: Evaluated | None) -> dict[str, Any] | None:
    """Images of a folder have no articles: each counts by itself."""
    zero = model.zero_shot
    if zero is None:
        return None
    before = start.zero_shot if start else None
    few = start.few_shot if start else [None] * len(model.few_shot)
    each = [str(index) for index in range(len(zero.hits))]
    return {
        "zero_shot": {
            "accuracy": _beside(zero.hits, before.hits if before else None, each),
            "balanced": {"value": zero.balanced, "start": before.balanced if before else None},
        },
        "few_shot": [
            {
                "shots": found.shots,
                "accuracy": _beside(found.hits, other.hits if other else None, each[: len(found.hits)]),
            }
            for found, other in zip(model.few_shot, few, strict=True)
        ],
    }


def _share(ranks: Tensor, k: int) -> float:
    return round(float((ranks < k).double().mean()), 6)


def _beside(after: Tensor, before: Tensor | None, articles: Sequence[str]) -> dict[str, Any]:
    """The mean of ``after``; of ``before``, the same items by the start model; of their differences, item by item."""
    found = estimate(after, articles)
    gain = None if before is None else estimate(after.double() - before.double(), articles)
    return {
        **_plain(found),
        "n": found.n,
        "articles": found.articles,
        "start": None if before is None else _plain(estimate(before, articles)),
        "gain": None if gain is None else {**_plain(gain), "sure": gain.excludes_zero},
    }


def _plain(found: Estimate) -> dict[str, float | None]:
    low, high = found.interval or (None, None)
    return {"value": _rounded(found.value), "low": _rounded(low), "high": _rounded(high)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
