"""Progress of work in several steps, on the terminal."""

from __future__ import annotations

import sys
from typing import Any

import click


class Steps:
    """A bar for each thing that is done, one after the other; called with its name, how much is done, of how much."""

    def __init__(self, hidden: bool) -> None:
        self._hidden = hidden
        self._what = ""
        self._bar: Any = None  # click gives its bar's class no public name

    def __enter__(self) -> Steps:
        return self

    def __exit__(self, *error: object) -> None:
        self._end()

    def __call__(self, what: str, done: int, total: int) -> None:
        if self._hidden:
            return
        if what != self._what or self._bar is None:
            self._end()
            self._what = what
            self._bar = click.progressbar(length=total, label=what, show_pos=True, file=sys.stderr)
            self._bar.__enter__()
        self._bar.length = total
        self._bar.update(done - self._bar.pos)

    def pause(self) -> None:
        """Leaves the bar's line, so that something else can be printed below it."""
        if self._bar is not None:
            click.echo(err=True)

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None
