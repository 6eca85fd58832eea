"""What a refusal of a model server is told as, and that no key is in it."""

from __future__ import annotations

import traceback

import pytest

from agents.lvlm.providers.openai import OpenAIModel
from bench.stand_ins.server import Fault, ModelServer
from curator.errors import ModelError, SettingsError
from curator.settings import ModelSettings
from tests.agents.lvlm.openai_models import KEY, echo, fault_of, model_of, said


@pytest.mark.parametrize(
    ("status", "said_by_server", "message"),
    [
        pytest.param(
            403,
            "not yours",
            "forbids it (403: not yours); the key needs the right to use the model 'stand-in'",
            id="403",
        ),
        pytest.param(
            402,
            "Insufficient Balance",
            "says that the account has no credit left (402: Insufficient Balance); pay, or change key",
            id="402",
        ),
        pytest.param(
            429,
            "insufficient_quota",
            "says that the account has no credit left (429: insufficient_quota); pay, or change key",
            id="429 without credit",
        ),
        pytest.param(
            400,
            "This model's maximum context length is 4096 tokens",
            "refuses the request (400: This model's maximum context length is 4096 tokens); "
            "lower model.max_side_px or model.max_reply_tokens, or give the server a longer context",
            id="too long",
        ),
        pytest.param(
            400,
            "At most 0 image(s) may be provided in one request.",
            "refuses the request (400: At most 0 image(s) may be provided in one request.); "
            "choose a model that sees pictures",
            id="no pictures",
        ),
        pytest.param(
            500,
            "image input is not supported - hint: you may need to provide the mmproj",
            "refuses the request (500: image input is not supported - hint: you may need to provide the mmproj); "
            "choose a model that sees pictures",
            id="no pictures, llama.cpp",
        ),
        pytest.param(
            418, "teapot", "refuses the request (418: teapot); the connection test on the page tells more", id="other"
        ),
        pytest.param(
            404,
            "not here",
            "lists the model 'stand-in' and answered 404 (not here); it may be no chat model",
            id="listed and not found",
        ),
    ],
)
def test_a_refusal_is_told_at_once_with_its_mend(status: int, said_by_server: str, message: str) -> None:
    with ModelServer(echo, faults=[Fault(status=status, message=said_by_server)]) as server:
        model, waits = model_of(server)
        assert fault_of(model) == f"the model server at {server.base_url} {message}"
        assert server.requests == 1
    assert waits == []


def test_a_model_that_the_server_has_not_is_told_with_those_it_has() -> None:
    with ModelServer(echo, models=["qwen", "gemma"]) as server:
        model, _ = model_of(server, model="quen")
        assert fault_of(model) == (
            f"the model server at {server.base_url} has no model 'quen', only 'qwen', 'gemma'; "
            "set model.model to one that it has"
        )


def test_a_path_that_is_no_api_is_told() -> None:
    with ModelServer(echo) as server:
        url = server.base_url.removesuffix("/v1")
        model, _ = model_of(server, base_url=url)
        assert fault_of(model) == (
            f"the model server at {url} answered 404 (Not Found) and lists no models; model.base_url has to name an "
            "API that speaks the OpenAI protocol, and usually ends in /v1"
        )


def test_a_missing_key_is_asked_for() -> None:
    with ModelServer(echo, api_key=KEY) as server:
        assert fault_of(model_of(server)[0]) == (
            f"the model server at {server.base_url} asks for a key (401: Incorrect API key provided); "
            "set CURATOR_MODEL_API_KEY to one that it knows"
        )


def test_the_key_of_the_environment_is_not_sent_to_any_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with ModelServer(echo) as server:
        said(model_of(server)[0])
        assert server.history[0].headers["authorization"] == "Bearer none"


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(status=401, message=f"Incorrect API key: {KEY}."), id="401"),
        pytest.param(Fault(status=400, message=f"Bearer {KEY}"), id="400"),
        pytest.param(Fault(status=500, message=KEY), id="500"),
        pytest.param(Fault(body=f"<p>{KEY}</p>".encode()), id="no completion"),
        pytest.param(Fault(drop=True), id="dropped"),
    ],
)
def test_the_key_is_in_no_message_traceback_or_repr(fault: Fault) -> None:
    with ModelServer(echo, api_key=KEY, faults=[fault]) as server:
        settings = ModelSettings(base_url=server.base_url, model="stand-in", api_key=KEY, retries=0)
        model = OpenAIModel(settings)
        with pytest.raises(ModelError) as raised:
            said(model)
        assert said(model).text == "Which panels?"  # the key was sent
    told = "".join(traceback.format_exception(raised.value))
    assert "model server at" in told
    for text in (told, repr(raised.value), repr(settings), repr(model), str(model)):
        assert KEY not in text


def test_a_login_in_the_address_is_not_told() -> None:
    model = OpenAIModel(ModelSettings(base_url="http://ann:secret@127.0.0.1:9/v1", model="m", retries=0))
    assert fault_of(model).startswith("the model server at http://127.0.0.1:9/v1 cannot be reached")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param(
            ModelSettings(base_url="http://localhost/v1"),
            "no model is named; set model.model to a name that the server lists",
            id="no model",
        ),
        pytest.param(
            ModelSettings(base_url="localhost:8000", model="m"),
            "model.base_url is 'localhost:8000', expected an address such as 'http://localhost:8000/v1'",
            id="no scheme",
        ),
    ],
)
def test_settings_that_cannot_work_are_told_before_anything_is_sent(settings: ModelSettings, message: str) -> None:
    with pytest.raises(SettingsError) as raised:
        OpenAIModel(settings)
    assert str(raised.value) == message
