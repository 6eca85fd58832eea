"""curator remine"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from curator.errors import MiningError
from curator.remining_limits import BELOW, FIGURES, Limits

if TYPE_CHECKING:
    from data.store.remining import Round
    from ui.cli import Project


@click.command("remine")
@click.option("--figures", default=FIGURES, show_default=True, type=click.IntRange(0), help="At most; 0: all.")
@click.option("--seconds", default=0.0, type=click.FloatRange(0), help="Ends after so long; 0: no limit.")
@click.option("--cost", default=0.0, type=click.FloatRange(0), help="Ends after so much, as the model's prices say.")
@click.option(
    "--below",
    default=BELOW,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Only figures of less confidence.",
)
@click.option("--workers", type=click.IntRange(1), help="Processes of the embedded agent.")
@click.option("--list", "listing", is_flag=True, help="Say what earlier rounds changed; mine nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def command(
    project: Project,
    figures: int,
    seconds: float,
    cost: float,
    below: float,
    workers: int | None,
    listing: bool,
    as_json: bool,
) -> None:
    """Mine doubted figures again, each in the cheapest way that was not tried yet.

    Several scales first, then the model of the settings, then more views and examples with the doubts named, at last
    the consensus. What promises to be better replaces open proposals, level by level, where nobody has decided; the
    rest stands beside, to be compared in the page. A round that was killed goes on where it stopped, within what its
    limits left, when it is called with the same ones; what is mined is not mined again in any case.
    """
    store = project.store
    if not listing:
        _remine(project, Limits(figures, seconds, cost, below), workers, quiet=as_json)
    rounds = store.remining.rounds()
    if not listing:
        rounds = rounds[:1]
    if as_json:
        click.echo(json.dumps([asdict(one) for one in rounds]))
        return
    for one in rounds:
        click.echo(said(one))
    if listing and not rounds:
        click.echo("nothing was mined again yet")


def said(one: Round) -> str:
    """What a round did, in a line."""
    ended = f"; it ended early: {one.ended_early}" if one.ended_early else "" if one.ended_at else "; it has not ended"
    cost = f" for {one.cost:.2f}" if one.cost else ""
    return (
        f"round {one.id}, {one.begun_at[:16]}: {one.done} of {one.figures} figures mined again{cost}, {one.adopted} "
        f"with better proposals (about {one.gained:.1f} more right ones), {one.failed} failed{ended}"
    )


def _remine(project: Project, limits: Limits, workers: int | None, quiet: bool) -> None:
    from filelock import FileLock, Timeout

    from ui.learning.remining import Remining

    lock = FileLock(project.store.project / "mining.lock")
    try:
        held = lock.acquire(blocking=False)
    except Timeout as error:
        raise MiningError(
            f"another process mines {project.store.project} (the page does so while it is open); wait for it or stop it"
        ) from error
    with held:
        remining = Remining(project.store, project.settings, workers=workers)
        rounds = project.store.remining
        open_id = rounds.open_round()
        goes_on = open_id is not None and rounds.round(open_id).limits == limits
        round_id = open_id if goes_on and open_id is not None else remining.begin(limits)
        waiting = len(rounds.waiting(round_id))
        with click.progressbar(
            remining.run(round_id), length=waiting, label="mining again", hidden=quiet, show_pos=True, file=sys.stderr
        ) as done:
            for _ in done:
                pass
