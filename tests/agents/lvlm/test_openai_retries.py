"""What is sent again after a fault of a model server, when, and how many at the same time."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from agents.lvlm.model import Message
from agents.lvlm.providers.openai import OpenAIModel
from agents.lvlm.providers.openai_protocol import retry_after_s
from bench.stand_ins.server import Body, Fault, ModelServer, text_of
from curator.settings import ModelSettings
from tests.agents.lvlm.openai_models import NOW, echo, fault_of, model_of, said


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(status=408), id="408"),
        pytest.param(Fault(status=429), id="429"),
        pytest.param(Fault(status=500), id="500"),
        pytest.param(Fault(status=503), id="503"),
        pytest.param(Fault(status=529), id="529"),
        pytest.param(Fault(drop=True), id="dropped connection"),
        pytest.param(Fault(cut=10), id="truncated body"),
        pytest.param(Fault(body=b"<html>busy</html>"), id="HTML"),
        pytest.param(Fault(body=b'{"choices": ['), id="invalid JSON"),
        pytest.param(Fault(body=b"null"), id="null"),
        pytest.param(Fault(body=b'{"choices": []}'), id="no choices"),
        pytest.param(Fault(body=b'{"error": {"message": "upstream", "code": 502}}'), id="error with 200"),
        pytest.param(Fault(finish="abort"), id="aborted"),
    ],
)
def test_a_fault_that_may_pass_is_tried_again_after_growing_waits(fault: Fault) -> None:
    with ModelServer(echo, faults=[fault, fault, fault]) as server:
        model, waits = model_of(server)
        assert said(model).text == "Which panels?"
        assert server.requests == 4
    assert waits == [1.25, 2.25, 4.25]


@pytest.mark.parametrize(
    ("asked", "wait_s"),
    [
        pytest.param("7", 7.25, id="seconds"),
        pytest.param("0.5", 1.25, id="less than the back-off"),
        pytest.param("Thu, 01 Jan 2026 12:00:09 GMT", 9.25, id="date"),
        pytest.param("Thu, 01 Jan 2026 11:00:00 GMT", 1.25, id="date in the past"),
        pytest.param("3600", 60.0, id="capped"),
        pytest.param("soon", 1.25, id="neither"),
    ],
)
def test_retry_after_is_honoured(asked: str, wait_s: float) -> None:
    with ModelServer(echo, faults=[Fault(status=429, retry_after=asked)]) as server:
        model, waits = model_of(server)
        said(model)
    assert waits == [wait_s]


def test_a_date_without_a_time_zone_is_utc() -> None:
    assert retry_after_s("Thu, 01 Jan 2026 12:00:09 -0000", NOW) == 9.0


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        pytest.param(
            Fault(status=503, message="Loading model"),
            "answered 503 (Loading model), 3 times; try again later, or lower model.in_flight",
            id="busy",
        ),
        pytest.param(
            Fault(drop=True),
            "cannot be reached (Server disconnected without sending a response.), 3 times; "
            "is it running, and are its host and port right?",
            id="dropped",
        ),
        pytest.param(
            Fault(body=b"<html>a proxy</html>"),
            "answered with something other than a chat completion (<html>a proxy</html>), 3 times; "
            "does model.base_url name the API? It usually ends in /v1",
            id="HTML",
        ),
        pytest.param(
            Fault(body=b""),
            "answered with something other than a chat completion (nothing), 3 times; "
            "does model.base_url name the API? It usually ends in /v1",
            id="empty",
        ),
    ],
)
def test_after_the_retries_the_fault_is_told_with_its_mend(fault: Fault, message: str) -> None:
    with ModelServer(echo, faults=[fault] * 3) as server:
        model, waits = model_of(server, retries=2)
        assert fault_of(model) == f"the model server at {server.base_url} {message}"
        assert server.requests == 3
    assert len(waits) == 2


def test_without_retries_nothing_is_sent_again() -> None:
    with ModelServer(echo, faults=[Fault(status=500)]) as server:
        model, waits = model_of(server, retries=0)
        assert fault_of(model) == (
            f"the model server at {server.base_url} answered 500 (scripted fault); "
            "try again later, or lower model.in_flight"
        )
        assert server.requests == 1
    assert waits == []


def test_a_reply_that_does_not_come_in_time_is_asked_for_again() -> None:
    late, waits = threading.Event(), list[float]()

    def patient(wait_s: float) -> None:
        waits.append(wait_s)
        model._client = model._client.with_options(timeout=60)  # the second answer may come as late as it will

    with ModelServer(echo, faults=[Fault(until=late)]) as server:
        settings = ModelSettings(base_url=server.base_url, model="stand-in", timeout_s=0.2)
        model = OpenAIModel(settings, patient, jitter=lambda: 0.25)
        assert said(model).text == "Which panels?"
        late.set()
    assert waits == [1.25]


def test_a_server_that_never_answers_in_time_is_told() -> None:
    late = threading.Event()
    with ModelServer(echo, faults=[Fault(until=late)] * 2) as server:
        model, _ = model_of(server, timeout_s=0.2, retries=1)
        assert fault_of(model) == (
            f"the model server at {server.base_url} did not answer within 0.2 s, 2 times; "
            "raise model.timeout_s, or lower model.in_flight, model.max_side_px or model.max_reply_tokens"
        )
        late.set()


def test_a_server_that_is_not_there_is_told() -> None:
    with socket.socket() as unused:  # bound and not listening: refuses
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        model = OpenAIModel(ModelSettings(base_url=url, model="m", retries=0))
        assert fault_of(model) == (
            f"the model server at {url} cannot be reached ([Errno 111] Connection refused); "
            "is it running, and are its host and port right?"
        )


def test_random_faults_are_survived() -> None:
    rates = {Fault(status=429): 0.2, Fault(drop=True): 0.1, Fault(body=b"{"): 0.1}
    with ModelServer(echo, random_faults=rates, seed=1) as server:
        model, _ = model_of(server, retries=10)
        with ThreadPoolExecutor(8) as pool:
            texts = list(pool.map(lambda n: said(model, (Message("user", str(n)),)).text, range(64)))
        assert texts == [str(n) for n in range(64)]
        assert server.counts[429] > 0
        assert server.counts[0] > 0
        assert server.requests > 64


def test_never_more_requests_at_the_same_time_than_set() -> None:
    full = threading.Barrier(3)  # passed only when three are in the server together, so that the limit is reached too

    def respond(body: Body) -> str:
        full.wait(120)
        return text_of(body)

    with ModelServer(respond) as server:
        model, _ = model_of(server, in_flight=3)
        with ThreadPoolExecutor(12) as pool:
            replies = list(pool.map(lambda _: said(model), range(24)))
        assert len(replies) == 24
        assert server.max_in_flight == 3


def test_a_request_that_failed_gives_its_place_back() -> None:
    with ModelServer(echo, faults=[Fault(status=400)] * 5) as server:
        model, _ = model_of(server, in_flight=2)
        for _ in range(5):
            fault_of(model)
        assert said(model).text == "Which panels?"
