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
@click.option(
    "--sure",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Open proposals only from this confidence on, by the assessor; 0: all.",
)
@click.option("--auto", is_flag=True, help="Also figures that were accepted without a person, marked as such.")
@click.option("--overwrite", is_flag=True, help="Replace OUTPUT where an export stands there.")
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as JSON.")
@click.pass_obj
def command(
    project: Project,
    format_: str,
    output: Path,
    verified_only: bool,
    sure: float,
    auto: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Write the hierarchies as files, with images, a manifest and splits by article."""
    if sure and verified_only:
        raise click.UsageError("--sure says which open proposals are in, and --verified-only leaves all out; drop one")
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
            sure=sure,
            overwrite=overwrite,
            progress=progress,
        )
    detail = {"format": format_, "verified_only": verified_only, "auto": auto, **({"sure": sure} if sure else {})}
    note_from_shell(project.store, "export", str(output.resolve()), **detail)
    if as_json:
        click.echo(json.dumps(manifest))
        return
    counts = manifest["counts"]
    parts = ", ".join(f"{counts[name]} {name}" for name in ("figures", "panels", "markers", "regions"))
    click.echo(f"{output}: {parts}")
