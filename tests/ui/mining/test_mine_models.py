"""`curator mine` with a model: the whole way from the command to proposals, budgets, and a kill on the way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bench.stand_ins.oracle import ErrorRates, NoisyOracle
from bench.stand_ins.server import Fault, ModelServer
from curator.figure import FigureState
from data.demo.corpus import draw_corpus
from data.ingest import ingest
from data.sources import SourceSettings, read_sources
from data.store import Store
from ui.cli import main

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[3]
FIGURES = 6


@pytest.fixture(scope="module")
def truths(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("drawn") / "corpus"
    draw_corpus(folder, FIGURES, seed=12)
    return folder, json.loads((folder / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def candidates(tmp_path_factory: pytest.TempPathFactory, truths: tuple[Path, list[dict[str, Any]]]) -> Path:
    """A project that the embedded agent has mined."""
    project = tmp_path_factory.mktemp("candidates")
    ingest(Store(project), read_sources(truths[0], SourceSettings()))
    assert curator(project, "mine", "--workers", "2").exit_code == 0
    return project


@pytest.fixture
def project(tmp_path: Path, candidates: Path) -> Path:
    """A copy of it for one test."""
    shutil.copytree(candidates, tmp_path / "project")
    (tmp_path / "project" / "curator.toml").write_text(
        '[model]\ncoordinates = "0-1000"\nretries = 0\n[prompting]\nviews = 2\n', encoding="utf-8"
    )
    return tmp_path / "project"


@pytest.fixture
def oracle(truths: tuple[Path, list[dict[str, Any]]]) -> NoisyOracle:
    return NoisyOracle(truths[1], ErrorRates())


def curator(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--project", str(project), *arguments])


def mine(project: Path, server: ModelServer, *more: str) -> Result:
    return curator(project, "mine", "--agent", "openai", "--base-url", server.base_url, "--model", "stand-in", *more)


def test_a_model_improves_the_proposals_and_every_node_can_be_traced(project: Path, oracle: NoisyOracle) -> None:
    with ModelServer(oracle.respond) as server:
        outcome = json.loads(mine(project, server, "--json").stdout)
    assert outcome == {"mined": FIGURES, "failed": 0, "cost": 0.0, "ended_early": ""}
    store = Store(project)
    figure_ids = store.reviews.mined_ids()
    assert len(figure_ids) == FIGURES
    for figure_id in figure_ids:
        hierarchy = store.reviews.load(figure_id, 0).review.hierarchy
        assert hierarchy.panels
        for panel in hierarchy.panels:
            assert (panel.provenance.agent, panel.provenance.model) == ("openai", "stand-in")
            exchanges = store.exchanges.found(panel.provenance.exchanges)
            assert len(exchanges) == len(panel.provenance.exchanges) > 0
            assert {exchange.figure_id for exchange in exchanges} == {figure_id}
            assert all(
                store.exchanges.picture(p).is_file() for e in exchanges for m in e.messages for p in m["pictures"]
            )
    assert {mining.agent for mining in store.minings.of_figure(figure_ids[0])} == {"embedded", "openai"}


def test_mining_again_asks_nothing_twice(project: Path, oracle: NoisyOracle) -> None:
    with ModelServer(oracle.respond) as server:
        mine(project, server)
        requests = server.requests
        assert json.loads(mine(project, server, "--json").stdout)["mined"] == 0
        assert json.loads(mine(project, server, "--json", "--again").stdout)["mined"] == FIGURES
        assert server.requests == requests > FIGURES


def test_a_budget_ends_the_run_and_the_next_one_goes_on(project: Path, oracle: NoisyOracle) -> None:
    with ModelServer(oracle.respond) as server:
        ended = mine(project, server, "--max-requests", "7", "--in-flight", "2")
        assert ended.exit_code == 1
        assert "7 requests" in ended.stderr
        assert server.requests == 7
        assert Store(project).problems.listed() == []
        goes_on = mine(project, server)
        assert goes_on.exit_code == 0, goes_on.stderr
        requests = server.requests
        assert mine(project, server, "--again").exit_code == 0
        assert server.requests == requests
    assert len(Store(project).minings.mined_by("openai", "stand-in")) == FIGURES


def test_a_server_that_is_away_is_an_error_and_the_proposals_stay(project: Path, oracle: NoisyOracle) -> None:
    before = [Store(project).reviews.load(i, 0).review.hierarchy for i in Store(project).reviews.mined_ids()]
    with ModelServer(oracle.respond) as server:
        address = server.base_url
    gone = curator(project, "mine", "--agent", "openai", "--base-url", address, "--model", "stand-in")
    assert gone.exit_code == 1
    assert address in gone.stderr
    assert [Store(project).reviews.load(i, 0).review.hierarchy for i in Store(project).reviews.mined_ids()] == before


def test_a_reply_that_stays_unreadable_is_a_problem_of_its_figure_with_the_reply_kept(
    project: Path, oracle: NoisyOracle
) -> None:
    settings = project / "curator.toml"
    settings.write_text(settings.read_text("utf-8").replace("retries = 0", "retries = 0\nprice_in = 1000.0"), "utf-8")
    with ModelServer(oracle.respond, faults=[Fault(text="I see a lovely picture.")] * 6) as server:
        outcome = json.loads(mine(project, server, "--in-flight", "1", "--json").stdout)
    assert (outcome["mined"], outcome["failed"]) == (FIGURES - 1, 1)
    store = Store(project)
    # replies that could not be used were paid for too
    assert outcome["cost"] == pytest.approx(sum(spent.cost for spent in store.exchanges.spent()))
    [problem] = store.problems.listed()
    assert problem.figure_id is not None
    raw = [exchange for exchange in store.exchanges.of_figure(problem.figure_id) if exchange.fault]
    assert [exchange.reply.text for exchange in raw] == ["I see a lovely picture."] * 6
    assert store.reviews.load(problem.figure_id, 0).review.state == FigureState.PROPOSED


def test_the_consensus_of_two_agents_is_one_more_mining(project: Path, oracle: NoisyOracle) -> None:
    with ModelServer(oracle.respond) as server:
        mine(project, server)
    assert json.loads(curator(project, "mine", "--agent", "consensus", "--json").stdout)["mined"] == FIGURES
    store = Store(project)
    for figure_id in store.reviews.mined_ids():
        assert {m.agent for m in store.minings.of_figure(figure_id)} == {"embedded", "openai", "consensus"}


def test_options_of_a_model_need_a_model(project: Path) -> None:
    refused = curator(project, "mine", "--base-url", "http://localhost:1/v1")
    assert refused.exit_code == 2
    assert "name one with --agent openai" in refused.stderr


def test_killed_on_the_way_it_asks_nothing_twice_but_what_was_under_way(project: Path, oracle: NoisyOracle) -> None:
    in_flight, asked, reached, killed = 2, Counter[str](), threading.Event(), threading.Event()
    lock = threading.Lock()

    def respond(body: dict[str, Any]) -> str:
        with lock:
            asked[json.dumps(body, sort_keys=True)] += 1
            if asked.total() == 9:
                reached.set()
        if reached.is_set():
            killed.wait()  # else it might be done before it is killed
        return oracle.respond(body)

    with ModelServer(respond) as server:
        command = [sys.executable, "-m", "ui", "--project", str(project), "mine", "--agent", "openai", "--json"]
        command += ["--base-url", server.base_url, "--model", "stand-in", "--in-flight", str(in_flight)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT) as process:
            try:
                assert reached.wait(300)
            finally:
                os.kill(process.pid, signal.SIGKILL)
                killed.set()
        assert len(Store(project).minings.mined_by("openai", "stand-in")) < FIGURES
        assert subprocess.run(command, stdout=subprocess.DEVNULL, cwd=ROOT, check=False).returncode == 0
    assert len(Store(project).minings.mined_by("openai", "stand-in")) == FIGURES
    assert asked.total() - len(asked) <= in_flight
