"""curator sync"""

from __future__ import annotations

import getpass
import json
import sys
import time
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

import click

from curator.errors import SettingsError, SyncError

if TYPE_CHECKING:
    from data.label_studio.client import LabelStudio
    from data.label_studio.images import Images
    from data.label_studio.sync import Sync, SyncReport
    from ui.cli import Project

_LONGEST_PAUSE_S = 300.0  # guess: between two rounds while Label Studio is away


@click.command("sync")
@click.option("--once", "action", flag_value="once", default=True, help="One round (default).")
@click.option("--watch", "action", flag_value="watch", help="Round after round until stopped.")
@click.option("--test", "action", flag_value="test", help="Only say whether Label Studio can be reached.")
@click.option("--status", "action", flag_value="status", help="Say where each figure stands; asks nobody.")
@click.option("--conflicts", "action", flag_value="conflicts", help="List what both sides changed.")
@click.option("--disconnect", "action", flag_value="disconnect", help="Forget the project; nothing changes there.")
@click.option("--decisions", "action", flag_value="decisions", help="List how conflicts were decided, by number.")
@click.option("--resolve", metavar="FIGURE", help="Decide on the conflicts of a figure, with --keep.")
@click.option("--decide-again", type=int, metavar="NUMBER", help="Decide otherwise, as --decisions names it.")
@click.option("--keep", type=click.Choice(["ours", "theirs"]), help="The version that stays: ours is Curator's.")
@click.option("--node", metavar="KEY", help="With --resolve: only this conflict, as --conflicts names it.")
@click.option("--whole", is_flag=True, help="Read all tasks there, whatever changed.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def command(
    project: Project,
    action: str,
    resolve: str | None,
    decide_again: int | None,
    keep: Literal["ours", "theirs"] | None,
    node: str | None,
    whole: bool,
    as_json: bool,
) -> None:
    """Keep the project in step with one of Label Studio.

    What is decided here goes there, what is done there comes here as decisions that can be undone. Where both sides
    changed the same, nothing is overwritten: --conflicts shows both versions, --resolve decides; --decisions lists
    what was decided, --decide-again decides otherwise. The settings' section [label_studio] says where it is,
    CURATOR_LABEL_STUDIO_API_KEY is the token.
    """
    if resolve is not None:
        _resolve(project, resolve, keep, node)
    elif decide_again is not None:
        _decide_again(project, decide_again, keep)
    elif action == "status":
        _show_status(project, as_json)
    elif action == "conflicts":
        _show_conflicts(project, as_json)
    elif action == "decisions":
        _show_decisions(project, as_json)
    elif action == "disconnect":
        _disconnect(project)
    elif action == "test":
        _test(project)
    else:
        with _server(project) as server:
            syncing = _connected(project, server)
            _be_called(project, server)
            if action == "watch":
                _watch(syncing, project.settings.label_studio.poll_s, as_json)
            else:
                report = syncing.once(whole=whole, progress=_progress(as_json))
                _show(report, as_json)
                if report.failed:
                    sys.exit(1)


def _server(project: Project) -> LabelStudio:
    from data.label_studio.client import LabelStudio
    from data.label_studio.token import load_token

    settings = project.settings.label_studio
    if not settings.url:
        raise SettingsError(
            f'no Label Studio is named; write url = "http://..." under [label_studio] into '
            f"{project.folder / 'curator.toml'}, or set CURATOR_LABEL_STUDIO_URL"
        )
    token = load_token(settings, project.folder)
    return LabelStudio(
        settings.url, token, timeout_s=settings.timeout_s, retries=settings.retries, reach=settings.reach
    )


def _images(project: Project) -> Images:
    from data.label_studio.images import images_of

    return images_of(project.store, project.settings.label_studio)


def _connected(project: Project, server: LabelStudio) -> Sync:
    from data.label_studio.connect import connect
    from data.label_studio.sync import Sync

    images = _images(project)
    connected = connect(project.store, server, project.settings.label_studio.project, images)
    return Sync(project.store, server, connected, images)


