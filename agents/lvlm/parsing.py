"""A model's reply as words, read as the shape that was asked for: mended by stated rules, or refused with its fault."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from curator.codec import faults_of
from curator.errors import ReplyError
from curator.exchange import Finish

R = TypeVar("R", bound=BaseModel)


class ReplyFault(ReplyError):
    """Why one reply cannot be used, in words fit to be shown to the model; ``mend`` tells a person what mends it."""

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Parsed(Generic[R]):
    """A reply that could be read."""

    value: R
    repairs: tuple[str, ...]
    """By which stated rules it was mended, each once."""


def parse_reply(text: str, finish: Finish, shape: type[R], *, y_first: bool = False) -> Parsed[R]:
    """The reply as ``shape``.

    Raises:
        ReplyFault: the reply is empty, a refusal, cut, no JSON, or not of that shape by any stated rule.
    """
    import json

    match = re.search(r"\{.*\}", text, re.DOTALL)
    if not match:
        raise ReplyFault("it contains no JSON")
    try:
        document: Any = json.loads(match[0])
        return Parsed(shape.model_validate(document), ())
    except json.JSONDecodeError as error:
        raise ReplyFault(f"its JSON cannot be read: {error}") from error
    except ValidationError as error:
        raise ReplyFault(f"its JSON does not fit: {faults_of(error, 5)}") from error
