"""curator mine"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import click

from curator.errors import BudgetError, MiningError, ModelError

if TYPE_CHECKING:
    from curator.settings import Settings
    from ui.cli import Project


@click.command("mine")
@click.option(
    "--agent",
    default="embedded",
    show_default=True,
    help="Who proposes: embedded; openai, transformers or a plug-in (the model of the settings or the options below); "
    "consensus (of the minings that a figure has).",
)
@click.option("--model", help="Name of the model as its server lists it, or a folder with weights.")
@click.option("--base-url", help="Address of the server's API, such as http://localhost:8000/v1.")
@click.option("--coordinates", help="How the model counts boxes; default told by its name (docs/models.md).")
@click.option(
    "--variant",
    type=click.Choice(["marks", "letters"]),
    help="marks: candidates are drawn as numbers; letters: the paper's own, boxes are asked for directly.",
)
@click.option("--in-flight", type=click.IntRange(1, 256), help="Requests at the same time.")
@click.option("--max-requests", type=click.IntRange(0), help="Budget of this run; started again, it goes on.")
@click.option("--max-tokens", type=click.IntRange(0), help="Budget of this run, in and out together.")
@click.option("--max-cost", type=click.FloatRange(0), help="Budget of this run, in the currency of the prices.")
@click.option("--workers", type=click.IntRange(1), help="Processes of the embedded agent; default one a core.")
@click.option("--again", is_flag=True, help="Also figures mined before; what a person decided stays as it is.")
@click.option("--limit", type=click.IntRange(1), help="Only so many figures, in order of ingest.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.pass_obj
def command(
    project: Project,
    /,
    agent: str,
    variant: Literal["marks", "letters"] | None,
    workers: int | None,
    again: bool,
    limit: int | None,
    as_json: bool,
    **model: Any,
) -> None:
    """Let an agent propose hierarchies for all figures that it has not mined yet.

    Can be stopped at any time and started again: a figure is either mined or not, and no question is asked of a model
    twice.
    """
    from ui.accounts.shell import note_from_shell
    from ui.service.stopping import ending_well

    settings = _with_options(project.settings, agent, variant, model)
    note_from_shell(project.store, "mining.start", "", agent=agent, again=again, limit=limit)
    with ending_well([signal.SIGTERM]) as stopped:
        outcome = mine_waiting(
            project, settings, agent, workers=workers, again=again, limit=limit, quiet=as_json, stopped=stopped
        )
    if as_json:
        click.echo(json.dumps(asdict(outcome)))
        return
    cost = f" for {outcome.cost:.2f}" if outcome.cost else ""
    click.echo(f"{outcome.mined} figures mined{cost}")
    if outcome.failed:
        click.echo(f"{outcome.failed} could not be mined; `curator status --problems` says why", err=True)
    if outcome.ended_early:
        raise click.ClickException(outcome.ended_early)


@dataclass(slots=True)
class Outcome:
    """What one run of mining did."""

    mined: int = 0
    failed: int = 0
    cost: float = 0.0
    ended_early: str = ""
    """Why figures were left waiting: the budget was spent, the model was away."""


def mine_waiting(
    project: Project,
    settings: Settings,
    agent: str = "embedded",
    *,
    workers: int | None = None,
    again: bool = False,
    limit: int | None = None,
    quiet: bool = False,
    stopped: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Mines the figures that wait for this agent, and saves; once ``stopped`` only those that are under way.

    Raises:
        MiningError: another process mines this project.
        SettingsError, ModelError: there is no such agent or model.
    """
    from filelock import FileLock, Timeout

    store = project.store
    lock = FileLock(store.project / "mining.lock")
    try:
        # the system releases the lock of a process that dies
        held = lock.acquire(blocking=False)
    except Timeout as error:
        raise MiningError(
            f"another process mines {store.project} (the page does so while it is open); wait for it or stop it"
        ) from error
    with held:
        return _mine_waiting(project, settings, agent, workers, again, limit, quiet, stopped)


def _mine_waiting(
    project: Project,
    settings: Settings,
    agent: str,
    workers: int | None,
    again: bool,
    limit: int | None,
    quiet: bool,
    stopped: Callable[[], bool],
) -> Outcome:
    from ui.mining.mine import CONSENSUS, EMBEDDED, mine_figures

    store = project.store
    outcome = Outcome()
    if agent == EMBEDDED:  # it makes first proposals; the others also better those of another agent
        waiting = store.reviews.to_mine(again=again)
    else:
        waiting = store.reviews.to_mine(again, agent, None if agent == CONSENSUS else settings.model.model)
    waiting = waiting[:limit]
    mined = mine_figures(store, settings, waiting, agent, stopped, aside=False, workers=workers)
    with click.progressbar(length=len(waiting), label="mining", hidden=quiet, show_pos=True, file=sys.stderr) as bar:
        try:
            for figure in mined:
                outcome.cost += figure.cost
                if figure.mining_id is None:
                    store.problems.add("mine", figure.figure_id, figure.reason, figure.figure_id)
                    outcome.failed += 1
                else:
                    outcome.mined += 1
                bar.update(1)
        except (BudgetError, ModelError) as error:
            if not outcome.mined and not outcome.failed and not isinstance(error, BudgetError):
                raise
            outcome.ended_early = str(error)
    return outcome


def _with_options(
    settings: Settings, agent: str, variant: Literal["marks", "letters"] | None, model: dict[str, Any]
) -> Settings:
    """The settings with what the command line says instead."""
    from ui.mining.mine import CONSENSUS, EMBEDDED

    given = {name: value for name, value in model.items() if value is not None}
    if agent in (EMBEDDED, CONSENSUS):
        if given or variant:
            raise click.UsageError(f"{sorted(given) or ['variant']!r} speaks of a model; name one with --agent openai")
        return settings
    prompting = replace(settings.prompting, variant=variant) if variant else settings.prompting
    return replace(settings, model=replace(settings.model, provider=agent, **given), prompting=prompting)
