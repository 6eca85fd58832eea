"""A model behind a server that speaks the OpenAI protocol and fails as real ones do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agents.lvlm.model import Message, Sampling
from agents.lvlm.providers.openai import OpenAIModel
from bench.stand_ins.server import Body, ModelServer, text_of
from curator.errors import ModelError
from curator.exchange import Reply
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
