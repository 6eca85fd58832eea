"""curator rank"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ui.cli import Project

_SHOWN = 10


@click.command("rank")
@click.option("--strategy", default="default", show_default=True, metavar="NAME", help="How figures are put in order.")
@click.option("--seed", default=0, show_default=True, help="Of what is drawn at random.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def command(project: Project, strategy: str, seed: int, as_json: bool) -> None:
    """Put the figures that wait in the order in which an hour of review mends most.

    The page does so by itself after figures were assessed. Strategies: default, errors_per_second, least_confident,
    disagreement, diverse, coverage, random, fifo. Whatever the strategy, every twentieth figure is one of the audit
    sample, by which the accuracy of all that nobody looks at is told.
    """
    from ui.learning.ranking import rerank

    done = rerank(project.store, strategy, seed)
    first = project.store.ranks.ordered(_SHOWN)
    if as_json:
        figures = [{"figure_id": figure_id, "why": why} for figure_id, why in first]
        click.echo(json.dumps({"strategy": strategy, "seed": seed, **asdict(done), "first": figures}))
        return
    click.echo(
        f"{done.figures:,} figures in order: {done.read_s:.2f} s to read, {done.rank_s:.2f} s to rank, "
        f"{done.write_s:.2f} s to write"
    )
    for figure_id, why in first:
        click.echo(f"  {figure_id}: {why}")
