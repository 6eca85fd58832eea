"""A double of the training jobs behind the Train tab: what it answers is scripted, what it was asked is kept."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]

POOLS = {"M": (12, 12), "P": (48, 40), "R": (60, 26)}
CONFIG: Document = {
    "preset": "zoomin",
    "stages": [
        {
            "name": "far",
            "share": 0.2,
            "cycle": ["M", "P"],
            "weights": {"intra": 1.0, "inter": 1.0, "roi": 0.0, "negatives": 0.0, "consistency": 0.0},
            "lr_factor": 1.0,
        },
        {
            "name": "near",
            "share": 0.8,
            "cycle": ["M", "P", "R"],
            "weights": {"intra": 1.0, "inter": 1.0, "roi": 1.0, "negatives": 0.1, "consistency": 0.0},
            "lr_factor": 1.0,
        },
    ],
    "model": "curator-tiny",
    "steps": 300,
    "batch": 16,
    "image_px": 96,
    "lr": 0.0003,
    "weight_decay": 0.05,
    "warmup_steps": 20,
    "betas": [0.9, 0.95],
    "regions": "roi",
    "seed": 0,
}
SNAPSHOT: Document = {
    "sha256": "5f2ac9d1" * 8,
    "verified_only": True,
    "articles": {"train": 40, "val": 5, "test": 5},
    "figures": {"train": 96, "val": 12, "test": 12},
    "pairs": {
        "train": {"M": 96, "P": 380, "R": 410},
        "val": {"M": 12, "P": 48, "R": 60},
        "test": {"M": 12, "P": 50, "R": 55},
    },
    "licenses": {"train": {"CC BY 4.0": 90, "CC0": 6}, "val": {}, "test": {}},
    "agents": {"embedded": 700, "person:ada": 90},
    "warnings": [],
}
REQUEST: Document = {
    "preset": "zoomin",
    "model": "curator-tiny",
    "steps": 300,
    "verified_only": True,
    "sure": 0.0,
    "seed": 0,
}


def counts(figures: int, enough: str | None = None, **more: Any) -> Document:
    """Counts of data in the share that validation and test have by design."""
    held = figures // 10
    level = {"train": figures - 2 * held, "val": held, "test": held}
    return {
        "figures": figures,
        "articles": max(1, figures // 3) if figures else 0,
        "levels": {
            name: {split: n * factor for split, n in level.items()}
            for name, factor in zip("MPR", (1, 4, 5), strict=True)
        },
        "kinds": {"microscopy": 3 * figures, "plot": figures} if figures else {},
        "licenses": {"CC BY 4.0": figures} if figures else {},
        "people": {"ada": figures} if figures else {},
        "left_out": {},
        "enough": enough,
        **more,
    }


def data(verified: Document, sure: Document, every: Document) -> Document:
    """What there is to train on, by the way it is chosen."""
    return {"verified": verified, "sure": sure, "all": every, "sure_from": 0.6}


def recall_at(step: int, steps: int, best: float = 0.8) -> Document:
    """Recall of each level, as a model has it that learns from chance towards ``best``."""
    learned = 1 - math.exp(-4 * step / steps)
    levels: Document = {}
    for slower, (level, (pictures, texts)) in enumerate(POOLS.items()):
        levels[level] = {"pool_a": float(pictures), "pool_b": float(texts)}
        for way, pool in (("a2b", texts), ("b2a", pictures)):
            for k in (1, 10):
                chance = min(1.0, k / pool)
                top = min(1.0, best * (1.0 if k == 10 else 0.8 - 0.15 * slower) + (0.2 if k == 10 else 0.0))
                levels[level][f"{way}_r{k}"] = chance + max(0.0, top - chance) * learned
    return levels


def loss_at(step: int, steps: int) -> list[Any]:
    """One row of losses; noisy, without chance."""
    level = ("MP" if step <= steps // 5 else "MPR")[step % (2 if step <= steps // 5 else 3)]
    noise = 0.25 * math.sin(7.3 * step) * math.cos(3.1 * step)
    whole = {"M": 4.6, "P": 5.4, "R": 4.0}[level] * (0.35 + 0.65 * math.exp(-3 * step / steps)) + noise
    return [step, level, whole, {f"intra_{level}": 0.6 * whole, f"inter_image_{level}": 0.4 * whole}]


@dataclass
class ScriptedRun:
    """One run as its folder would tell it."""

    name: str
    state: str = "training"
    steps: int = 300
    step: int = 0
    preset: str = "zoomin"
    best: float = 0.8
    every: int = 15
    seconds: float = 0.0
    message: str = ""
    log_tail: str = ""
    sure: float | None = None
    """Confidence from which open proposals are in; None: verified figures only."""
    in_use: bool = False
    use: Document | None = None
    started_at: str = "2026-11-22T09:30:00+00:00"
    config: Document = field(default_factory=lambda: dict(CONFIG))
    snapshot: Document = field(default_factory=lambda: dict(SNAPSHOT))
    _telling: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    def become(self, **changes: Any) -> None:
        """Changes at once: no answer, which the page's own threads ask for, tells half of it."""
        with self._telling:
            for name, value in changes.items():
                setattr(self, name, value)

    @property
    def _evaluated(self) -> list[int]:
        begun = self.state not in ("exporting", "starting") or self.step
        return [at for at in range(0, self.step + 1, self.every) if begun]

    def run(self) -> Document:
        with self._telling:
            return self._run()

    def document(self, after: int) -> Document:
        with self._telling:
            return self._document(after)

    def _run(self) -> Document:
        best = max(self._evaluated, default=0)
        return {
            "name": self.name,
            "state": self.state,
            "preset": self.preset,
            "model": "curator-tiny",
            "steps": self.steps,
            "step": self.step,
            "started_at": self.started_at,
            "seconds": self.seconds or 0.4 * self.step,
            "seconds_left": 0.4 * (self.steps - self.step) if self.step else None,
            "score": _score(recall_at(best, self.steps, self.best)) if best else None,
            "best_step": best,
            "message": self.message,
            "verified_only": self.sure is None,
            "sure": self.sure or 0.0,
            "in_use": self.in_use,
            "use": self.use,
        }

    def _document(self, after: int) -> Document:
        best = max(self._evaluated, default=0)
        return {
            "run": self._run(),
            "loss": [loss_at(step, self.steps) for step in range(max(1, after + 1), self.step + 1)],
            "retrieval": [[at, recall_at(at, self.steps, self.best)] for at in self._evaluated if at > after],
            "config": {**self.config, "steps": self.steps, "preset": self.preset},
            "snapshot": self.snapshot,
            "before": recall_at(0, self.steps, self.best) if self._evaluated else None,
            "after": recall_at(best, self.steps, self.best) if best else None,
            "report": f"/runs/{self.name}/report/" if self.state == "finished" else None,
            "log_tail": self.log_tail,
        }


