"""curator index"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from curator.errors import SettingsError, StoreError

if TYPE_CHECKING:
    from data.embeddings import Embeddings
    from ui.cli import Project
    from ui.searching.indexing import Indexed


@click.command("index")
@click.option(
    "--model",
    help="Folder of a run or of a published model, or open_clip's NAME or NAME:TAG; default: the one in use.",
)
@click.option("--rebuild", is_flag=True, help="Embed all figures again, also where the file is broken.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the progress as JSON lines, and what was done as the last."
)
@click.pass_obj
def command(project: Project, model: str | None, rebuild: bool, as_json: bool) -> None:
    """Embed all panels and regions with a model, for search and for what it doubts.

    Only figures that have changed are embedded. Can be stopped at any time and started again; until all is done,
    searches use what they used before.
    """
    from data.embeddings import Embeddings
    from ui.searching.indexing import index_project, place_of
    from ui.searching.model import load_model

    began = time.monotonic()
    embeddings = Embeddings(project.store.project)
    place = place_of(model or _in_use(embeddings))
    loaded = load_model(place)
    if rebuild:
        _clear_if_broken(embeddings)
    with _Shown(as_json) as shown:
        done = index_project(project.store, embeddings, loaded, place, again=rebuild, progress=shown)
    seconds = round(time.monotonic() - began, 2)
    if as_json:
        document = {"done": done.done, "total": done.total, "model": loaded.name, "nodes": done.nodes}
        click.echo(json.dumps(document | {"failed": len(done.failed), "seconds": seconds}))
    else:
        click.echo(
            f"{done.embedded} figures embedded by {loaded.name} in {seconds:.0f} s; "
            f"{done.nodes:,} panels and regions can be found"
        )
    for figure_id, why in list(done.failed.items())[:5]:
        click.echo(f"{figure_id} could not be embedded: {why}", err=True)
    if len(done.failed) > 5:
        click.echo(f"and {len(done.failed) - 5} more", err=True)


def _in_use(embeddings: Embeddings) -> str:
    try:
        model = embeddings.in_use()
    except StoreError as error:
        raise SettingsError(f"{error}; name the model too, with --model") from error
    if model is None:
        raise SettingsError("no model has indexed this project yet; name one with --model, such as the folder of a run")
    return model.place


def _clear_if_broken(embeddings: Embeddings) -> None:
    """A file that can be read is left: searches go on in it until all is made again."""
    try:
        embeddings.check()
    except StoreError as error:
        click.echo(f"{error.args[0].partition(';')[0]}; it is made anew", err=True)
        embeddings.delete()


class _Shown:
    """Figures as they are done: as JSON lines, or as a bar."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._bar = click.progressbar(length=1, label="indexing", hidden=as_json, show_pos=True, file=sys.stderr)

    def __enter__(self) -> _Shown:
        self._bar.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._bar.__exit__(*error)

    def __call__(self, so_far: Indexed) -> None:
        if self._as_json:
            click.echo(json.dumps({"done": so_far.done, "total": so_far.total}))
        else:
            self._bar.length = so_far.total
            self._bar.update(so_far.done - self._bar.pos)
