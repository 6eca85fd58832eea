"""The loop: mine, rank, review, calibrate, train, look again at what is doubted, and round again.

Each stage but the review is a command of its own process, which can be killed and goes on when it is started again; so
the loop's own state is a row that names the stage.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final, Protocol

from curator.errors import LoopError, SettingsError
from curator.figure import FigureState
from curator.remining_limits import Limits
from data.store import Store
from data.store.loop import OVER, STAGES, LoopRound, Stage
from data.store.queue import QueueFilter
from data.store.trainable import SURE, TrainableCounts
from trainer.run_folder import RunFolder

GOAL: Final = 20
"""Figures a round, unless said otherwise. Guess: some ten minutes of one curator."""
LOG, LOCK, PID = "loop.log", "loop.lock", "loop.pid"
_STAGE_LOCK: Final = "stage.lock"
_TAIL_LINES: Final = 5
_FEWEST: Final = 3  # verified figures to train on; the Train tab asks for as many

TO_REVIEW: Final = QueueFilter(states=(FigureState.PROPOSED,), auto=False)
"""What the queue gives a curator: not what was accepted without a person."""

Reviewer = Callable[[Store, int], None]
"""Reviews so many figures in the order of the queue, as a curator would."""
Told = Callable[[str], None]


class Stages(Protocol):
    """Does what a stage is named for; what it gives is kept in the round's row."""

    def __call__(self, stage: Stage, at: LoopRound, /) -> dict[str, Any]: ...


class Loop:
    """Rounds of one project; ``do`` does the stages that need no curator."""

    def __init__(self, store: Store, do: Stages, reviewer: Reviewer | None = None, told: Told = lambda _: None) -> None:
        self._store = store
        self._do = do
        self._reviewer = reviewer
        self._told = told

    def run(self, rounds: int, goal: int = GOAL, stopped: Callable[[], bool] = lambda: False) -> Iterator[LoopRound]:
        """Rounds as they end. Ends before that where curators still have figures to review: call it again afterwards.

        A round that was begun goes on with its own goal at the stage where it stopped.

        Raises:
            LoopError: a stage failed; the round waits there.
        """
        for _ in range(rounds):
            at = self._store.loop.begin(goal)
            while at.stage != OVER:
                if stopped() or not self._advance(at):
                    return
                at = self._store.loop.rounds(1)[0]
            yield at

    def _advance(self, at: LoopRound) -> bool:
        """Does the round's stage; False where that is the curators' turn."""
        assert at.stage != OVER
        if at.stage == "review":
            asked = missing(self._store, at)
            if asked and self._reviewer is not None:
                self._told(f"round {at.id}: review of {asked} figures")
                self._reviewer(self._store, asked)
                at = self._store.loop.rounds(1)[0]
                asked = missing(self._store, at)
            if asked:
                return False
        elif at.stage not in at.facts:  # else it was noted, and the loop killed before the next one was entered
            self._told(f"round {at.id}: {at.stage}")
            self._store.loop.note(at.id, at.stage, self._do(at.stage, at))
        place = STAGES.index(at.stage) + 1
        if place == len(STAGES):
            self._store.loop.end(at.id)
        else:
            self._store.loop.enter(at.id, STAGES[place])
        return True


def missing(store: Store, at: LoopRound) -> int:
    """Figures that are to be reviewed before the round goes on; 0 where none is left to review."""
    goal = int(at.facts.get("goal", GOAL))
    if at.facts.get("go_on"):
        return 0
    return min(max(0, goal - at.work.figures), store.queue.count(TO_REVIEW))


@dataclass(frozen=True, slots=True)
class Training:
    """How a round trains."""

    preset: str = "zoomin"
    model: str = ""
    """Empty: by machine."""
    first_steps: int = 300
    """Of the first round, from scratch. Guess, as in the Train tab."""
    steps: int = 100
    """Of later rounds, which go on from the best weights of the one before. Guess."""
    unverified: bool = False
    sure: float = 0.0
    """Open proposals too, from this confidence on, 0 to 1."""


