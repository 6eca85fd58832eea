"""The provider for servers that speak the OpenAI protocol: requests and replies."""

from __future__ import annotations

import base64
import json

import pytest

from agents.lvlm.model import Message, Sampling
from agents.lvlm.providers.openai_protocol import error_text, shown, to_reply
from bench.stand_ins.server import Fault, ModelServer, pictures_of
from curator.exchange import Finish, Picture, Reply
from tests.agents.lvlm.openai_models import ASK, SCHEMA, echo, model_of, said


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
