"""How a reply's schema is sent, and told in words where a server takes none."""

from __future__ import annotations

import json

import pytest

from agents.lvlm.model import Message, Sampling
from agents.lvlm.providers.openai_protocol import from_schema
from bench.stand_ins.server import Fault, ModelServer, pictures_of, schema_of, text_of
from curator.errors import ModelError
from curator.exchange import Picture
from tests.agents.lvlm.openai_models import ASK, SCHEMA, echo, model_of

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