def _be_called(project: Project, server: LabelStudio) -> None:
    """Has Label Studio call the app at ``public_url``; what is in step does not depend on it."""
    from data.label_studio.callbacks import callbacks_of

    callbacks, connected = callbacks_of(project.folder, project.settings.label_studio), project.store.outbox.connected()
    if callbacks is None or connected is None:
        return
    try:
        callbacks.register(server, connected.project_id)
    except SyncError as error:
        click.echo(f"{error}. Until then changes there are found by looking, and nothing is proposed there", err=True)


def _disconnect(project: Project) -> None:
    from data.label_studio.callbacks import callbacks_of

    callbacks, connected = callbacks_of(project.folder, project.settings.label_studio), project.store.outbox.connected()
    if callbacks is not None and connected is not None:
        try:
            with _server(project) as server:
                callbacks.remove(server, connected.project_id)
        except (SettingsError, SyncError) as error:
            click.echo(f"its webhook and ML backend stay there: {error}", err=True)
    project.store.outbox.disconnect()
    click.echo("disconnected; the tasks stay in Label Studio as they are")


def _test(project: Project) -> None:
    images = _images(project)
    with _server(project) as server:
        click.echo(f"{server.url}: Label Studio {server.release()}, as {server.whoami()}")
    settings = project.settings.label_studio
    where = images.folder_there or f"signed links to {settings.image_url or settings.public_url}"
    click.echo(f"images: {where}")


def _watch(syncing: Sync, poll_s: float, as_json: bool) -> None:
    """Until interrupted; while Label Studio is away the pauses grow."""
    pause_s = poll_s
    while True:
        try:
            report = syncing.once(retry=False, progress=_progress(as_json))
        except SyncError as error:
            pause_s = min(pause_s * 2, max(_LONGEST_PAUSE_S, poll_s))
            click.echo(f"{error}; again in {pause_s:.0f} s", err=True)
        else:
            pause_s = poll_s
            if report.sent or report.taken_in or report.conflicts or report.failed:
                _show(report, as_json)
        try:
            time.sleep(pause_s)
        except KeyboardInterrupt:
            return


def _progress(as_json: bool) -> Any:
    if as_json or not sys.stderr.isatty():
        return lambda _: None
    return lambda figure_id: click.echo(f"\r\x1b[K{figure_id}", nl=False, err=True)


def _show(report: SyncReport, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(report)))
        return
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)
    click.echo(
        f"{report.sent} figures sent ({report.made} of them new there), {report.taken_in} taken in, "
        f"{report.conflicts} conflicts"
    )
    if report.renewed:
        click.echo(f"{report.renewed} links to images renewed")
    if report.conflicts:
        click.echo("`curator sync --conflicts` lists them")
    if report.held:
        click.echo(f"{report.held} figures wait: somebody edits them here")
    for task_id, figure_id in list(report.doubles.items())[:5]:
        click.echo(f"task {task_id} is a second one of {figure_id}; delete it there", err=True)
    for figure_id, why in list(report.failed.items())[:5]:
        click.echo(f"{figure_id} is not in step: {why}", err=True)
    if len(report.failed) > 5:
        click.echo(f"and {len(report.failed) - 5} more", err=True)


def _show_status(project: Project, as_json: bool) -> None:
    statuses = project.store.syncs.statuses()
    reasons = {fault.figure_id: fault.reason for fault in project.store.syncs.faults()}
    connected = project.store.outbox.connected()
    if as_json:
        document = {"connected": connected and asdict(connected), "figures": statuses, "failed": reasons}
        click.echo(json.dumps(document))
        return
    if connected is None:
        click.echo("not connected; `curator sync` connects")
        return
    click.echo(f"project {connected.project_id} of {connected.url}")
    for status, count in Counter(statuses.values()).most_common():
        said = "in step" if status == "synced" else status
        click.echo(f"  {said:<13} {count:>8,}")
    for figure_id, reason in reasons.items():
        click.echo(f"{figure_id}: {reason}")


