"""The one seam to vision-language models: messages with pictures go in, a reply comes back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from curator.exchange import Picture, Reply

Schema = Mapping[str, Any]
"""A JSON schema that the reply should follow."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn; the pictures stand before the text."""

    role: Literal["system", "user", "assistant"]
    text: str
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class Sampling:
    temperature: float = 0.0
    max_tokens: int = 4096
    seed: int | None = None


class Model(Protocol):
    """A model that can be asked; built-in providers and plug-ins alike. Safe to call from several threads."""

    provider: str
    name: str
    """The model's name as its server or folder calls it."""

    def complete(self, messages: Sequence[Message], schema: Schema | None, sampling: Sampling) -> Reply:
        """The model's reply, held to ``schema`` where the provider can.

        Raises:
            ModelError: the model cannot be reached, refuses the request, or went on failing after the retries.
        """
        ...


def exchange_key(model: Model, messages: Sequence[Message], schema: Schema | None, sampling: Sampling) -> str:
    """The identity of a question: the same words and pictures to the same model with the same settings."""
    asked = {
        "provider": model.provider,
        "model": model.name,
        "messages": messages_to_doc(messages),
        "schema": schema,
        "sampling": [sampling.temperature, sampling.max_tokens, sampling.seed],
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def messages_to_doc(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The messages with each picture as its hash."""
    return [
        {"role": message.role, "text": message.text, "pictures": [picture.sha256 for picture in message.pictures]}
        for message in messages
    ]
