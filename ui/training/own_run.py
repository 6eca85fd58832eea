"""A run on the project's own figures, from the export to the report: what one click starts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from curator.errors import CuratorError, TrainingError
from trainer.run_folder import RunFolder
from trainer.stop import StopSignal
from ui.training.process import Asked, RunProcess, load_process
from ui.training.report import write_report
from ui.training.runs import DATA

if TYPE_CHECKING:
    from data.store import Store
    from trainer.config import TrainConfig
    from trainer.train import Outcome

Told = Callable[[str, int, int], None]
"""(what is done, so many, of so many)"""


class Stopped(Exception):  # noqa: N818 - it is no error
    """The process was asked to stop where no step is to be finished."""


def train_own(
    store: Store,
    run: Path,
    asked: Asked,
    make_config: Callable[[], TrainConfig],
    *,
    resume: bool = False,
    with_report: bool = False,
    log: Callable[[dict[str, Any]], None] = lambda line: None,
    told: Told = lambda what, done, total: None,
) -> Outcome | None:
    """Exports what the project has to ``run/data``, trains on it, and reports on the best model; None: stopped before.

    With ``resume`` the data stay as they were exported for the run, whatever was decided since. ``make_config`` is
    called once the run's folder is this process's, since it loads torch. The database is read in short turns.

    Raises:
        StoreError: there is nothing to export.
        TrainingError: the folder holds a run and ``resume`` is not set, another process works on it, and as ``train``.
        InputError, ModelError, SettingsError: as ``train``.
    """
    with StopSignal() as stop, RunProcess(run, _asked(run, asked, resume)) as process:

        def tell(phase: Literal["exporting", "evaluating"], done: int, total: int) -> None:
            process.enter(phase, done, total)
            told(phase, done, total)
            if stop.asked:
                raise Stopped

        try:
            if not (run / DATA).is_dir():
                _export(store, run, process.asked, lambda done, total: tell("exporting", done, total))
            process.enter("starting")
            from trainer.machine import this_machine
            from trainer.train import train

            config = make_config()
            process.configured(config.model, this_machine().device)
            if stop.asked:
                raise Stopped
        except Stopped:
            process.end("stopped")
            return None
        outcome = train(run / DATA, run, config, resume=resume, report=log)
        message = ""
        if outcome.reason != "stopped" and with_report:
            try:
                message = write_report(run, run / DATA, lambda done, total: tell("evaluating", done, total))
            except Stopped:
                message = "stopped before its report was written; resume it to write the report"
            except CuratorError as error:
                process.end(outcome.reason, f"training is done, but its report could not be written: {error}")
                raise
        process.end(outcome.reason, message)
        return outcome


def _asked(run: Path, asked: Asked, resume: bool) -> Asked:
    """What the run was started with; a new one must have the folder to itself.

    Raises:
        TrainingError: it has not.
    """
    if resume:
        before = load_process(run)
        return before.asked if before else asked
    if (run / DATA).exists() or RunFolder(run).metrics.is_file():
        raise TrainingError(f"{run} holds a run; go on with it by --resume, or name another folder")
    return asked


def _export(store: Store, run: Path, asked: Asked, progress: Callable[[int, int], None]) -> None:
    from data.export import export

    for left in run.glob(f".{DATA}-*"):
        shutil.rmtree(left)  # of an export that was killed
    # where open proposals are in, those of figures accepted without a person are too: they are the surest of them
    export(
        store,
        "jsonl",
        run / DATA,
        asked.verified_only,
        auto=not asked.verified_only,
        sure=asked.sure,
        link_images=True,
        progress=progress,
    )
