"""curator mine"""

from __future__ import annotations

import json
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import click

from curator.errors import CuratorError, MiningError

if TYPE_CHECKING:
    from ui.cli import Project


@click.command("mine")
@click.option("--workers", type=click.IntRange(1), help="Processes; default one a core. Each takes up to 1.5 GB.")
@click.option("--again", is_flag=True, help="Also figures mined before; what a person decided stays as it is.")
@click.option("--limit", type=click.IntRange(1), help="Only so many figures, in order of ingest.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.pass_obj
def command(project: Project, workers: int | None, again: bool, limit: int | None, as_json: bool) -> None:
    """Let the embedded agent propose hierarchies for all figures that wait.

    Can be stopped at any time and started again: a figure is either mined or not.
    """
    mined, failed = mine_waiting(project, workers=workers, again=again, limit=limit, quiet=as_json)
    if as_json:
        click.echo(json.dumps({"mined": mined, "failed": failed}))
        return
    click.echo(f"{mined} figures mined")
    if failed:
        click.echo(f"{failed} could not be mined; `curator status --problems` says why", err=True)


def mine_waiting(
    project: Project,
    *,
    workers: int | None = None,
    again: bool = False,
    limit: int | None = None,
    quiet: bool = False,
) -> tuple[int, int]:
    """Mines and saves; (mined, failed).

    Raises:
        MiningError: another process mines this project.
    """
    from filelock import FileLock, Timeout

    store = project.store
    lock = FileLock(store.project / "mining.lock")
    try:
        # the system releases the lock of a process that dies
        lock.acquire(blocking=False)
    except Timeout as error:
        raise MiningError(
            f"another process mines {store.project} (the page does so while it is open); wait for it or stop it"
        ) from error
    with lock:
        return _mine_waiting(project, store.reviews.to_mine(again=again)[:limit], workers, quiet)


def _mine_waiting(project: Project, waiting: list[str], workers: int | None, quiet: bool) -> tuple[int, int]:
    from agents.embedded.agent import EmbeddedAgent
    from agents.engine import Job, default_workers, mine

    store = project.store
    failed = 0

    def fail(figure_id: str, reason: str) -> None:
        nonlocal failed
        store.problems.add("mine", figure_id, reason, figure_id)
        failed += 1

    jobs = []
    for figure_id in waiting:
        figure = store.reviews.figure(figure_id)
        try:
            jobs.append(Job(figure, store.images.web(figure.image_sha256)))
        except CuratorError as error:
            fail(figure_id, str(error))
    if not jobs:
        return 0, failed
    mined = 0
    workers = min(workers or default_workers(), len(jobs))
    make_agent = partial(EmbeddedAgent, project.settings.mining)
    with click.progressbar(length=len(jobs), label="mining", hidden=quiet, show_pos=True, file=sys.stderr) as bar:
        for result in mine(jobs, make_agent, workers):
            try:
                if result.hierarchy is None:
                    raise MiningError(result.reason)
                store.reviews.mined(result.figure_id, result.hierarchy, EmbeddedAgent.signature, now_s=time.time())
                mined += 1
            except CuratorError as error:
                fail(result.figure_id, str(error))
            bar.update(1)
    return mined, failed
