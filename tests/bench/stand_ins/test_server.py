"""The stand-in for a model's server: what its own users rely on."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from bench.stand_ins.server import Body, Fault, ModelServer, text_of


def echo(body: Body) -> str:
    return text_of(body)


def ask(server: ModelServer, content: object = "Hello", **fields: Any) -> httpx.Response:
    body = {"model": "stand-in", "messages": [{"role": "user", "content": content}], **fields}
    return httpx.post(f"{server.base_url}/chat/completions", json=body, timeout=60)


def test_the_same_seed_draws_the_same_faults_at_about_their_rates() -> None:
    rates = {Fault(status=429): 0.3, Fault(status=503): 0.1}

    def statuses(seed: int) -> list[int]:
        with ModelServer(echo, random_faults=rates, seed=seed) as server, httpx.Client() as client:
            body = {"model": "stand-in", "messages": [{"role": "user", "content": "Hello"}]}
            return [client.post(f"{server.base_url}/chat/completions", json=body).status_code for _ in range(200)]

    first = statuses(1)
    assert first == statuses(1)
    assert first != statuses(2)
    assert 40 <= first.count(429) <= 80
    assert 8 <= first.count(503) <= 35


def test_scripted_faults_come_first_and_once_each() -> None:
    with ModelServer(echo, random_faults={Fault(status=500): 1.0}) as server:
        server.faults += [Fault(status=429, retry_after="7"), Fault(), Fault(text="else")]
        first, second, third, fourth = (ask(server) for _ in range(4))
        assert (first.status_code, first.headers["retry-after"]) == (429, "7")
        assert second.json()["choices"][0]["message"]["content"] == "Hello"
        assert third.json()["choices"][0]["message"]["content"] == "else"
        assert fourth.status_code == 500
        assert server.counts == {429: 1, 200: 2, 500: 1}


class Gate(threading.Event):
    """An event that tells when somebody waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.reached.set()
        return super().wait(timeout)


def test_a_gated_answer_waits_and_both_are_counted_in_flight() -> None:
    gate = Gate()
    with ModelServer(echo, faults=[Fault(until=gate)]) as server, ThreadPoolExecutor(1) as other:
        gated = other.submit(ask, server, "first")
        gate.reached.wait()
        assert ask(server, "second").status_code == 200
        assert not gated.done()
        gate.set()
        assert gated.result().json()["choices"][0]["message"]["content"] == "first"
        assert server.max_in_flight == 2
        assert [text_of(asked.body) for asked in server.history] == ["second", "first"]


def test_what_respond_raises_is_a_refusal_and_raised_again_at_the_end() -> None:
    def broken(body: Body) -> str:
        raise KeyError("facts")

    server = ModelServer(broken)
    server.__enter__()
    response = ask(server)
    assert (response.status_code, response.json()["error"]["message"]) == (400, "respond failed: KeyError('facts')")
    with pytest.raises(KeyError, match="facts"):
        server.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("content", "fields", "message"),
    [
        pytest.param(
            [{"type": "image_url", "image_url": {"url": "https://a/b.png"}}],
            {},
            "not a valid request: ValueError(\"expected a data URI, got 'https://a/b.png'\")",
            id="address in place of a picture",
        ),
        pytest.param(
            [{"type": "image_url"}], {}, "not a valid request: KeyError('image_url')", id="part without its field"
        ),
        pytest.param("Hello", {"stream": True}, "this server does not stream", id="streaming"),
    ],
)
def test_a_request_that_a_real_server_would_refuse_is_refused(
    content: object, fields: dict[str, Any], message: str
) -> None:
    with ModelServer(echo) as server:
        response = ask(server, content, **fields)
    assert (response.status_code, response.json()["error"]["message"]) == (400, message)
