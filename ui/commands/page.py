"""curator ui"""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ui.cli import Project
    from ui.mining.jobs import MinedAside, Miner


@click.command("ui")
@click.option("--port", default=7860, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Other than loopback only with users.")
@click.option("--user", default=None, help="Name of decisions where there are no users; default the login name.")
@click.option("--browser/--no-browser", default=True, help="Open the page in the browser.")
@click.option("--mine/--no-mine", "mining", default=True, help="Mine figures that wait, beside the page.")
@click.option("--assess/--no-assess", "assessing", default=True, help="Assess figures as curators decide, beside it.")
@click.pass_obj
def command(
    project: Project, port: int, host: str, user: str | None, browser: bool, mining: bool, assessing: bool
) -> None:
    """Open the review page."""
    from agents.segment.choose import choose_segmenter
    from agents.segment.fetch import weights_folder
    from ui.learning.assessing import background_assessing
    from ui.mining.background import background_mining
    from ui.service.serving import check_proxies, serve_page

    choose = partial(choose_segmenter, project.settings.segment, weights_folder(os.environ))

    check_proxies(project.settings.serve.trusted_proxies)
    mined = background_mining(project) if mining else nullcontext()
    with mined, background_assessing(project) if assessing else nullcontext():
        serve_page(
            project.store,
            host=host,
            port=port,
            who=user or getpass.getuser(),
            open_browser=browser,
            miner=miner_of(project),
            choose=choose,
            settings=project.settings.serve,
        )


def miner_of(project: Project) -> Miner:
    """Mines aside what the page asks for; one process leaves a core to the page."""
    from curator.settings import load_settings
    from ui.mining.mine import mine_figures

    def mine(figure_ids: Sequence[str], agent: str, stopped: Callable[[], bool], /) -> Iterator[MinedAside]:
        # read for each job: the page's form may have named another model
        settings = load_settings(project.folder, os.environ, has_users=project.store.users.any())
        return mine_figures(project.store, settings, figure_ids, agent, stopped, aside=True, workers=1)

    return mine
