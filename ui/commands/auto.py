"""curator auto"""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, cast

import click

if TYPE_CHECKING:
    from curator.guarantee import Promised
    from ui.cli import Project


@click.command("auto")
@click.option(
    "--error-rate", type=click.FloatRange(0, 0.5, min_open=True), help="The share of panels that may be wrong."
)
@click.option(
    "--promise",
    type=click.Choice(["accepted", "all"]),
    default="accepted",
    show_default=True,
    help="Of which panels it is a share: of those accepted this way, or of each figure's, on average over all.",
)
@click.option("--preview", "action", flag_value="preview", default=True, help="Only say what it would do (default).")
@click.option("--apply", "action", flag_value="apply", help="Accept, as one batch.")
@click.option("--list", "action", flag_value="list", help="List all batches, and how right they are.")
@click.option("--undo", type=int, metavar="BATCH", help="Take a batch back.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def command(
    project: Project, error_rate: float | None, promise: str, action: str, undo: int | None, as_json: bool
) -> None:
    """Accept the surest figures without a person, as far as an error rate can be promised.

    The threshold comes from the audit sample: a twentieth of all figures, which persons review whatever their
    confidence. What is accepted stays marked and never counts as verified; whatever a person does to a figure ends it
    for that figure.
    """
    if undo is not None:
        _undo(project, undo, as_json)
    elif action == "list":
        _list(project, as_json)
    elif error_rate is None:
        raise click.UsageError("--preview and --apply need --error-rate, such as 0.02")
    elif action == "apply":
        _apply(project, error_rate, cast("Promised", promise), as_json)
    else:
        _preview(project, error_rate, cast("Promised", promise), as_json)


def _preview(project: Project, error_rate: float, promise: Promised, as_json: bool) -> None:
    from ui.learning.accepting import preview
    from ui.steps import Steps

    with Steps(hidden=as_json) as steps:
        seen = preview(project.store, error_rate, promise, lambda done, total: steps("reading reviews", done, total))
    click.echo(json.dumps(seen.to_doc()) if as_json else seen.text)
    if not as_json and seen.statement is not None:
        click.echo(f"of the panels reviewed from there on {seen.statement} are right")


def _apply(project: Project, error_rate: float, promise: Promised, as_json: bool) -> None:
    from ui.accounts.shell import note_from_shell
    from ui.learning.accepting import accept

    batch = accept(project.store, error_rate, getpass.getuser(), promise)
    note_from_shell(project.store, "auto", str(batch.id), error_rate=error_rate, figures=batch.figures)
    if as_json:
        click.echo(json.dumps(asdict(batch)))
        return
    click.echo(f"batch {batch.id}: {batch.figures:,} figures, {batch.panels:,} panels; {batch.promise['text']}")
    click.echo(f"`curator auto --undo {batch.id}` takes it back")


def _undo(project: Project, batch_id: int, as_json: bool) -> None:
    from ui.accounts.shell import note_from_shell
    from ui.learning.accepting import take_back

    figures = take_back(project.store, batch_id, getpass.getuser())
    note_from_shell(project.store, "auto-undo", str(batch_id), figures=figures)
    click.echo(json.dumps({"figures": figures}) if as_json else f"{figures:,} figures wait for a person again")


def _list(project: Project, as_json: bool) -> None:
    from ui.learning.accepting import accepted_statement, statement_doc

    batches, right = project.store.auto.batches(), accepted_statement(project.store)
    if as_json:
        click.echo(json.dumps({"batches": [asdict(batch) for batch in batches], "right": statement_doc(right)}))
        return
    for batch in batches:
        state = f"undone {batch.undone_at}" if batch.undone_at else f"{batch.left:,} as they were"
        click.echo(
            f"{batch.id:>4}  {batch.at}  {batch.who}: {batch.figures:,} figures from {batch.threshold:.3f} on, asked "
            f"{batch.error_rate:.1%}; {state}"
        )
    if not batches:
        click.echo("nothing was accepted without a person")
    if right is not None:
        click.echo(f"of their panels {right} are right, by those that a person reviewed")
