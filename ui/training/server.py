"""Server functions of the Train tab."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from curator.errors import TrainingError
from data.store import Store
from ui.accounts.identity import current_user, permit
from ui.editor.answers import Answer, saying
from ui.editor.requests import Request, parse_request
from ui.training.jobs import TrainingJobs
from ui.training.machines import machine, title, why_not_installed
from ui.training.pace import measured_on, seconds_left
from ui.training.plan import (
    config_of,
    counts_of,
    documents,
    fault_of,
    model_documents,
    plan_document,
    preset_documents,
    suggested,
)
from ui.training.requests import NameRequest, PlanRequest, RunRequest
from ui.training.runs import PAGE, REPORT, Run, Runs
from ui.training.uses import Uses


class TrainServer:
    """Answers all pages of this process from the project's files: it remembers nothing that another would not find.

    Every function takes one JSON object and gives one; what cannot be done is ``{"error": why and what mends it}``.
    """

    def __init__(self, store: Store, runs: Runs) -> None:
        self._store = store
        self._runs = runs
        self._jobs = TrainingJobs(store.project, runs)
        self._uses = Uses(store.project, runs)

    def functions(self) -> list[Callable[..., Answer]]:
        """What the tab can call, by name."""
        return [
            saying(self.overview, "train_overview"),
            saying(self.plan, "train_plan"),
            saying(self.start, "train_start"),
            saying(self.stop, "train_stop"),
            saying(self.resume, "train_resume"),
            saying(self.remove, "train_remove"),
            saying(self.run, "train_run"),
            saying(self.use, "train_use"),
        ]

    def overview(self, raw: Any) -> Answer:
        """What there is to train on and with, and every run."""
        parse_request(Request, raw)
        found, trainable = machine(), self._store.trainable.counts()
        request = suggested(found, trainable)
        measured = measured_on(self._runs, config_of(request, found), found)
        return {
            "installed": why_not_installed(),
            "machine": {
                "device": found.device,
                "memory_gb": found.memory_gb,
                "cores": found.cores,
                "title": title(found),
            },
            "data": documents(trainable),
            "presets": preset_documents(found, trainable.verified if trainable.verified.figures else trainable.every),
            "suggested": suggested(found, trainable, measured).model_dump(),
            "models": model_documents(found),
            "runs": [self._document(run) for run in self._runs.listed()],
            "in_use": self._uses.in_use(),
        }

    def plan(self, raw: Any) -> Answer:
        """What a run would be, take and need."""
        request, found = parse_request(PlanRequest, raw), machine()
        measured = measured_on(self._runs, config_of(request, found), found)
        answer: Answer = plan_document(request, found, self._store.trainable.counts(), measured)
        return answer

    def start(self, raw: Any) -> Answer:
        """Starts a run's process."""
        permit("train")
        request = parse_request(PlanRequest, raw)
        if missing := why_not_installed():
            raise TrainingError(missing)
        config, trainable = config_of(request, machine()), self._store.trainable.counts()
        if not any(counts_of(trainable, request.verified_only, request.sure).levels["M"].values()):
            fault = fault_of(trainable, request.verified_only, request.sure)
            raise TrainingError(fault or "no figure has a caption to train on")
        name = self._jobs.start(request, config.model)
        detail = {"verified_only": request.verified_only, **({"sure": request.sure} if request.sure else {})}
        self._note("start", name, preset=request.preset, model=config.model, **detail)
        return self._answer(name)

    def stop(self, raw: Any) -> Answer:
        permit("train")
        name = parse_request(NameRequest, raw).name
        self._jobs.stop(name)
        self._note("stop", name)
        return self._answer(name)

    def resume(self, raw: Any) -> Answer:
        permit("train")
        name = parse_request(NameRequest, raw).name
        self._jobs.resume(name)
        self._note("resume", name)
        return self._answer(name)

    def remove(self, raw: Any) -> Answer:
        """Removes a run that is over, with its checkpoints, data and report."""
        permit("train")
        name = parse_request(NameRequest, raw).name
        if self._uses.in_use() == name:
            raise TrainingError(f"run {name!r} is the model in use for search; use another first")
        if (use := self._uses.progress(name)) and use["state"] == "indexing":
            raise TrainingError(f"the project is being indexed with run {name!r}; wait until it is done")
        self._runs.remove(name)
        self._note("remove", name)
        return {}

    def run(self, raw: Any) -> Answer:
        """One run in full; curves from after a step on."""
        request = parse_request(RunRequest, raw)
        run, metrics = self._runs.run(request.name), self._runs.metrics(request.name)
        evaluations, best = metrics.evaluations, metrics.best
        first = evaluations[0] if evaluations and evaluations[0]["step"] == 0 else None
        report = self._runs.path(request.name) / REPORT / PAGE
        return {
            "run": self._document(run),
            "loss": metrics.loss(request.after_step),
            "retrieval": metrics.retrieval(request.after_step),
            "config": self._runs.config(request.name),
            "snapshot": self._runs.snapshot(request.name),
            "before": first["levels"] if first else None,
            "after": best["levels"] if best else None,
            "report": f"/runs/{request.name}/{REPORT}/" if report.is_file() else None,
            "log_tail": self._runs.log_tail(request.name) if run.state in ("failed", "killed") else "",
        }

    def use(self, raw: Any) -> Answer:
        """Starts a process that indexes the project with a run's model, for search and confidence."""
        permit("train")
        name = parse_request(NameRequest, raw).name
        self._uses.start(name)
        self._note("use", name)
        return self._answer(name)

    def _note(self, what: str, run: str, **detail: Any) -> None:
        self._store.audit.add(current_user().name, f"training.{what}", run, detail)

    def _answer(self, name: str) -> Answer:
        return {"run": self._document(self._runs.run(name))}

    def _document(self, run: Run) -> Answer:
        return {
            "name": run.name,
            "state": run.state,
            "preset": run.asked.preset,
            "model": run.asked.model,
            "steps": run.asked.steps,
            "step": run.step,
            "started_at": run.started_at,
            "seconds": run.seconds,
            "seconds_left": seconds_left(self._runs, run, machine()) if run.is_alive else None,
            "score": run.score,
            "best_step": run.best_step,
            "message": run.message,
            "done": run.done,
            "total": run.total,
            "verified_only": run.asked.verified_only,
            "sure": run.asked.sure,
            "in_use": self._uses.in_use() == run.name,
            "use": self._uses.progress(run.name),
        }
