"""curator status"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ui.cli import Project


@click.command("status")
@click.option("--problems", is_flag=True, help="List what could not be read or mined, with the reason.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def command(project: Project, problems: bool, as_json: bool) -> None:
    """Say what the project holds."""
    from data.store.database import require_project

    require_project(project.folder)
    store = project.store
    listed = store.problems.listed()
    if problems:
        if as_json:
            click.echo(json.dumps([asdict(problem) for problem in listed]))
            return
        for problem in listed:
            click.echo(f"{problem.stage}  {problem.place}: {problem.reason}")
        if not listed:
            click.echo("no problems")
        return
    states = store.queue.states()
    articles = store.articles.listed()
    if as_json:
        document = {
            "project": str(store.project),
            "articles": [{"id": article.id, "figures": count} for article, count in articles],
            "figures": states,
            "auto_accepted": store.auto.count()[0],
            "problems": len(listed),
        }
        click.echo(json.dumps(document))
        return
    click.echo(f"{store.project}: {len(articles)} articles, {sum(states.values())} figures")
    for state, count in states.items():
        click.echo(f"  {state:<9} {count:>8,}")
    if auto := store.auto.count()[0]:
        click.echo(f"{auto:,} of the proposed ones are accepted without a person; `curator auto --list` says how right")
    if listed:
        click.echo(f"{len(listed)} problems; `curator status --problems` lists them")
