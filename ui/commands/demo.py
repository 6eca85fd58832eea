"""curator demo"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ui.cli import Project


@click.command("demo")
@click.option("--figures", default=24, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--seed", default=2, show_default=True, help="The same seed draws the same figures.")
@click.option("--draw-only", type=click.Path(path_type=Path), help="Only draw, into this new folder, with truth.json.")
@click.option("--mine", "limit", type=click.IntRange(1), help="Mine only so many now; `curator ui` mines the rest.")
@click.option("--if-empty", is_flag=True, help="Do nothing where the project has figures.")
@click.pass_obj
def command(
    project: Project, figures: int, seed: int, draw_only: Path | None, limit: int | None, if_empty: bool
) -> None:
    """Draw a corpus of compound figures with exact truth, ingest and mine it: something to review at once."""
    from data.demo.corpus import draw_corpus
    from data.ingest import ingest
    from data.sources import read_sources
    from ui.commands.mine import mine_waiting

    if if_empty and draw_only is None and any(project.store.queue.states().values()):
        return
    folder = draw_only or project.folder / f"demo-{figures}-{seed}"
    if not (folder / "truth.json").is_file():
        with click.progressbar(length=figures, label="drawing", show_pos=True, file=sys.stderr) as bar:
            draw_corpus(folder, figures, seed, progress=lambda done, total: bar.update(done - bar.pos))
    if draw_only:
        return
    ingest(project.store, read_sources(folder, project.source_settings))
    outcome = mine_waiting(project, project.settings, limit=limit)
    click.echo(f"{outcome.mined} demo figures mined; `curator ui` opens them")