class Commands:
    """Stages as commands in processes of their own; what they print goes to ``loop.log`` of the project."""

    def __init__(self, store: Store, training: Training, remine_figures: int) -> None:
        self._store = store
        self._training = training
        self._remine_figures = remine_figures

    def __call__(self, stage: Stage, at: LoopRound) -> dict[str, Any]:
        match stage:
            case "mine":
                # the page may be mining: it is asked only where something waits
                return self._run("mine", "--json") if self._store.reviews.to_mine() else {"mined": 0}
            case "assess" | "calibrate" | "rescore":
                return self._run("assess", "--json")
            case "train":
                return self._train(at)
            case "index":
                return self._index(at)
            case "remine":
                return self._remine(at)
            case "review":
                raise LoopError("curators review; no command does")

    def _train(self, at: LoopRound) -> dict[str, Any]:
        if why_not := self._why_not_train():
            return {"skipped": why_not}
        run, training = self._run_of(at), self._training
        before = self._before(at)
        steps = training.steps if before else training.first_steps
        command = ["train", "-o", str(run), "--report", "--resume", "--preset", training.preset, "--steps", str(steps)]
        command += ["--model", training.model] if training.model else []
        command += ["--start-from", str(before)] if before else []
        command += ["--unverified"] if training.unverified else []
        command += ["--sure", str(training.sure)] if training.sure else []
        self._process(*command)
        return {"run": run.name, "from": before.name if before else None, "retrieval": _retrieval(run)}

    def _why_not_train(self) -> str | None:
        from ui.training.machines import machine, why_not_installed
        from ui.training.plan import counts_of, preset_documents

        if missing := why_not_installed():
            return missing
        # counted anew: the store's own counts may be of a moment ago
        verified_only = not (self._training.unverified or self._training.sure)
        trainable = TrainableCounts(self._store.connections, self._training.sure or SURE).counts()
        counts = counts_of(trainable, verified_only, self._training.sure)
        if counts.figures < _FEWEST:
            return (
                f"{counts.figures} {'verified ' if verified_only else ''}figures are too few to train on; review more"
            )
        (preset,) = (one for one in preset_documents(machine(), counts) if one["name"] == self._training.preset)
        return None if preset["suits"] else f"preset {preset['name']} {preset['why']}; review more, or name another"

    def _index(self, at: LoopRound) -> dict[str, Any]:
        if "run" not in at.facts.get("train", {}):
            return {"skipped": "no model was trained in this round"}
        return self._run("index", "--model", str(self._run_of(at)), "--json")

    def _remine(self, at: LoopRound) -> dict[str, Any]:
        """Mines again, once a round: where the loop was killed after that ended and before it was noted, another time
        would take the same figures the next way, and spend as much once more."""
        latest = next(iter(self._store.remining.rounds()), None)
        before = at.facts.get("remined_before")
        if before is None:
            before = latest.id - (latest.ended_at is None) if latest else 0  # one that is open is gone on with
            self._store.loop.note(at.id, "remined_before", before)
        limits = Limits(self._remine_figures)  # others: of a round that somebody began by hand meanwhile
        if latest and latest.id > before and latest.ended_at and latest.limits == limits:
            return _remined(asdict(latest))
        (done,) = self._run_list("remine", "--figures", str(self._remine_figures), "--json")
        return _remined(done)

    def _run_of(self, at: LoopRound) -> Path:
        return self._store.project / "runs" / f"loop-{at.id}"

    def _before(self, at: LoopRound) -> Path | None:
        """The latest run of an earlier round."""
        for earlier in self._store.loop.rounds():
            if earlier.id < at.id and "run" in earlier.facts.get("train", {}):
                run = self._run_of(earlier)
                if RunFolder(run).best.is_file():
                    return run
        return None

    def _run(self, *command: str) -> dict[str, Any]:
        """A command that prints one JSON object, or lines of them of which the last one counts."""
        found = self._run_json(*command)
        if not isinstance(found, dict):
            raise LoopError(f"`curator {' '.join(command)}` printed {found!r:.80}, expected a JSON object")
        return found

    def _run_list(self, *command: str) -> list[dict[str, Any]]:
        found = self._run_json(*command)
        if not isinstance(found, list):
            raise LoopError(f"`curator {' '.join(command)}` printed {found!r:.80}, expected a JSON list")
        return found

    def _run_json(self, *command: str) -> Any:
        printed = self._process(*command)
        lines = printed.strip().splitlines()
        try:
            return json.loads(lines[-1])
        except (IndexError, ValueError) as error:
            raise LoopError(f"`curator {' '.join(command)}` printed no JSON: {printed[-200:]!r}") from error

    def _process(self, *command: str) -> str:
        """What the command printed. Whatever ends the loop ends the command too, which keeps what it has done: SIGTERM
        and Ctrl+C are handed on, and where the loop is killed the command's standard input ends.

        Raises:
            LoopError: it failed; what it said last.
        """
        project = self._store.project
        log = project / LOG
        stage = [sys.executable, "-m", "ui.looping.stage", str(project / _STAGE_LOCK)]
        with log.open("ab") as errors:
            start = errors.tell()
            process = subprocess.Popen(
                [*stage, "--project", str(project), *command],
                stdin=subprocess.PIPE,  # nothing is written: it ends with us
                stdout=subprocess.PIPE,
                stderr=errors,
                # Ctrl+C reaches us alone: with what we make of it it would be two signals, and the second one kills
                start_new_session=True,
            )
            with process, _ending_together(process):
                assert process.stdout is not None
                printed = process.stdout.read()
                process.wait()
        if process.returncode:
            said = log.read_bytes()[start:].decode("utf-8", "replace").strip().splitlines()[-_TAIL_LINES:]
            raise LoopError(
                f"`curator {' '.join(command)}` ended with code {process.returncode}: {' '.join(said) or 'no word'}; "
                "`curator loop` tries it again"
            )
        return printed.decode("utf-8")


