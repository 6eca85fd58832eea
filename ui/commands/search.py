"""curator search"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from curator.figure import PanelKind

if TYPE_CHECKING:
    from data.store.findable import FindableLevel
    from ui.cli import Project
    from ui.searching.search import Hit


@click.command("search")
@click.argument("text", default="")
@click.option("--like", metavar="FIGURE/NODE", help="What looks like this panel, region or marker.")
@click.option(
    "--image", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="What looks like this picture."
)
@click.option("--level", type=click.Choice(["panel", "region"]), help="Only panels, or only regions.")
@click.option("--kind", type=click.Choice([str(kind) for kind in PanelKind]), help="Only of panels of this kind.")
@click.option("--verified", is_flag=True, help="Only what a person accepted or edited.")
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def command(
    project: Project,
    text: str,
    like: str | None,
    image: Path | None,
    level: str | None,
    kind: str | None,
    verified: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Find panels and regions by TEXT, by what a node looks like, or by a picture.

    `curator index` makes them findable; the score is the cosine between what the model makes of both.
    """
    from curator.codec import to_doc
    from data.embeddings import Embeddings
    from ui.searching.search import SearchFilter, Searching

    if sum(map(bool, (text, like, image))) != 1:
        raise click.UsageError("a search needs one thing to look for: TEXT, --like or --image")
    searching = Searching(project.store, Embeddings(project.store.project))
    how = (cast("FindableLevel | None", level), limit, 0, SearchFilter(PanelKind(kind) if kind else None, verified))
    if like:
        figure_id, _, node_id = like.rpartition("/")
        found = searching.by_node(figure_id, node_id, *how)
    elif image:
        found = searching.by_picture(image.read_bytes(), *how)
    else:
        found = searching.by_text(text, *how)
    if as_json:
        click.echo(json.dumps({"total": found.total, "hits": [to_doc(hit) for hit in found.hits]}))
        return
    if not found.hits:
        click.echo("nothing found: the filters leave no panel or region that is indexed")
        return
    rows = [_row(hit) for hit in found.hits]
    widths = [max(map(len, column)) for column in zip(_HEAD, *rows, strict=True)]
    for row in (_HEAD, *rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        click.echo(line)
    click.echo(f"{len(rows)} of {found.total:,}")


_HEAD = ("score", "node", "panel", "kind", "text")
_TEXT = 80
"""Characters of a text that are shown."""


def _row(hit: Hit) -> tuple[str, ...]:
    """Cells as ``_HEAD`` names them; the node as ``--like`` takes it."""
    words = " ".join((hit.text or hit.label).split())
    shown = words if len(words) <= _TEXT else f"{words[: _TEXT - 1]}\u2026"
    return (f"{hit.score:.3f}", f"{hit.figure_id}/{hit.node_id}", hit.panel or "", hit.kind or "", shown)