def _show_conflicts(project: Project, as_json: bool) -> None:
    from data.label_studio.step import ANNOTATION_GONE, TASK_GONE
    from data.store.syncs import WRITTEN_OVER

    conflicts = project.store.syncs.conflicts()
    if as_json:
        click.echo(json.dumps([asdict(conflict) for conflict in conflicts]))
        return
    for conflict in conflicts:
        if conflict.key == WRITTEN_OVER:
            click.echo(f"{conflict.figure_id}  {conflict.key}: somebody saved it in Label Studio while it was written")
            click.echo("  what they saved is not there any more: look there; either version only says that it was seen")
            continue
        if conflict.key in (TASK_GONE, ANNOTATION_GONE):
            click.echo(f"{conflict.figure_id}  the {conflict.key} was deleted in Label Studio")
            click.echo("  ours: send it again   theirs: leave the figure out from now on")
            continue
        click.echo(f"{conflict.figure_id}  {conflict.key}")
        _show_versions(conflict.doc)
    if not conflicts:
        click.echo("no conflicts")


def _show_decisions(project: Project, as_json: bool) -> None:
    from data.label_studio.step import ANNOTATION_GONE, TASK_GONE
    from data.store.syncs import WRITTEN_OVER

    decisions = project.store.conflict_decisions.of()
    if as_json:
        click.echo(json.dumps([asdict(decision) for decision in decisions]))
        return
    for decision in decisions:
        click.echo(f"{decision.id}  {decision.figure_id}  {decision.key}: {decision.who} kept {decision.keep}")
        if decision.key not in (TASK_GONE, ANNOTATION_GONE, WRITTEN_OVER):
            _show_versions(decision.doc)
    if not decisions:
        click.echo("no conflict was decided")


def _show_versions(doc: dict[str, Any]) -> None:
    for side, who in (("ours", ""), ("theirs", doc["who"])):
        click.echo(f"  {side}{f' ({who})' if who else ''}: {_what_changed(doc, side)}")


def _what_changed(doc: dict[str, Any], side: str) -> str:
    """The fields in which the side differs from what both had agreed on."""
    before, after = doc["base"], doc[side]
    if after is None:
        return "deleted"
    if not isinstance(after, dict) or not isinstance(before, dict):
        return json.dumps(_shown(after), ensure_ascii=False)
    changed = {name: value for name, value in after.items() if value != before.get(name) and name != "provenance"}
    return json.dumps(_shown(changed), ensure_ascii=False)


def _shown(value: Any) -> Any:
    """Numbers to a hundredth: Label Studio keeps boxes in percent of the image, and back in pixels 500.2 is
    500.20000000000005."""
    if isinstance(value, float):
        return round(value, 2)
    if isinstance(value, list):
        return [_shown(one) for one in value]
    if isinstance(value, dict):
        return {name: _shown(one) for name, one in value.items()}
    return value


def _decide_again(project: Project, number: int, keep: Literal["ours", "theirs"] | None) -> None:
    from data.label_studio.resolve import decide_again
    from data.label_studio.sync import locked

    if keep is None:
        raise click.UsageError("--decide-again needs --keep ours or --keep theirs")
    who = getpass.getuser()
    earlier = project.store.conflict_decisions.decision(number)
    with locked(project.store):
        changed = decide_again(project.store, number, keep, who, time.time())
    project.store.audit.add(who, "sync.decide_again", earlier.figure_id, {"keep": keep, "key": earlier.key})
    if changed:
        click.echo(f"{keep} of {earlier.key} stays; the next `curator sync` writes it there")
    else:
        click.echo(f"{earlier.key} is as {keep} has it already")


def _resolve(project: Project, figure_id: str, keep: Literal["ours", "theirs"] | None, node: str | None) -> None:
    from data.label_studio.resolve import resolve
    from data.label_studio.sync import locked

    if keep is None:
        raise click.UsageError("--resolve needs --keep ours or --keep theirs")
    who = getpass.getuser()
    with locked(project.store):
        count = resolve(project.store, figure_id, keep, who, time.time(), node)
    project.store.audit.add(who, "sync.resolve", figure_id, {"keep": keep, "key": node, "count": count})
    click.echo(f"{count} conflicts decided: {keep} stays; the next `curator sync` writes it there")
