"""curator restore"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ui.cli import Project


@click.command("restore")
@click.argument("backup", type=click.Path(exists=True, path_type=Path))
@click.option("--overwrite", is_flag=True, help="Move the project that is there aside; nothing of it is deleted.")
@click.option("--verify-only", is_flag=True, help="Read the backup against its hashes and restore nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the backup's manifest and what was done as JSON.")
@click.pass_obj
def command(project: Project, backup: Path, overwrite: bool, verify_only: bool, as_json: bool) -> None:
    """Make the project folder (--project) again from BACKUP.

    BACKUP is one backup, a folder of backups (the newest is taken) or a .tar. Every file is checked against its hash
    first; the project appears only when all of it is there, and a restore that is stopped changes nothing.
    """
    from data.backup import restore, verify
    from ui.steps import Steps

    aside = None
    with Steps(hidden=as_json) as steps:
        if verify_only:
            manifest = verify(backup, steps)
        else:
            manifest, aside = restore(backup, project.folder, overwrite=overwrite, progress=steps)
    if as_json:
        done = {"project": None if verify_only else str(project.folder), "aside": aside and str(aside)}
        click.echo(json.dumps({**done, "manifest": asdict(manifest)}))
        return
    what = (
        f"{manifest.figures:,} figures, {manifest.decisions:,} decisions, {manifest.images:,} images of {manifest.at}"
    )
    click.echo(f"{backup} is whole: {what}" if verify_only else f"{project.folder}: {what}")
    if aside:
        click.echo(f"the project that was there is now {aside}; delete it when you need it no more")
