"""What is connected to, with real connections on this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from agents.lvlm.connection import test_connection as connected
from agents.lvlm.model import Message, Sampling
from agents.lvlm.providers.openai import OpenAIModel
from bench.stand_ins.listening import StandInServer
from bench.stand_ins.server import ModelServer
from curator.addresses import Reach
from curator.errors import AddressError, ModelError, SyncError
from curator.settings import ModelSettings
from data.label_studio.client import LabelStudio
from data.pmc import PmcSettings
from data.sources import Problem, SourceSettings, read_sources
from network.reaching import reaching

CLOSED = Reach(private=False)
TEST_ADDRESS = "93.184.216.34"  # a public one that is never connected to here


class _Server:
    """Counts what reaches it; ``/away`` sends on to ``away``."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.away = ""
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append((self.path, self.headers["Host"]))
                self.send_response(302 if self.path == "/away" else 200)
                if self.path == "/away":
                    self.send_header("Location", server.away)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: Any) -> None:
                pass

        self.http = StandInServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_address[1]


@pytest.fixture
def server() -> Iterator[_Server]:
    server = _Server()
    thread = Thread(target=server.http.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.http.shutdown()
    server.http.server_close()
    thread.join()


def _names(monkeypatch: pytest.MonkeyPatch, names: dict[str, list[list[str]]]) -> None:
    """Answers to look-ups of these names, one after the other; others are the system's."""
    real = socket.getaddrinfo

    def looked_up(host: Any, port: Any, *args: Any, **named: Any) -> Any:
        if host not in names:
            return real(host, port, *args, **named)
        answers = names[host]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0.0.0.0", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]"]
)
def test_this_machine_is_not_asked_however_it_is_spelled(server: _Server, host: str) -> None:
    with (
        httpx.Client(transport=reaching(CLOSED)) as client,
        pytest.raises((AddressError, httpx.ConnectError, httpx.InvalidURL)),
    ):
        client.get(f"http://{host}:{server.port}/")
    assert server.asked == []


@pytest.mark.parametrize("host", ["[::ffff:127.0.0.1]", "169.254.169.254", "[::ffff:a9fe:a9fe]", "[64:ff9b::7f00:1]"])
def test_the_clouds_account_and_wrapped_addresses_are_not_asked(host: str) -> None:
    with httpx.Client(transport=reaching(CLOSED)) as client, pytest.raises(AddressError):
        client.get(f"http://{host}/latest/meta-data/")


def test_a_name_that_stands_for_something_else_the_second_time_is_connected_to_as_it_was_checked(
    server: _Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    _names(monkeypatch, {"rebinding.example": [[TEST_ADDRESS], ["127.0.0.1"]]})
    connected_to: list[str] = []

    def connect(address: tuple[str, int], *_: Any, **__: Any) -> Any:
        connected_to.append(address[0])
        raise OSError("not in a test")

    monkeypatch.setattr(socket, "create_connection", connect)
    with httpx.Client(transport=reaching(CLOSED)) as client, pytest.raises(httpx.ConnectError):
        client.get(f"http://rebinding.example:{server.port}/")
    assert connected_to == [TEST_ADDRESS]
    assert server.asked == []


def test_each_hop_of_a_redirect_is_checked(server: _Server) -> None:
    server.away = "http://localhost:1/secret"
    reach = Reach(False, (f"127.0.0.1:{server.port}",))
    with (
        httpx.Client(transport=reaching(reach), follow_redirects=True) as client,
        pytest.raises(AddressError, match="localhost:1"),
    ):
        client.get(f"http://127.0.0.1:{server.port}/away")
    assert [path for path, _ in server.asked] == ["/away"]


def test_an_allowed_name_is_asked_under_its_own_name_at_the_first_address_that_answers(
    server: _Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    _names(monkeypatch, {"vllm.lab": [["127.0.0.2", "127.0.0.1"]]})
    with httpx.Client(transport=reaching(Reach(False, ("vllm.lab",)))) as client:
        answer = client.get(f"http://vllm.lab:{server.port}/v1")
    assert (answer.status_code, str(answer.url)) == (200, f"http://vllm.lab:{server.port}/v1")
    assert server.asked == [("/v1", f"vllm.lab:{server.port}")]


def test_a_name_that_nobody_has_is_an_error_of_the_connection() -> None:
    with httpx.Client(transport=reaching(CLOSED)) as client, pytest.raises(httpx.ConnectError):
        client.get(f"http://{'a' * 64}.example/")


def test_the_connection_test_says_what_mends_a_models_address() -> None:
    with ModelServer(lambda _: "OK") as server:
        settings = ModelSettings(base_url=server.base_url, model="stand-in", reach=CLOSED)
        fault = connected(settings).fault
    assert fault.startswith("model.base_url: '127.0.0.1' is not a public address")


def test_a_model_is_not_asked_and_not_asked_again_at_a_private_address() -> None:
    waits: list[float] = []
    with ModelServer(lambda _: "OK") as server:
        model = OpenAIModel(ModelSettings(base_url=server.base_url, model="stand-in", reach=CLOSED), waits.append)
        with pytest.raises(ModelError, match=r"model\.base_url: '127\.0\.0\.1' is not a public address"):
            model.complete([Message("user", "hello")], None, Sampling(0.0, 5))
        assert (waits, server.counts.total()) == ([], 0)


def test_a_model_in_the_same_network_is_asked_where_it_is_allowed() -> None:
    with ModelServer(lambda _: "OK") as server:
        reach = Reach(False, ("127.0.0.0/8",))
        model = OpenAIModel(ModelSettings(base_url=server.base_url, model="stand-in", reach=reach))
        assert model.complete([Message("user", "hello")], None, Sampling(0.0, 5)).text == "OK"


def test_label_studio_and_the_article_service_are_held_to_it_too(server: _Server, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{server.port}"
    with LabelStudio(url, "f" * 40, reach=CLOSED) as there, pytest.raises(SyncError, match="not a public address"):
        there.release()
    pmc = PmcSettings(tmp_path, contact="", base_url=url, reach=CLOSED)
    (problem,) = read_sources("PMC1", SourceSettings(pmc))
    assert isinstance(problem, Problem)
    assert "not a public address" in problem.reason
    assert server.asked == []


@pytest.mark.parametrize("source", ["http://169.254.169.254/latest", "https://x.example/a.zip", "file:///etc/passwd"])
def test_an_address_is_no_source_of_articles(tmp_path: Path, source: str) -> None:
    (problem,) = read_sources(source, SourceSettings(PmcSettings(tmp_path, contact="")))
    assert isinstance(problem, Problem)
    assert problem.reason == "neither a file or folder that exists nor a PMC id such as 'PMC2467486'"
