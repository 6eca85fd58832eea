"""curator team"""

from __future__ import annotations

import getpass
import json
import time
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ui.cli import Project


@click.command("team")
@click.option("--status", "action", flag_value="status", default=True, help="Who has what (default).")
@click.option("--agreement", "action", flag_value="agreement", help="How far those who read the same figures agree.")
@click.option(
    "--settle-agreeing", "action", flag_value="settle", help="Join both readings of figures on which they agree."
)
@click.option("--assign", metavar="NAME,NAME", help="Deal open figures out among these people, in turn.")
@click.option(
    "--overlap",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="With --assign: the share that the next one reads too, without seeing the first reading.",
)
@click.option("--count", type=click.IntRange(min=1), help="With --assign: only the first so many of the queue.")
@click.option("--again", is_flag=True, help="With --assign: also figures that somebody has.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def command(
    project: Project, action: str, assign: str | None, overlap: float, count: int | None, again: bool, as_json: bool
) -> None:
    """Share the work among several curators, and see how far they agree."""
    if assign is not None:
        people = [name.strip() for name in assign.split(",") if name.strip()]
        _assign(project, people, overlap, count or 0, again, as_json)
    elif overlap or count or again:
        raise click.UsageError("--overlap, --count and --again belong to --assign")
    elif action == "agreement":
        _agreement(project, as_json)
    elif action == "settle":
        _settle_agreeing(project, as_json)
    else:
        _status(project, as_json)


def _assign(project: Project, people: list[str], overlap: float, count: int, again: bool, as_json: bool) -> None:
    from data.store.queue import QueueFilter
    from ui.accounts.shell import note_from_shell
    from ui.teamwork.deal import deal_out

    figures, second = deal_out(
        project.store, QueueFilter(), people, getpass.getuser(), overlap=overlap, again=again, count=count
    )
    note_from_shell(project.store, "team.assign", "", people=people, figures=figures)
    if as_json:
        click.echo(json.dumps({"figures": figures, "second": second}))
    else:
        click.echo(f"{figures:,} figures dealt out among {', '.join(people)}; {second:,} of them are read twice")


def _status(project: Project, as_json: bool) -> None:
    readings = project.store.readings
    loads, waiting, settled = readings.workloads(), readings.count(), readings.count(settled=True)
    if as_json:
        from curator.codec import to_doc

        doc = {"workloads": [to_doc(load) for load in loads], "to_settle": waiting, "settled": settled}
        click.echo(json.dumps(doc))
        return
    for load in loads:
        click.echo(
            f"{load.who:<20} {load.done:,} of {load.assigned:,} reviewed; second readings: {load.second_waiting:,} to "
            f"begin, {load.second_begun:,} begun, {load.second_later:,} later"
        )
    if not loads:
        click.echo("nobody was given anything; `curator team --assign NAME,NAME` deals figures out")
    click.echo(f"read by two: {waiting:,} to settle, {settled:,} settled")


def _agreement(project: Project, as_json: bool) -> None:
    from ui.teamwork.server import agreement_doc

    pairs = agreement_doc(project.store)
    if as_json:
        click.echo(json.dumps({"agreement": pairs}))
        return
    for pair in pairs:
        click.echo(f"{pair['first']} and {pair['second']}: {pair['figures']:,} figures")
        for level, found in pair["levels"].items():
            numbers = {"boxes (F1)": found["f1"], "kinds (kappa)": found["kappa"], "words": found["text"]}
            said = ", ".join(f"{name} {value:.2f}" for name, value in numbers.items() if value is not None)
            if said:
                click.echo(f"  {level:<7} {said}; {found['first']:,} and {found['second']:,} boxes")
    if not pairs:
        click.echo("no figure was accepted by two; `curator team --assign A,B --overlap 0.1` has a tenth read twice")


def _settle_agreeing(project: Project, as_json: bool) -> None:
    from ui.accounts.shell import note_from_shell
    from ui.teamwork.deal import settle_agreeing

    settled, busy = settle_agreeing(project.store, getpass.getuser(), time.time())
    note_from_shell(project.store, "team.settle", "", figures=settled)
    left = project.store.readings.count()
    if as_json:
        click.echo(json.dumps({"settled": settled, "busy": busy, "left": left}))
    else:
        click.echo(f"{settled:,} figures settled; {left:,} wait for somebody to decide")
