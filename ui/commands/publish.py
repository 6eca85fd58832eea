"""curator publish"""

from __future__ import annotations

from pathlib import Path

import click


@click.command("publish")
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="A new folder.")
@click.option(
    "--report",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder that `curator evaluate` wrote: its numbers go into the model card.",
)
@click.option("--onnx/--no-onnx", default=True, show_default=True, help="Both towers as ONNX files too.")
@click.option("--overwrite", is_flag=True, help="Replace OUTPUT where a published model stands there.")
def command(run: Path, output: Path, report: Path | None, onnx: bool, overwrite: bool) -> None:
    """Write the best model of RUN as a folder that open_clip loads: local-dir:OUTPUT, with a model card."""
    try:
        from trainer.publish import publish
    except ImportError as error:
        raise click.ClickException(
            f"publishing needs {error.name!r}, which is not installed; `make models` installs it"
        ) from error

    published = publish(run, output, report=report, onnx=onnx, overwrite=overwrite)
    click.echo(f"{published.folder}: {', '.join(published.files)}")
    click.echo(f'open_clip.create_model_and_transforms("local-dir:{published.folder.resolve()}")')
