"""The command line: parse, call one use case, print. The only place that wires packages together."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curator.errors import CuratorError
from ui.disk_errors import MEND, is_of_the_disk

if TYPE_CHECKING:
    from curator.settings import Settings
    from data.sources import SourceSettings
    from data.store import Store


@dataclass
class Project:
    """The project folder that a command works on; opened when a command first asks."""

    folder: Path

    @cached_property
    def settings(self) -> Settings:
        from curator.settings import load_settings

        return load_settings(self.folder, os.environ)

    @cached_property
    def store(self) -> Store:
        from data.store import Store

        return Store(self.folder)

    @cached_property
    def source_settings(self) -> SourceSettings:
        from data.pmc import PmcSettings
        from data.sources import SourceSettings

        pmc = self.settings.pmc
        return SourceSettings(
            PmcSettings(
                cache=self.folder / "pmc",
                contact=pmc.contact,
                base_url=pmc.base_url,
                requests_per_s=pmc.requests_per_s,
                allow_retracted=pmc.allow_retracted,
                reach=self.settings.network.reach(has_users=False),
            )
        )


class _Commands(click.Group):
    """Loads a command's module when it is named, and shows our errors as one line instead of a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _MODULES:
            return None
        from importlib import import_module

        command: click.Command = import_module(f"ui.commands.{_MODULES[cmd_name]}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CuratorError as error:
            raise click.ClickException(str(error)) from error
        except (OSError, sqlite3.OperationalError) as error:
            if not is_of_the_disk(error):
                raise
            raise click.ClickException(
                f"{error}: what was done so far stays. {MEND}, then give the same command again"
            ) from error


_MODULES = {
    "demo": "demo",
    "ingest": "ingest",
    "mine": "mine",
    "remine": "remine",
    "ui": "page",
    "serve": "serve",
    "status": "status",
    "export": "export",
    "backup": "backup",
    "restore": "restore",
    "check": "check",
    "train": "train",
    "evaluate": "evaluate",
    "publish": "publish",
    "index": "index",
    "assess": "assess",
    "search": "search",
    "rank": "rank",
    "auto": "auto",
    "loop": "loop",
    "team": "team",
    "sync": "sync",
    "split-captions": "captions",
    "fetch-models": "fetch_models",
    "users": "users",
    "audit": "audit",
    "doctor": "doctor",
}


@click.command(cls=_Commands)
@click.option(
    "--project",
    envvar="CURATOR_PROJECT",
    default="var",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The project folder: one SQLite file, an image store, settings. Also CURATOR_PROJECT.",
)
@click.version_option(package_name="curator")
@click.pass_context
def main(ctx: click.Context, project: Path) -> None:
    """Turns published figures into verified figure > panel > marker > region hierarchies."""
    ctx.obj = Project(project)
