"""20 curators editing at once for a minute through the API of a real server: times, errors, and the log afterwards.

Each curator is a thread with a client and a token of its own, in four processes that share the machine with the server:
reads the head of the queue, leases a figure, looks at it, decides six times, takes one back, accepts, goes on. Once
without a pause, which is the most that 20 connections can ask for; once with the pauses of people.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

from bench.keeping import HIERARCHY, draw
from curator.commands import Command, Judge, JudgeFigure, Resize, Update
from curator.errors import CuratorError, LeaseError, StaleError
from curator.user import User
from data.client import Client, RemoteFigure
from data.store import Store

T = TypeVar("T")

FIGURES = 4_000
CURATORS = 20
PROCESSES = 4
SECONDS = 60.0
THINK_S = 2.0
"""Mean pause before an edit, evenly spread from nothing to twice that. Guess; bench/stand_ins has a model of people."""
GOAL_MS = 300.0
_HEAD = 60  # figures of the queue among which a curator takes one
_START_S = 60.0
_TICKS_A_SECOND = float(os.sysconf("SC_CLK_TCK"))


@dataclass(slots=True)
class Worked:
    """What one curator did."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    """Of each request, by what was asked."""
    acknowledged: list[tuple[str, int, str]] = field(default_factory=list)
    """Figure, revision and kind of every event that the server said was saved."""
    met: int = 0
    """Figures that another curator had taken first."""
    errors: list[str] = field(default_factory=list)


def run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for think_s in (0.0, THINK_S):
            project = Path(folder) / f"project-{think_s}"
            tokens = _prepared(project)
            with _served(project) as (url, pid):
                before, load = _cpu_s(pid), os.getloadavg()[0]
                began = time.perf_counter()
                worked = _crowd(url, tokens, think_s)
                wall = time.perf_counter() - began
                spent = _cpu_s(pid) - before
            pause = f"pauses of {think_s:.0f} s on average" if think_s else "no pauses"
            print(f"\n{CURATORS} curators, {SECONDS:.0f} s, {pause}; {FIGURES:,} figures, {os.cpu_count()} cores")
            print(
                f"load of the machine: {load:.1f} before, {os.getloadavg()[0]:.1f} at the end; the server took "
                f"{spent:.0f} s of {wall:.0f} s of one core"
            )
            _report(worked)
            _check_log(project, worked)


def _prepared(project: Path) -> list[str]:
    """A project of proposals, with a user and a token for each curator."""
    with patch("os.fsync"):  # what is drawn need not outlive a power cut
        draw(project, FIGURES)
    store = Store(project)
    store.users.add("boss", "admin", "no hash: nobody logs in by password")
    tokens = []
    for number in range(CURATORS):
        user = User(f"curator-{number}", "curator")
        store.users.add(user.name, user.role, "no hash: nobody logs in by password")
        tokens.append(store.tokens.make(user, "load", "curator")[1])
    store.close()
    return tokens


@contextmanager
def _served(project: Path) -> Iterator[tuple[str, int]]:
    """Address and process of a server of its own."""
    log = project / "server.log"
    command = [sys.executable, "-u", "-m", "ui", "--project", str(project), "serve", "--port", "0", "--no-mine"]
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT) as server:
        try:
            deadline = time.monotonic() + _START_S
            while not (found := re.search(r"http://[0-9.:]+", log.read_text(encoding="utf-8"))):
                if server.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"the server did not start: {log.read_text(encoding='utf-8')}")
                time.sleep(0.1)
            yield found[0], server.pid
        finally:
            server.terminate()


def _crowd(url: str, tokens: list[str], think_s: float) -> list[Worked]:
    share = -(-len(tokens) // PROCESSES)
    groups = [tokens[first : first + share] for first in range(0, len(tokens), share)]
    context = get_context("spawn")
    ready = context.Barrier(len(groups))  # nobody begins while others still load their modules
    with ProcessPoolExecutor(len(groups), context, ready.wait) as pool:
        return [one for group in pool.map(partial(_group, url, think_s), groups) for one in group]


def _group(url: str, think_s: float, tokens: list[str]) -> list[Worked]:
    with ThreadPoolExecutor(len(tokens)) as threads:
        return list(threads.map(partial(_curator, url, think_s), tokens))


def _curator(url: str, think_s: float, token: str) -> Worked:
    worked, rng = Worked(), random.Random(token)
    with Client(url, token) as client:
        client.whoami()  # connected
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            try:
                _review_one(client, worked, rng, until, think_s)
            except (LeaseError, StaleError):  # another one was first
                worked.met += 1
            except CuratorError as error:
                worked.errors.append(f"{type(error).__name__}: {error}")
    return worked


def _review_one(client: Client, worked: Worked, rng: random.Random, until: float, think_s: float) -> None:
    head = _timed(worked, "queue", lambda: client.get("/figures", state="proposed", limit=_HEAD))["items"]
    chosen = rng.choice(head)["id"]
    with client.lease(chosen):
        figure = _timed(worked, "figure", lambda: client.figure(chosen))
        if figure.revision != 1:  # another one had it before we took it
            worked.met += 1
            return
        _timed(worked, "thumbnail", lambda: client.image(chosen, "thumbnails"))
        for kind, commands in _edits():
            if time.monotonic() >= until:
                return
            time.sleep(rng.uniform(0, 2 * think_s))
            figure = _edit(client, worked, figure, kind, commands)


def _edits() -> list[tuple[str, list[Command]]]:
    x0, y0, x1, y1 = HIERARCHY.panels[2].box_xyxy
    return [
        ("decide", [Judge(op="judge", id="p0", state="accepted")]),
        ("decide", [Judge(op="judge", id="p1", state="accepted")]),
        ("decide", [Resize(op="resize", id="p2", box_xyxy=(x0 + 3, y0 + 3, x1 - 3, y1 - 3))]),
        ("decide", [Update(op="update", id="p3", fields={"label": "d"})]),
        ("decide", [Judge(op="judge", id="p4", state="rejected")]),
        ("undo", []),
        ("decide", [JudgeFigure(op="judge_figure", state="accepted")]),
    ]


def _edit(client: Client, worked: Worked, figure: RemoteFigure, kind: str, commands: list[Command]) -> RemoteFigure:
    after = _timed(worked, "edit", lambda: client.decide(figure, commands) if commands else client.undo(figure))
    if after.revision != figure.revision + 1:
        worked.errors.append(f"an edit made revision {after.revision} of {figure.revision}")
    worked.acknowledged.append((after.id, after.revision, kind))
    return after


def _timed(worked: Worked, what: str, ask: Callable[[], T]) -> T:
    began = time.perf_counter()
    answer = ask()
    worked.seconds.setdefault(what, []).append(time.perf_counter() - began)
    return answer


def _report(worked: list[Worked]) -> None:
    print("\n| request | n | p50 ms | p95 ms | max ms |\n|---|---|---|---|---|")
    every: list[float] = []
    for what in ("edit", "figure", "queue", "thumbnail"):
        times = sorted(time for one in worked for time in one.seconds.get(what, ()))
        every += times
        if times:
            print(f"| {what} | {_row(times)} |")
    print(f"| all | {_row(sorted(every))} |")
    errors = Counter(error for one in worked for error in one.errors)
    print(f"errors: {errors.total()}; figures that another curator had first: {sum(one.met for one in worked)}")
    for error, count in errors.most_common(5):
        print(f"  {count} x {error}")
    p95 = 1000 * sorted(every)[int(0.95 * len(every))]
    print(f"p95 of all requests {p95:.0f} ms: {'within' if p95 <= GOAL_MS else 'MISSES'} the goal of {GOAL_MS:.0f} ms")


def _row(times: list[float]) -> str:
    p50, p95 = (1000 * times[int(share * len(times))] for share in (0.5, 0.95))
    return f"{len(times):,} | {p50:.0f} | {p95:.0f} | {1000 * times[-1]:.0f}"


def _check_log(project: Path, worked: list[Worked]) -> None:
    """Everything that was acknowledged is an event once, and no other event is there."""
    store = Store(project)
    rows = store.connections.rows("select figure_id, revision, kind from events where kind != 'mine'")
    logged = Counter((row["figure_id"], row["revision"], row["kind"]) for row in rows)
    store.close()
    acknowledged = Counter(event for one in worked for event in one.acknowledged)
    lost, extra = acknowledged - logged, logged - acknowledged
    print(
        f"events: {acknowledged.total():,} acknowledged, {logged.total():,} in the log, {lost.total()} lost, "
        f"{extra.total()} twice or unasked for"
    )


def _cpu_s(pid: int) -> float:
    """Seconds of a core that a process has taken."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.is_file():
        return float("nan")
    fields = stat.read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND
