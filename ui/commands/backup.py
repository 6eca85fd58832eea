"""curator backup"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ui.cli import Project


@click.command("backup")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="A folder that keeps backups, made where it is missing; or one new FILE.tar.",
)
@click.option("--no-images", is_flag=True, help="Only list the images; restoring then finds them in the project.")
@click.option("--keep", type=click.IntRange(1), help="Keep so many backups of this project, remove older ones.")
@click.option("--json", "as_json", is_flag=True, help="Print what was taken as JSON.")
@click.pass_obj
def command(project: Project, output: Path, no_images: bool, keep: int | None, as_json: bool) -> None:
    """Take a backup of the project, while the page and miners go on.

    The database, the images and the settings as they are at one moment. In a folder each image is kept once, whichever
    backups have it, as a hard link where the disk is the same. What can be made again (runs, embeddings, caches,
    exports) is left out.
    """
    from data.backup import take_backup
    from ui.steps import Steps

    if keep and output.suffix == ".tar":
        raise click.UsageError("--keep is of a folder of backups; name one with -o, or leave it out")
    with Steps(hidden=as_json) as steps:
        taken = take_backup(project.folder, output, images=not no_images, keep=keep, progress=steps)
    manifest = taken.manifest
    if as_json:
        document = {
            "backup": str(taken.place),
            "figures": manifest.figures,
            "decisions": manifest.decisions,
            "images": manifest.images,
            "new_images": taken.new_images,
            "image_bytes": manifest.image_bytes,
            "damaged": taken.damaged,
            "removed": taken.removed,
            "left_out": manifest.left_out,
        }
        click.echo(json.dumps(document))
    else:
        images = "images listed" if no_images else f"images ({taken.new_images:,} new)"
        counts = f"{manifest.figures:,} figures, {manifest.decisions:,} decisions, {manifest.images:,}"
        click.echo(f"{taken.place}: {counts} {images}")
        if manifest.left_out:
            click.echo(f"not in it: {', '.join(manifest.left_out)}")
        if taken.removed:
            click.echo(f"removed: {', '.join(taken.removed)}")
    if taken.damaged:
        raise click.ClickException(
            f"the backup is complete, but {len(taken.damaged)} images are not what their names say; "
            "`curator check` lists them with the mend"
        )
