"""Questions to models and their raw replies, as values: nothing is asked twice, every proposal can be traced."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal, Protocol

from curator.geometry import Size


@dataclass(frozen=True)
class Picture:
    """An image file as it is sent to a model."""

    data: bytes
    media_type: Literal["image/jpeg", "image/png"]
    wh: Size

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


class Finish(StrEnum):
    """Why a reply ended."""

    STOP = "stop"
    LENGTH = "length"
    """Cut at the token limit."""
    REFUSED = "refused"
    """The model or its server declined to answer."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said, word for word, and what it took."""

    text: str
    finish: Finish = Finish.STOP
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    """Of the request that succeeded, without the waiting before it was sent again."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its reply."""

    key: str
    """Identity of the question: the same words and pictures to the same model with the same settings."""
    figure_id: str
    stage: str
    """What was asked about: panels, caption, markers, regions, texts."""
    prompt: str
    """Name of the prompt file."""
    prompt_sha256: str
    """Hash of the prompt file, before anything was filled in."""
    provider: str
    model: str
    settings: dict[str, Any]
    """Sampling, and whether a schema was given."""
    messages: list[dict[str, Any]]
    """Role, text and the hashes of the pictures of each message."""
    reply: Reply
    fault: str = ""
    """Why the reply, or a part of it, could not be used; empty where all of it could."""
    repairs: tuple[str, ...] = ()
    """By which stated rules the reply was mended before it was used."""
    parsed: Any = None
    """What was read from the reply, JSON-ready; None where it had not the right shape."""
    cost: float = 0.0
    """In the currency of the settings' prices."""
    at: str = ""
    """ISO 8601, UTC."""


class Ledger(Protocol):
    """Where exchanges are kept. Safe to call from several threads."""

    def find(self, key: str) -> Exchange | None:
        """The exchange with this key; None where it was never answered."""
        ...

    def save(self, exchange: Exchange, pictures: Sequence[Picture]) -> None:
        """Keeps an exchange and the pictures it names; when it returns, a kill cannot lose it."""
        ...


class MemoryLedger:
    """Keeps exchanges while the process runs: for tests, benchmarks and the connection test."""

    def __init__(self) -> None:
        self.exchanges: dict[str, Exchange] = {}
        self.pictures: dict[str, Picture] = {}

    def find(self, key: str) -> Exchange | None:
        return self.exchanges.get(key)

    def save(self, exchange: Exchange, pictures: Sequence[Picture]) -> None:
        self.exchanges[exchange.key] = exchange
        self.pictures.update({picture.sha256: picture for picture in pictures})
