"""curator assess"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from data.store import Store
    from ui.cli import Project


@click.command("assess")
@click.option("--versions", is_flag=True, help="Only list the assessors fitted so far.")
@click.option("--watch", is_flag=True, help="Fit and assess as curators decide, until the standard input ends.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as one JSON line.")
@click.pass_obj
def command(project: Project, versions: bool, watch: bool, as_json: bool) -> None:
    """Say how likely each open proposal is right, learned from what curators decided.

    Fits an assessor on all decisions, lets it assess every open figure, and ranks them. The page does all this by
    itself, as decisions come.
    """
    from ui.learning.assessing import assess_waiting, fit_now, watch_until_left
    from ui.learning.ranking import rerank

    store = project.store
    if watch:
        watch_until_left(store)
        return
    if not versions:
        count = store.decisions.count()
        if count:
            fit_now(store)
        elif not as_json:
            click.echo("No proposal has been decided on yet: the assessor's prior is used")
        figures = _assessed(assess_waiting(store), as_json)
        rerank(store)
        if as_json:
            number, latest = store.assessors.in_use()
            error = None if latest is None else round(latest.error, 4)
            click.echo(json.dumps({"assessor": number, "decisions": count, "figures": figures, "error": error}))
            return
        click.echo(f"{count:,} decisions learned from; {figures:,} figures assessed")
    _list(store)


def _assessed(batches: Iterator[int], quiet: bool) -> int:
    done = 0
    with click.progressbar(batches, label="assessing", hidden=quiet, file=sys.stderr) as shown:
        for count in shown:
            done += count
    return done


def _list(store: Store) -> None:
    found = store.assessors.versions()
    if not found:
        click.echo("No assessor has been fitted yet")
        return
    click.echo("version  fitted                    decisions  calibration error on held-out decisions")
    for version in found:
        assessor = store.assessors.version(version.id)
        error = "of another Curator" if assessor is None else f"{assessor.error:.3f}"
        click.echo(f"{version.id:7}  {version.at[:19]}Z     {version.decisions:11,}  {error}")
