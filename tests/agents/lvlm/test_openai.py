"""The provider for servers that speak the OpenAI protocol, against one that fails as real ones do."""

from __future__ import annotations

import base64
import json
import socket
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from agents.lvlm.model import Message, Sampling
from agents.lvlm.providers.openai import OpenAIModel
from agents.lvlm.providers.openai_protocol import error_text, from_schema, retry_after_s, shown, to_reply
from bench.stand_ins.server import Body, Fault, ModelServer, pictures_of, schema_of, text_of
from curator.errors import ModelError, SettingsError
from curator.exchange import Finish, Picture, Reply
from curator.settings import ModelSettings

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
SCHEMA = {"title": "Panels of it", "type": "object", "properties": {"panels": {"type": "array"}}}
ASK = (Message("user", "Which panels?"),)
KEY = "sk-very-secret"


def echo(body: Body) -> str:
    return text_of(body)


def model_of(server: ModelServer, **settings: object) -> tuple[OpenAIModel, list[float]]:
    """A model that never sleeps, and the waits that it would have made."""
    waits: list[float] = []
    named = {"base_url": server.base_url, "model": "stand-in", **settings}
    return OpenAIModel(ModelSettings(**named), waits.append, lambda: NOW, lambda: 0.25), waits  # type: ignore[arg-type]


def said(model: OpenAIModel, messages: tuple[Message, ...] = ASK) -> Reply:
    return model.complete(messages, None, Sampling())


def fault_of(model: OpenAIModel) -> str:
    with pytest.raises(ModelError) as raised:
        said(model)
    return str(raised.value)


def test_the_reply_comes_word_for_word_with_its_tokens_and_seconds() -> None:
    with ModelServer(lambda body: '{"panels": ["Ä"]}\n') as server:
        reply = said(model_of(server)[0])
    assert (reply.text, reply.finish, reply.tokens_in, reply.tokens_out) == ('{"panels": ["Ä"]}\n', Finish.STOP, 3, 4)
    assert reply.seconds > 0


def test_the_request_holds_model_messages_pictures_and_sampling() -> None:
    picture = Picture(b"\xff\xd8 picture", "image/jpeg", (4, 4))
    messages = (
        Message("system", "You look."),
        Message("user", "One", (picture,)),
        Message("assistant", "{}"),
        Message("user", "Two", (picture, picture)),
    )
    uri = f"data:image/jpeg;base64,{base64.b64encode(picture.data).decode()}"
    part = {"type": "image_url", "image_url": {"url": uri}}
    with ModelServer(echo) as server:
        model_of(server)[0].complete(messages, SCHEMA, Sampling(0.5, 77, 3))
        assert server.history[0].body == {
            "model": "stand-in",
            "stream": False,
            "temperature": 0.5,
            "max_tokens": 77,
            "seed": 3,
            "response_format": {"type": "json_schema", "json_schema": {"name": "Panels_of_it", "schema": SCHEMA}},
            "messages": [
                {"role": "system", "content": "You look."},
                {"role": "user", "content": [part, {"type": "text", "text": "One"}]},
                {"role": "assistant", "content": "{}"},
                {"role": "user", "content": [part, part, {"type": "text", "text": "Two"}]},
            ],
        }
        assert pictures_of(server.history[0].body) == [picture.data] * 3


def test_no_seed_is_sent_where_none_is_given() -> None:
    with ModelServer(echo) as server:
        said(model_of(server)[0])
        assert "seed" not in server.history[0].body
        assert "response_format" not in server.history[0].body


@pytest.mark.parametrize(
    ("fault", "finish", "text"),
    [
        pytest.param(Fault(), Finish.STOP, "Which panels?", id="stop"),
        pytest.param(Fault(finish="length"), Finish.LENGTH, "Which panels?", id="length"),
        pytest.param(Fault(finish="content_filter"), Finish.REFUSED, "Which panels?", id="content filter"),
        pytest.param(Fault(refusal="I cannot help."), Finish.REFUSED, "I cannot help.", id="refusal"),
        pytest.param(Fault(text=""), Finish.STOP, "", id="empty"),
    ],
)
def test_why_a_reply_ended_is_told(fault: Fault, finish: Finish, text: str) -> None:
    with ModelServer(echo, faults=[fault]) as server:
        reply = said(model_of(server)[0])
    assert (reply.finish, reply.text) == (finish, text)


def test_a_reply_without_usage_has_no_tokens() -> None:
    with ModelServer(echo, faults=[Fault(usage=False)]) as server:
        reply = said(model_of(server)[0])
    assert (reply.tokens_in, reply.tokens_out) == (0, 0)


# --- sent again ---------------------------------------------------------------------------------------------------


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
    late = threading.Event()
    with ModelServer(echo, faults=[Fault(until=late)]) as server:
        model, waits = model_of(server, timeout_s=1.0)
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


# --- at the same time ---------------------------------------------------------------------------------------------


def test_never_more_requests_at_the_same_time_than_set() -> None:
    full = threading.Barrier(3)  # passed only when three are in the server together, so that the limit is reached too

    def respond(body: Body) -> str:
        full.wait(10)
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


# --- schemas ------------------------------------------------------------------------------------------------------

