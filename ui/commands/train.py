"""curator train"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trainer.presets import PRESETS, TINY, make_config
from ui.training.process import Asked

if TYPE_CHECKING:
    from trainer.config import TrainConfig
    from ui.cli import Project


@click.command("train")
@click.argument("export", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    "run",
    type=click.Path(file_okay=False, path_type=Path),
    help="The run's folder: new, or --resume. Without EXPORT by default a new one in the project's runs/.",
)
@click.option("--unverified", is_flag=True, help="Without EXPORT: also open proposals, which nobody has verified.")
@click.option(
    "--sure",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="As --unverified, but open proposals only from this confidence on, by the assessor; 0.6 is a good one.",
)
@click.option("--report", "with_report", is_flag=True, help="Afterwards evaluate the best model, into RUN/report.")
@click.option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    default="zoomin",
    show_default=True,
    help="; ".join(f"{preset.name}, {preset.title}" for preset in PRESETS.values()) + ".",
)
@click.option("--model", help="open_clip name, local-dir:PATH, hf-hub:ORG/REPO or curator-tiny; default by machine.")
@click.option("--pretrained", help="open_clip's tag of published weights, for a model by name.")
@click.option(
    "--start-from",
    type=click.Path(exists=True, file_okay=False, resolve_path=True),
    help="Folder of a run: begin with its best weights.",
)
@click.option("--steps", type=click.IntRange(1), default=300, show_default=True)
@click.option("--batch", type=click.IntRange(1), help="Images a step and process; default by preset and machine.")
@click.option("--lr", type=click.FloatRange(0, min_open=True), help="Highest learning rate; default by preset.")
@click.option("--seed", type=int, help="Of the first weights and of the order of the data.")
@click.option("--workers", type=click.IntRange(0), help="Processes that read ahead.")
@click.option("--patience", type=click.IntRange(0), help="End after so many evaluations without a better one.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="All of the configuration as JSON, as --show-config prints it; the options above are then left out.",
)
@click.option("--show-config", is_flag=True, help="Print the configuration as JSON and train nothing.")
@click.option("--resume", is_flag=True, help="Go on where the run was stopped or killed; begin where it has not begun.")
@click.option("--json", "as_json", is_flag=True, help="Print each line of the run's log as JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    export: Path | None,
    run: Path | None,
    unverified: bool,
    sure: float,
    with_report: bool,
    preset: str,
    model: str | None,
    steps: int,
    config_file: Path | None,
    show_config: bool,
    resume: bool,
    as_json: bool,
    **changed: Any,
) -> None:
    """Train a region-aware CLIP on what the project's curators verified, or on EXPORT.

    EXPORT is a folder that `curator export` wrote (jsonl or webdataset); without it the project is exported into
    RUN/data first, where a resumed run finds it again. Can be stopped at any time (Ctrl-C, SIGTERM, even kill -9) and
    goes on with --resume as if it had not been. Several GPUs: `torchrun --nproc-per-node 4 -m ui train EXPORT -o RUN
    ...`.
    """
    if config_file is not None:
        _refuse_beside_config(ctx)
    make_config = partial(_config, preset, model, steps, config_file, changed)
    if show_config:
        from trainer.config_json import config_to_json

        click.echo(config_to_json(make_config()), nl=False)
        return
    if export is None:
        asked = Asked(preset, model or "", steps, not (unverified or sure), changed["seed"] or 0, sure)
        _train_own(ctx.obj, run, asked, make_config, resume=resume, with_report=with_report, as_json=as_json)
        return
    if run is None:
        raise click.UsageError("name the run's folder with -o RUN")
    for name, given in (("--unverified", unverified), ("--sure", sure)):
        if given:
            raise click.UsageError(f"{name} says how the project is exported, and EXPORT is given; leave one out")
    config = make_config()
    try:
        from trainer.train import train
    except ImportError as error:
        raise _missing(error) from error
    speaks = _speaks()
    with _Shown(config.steps, as_json, hidden=as_json or not speaks) as shown:
        outcome = train(export, run, config, resume=resume, report=shown)
    if speaks and with_report and outcome.reason != "stopped":
        from ui.training.report import write_report

        click.echo(write_report(run, export), err=True)
    if speaks and not as_json:
        _conclude(run, outcome.reason, outcome.progress.step, outcome.progress.best_step)


def _train_own(
    project: Project,
    run: Path | None,
    asked: Asked,
    make_config: Callable[[], TrainConfig],
    *,
    resume: bool,
    with_report: bool,
    as_json: bool,
) -> None:
    from ui.accounts.shell import note_from_shell
    from ui.training.own_run import train_own
    from ui.training.runs import Runs

    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise click.UsageError("several processes train on an EXPORT: write one with `curator export` and name it")
    if run is None and resume:
        raise click.UsageError("name the run to go on with by -o RUN")
    folder = run or project.folder / "runs" / Runs(project.folder / "runs").free_name(asked.preset)
    note_from_shell(project.store, "training.run", folder.name, preset=asked.preset, model=asked.model, resume=resume)
    with _Shown(asked.steps, as_json, hidden=as_json) as shown:
        try:
            outcome = train_own(
                project.store, folder, asked, make_config, resume=resume, with_report=with_report, log=shown, told=_tell
            )
        except ImportError as error:
            raise _missing(error) from error
    if as_json:
        return
    if outcome is None:
        click.echo(f"stopped before the first step; `curator train -o {folder} --resume` goes on")
    else:
        _conclude(folder, outcome.reason, outcome.progress.step, outcome.progress.best_step, own=True)


def _tell(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{what}: {done} of {total}", nl=done == total, err=True)


def _speaks() -> bool:
    return os.environ.get("RANK", "0") == "0"  # of torchrun's processes the first


def _missing(error: ImportError) -> click.ClickException:
    return click.ClickException(f"training needs {error.name!r}, which is not installed; `make models` installs it")


def _refuse_beside_config(ctx: click.Context) -> None:
    """The file is all of the configuration: an option beside it would be passed over."""
    names = ("preset", "model", "pretrained", "start_from", "steps", "batch", "lr", "seed", "workers", "patience")
    given = [name for name in names if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE]
    if given:
        raise click.UsageError(f"--config is all of the configuration; leave out {', '.join(f'--{n}' for n in given)}")


def _config(
    preset: str, model: str | None, steps: int, config_file: Path | None, changed: dict[str, Any]
) -> TrainConfig:
    if config_file is not None:
        from trainer.config_json import config_from_json

        return config_from_json(config_file.read_text(encoding="utf-8"))
    from trainer.machine import this_machine

    try:
        config = make_config(preset, this_machine(), steps, model or "")
    except ImportError as error:
        raise _missing(error) from error
    config = replace(config, **{name: value for name, value in changed.items() if value is not None})
    if not config.pretrained and ":" not in config.model and config.model != TINY:
        click.echo(f"{config.model} starts from random weights; --pretrained names published ones", err=True)
    return config


class _Shown:
    """The run's lines as they come: as JSON, or as a bar with the newest numbers."""

    def __init__(self, steps: int, as_json: bool, *, hidden: bool) -> None:
        self._as_json = as_json
        self._bar = click.progressbar(
            length=steps, label="training", hidden=hidden, show_pos=True, file=sys.stderr, item_show_func=_newest
        )

    def __enter__(self) -> _Shown:
        self._bar.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._bar.__exit__(*error)

    def __call__(self, line: dict[str, Any]) -> None:
        if self._as_json:
            click.echo(json.dumps(line))
        elif line["kind"] in ("start", "resume"):
            self._bar.length = line["steps"]
            self._bar.update(line["step"] - self._bar.pos, line)
            if line["kind"] == "resume":
                click.echo(f"going on after step {line['step']} with the run's own configuration", err=True)
        elif line["kind"] == "step":
            self._bar.update(line["step"] - self._bar.pos, line)
        elif line["kind"] == "evaluation":
            click.echo(f"\n{_retrieval(line)}", err=True)


def _newest(line: dict[str, Any] | None) -> str:
    return f"{line['level']} loss {line['loss']:.3f}" if line and "loss" in line else ""


def _retrieval(line: dict[str, Any]) -> str:
    """One evaluation in a line: R@1 of both directions by level, in percent."""
    levels = [
        f"{level} {100 * found['a2b_r1']:.0f}/{100 * found['b2a_r1']:.0f} of {found['pool_a']:.0f}"
        for level, found in line["levels"].items()
    ]
    return f"step {line['step']}: R@1 % " + ", ".join(levels) + (", the best so far" if line["best"] else "")


def _conclude(run: Path, reason: str, step: int, best_step: int, *, own: bool = False) -> None:
    match reason:
        case "stopped":
            export = "" if own else "EXPORT "
            click.echo(f"stopped after step {step}; `curator train {export}-o {run} --resume` goes on")
        case "early":
            click.echo(f"ended after step {step}, since validation got no better; the best is of step {best_step}")
        case _:
            click.echo(f"{step} steps done; the best is of step {best_step}: {run / 'checkpoints' / 'best.pt'}")
