"""The page as a server: what it listens at, what it says, how it ends."""

from __future__ import annotations

import os
import signal
import socket
import time
import webbrowser
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import TYPE_CHECKING

import click

from curator.errors import SettingsError
from curator.settings import ServeSettings
from data.store import Store
from ui.app import LOOPBACK, build_app, no_miner
from ui.mining.jobs import Miner
from ui.service.requests_log import say
from ui.service.service_manager import notify
from ui.service.stopping import Stopping, closed_in_time, ending_well

if TYPE_CHECKING:
    from fastapi import FastAPI

    from agents.segment.choose import Choice

_PAGE_STOP_S = 2
"""What requests under way get when a person ends the page. Guess: who presses Ctrl+C waits no longer."""
_LEAST_S = 1.0
"""What is left for the rest even where requests took all of the time."""


@dataclass(frozen=True, slots=True)
class Served:
    """Where a server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}/"


def serve_page(
    store: Store,
    host: str,
    port: int,
    open_browser: bool,
    *,
    who: str = "curator",
    miner: Miner = no_miner,
    choose: Callable[[], Choice] | None = None,
    settings: ServeSettings | None = None,
) -> None:
    """Serves the page to a person until Ctrl+C or SIGTERM; port 0 takes a free one.

    Raises:
        SettingsError: the host is reachable from other machines and the project has no users, the port is taken, or a
            setting cannot be used.
    """
    settings = settings or ServeSettings()
    listening, served = listen(store, host, port)

    def started() -> None:
        click.echo(f"Curator is at {served.url} (Ctrl+C ends it)")
        if open_browser:
            webbrowser.open(served.url)

    with listening:
        app = build_app(store, who=who, miner=miner, choose=choose, loopback=host in LOOPBACK, serve=settings)
        with ending_well([signal.SIGTERM]) as asked:
            try:
                app.state.ingests.resume()
                _run(app, listening, settings, _PAGE_STOP_S, asked, started)
            finally:  # the server raises the signal that ended it again
                if app.state.mining_jobs.busy:
                    click.echo("Finishing the figure that is being mined; what was mined stays (Ctrl+C leaves it)")
                for close in _closers(app):
                    close()


def serve(
    store: Store,
    host: str,
    port: int,
    *,
    who: str = "curator",
    miner: Miner = no_miner,
    choose: Callable[[], Choice] | None = None,
    settings: ServeSettings | None = None,
    prepare: Callable[[FastAPI], None] = lambda app: None,
) -> bool:
    """Serves as a service until SIGTERM or Ctrl+C, and logs (see ``ui.service.requests_log``).

    Whether all came to its end in time; where not, threads are left that still work.
    """
    settings = settings or ServeSettings()
    listening, served = listen(store, host, port)
    ended_at = 0.0

    def started() -> None:
        say("listening", url=served.url)
        notify("READY=1")

    def stopping() -> None:
        nonlocal ended_at
        ended_at = time.monotonic()
        notify("STOPPING=1")
        say("stopping")

    with listening:
        app = build_app(store, who=who, miner=miner, choose=choose, loopback=host in LOOPBACK, serve=settings)
        prepare(app)
        with ending_well([signal.SIGTERM, signal.SIGINT]) as asked:
            try:
                app.state.ingests.resume()
                _run(app, listening, settings, settings.stop_s, asked, started, stopping)
            finally:
                spent_s = time.monotonic() - ended_at if ended_at else 0.0
                in_time = closed_in_time(_closers(app), max(settings.stop_s - spent_s, _LEAST_S))
                say("stopped", in_time=in_time)
    return in_time


def _closers(app: FastAPI) -> Sequence[Callable[[], None]]:
    running = app.state
    return running.syncing.close, running.mining_jobs.close, running.ingests.close, running.segmenting.close


def _run(
    app: FastAPI,
    listening: socket.socket,
    settings: ServeSettings,
    stop_s: int,
    asked: Callable[[], bool],
    started: Callable[[], None],
    stopping: Callable[[], None] = lambda: None,
) -> None:
    import uvicorn

    wrapped = Stopping(app)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                started()

        async def main_loop(self) -> None:
            if asked():  # to end, before it listened for that
                self.should_exit = True
            await super().main_loop()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            stopping()
            wrapped.begin()
            await super().shutdown(sockets)

    config = uvicorn.Config(
        wrapped,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=stop_s,
        lifespan="on",
        proxy_headers=True,
        forwarded_allow_ips=list(settings.trusted_proxies),
        server_header=False,
    )
    Server(config).run(sockets=[listening])


def listen(store: Store, host: str, port: int) -> tuple[socket.socket, Served]:
    """A socket that listens there, if the project may be served there; raises as ``serve``."""
    if host not in LOOPBACK and not store.users.any():
        raise SettingsError(
            f"host {host!r} is reachable from other machines, and the project has no users: anyone there could edit "
            "your figures. Add one (curator users add NAME --role admin), or use 127.0.0.1 and an SSH tunnel from "
            "elsewhere (ssh -L 7860:127.0.0.1:7860 ...)"
        )
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"port {port} of {host} cannot be used ({error.strerror}); choose another with --port"
        ) from error
    return listening, Served(host, listening.getsockname()[1])


def check_proxies(proxies: Sequence[str]) -> None:
    """Refuses what can stand for anybody, or for nobody.

    Raises:
        SettingsError: one of them is neither an address nor a network.
    """
    for proxy in proxies:
        try:
            ip_network(proxy)
        except ValueError as error:
            raise SettingsError(
                f"trusted_proxies of [serve] has {proxy!r}; expected addresses and networks, such as 127.0.0.1 or "
                "172.18.0.0/16"
            ) from error


def leave(code: int) -> None:
    """Ends the process though threads still work: they only read and write what a crash may cut off anywhere."""
    os._exit(code)
