"""curator export"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

if TYPE_CHECKING:
    from data.export import Format
    from ui.cli import Project


@click.command("export")
@click.option("--format", "format_", required=True, type=click.Choice(["jsonl", "coco", "webdataset"]))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="A new folder; for jsonl also FILE.jsonl."
)
@click.option("--verified-only", is_flag=True, help="Only what a person accepted or edited, in accepted figures.")
@click.option("--auto", is_flag=True, help="Also figures that were accepted without a person, marked as such.")
@click.option("--overwrite", is_flag=True, help="Replace OUTPUT where an export stands there.")
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as JSON.")
@click.pass_obj
def command(
    project: Project, format_: str, output: Path, verified_only: bool, auto: bool, overwrite: bool, as_json: bool
) -> None:
    """Write the hierarchies as files, with images, a manifest and splits by article."""
    from data.export import export
    from ui.accounts.shell import note_from_shell

    with click.progressbar(length=1, label="exporting", hidden=as_json, show_pos=True, file=sys.stderr) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        manifest = export(
            project.store,
            cast("Format", format_),
            output,
            verified_only,
            auto=auto,
            overwrite=overwrite,
            progress=progress,
        )
    note_from_shell(
        project.store, "export", str(output.resolve()), format=format_, verified_only=verified_only, auto=auto
    )
    if as_json:
        click.echo(json.dumps(manifest))
        return
    counts = manifest["counts"]
    parts = ", ".join(f"{counts[name]} {name}" for name in ("figures", "panels", "markers", "regions"))
    click.echo(f"{output}: {parts}")