class ScriptedTraining:
    """Answers by the contract of ``ui.training.server.TrainServer``; ``asked`` holds (function, request)."""

    def __init__(self, *runs: ScriptedRun, **overview: Any) -> None:
        self.script(*runs, **overview)

    def script(self, *runs: ScriptedRun, **overview: Any) -> None:
        """Begins anew with these runs, the oldest first; ``overview`` replaces parts of its answer."""
        self.runs = {run.name: run for run in runs}
        self.asked: list[tuple[str, Document]] = []
        self.overview: Document = {
            "installed": None,
            "machine": {"device": "cpu", "memory_gb": 15.6, "cores": 2, "title": "2 CPU cores, 15.6 GB"},
            "data": data(counts(48), counts(90), counts(120)),
            "presets": [
                {"name": name, "title": title, "suits": suits, "why": why}
                for name, title, suits, why in (
                    ("zoomin", "ours: all levels, hard negatives", True, "minutes on this machine"),
                    ("panel2patch", "figure, panel and region in turn, regions as crops", True, "twice as slow"),
                    ("regionmed", "RegionMed-CLIP's: warm-up, global, regions, joint", False, "made for a GPU"),
                    ("flat", "the baseline: plain CLIP on whole figures", True, "fast; knows no regions"),
                )
            ],
            "suggested": REQUEST,
            "models": [
                {"name": "curator-tiny", "title": "curator-tiny (14 M, from random weights)"},
                {"name": "ViT-B-32", "title": "ViT-B-32 (151 M)"},
            ],
        } | overview

    def functions(self) -> list[Callable[[Document], Document]]:
        """As the page calls them, by name."""
        return [
            self._kept(answer)
            for answer in (
                self.train_overview,
                self.train_plan,
                self.train_start,
                self.train_stop,
                self.train_resume,
                self.train_remove,
                self.train_run,
                self.train_use,
            )
        ]

    def requests(self, name: str) -> list[Document]:
        """What a function was asked, in order."""
        return [request for asked, request in self.asked if asked == name]

    def train_overview(self, request: Document) -> Document:
        in_use = next((run.name for run in self.runs.values() if run.in_use), None)
        return {**self.overview, "runs": [run.run() for run in reversed(self.runs.values())], "in_use": in_use}

    def train_plan(self, request: Document) -> Document:
        return {
            "request": request,
            "seconds": 0.4 * request["steps"],
            "memory_gb": 1.8,
            "basis": "estimated from the model's size and this machine's cores",
            "batch": 16,
            "image_px": 96,
            "model": request["model"],
            "parameters": 14_179_393,
            "stages": [{key: stage[key] for key in ("name", "share", "cycle")} for stage in CONFIG["stages"]],
            "warnings": ["validation has 4 figures: its numbers move in steps of 25%"],
        }

    def train_start(self, request: Document) -> Document:
        name = request.get("name") or f"{request['preset']}-{len(self.runs) + 1}"
        if name in self.runs:
            return {"error": f"there is a run {name!r} already; choose another name"}
        self.runs[name] = ScriptedRun(name, "starting", request["steps"], preset=request["preset"])
        return {"run": self.runs[name].run()}

    def train_stop(self, request: Document) -> Document:
        return self._set(request, "stopping")

    def train_resume(self, request: Document) -> Document:
        return self._set(request, "starting")

    def train_remove(self, request: Document) -> Document:
        del self.runs[request["name"]]
        return {}

    def train_run(self, request: Document) -> Document:
        if request["name"] not in self.runs:
            return {"error": f"there is no run {request['name']!r}"}
        return self.runs[request["name"]].document(request["after_step"])

    def train_use(self, request: Document) -> Document:
        run = self.runs[request["name"]]
        run.use = {"state": "indexing", "done": 0, "total": 48, "message": ""}
        return {"run": run.run()}

    def _set(self, request: Document, state: str) -> Document:
        run = self.runs[request["name"]]
        run.state = state
        return {"run": run.run()}

    def _kept(self, answer: Callable[[Document], Document]) -> Callable[[Document], Document]:
        def kept(request: Document) -> Document:
            self.asked.append((answer.__name__, request))
            return answer(request)

        kept.__name__ = answer.__name__
        return kept


def _score(levels: Document) -> float:
    found: list[float] = [value for level in levels.values() for name, value in level.items() if "_r" in name]
    return sum(found) / len(found)
