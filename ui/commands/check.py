"""curator check"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ui.cli import Project


@click.command("check")
@click.option("--fast", is_flag=True, help="Read no image, and no index of the database against its table.")
@click.option("--rebuild-search", is_flag=True, help="Make the search index again from the captions first.")
@click.option("--json", "as_json", is_flag=True, help="Print each flaw as a line of JSON, counts last.")
@click.pass_obj
def command(project: Project, fast: bool, rebuild_search: bool, as_json: bool) -> None:
    """Check that the project is whole: database, decisions, hierarchies, images.

    What the event log makes is compared with what the figures hold, images with their hashes. Says of each flaw
    what mends it; the exit status is 1 where something is wrong. The page and miners may go on meanwhile.
    """
    from data.check import Checked, check_project
    from data.check import rebuild_search as rebuild
    from data.store.database import require_project
    from ui.steps import Steps

    require_project(project.folder)
    checked = Checked()
    with Steps(hidden=as_json or not sys.stderr.isatty()) as steps:
        if rebuild_search:
            rebuild(project.store)
        for flaw in check_project(project.store, checked, fast, steps):
            if as_json:
                click.echo(json.dumps(asdict(flaw)))
                continue
            steps.pause()
            mark = "WRONG" if flaw.wrong else "note "
            click.echo(f"{mark} {flaw.part}: {flaw.where}: {flaw.what}\n      mend: {flaw.mend}")
    if as_json:
        click.echo(json.dumps({**asdict(checked), "fast": fast}))
    else:
        notes = f", {checked.notes:,} notes" if checked.notes else ""
        click.echo(f"{checked.figures:,} figures, {checked.images:,} images: {checked.wrong:,} wrong{notes}")
    if checked.wrong:
        raise click.exceptions.Exit(1)
