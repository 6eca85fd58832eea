"""The connection test: what is wrong, in one sentence, and what mends it."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from agents.lvlm import connection
from agents.lvlm.connection import DRAWN, Connection, drawn_picture
from agents.lvlm.providers.openai_address import find_api
from bench.stand_ins.server import Body, Fault, ModelServer, pictures_of, schema_of
from curator.settings import ModelSettings

KEY = "sk-very-secret"


def able(body: Body) -> str:
    """A model that reads pictures and holds to schemas."""
    if pictures_of(body):
        return f"It shows {DRAWN.lower()}."
    return '{"number": 7}' if schema_of(body) else "OK"


def blind(body: Body) -> str:
    return "I cannot see any picture." if pictures_of(body) else able(body)


def talkative(body: Body) -> str:
    """Takes a schema and passes it over, as `transformers serve` does."""
    return "The number 7 follows." if schema_of(body) else able(body)


def checked(server: ModelServer, **settings: object) -> Connection:
    named = {"base_url": server.base_url, "model": "stand-in", **settings}
    return connection.test_connection(ModelSettings(**named))  # type: ignore[arg-type]


def fault_of(settings: ModelSettings) -> str:
    result = connection.test_connection(settings)
    assert not result.ok
    return result.fault


def test_a_model_that_can_all_is_ok() -> None:
    with ModelServer(able, models=["stand-in", "other"]) as server:
        result = checked(server)
        assert server.requests == 3
    assert result == Connection(True, "", ("stand-in", "other"), result.latency_s, True, True)
    assert result.latency_s is not None
    assert result.latency_s > 0


def test_the_picture_that_is_sent_can_be_read() -> None:
    with ModelServer(able) as server:
        checked(server)
        [sent] = [picture for asked in server.history for picture in pictures_of(asked.body)]
    assert sent == drawn_picture().data
    image = cv2.imdecode(np.frombuffer(sent, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    signs, _ = cv2.connectedComponents((image < 128).astype(np.uint8))
    assert signs - 1 == len(DRAWN)


@pytest.mark.parametrize("structured", ["auto", "prompt"])
def test_a_server_without_schemas_is_ok_all_the_same(structured: str) -> None:
    with ModelServer(able, takes_schema=False) as server:
        result = checked(server, structured=structured)
    assert (result.ok, result.fault, result.takes_schema) == (True, "", False)


def test_a_server_that_passes_schemas_over_is_found_out() -> None:
    with ModelServer(talkative) as server:
        result = checked(server)
    assert (result.ok, result.takes_schema) == (True, False)


def test_a_server_without_schemas_is_a_fault_where_they_are_demanded() -> None:
    with ModelServer(able, takes_schema=False) as server:
        result = checked(server, structured="schema")
    assert not result.ok
    assert (
        result.fault == "the server does not hold replies to a JSON schema; set model.structured to 'auto' or 'prompt'"
    )


def test_a_server_that_lists_no_models_is_ok() -> None:
    with ModelServer(able, lists_models=False) as server:
        result = checked(server)
    assert (result.ok, result.models) == (True, ())


def test_a_model_that_does_not_see_is_told_with_what_it_answered() -> None:
    with ModelServer(blind) as server:
        result = checked(server)
    assert (result.ok, result.sees_pictures, result.takes_schema) == (False, False, None)
    assert result.fault == (
        "the model 'stand-in' was shown 'K7R' and read 'I cannot see any picture.': it does not see pictures; choose a "
        "vision-language model, or start the server with its vision part (llama.cpp: --mmproj)"
    )


def test_a_server_that_takes_no_pictures_is_told() -> None:
    with ModelServer(able, sees_pictures=False) as server:
        result = checked(server)
        assert (result.ok, result.sees_pictures) == (False, False)
        assert result.fault == (
            f"the model 'stand-in' answers words, but not a picture: the model server at {server.base_url} refuses the "
            "request (400: At most 0 image(s) may be provided in one request.); choose a model that sees pictures"
        )


def test_a_model_that_the_server_has_not_is_told_with_those_it_has() -> None:
    with ModelServer(able, models=["qwen", "gemma"]) as server:
        result = checked(server, model="quen")
        assert result == Connection(
            False,
            f"the model server at {server.base_url} has no model 'quen', only 'qwen', 'gemma'; "
            "set model.model to one that it has",
            ("qwen", "gemma"),
        )


def test_without_a_model_those_of_the_server_are_told() -> None:
    with ModelServer(able, models=["qwen", "gemma"]) as server:
        result = checked(server, model="")
    assert result == Connection(
        False, "no model is named; the server has 'qwen', 'gemma': set model.model to one", ("qwen", "gemma")
    )


def test_a_missing_or_wrong_key_is_told_and_never_shown() -> None:
    with ModelServer(able, api_key=KEY) as server:
        missing = checked(server).fault
        wrong = checked(server, api_key="sk-other-secret").fault
        right = checked(server, api_key=KEY)
        at = f"the model server at {server.base_url}"
    assert missing == f"{at} asks for a key (401); set CURATOR_MODEL_API_KEY to one that it knows"
    assert wrong == f"{at} refuses the key (401); set CURATOR_MODEL_API_KEY to one that it knows"
    assert right.ok
    assert KEY not in repr(right)


def test_a_key_that_cannot_be_sent_is_told_and_never_shown() -> None:
    fault = fault_of(ModelSettings(base_url="http://localhost:1/v1", model="m", api_key=f"{KEY}\n"))
    assert fault == "model.api_key holds a space, a line break or a sign that no key has; copy it again"


@pytest.mark.parametrize(
    "given",
    ["", "/", "/v1/chat/completions", "/v1/models", "/api", "/v2"],
    ids=["host", "slash", "endpoint", "listing", "other", "version"],
)
def test_a_wrong_path_is_told_with_the_right_one(given: str) -> None:
    with ModelServer(able) as server:
        host = server.base_url.removesuffix("/v1")
        result = checked(server, base_url=host + given)
        assert result == Connection(
            False,
            f"{(host + given).rstrip('/')} is not the address of the API, but {host}/v1 is; set model.base_url to it",
        )


def test_an_api_below_another_path_is_found_though_it_asks_for_a_key() -> None:
    with ModelServer(able, root="/api/v1", api_key=KEY) as server:
        host = server.base_url.removesuffix("/api/v1")
        assert checked(server, base_url=host).fault == (
            f"{host} is not the address of the API, but {host}/api/v1 is; set model.base_url to it"
        )


@contextmanager
def web_server(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A server that speaks HTTP and is no model's; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer(self)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the console."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_web_page_is_no_api() -> None:
    def page(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"<h1>Hello</h1>")

    with web_server(page) as url:
        assert fault_of(ModelSettings(base_url=url, model="m")) == (
            f"the model server at {url} answered with something other than a chat completion (<h1>Hello</h1>); "
            "does model.base_url name the API? It usually ends in /v1"
        )


def test_an_address_where_nothing_is_found_is_no_api() -> None:
    with web_server(lambda handler: handler.send_error(404, "Nothing")) as url:
        fault = fault_of(ModelSettings(base_url=f"{url}/v1", model="m"))
    assert fault.startswith(f"the model server at {url}/v1 answered 404 (")
    assert fault.endswith(
        ") and lists no models; model.base_url has to name an API that speaks the OpenAI protocol, "
        "and usually ends in /v1"
    )


def test_an_address_that_sends_on_is_told_with_its_target() -> None:
    def move(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(308)
        handler.send_header("Location", f"https://example.org{handler.path}")
        handler.end_headers()

    with web_server(move) as url:
        assert fault_of(ModelSettings(base_url=f"{url}/v1", model="m")) == (
            f"the model server at {url}/v1 sends on to https://example.org/v1; set model.base_url to that address"
        )


def test_a_port_on_which_nothing_listens_is_told() -> None:
    with socket.socket() as unused:  # bound and not listening: refuses
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        assert fault_of(ModelSettings(base_url=f"http://127.0.0.1:{port}/v1", model="m")) == (
            f"the model server at http://127.0.0.1:{port}/v1 cannot be reached: nothing listens on port {port} of "
            "127.0.0.1; start the server, or correct the port"
        )


def test_a_host_that_nobody_knows_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert fault_of(ModelSettings(base_url="http://gpu-box:8000/v1", model="m")) == (
        "the model server at http://gpu-box:8000/v1 cannot be reached: no host is called 'gpu-box'; "
        "correct the name, or ask from a network that knows it"
    )


def test_a_server_that_speaks_no_tls_is_told() -> None:
    with ModelServer(able) as server:
        url = server.base_url.replace("http://", "https://")
        fault = checked(server, base_url=url).fault
    assert fault.startswith(f"the model server at {url} cannot be reached: no encrypted connection could be made (")
    assert fault.endswith("; a server without a certificate needs http://")


def test_a_server_that_takes_connections_and_says_nothing_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        assert fault_of(ModelSettings(base_url=url, model="m", timeout_s=0.2)) == (
            f"the model server at {url} did not answer within 0.2 s; is it running, and are its host and port right?"
        )


def test_a_model_that_does_not_answer_in_time_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    late = threading.Event()
    # the list of models may come as late as it will
    monkeypatch.setattr(connection, "find_api", lambda settings: find_api(replace(settings, timeout_s=60)))
    with ModelServer(able, faults=[Fault(until=late)]) as server:
        fault = checked(server, timeout_s=0.2).fault
        late.set()
        assert fault == (
            f"the model server at {server.base_url} did not answer within 0.2 s; "
            "raise model.timeout_s, or lower model.in_flight, model.max_side_px or model.max_reply_tokens"
        )


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://a/v1", "http://", "http://a:port/v1", "http://[::1/v1"])
def test_what_is_no_address_is_told(url: str) -> None:
    assert fault_of(ModelSettings(base_url=url, model="m")) == (
        f"model.base_url is {url.rstrip('/')!r}, expected an address such as 'http://localhost:8000/v1'"
    )


def test_another_provider_is_asked_through_the_same_seam() -> None:
    assert fault_of(ModelSettings(provider="nobody", model="m")).startswith(
        "no provider of models is called 'nobody', expected one of "
    )


def test_the_picture_goes_as_a_data_uri() -> None:
    with ModelServer(able) as server:
        checked(server)
        parts = server.history[1].body["messages"][0]["content"]
    assert parts[0]["image_url"]["url"] == f"data:image/png;base64,{base64.b64encode(drawn_picture().data).decode()}"
