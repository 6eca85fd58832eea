"""curator evaluate"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

if TYPE_CHECKING:
    from trainer.records import Split


@click.command("evaluate")
@click.argument("model")
@click.argument("export", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the report."
)
@click.option("--split", type=click.Choice(["test", "val", "train"]), default="test", show_default=True)
@click.option(
    "--against", default="", help="A run or model to stand beside it; default: what a run started from, else none."
)
@click.option("--pretrained", default="", help="open_clip's tag of published weights, for a model by name.")
@click.option(
    "--classes",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Also classify the images of this folder, one folder a class; prompts.json there may say what they look like.",
)
@click.option("--limit", type=click.IntRange(1), help="Only so many figures, panels, and panels with regions.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def command(
    model: str,
    export: Path,
    output: Path,
    split: str,
    against: str,
    pretrained: str,
    classes: Path | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Measure MODEL on EXPORT: a run's folder, a published model's, or what open_clip knows by name.

    Retrieval at all levels, box-text retrieval, grounding, hard negatives and classification, beside the model it
    started from, with intervals, as a page (index.html) and as report.json.
    """
    try:
        from trainer.evaluate.report import PAGE, evaluate
    except ImportError as error:
        raise click.ClickException(
            f"evaluation needs {error.name!r}, which is not installed; `make models` installs it"
        ) from error

    done: dict[str, int] = {}

    def progress(name: str, images: int) -> None:
        done[name] = done.get(name, 0) + images
        if not as_json and sys.stderr.isatty():
            click.echo(f"\r{name}: {done[name]} images", nl=False, err=True)

    report = evaluate(
        model,
        export,
        split=cast("Split", split),
        against=against,
        pretrained=pretrained,
        classes=classes,
        limit=limit,
        progress=progress,
    )
    report.save(output)
    if as_json:
        click.echo(json.dumps(report.document))
        return
    click.echo(f"\r{_summary(report.document)}\n{output / PAGE}")


def _summary(document: dict[str, Any]) -> str:
    """R@1 of each level and direction, with the start model's where there is one."""
    lines = [document["model"] + (f", beside {document['start']}" if document["start"] else "")]
    for task, ways in document["results"]["retrieval"].items():
        for way, found in ways.items():
            number = found["r1"]
            start = "" if number["start"] is None else f"  start {number['start']['value']:6.1%}"
            name = f"{task}, {way.replace('_', ' ')}"
            lines.append(f"{name:<24} R@1 {number['value']:6.1%} of {found['pool']}{start}")
    return "\n".join(lines)
