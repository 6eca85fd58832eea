"""The provider ``openai`` against two real servers, ``transformers serve`` and llama.cpp, with the same tiny model."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from agents.lvlm.connection import test_connection as try_connection
from agents.lvlm.model import Message, Sampling, Schema
from agents.lvlm.providers.openai import OpenAIModel
from curator.exchange import Finish, Reply
from curator.settings import ModelSettings
from tests.agents.lvlm.tiny_gguf import convert_model
from tests.agents.lvlm.tiny_qwen import QUESTION, SCHEMA, answer_of, draw_picture, every_pair
from tests.ports import kept_port

pytestmark = pytest.mark.process

NEEDED = {"llama.cpp": ("torch", "gguf", "xllamacpp"), "transformers serve": ("torch", "fastapi", "uvicorn")}
ATTEMPTS, PAUSE_S = 3000, 0.1  # up in 7 s on a quiet machine, far later on a busy one
NUMBER: Schema = {
    "type": "object",
    "properties": {"number": {"type": "integer", "minimum": 10, "maximum": 99}},
    "required": ["number"],
    "additionalProperties": False,
}


@contextmanager
def running(command: list[str], environ: dict[str, str], log: Path) -> Iterator[subprocess.Popen[str]]:
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command,
            env=os.environ | {"OMP_NUM_THREADS": "1"} | environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def wait_until_healthy(url: str, process: subprocess.Popen[str], log: Path) -> None:
    pause = threading.Event()
    for _ in range(ATTEMPTS):
        assert process.poll() is None, f"the server ended: {log.read_text()[-2000:]}"
        try:
            if httpx.get(f"{url}/health", timeout=60).status_code == 200:
                return
        except httpx.TransportError:
            pass  # not up yet
        pause.wait(PAUSE_S)
    pytest.fail(f"no server at {url} after {ATTEMPTS} attempts: {log.read_text()[-2000:]}")


@contextmanager
def llama_server(model: Path, folder: Path) -> Iterator[ModelSettings]:
    files = convert_model(model, folder)
    command = [sys.executable, "-m", "tests.agents.lvlm.llama_server", *map(str, files)]
    log = folder / "llama.log"
    with running(command, {}, log) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, f"the server ended: {log.read_text()[-2000:]}"
        wait_until_healthy(url, process, log)
        yield ModelSettings(base_url=f"{url}/v1", model="tiny", retries=0)


@contextmanager
def transformers_server(model: Path, folder: Path) -> Iterator[ModelSettings]:
    cache = folder / "hub"  # the server lists what is in it, and fails where it is missing
    cache.mkdir()
    log = folder / "transformers.log"
    offline = {"HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(cache)}
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(model)]
    command += ["--host", "127.0.0.1", "--device", "cpu", "--dtype", "float32", "--port"]
    with kept_port() as port, running([*command, str(port)], offline, log) as process:
        wait_until_healthy(f"http://127.0.0.1:{port}", process, log)
        yield ModelSettings(base_url=f"http://127.0.0.1:{port}/v1", model=str(model), retries=0)


START: dict[str, Callable[[Path, Path], object]] = {
    "llama.cpp": llama_server,
    "transformers serve": transformers_server,
}


@pytest.fixture(scope="module", params=list(START))
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelSettings]:
    absent = [name for name in NEEDED[request.param] if importlib.util.find_spec(name) is None]
    if absent:
        pytest.skip(f"needs {', '.join(absent)}: make dev")
    model: Path = request.getfixturevalue("tiny_qwen_folder")
    with START[request.param](model, tmp_path_factory.mktemp("server")) as settings:  # type: ignore[attr-defined]
        yield settings


def ask(settings: ModelSettings, pair: tuple[str, str], schema: Schema | None = None, max_tokens: int = 30) -> Reply:
    question = Message("user", QUESTION, (draw_picture(*pair),))
    return OpenAIModel(settings).complete([question], schema, Sampling(0.0, max_tokens, seed=1))


def test_the_answer_tells_what_the_pixels_show(server: ModelSettings) -> None:
    model = OpenAIModel(server)
    questions = [[Message("user", QUESTION, (draw_picture(*pair),))] for pair in every_pair()]
    with ThreadPoolExecutor(4) as threads:
        said = list(threads.map(lambda question: model.complete(question, None, Sampling(0.0, 30)).text, questions))
    assert said == [answer_of(*pair) for pair in every_pair()]


def test_earlier_turns_and_several_pictures_are_taken(server: ModelSettings) -> None:
    turns = [
        Message("system", "Answer."),
        Message("user", QUESTION, (draw_picture("A", "red"), draw_picture("H", "blue"))),
        Message("assistant", answer_of("A", "red")),
        Message("user", QUESTION, (draw_picture("T", "green"),)),
    ]
    reply = OpenAIModel(server).complete(turns, None, Sampling(0.0, 30))
    assert reply.text
    assert reply.tokens_in > 2 * ask(server, ("T", "green")).tokens_in


def test_tokens_are_counted_and_a_cut_reply_says_so(server: ModelSettings) -> None:
    whole, cut = ask(server, ("T", "blue")), ask(server, ("T", "blue"), max_tokens=5)
    assert (whole.finish, cut.finish) == (Finish.STOP, Finish.LENGTH)
    assert (cut.tokens_out, whole.tokens_in) == (5, cut.tokens_in)
    assert whole.text.startswith(cut.text)
    assert whole.tokens_out > 5


def test_a_schema_that_the_answer_follows_changes_nothing(server: ModelSettings) -> None:
    assert ask(server, ("O", "green"), SCHEMA).text == answer_of("O", "green")


def test_llama_holds_the_reply_to_another_schema(server: ModelSettings, request: pytest.FixtureRequest) -> None:
    reply = ask(server, ("O", "green"), NUMBER, max_tokens=200)  # the grammar leaves room for blanks
    if "llama.cpp" in request.node.callspec.id:
        answer = json.loads(reply.text)
        assert list(answer) == ["number"]
        assert 10 <= answer["number"] <= 99
    else:
        assert reply.text == answer_of("O", "green")  # transformers serve passes over the schema without a word


def test_the_connection_test_finds_that_the_tiny_model_cannot_read(server: ModelSettings) -> None:
    connection = try_connection(server)
    assert not connection.ok
    assert "was shown 'K7R' and read" in connection.fault
    assert connection.sees_pictures is False
    assert connection.latency_s is not None
