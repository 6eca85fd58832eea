"""curator serve"""

from __future__ import annotations

import getpass
import os
import signal
import sys
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from fastapi import FastAPI

    from ui.cli import Project
    from ui.service.requests_log import LogFormat


@click.command("serve")
@click.option("--port", default=7860, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Other than loopback only with users.")
@click.option("--log-format", default="json", show_default=True, type=click.Choice(["json", "text"]))
@click.option("--mine/--no-mine", "mining", default=True, help="Mine figures that wait, beside the page.")
@click.option("--assess/--no-assess", "assessing", default=True, help="Assess figures as curators decide, beside it.")
@click.option("--sync", "syncing", is_flag=True, help="Connect with the Label Studio of the settings, keep in step.")
@click.pass_obj
def command(
    project: Project, port: int, host: str, log_format: LogFormat, mining: bool, assessing: bool, syncing: bool
) -> None:
    """Serve the page as a service: no browser, a line on standard output for each request.

    /healthz says that it is alive, /readyz that the project can be worked on, /metrics counts for Prometheus. SIGTERM
    ends it: what is under way is finished, within stop_s of the settings' section [serve]; articles that are still to
    be read are read when it is started again. A project that is kept in step with Label Studio from its tab is so
    without --sync too.
    """
    from ui.service.leaving import leaving_at_once

    with leaving_at_once([signal.SIGTERM, signal.SIGINT]):
        _serve(project, port, host, log_format, mining, assessing, syncing)


def _serve(
    project: Project, port: int, host: str, log_format: LogFormat, mining: bool, assessing: bool, syncing: bool
) -> None:
    from agents.segment.choose import choose_segmenter
    from agents.segment.fetch import weights_folder
    from ui.commands.page import miner_of
    from ui.learning.assessing import background_assessing
    from ui.mining.background import background_mining
    from ui.service.requests_log import log_to
    from ui.service.serving import check_proxies, leave, serve

    settings = project.settings.serve
    check_proxies(settings.trusted_proxies)
    log_to(sys.stdout, log_format)
    mined = background_mining(project, settings.stop_s) if mining else nullcontext()
    with mined, background_assessing(project) if assessing else nullcontext():
        in_time = serve(
            project.store,
            host,
            port,
            who=getpass.getuser(),
            miner=miner_of(project),
            choose=partial(choose_segmenter, project.settings.segment, weights_folder(os.environ)),
            settings=settings,
            prepare=partial(_keep_in_step, project) if syncing else lambda app: None,
        )
    if not in_time:
        sys.stdout.flush()
        leave(0)


def _keep_in_step(project: Project, app: FastAPI) -> None:
    from data.label_studio.connect import connect
    from data.label_studio.images import images_of
    from ui.syncing.passes import open_server

    settings = project.settings.label_studio
    if project.store.outbox.connected() is None:
        with open_server(settings, project.folder) as server:
            connect(project.store, server, settings.project, images_of(project.store, settings))
    app.state.syncing.start_watch()
