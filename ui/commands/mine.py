"""curator mine"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ui.cli import Project


@click.command("mine")
@click.option("--workers", type=click.IntRange(1), help="Processes; default one a core. Each takes up to 1.5 GB.")
@click.option("--again", is_flag=True, help="Also figures mined before; what a person decided stays as it is.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.pass_obj
def command(project: Project, workers: int | None, again: bool, as_json: bool) -> None:
    """Let the embedded agent propose hierarchies for all figures that wait.

    Can be stopped at any time and started again: a figure is either mined or not.
    """
    mined, failed = mine_waiting(project, workers, again, quiet=as_json)
    if as_json:
        click.echo(json.dumps({"mined": mined, "failed": failed}))
        return
    click.echo(f"{mined} figures mined")
    if failed:
        click.echo(f"{failed} could not be mined; `curator status --problems` says why", err=True)


def mine_waiting(
    project: Project, workers: int | None = None, again: bool = False, quiet: bool = False
) -> tuple[int, int]:
    """Mines and saves; (mined, failed)."""
    from agents.embedded.agent import EmbeddedAgent

    from agents.engine import Job, default_workers, mine

    store, settings = project.store, project.settings.mining
    waiting = store.reviews.to_mine(again=again)
    jobs = []
    for figure_id in waiting:
        figure = store.reviews.figure(figure_id)
        jobs.append(Job(figure, store.images.web(figure.image_sha256)))
    mined = failed = 0
    workers = min(workers or default_workers(), max(1, len(jobs)))
    make_agent = partial(EmbeddedAgent, settings)
    with click.progressbar(length=len(jobs), label="mining", hidden=quiet or not jobs, show_pos=True) as bar:
        for result in mine(jobs, make_agent, workers) if jobs else ():
            if result.hierarchy is None:
                store.problems.add("mine", result.figure_id, result.reason, result.figure_id)
                failed += 1
            else:
                store.reviews.mined(result.figure_id, result.hierarchy, EmbeddedAgent.signature)
                mined += 1
            bar.update(1)
    return mined, failed