TOLD = (
    "Which panels?\n\nReply with one JSON value that follows this JSON schema, and with nothing else:\n"
    f"```json\n{json.dumps(SCHEMA)}\n```"
)


@pytest.mark.parametrize("status", [400, 404, 422, 501])
def test_a_server_without_schemas_is_tried_once_and_then_told_in_words(status: int) -> None:
    refusal = Fault(status=status, message="'response_format' is not supported")
    with ModelServer(echo, faults=[refusal]) as server:
        model, waits = model_of(server)
        assert [model.complete(ASK, SCHEMA, Sampling()).text for _ in range(3)] == [TOLD] * 3
        assert [schema_of(asked.body) for asked in server.history] == [SCHEMA, None, None, None]
    assert waits == []


def test_the_schema_is_told_in_the_last_message_of_the_user() -> None:
    with ModelServer(echo) as server:
        model, _ = model_of(server, structured="prompt")
        picture = Picture(b"1", "image/png", (1, 1))
        model.complete((Message("user", "Which panels?", (picture,)), Message("assistant", "{")), SCHEMA, Sampling())
        assert text_of(server.history[0].body) == TOLD
        assert pictures_of(server.history[0].body) == [b"1"]
        assert schema_of(server.history[0].body) is None


def test_the_schema_goes_without_upper_limits_but_those_of_short_lists() -> None:
    text = {"type": "string", "maxLength": 2000, "minLength": 1}
    box = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}
    limited = {"type": "array", "items": {"anyOf": [text, box]}, "maxItems": 200}
    schema = {"type": "object", "properties": {"maxLength": limited, "maxItems": box}, "required": ["maxLength"]}
    light = {"type": "array", "items": {"anyOf": [{"type": "string", "minLength": 1}, box]}}
    assert from_schema(schema)["json_schema"]["schema"] == {
        "type": "object",
        "properties": {"maxLength": light, "maxItems": box},
        "required": ["maxLength"],
    }


def test_with_the_setting_schema_a_server_without_them_is_a_fault() -> None:
    with ModelServer(echo, takes_schema=False) as server:
        model, _ = model_of(server, structured="schema")
        with pytest.raises(ModelError) as raised:
            model.complete(ASK, SCHEMA, Sampling())
        assert str(raised.value) == (
            f"the model server at {server.base_url} refuses the request (400: response_format is not supported by this "
            "server); set model.structured to 'auto' or 'prompt'"
        )
        assert server.requests == 1


def test_a_refusal_that_only_mentions_the_schema_is_told_and_not_remembered() -> None:
    refusal = Fault(status=400, message="request with response_format exceeds the maximum context length")
    with ModelServer(echo, faults=[refusal, refusal]) as server:
        model, _ = model_of(server)
        with pytest.raises(ModelError) as raised:
            model.complete(ASK, SCHEMA, Sampling())
        assert str(raised.value) == (
            f"the model server at {server.base_url} refuses the request (400: {refusal.message}); "
            "lower model.max_side_px or model.max_reply_tokens, or give the server a longer context"
        )
        model.complete(ASK, SCHEMA, Sampling())
        assert schema_of(server.history[-1].body) == SCHEMA


def test_other_parameters_that_a_server_does_not_take_are_left_out() -> None:
    faults = [
        Fault(status=400, message="Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
        Fault(status=400, message="Unsupported value: 'temperature' does not support 0.5 with this model."),
        Fault(status=422, message='Unknown name "seed"'),
    ]
    with ModelServer(echo, faults=faults) as server:
        model, _ = model_of(server)
        for _ in range(2):
            model.complete(ASK, None, Sampling(0.5, 9, 1))
        plain = {"model": "stand-in", "stream": False, "messages": [{"role": "user", "content": "Which panels?"}]}
        assert server.counts == {400: 2, 422: 1, 200: 2}
        assert [asked.body for asked in list(server.history)[3:]] == [{**plain, "max_completion_tokens": 9}] * 2


# --- refusals -----------------------------------------------------------------------------------------------------


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


# --- the protocol's documents -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param('{"error": {"message": "a"}}', "a", id="openai"),
        pytest.param('{"error": "a"}', "a", id="error is text"),
        pytest.param('{"message": "a"}', "a", id="vllm"),
        pytest.param('{"detail": "a"}', "a", id="fastapi"),
        pytest.param('{"detail": [{"loc": ["body"]}]}', '[{"loc": ["body"]}]', id="fastapi validation"),
        pytest.param("<p>", "<p>", id="html"),
        pytest.param("[1]", "[1]", id="list"),
        pytest.param('{"error": null}', '{"error": null}', id="nothing"),
    ],
)
def test_the_words_of_an_error_are_found(body: str, words: str) -> None:
    assert error_text(body) == words


def test_long_words_of_a_server_are_cut_to_one_line() -> None:
    assert shown("a\n b" + "c" * 400) == "a b" + "c" * 297 + " ..."


def test_a_refusal_beside_content_keeps_the_content() -> None:
    document = {"choices": [{"message": {"content": "half", "refusal": "no"}, "finish_reason": None}]}
    assert to_reply(json.dumps(document), 1.0) == Reply("half", Finish.REFUSED, 0, 0, 1.0)
