"""curator loop"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click

from curator.errors import LoopError
from trainer.config import LEVELS
from trainer.presets import PRESETS

if TYPE_CHECKING:
    from data.store.loop import LoopRound
    from ui.cli import Project

_LOOK_S: Final = 1.0
"""A page that looks whether the loop goes on has its lock meanwhile: about a millisecond (measured)."""


@click.command("loop")
@click.option("--rounds", default=1, show_default=True, type=click.IntRange(1), help="At most so many.")
@click.option("--figures", default=20, show_default=True, type=click.IntRange(1), help="To review in each round.")
@click.option("--reviewer", metavar="MODULE:NAME", help="A function that reviews in the curators' place.")
@click.option("--go-on", is_flag=True, help="Let the round go on with what is reviewed so far.")
@click.option(
    "--preset", type=click.Choice(list(PRESETS)), default="zoomin", show_default=True, help="Of the training."
)
@click.option("--model", default="", help="As `curator train` names it; default by machine.")
@click.option("--first-steps", default=300, show_default=True, type=click.IntRange(1), help="Of the first training.")
@click.option(
    "--steps", default=100, show_default=True, type=click.IntRange(1), help="Of later ones, which go on from it."
)
@click.option("--unverified", is_flag=True, help="Train on open proposals too, which nobody has verified.")
@click.option(
    "--sure",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="As --unverified, but on open proposals only from this confidence on, by the assessor; 0.6 is a good one.",
)
@click.option("--remine", default=50, show_default=True, type=click.IntRange(0), help="Figures mined again; 0: all.")
@click.option("--list", "listing", is_flag=True, help="Say what the rounds did; do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def command(
    project: Project,
    /,
    rounds: int,
    figures: int,
    reviewer: str | None,
    go_on: bool,
    listing: bool,
    as_json: bool,
    **training: Any,
) -> None:
    """Go round: mine, rank, review, calibrate, train, look again, mine again what is doubted.

    Where it is the curators' turn it stops and says so; review in the page and run it again. It can be stopped and
    killed at any time and goes on at the stage where it was.
    """
    store = project.store
    if listing:
        _show(store.loop.rounds(), as_json)
        return
    from filelock import FileLock, Timeout

    from ui.looping.loop import LOCK, PID, Commands, Loop, Training, load_reviewer, missing

    lock = FileLock(store.project / LOCK)
    try:
        held = lock.acquire(timeout=_LOOK_S)
    except Timeout as error:
        raise LoopError(f"another `curator loop` goes round in {store.project}; wait for it or stop it") from error
    with held:
        (store.project / PID).write_text(str(os.getpid()))
        if go_on:
            store.loop.note(store.loop.begin(figures).id, "go_on", True)
        remine = training.pop("remine")
        do = Commands(store, Training(**training), remine)
        loop = Loop(store, do, load_reviewer(reviewer) if reviewer else None, lambda said: click.echo(said, err=True))
        done = list(loop.run(rounds, figures))
        _show(done, as_json)
        latest = store.loop.rounds(1)[0]
        if latest.ended_at is None and not as_json:
            click.echo(
                f"round {latest.id} waits for curators: {missing(store, latest)} figures more to review "
                "(`curator ui`), then run `curator loop` again; --go-on does without them"
            )


def _show(rounds: list[LoopRound], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([asdict(one) for one in rounds]))
        return
    for one in rounds:
        click.echo(said(one))
    if not rounds:
        click.echo("no round has begun yet")


def said(one: LoopRound) -> str:
    """What came of a round, in a line or two."""
    work = one.work
    line = (
        f"round {one.id}{'' if one.ended_at else f' ({one.stage})'}: {work.figures} figures reviewed in "
        f"{work.seconds / 60:.1f} min, {work.edits} edits, {work.errors} errors mended, {work.untouched} accepted "
        "untouched"
    )
    train = one.facts.get("train", {})
    if "skipped" in train:
        line += f"\n  not trained: {train['skipped']}"
    elif train:
        recalls = [
            f"{LEVELS[level]} {100 * found['a2b_r1']:.0f}/{100 * found['b2a_r1']:.0f} % of {found['pool_a']:.0f}"
            for level, found in train["retrieval"].items()
        ]
        line += f"\n  {train['run']}: R@1 {', '.join(recalls)}"
    if again := one.facts.get("remine"):
        line += f"\n  {again['done']} figures mined again, {again['adopted']} with better proposals"
    return line