@contextmanager
def _ending_together(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """While it runs, SIGTERM to us goes to the process, so that it can keep what it has done; then we end too, however
    it ended: a training that was told to stop ends well, and is not done.

    Raises:
        SystemExit: SIGTERM came.
    """
    asked = False

    def hand_on(signum: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        process.terminate()

    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield
        return
    before = signal.signal(signal.SIGTERM, hand_on)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        if process.poll() is None:
            process.terminate()
            process.wait()
    if asked:
        raise SystemExit(128 + signal.SIGTERM)


def load_reviewer(name: str) -> Reviewer:
    """The function that ``MODULE:NAME`` names; the module is looked for in the working folder too.

    Raises:
        SettingsError: there is no such function.
    """
    module, _, function = name.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        found = getattr(importlib.import_module(module), function or "review")
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsError(f"there is no reviewer {name!r} ({error}); name a function as MODULE:NAME") from error
    if not callable(found):
        raise SettingsError(f"{name!r} is no function; it is called with the store and how many figures to review")
    reviewer: Reviewer = found
    return reviewer


def _remined(done: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a round of mining again."""
    return {name: done[name] for name in ("figures", "done", "failed", "adopted", "gained", "cost")}


def _retrieval(run: Path) -> dict[str, dict[str, float]]:
    """R@1 in both directions and what they were found among, by level, of the run's best evaluation."""
    from ui.training.runs import Runs

    best = Runs(run.parent).metrics(run.name).best
    names = ("a2b_r1", "b2a_r1", "pool_a", "pool_b")
    return {level: {name: found[name] for name in names} for level, found in best["levels"].items()} if best else {}
