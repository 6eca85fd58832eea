"""curator ingest"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from ui.cli import Project

_TOLD: Final = 3
"""Problems told at once: a mistyped path is seen where it was typed, and a bad package of thousands fills no screen."""


@click.command("ingest")
@click.argument("sources", nargs=-1, required=True)
@click.option("--caption", default=None, help="The caption, where SOURCE is a single image.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.pass_obj
def command(project: Project, sources: tuple[str, ...], caption: str | None, as_json: bool) -> None:
    """Read articles and images into the project.

    SOURCES are PMC ids, files that list them, .tar.gz packages, meca .zip files, folders of JATS and images (also many
    of them), folders of images with a CSV or JSONL of captions or with none, or single images. Ingesting again changes
    nothing; what cannot be read is listed by `curator status --problems`.
    """
    from data.images import ImageLimits
    from data.ingest import IngestReport, ingest
    from data.sources import read_sources

    report = IngestReport()
    limits = ImageLimits(max_pixels=project.settings.images.max_pixels)

    def show(name: str) -> None:
        click.echo(f"\r\x1b[K{report.articles} articles, {name}", nl=False, err=True)

    found = read_sources(sources, project.source_settings, caption)
    ingest(project.store, found, limits, progress=show if not as_json else lambda _: None, report=report)
    if as_json:
        click.echo(json.dumps(asdict(report)))
        return
    click.echo("\r\x1b[K", nl=False, err=True)
    click.echo(
        f"{report.articles} articles: {report.added} figures added, {report.replaced} in a new version, "
        f"{report.unchanged} unchanged"
    )
    for problem in report.problems[:_TOLD]:
        click.echo(f"{problem.where}: {problem.reason}", err=True)
    if (more := len(report.problems) - _TOLD) > 0:
        click.echo(f"and {more:,} more; `curator status --problems` lists all", err=True)
