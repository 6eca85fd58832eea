"""What Label Studio sends, as much of it as is read. It sends much else, and more with each release: that is left."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from curator.errors import InputError

_T = TypeVar("_T", bound=BaseModel)

LARGEST_HINT = 2**20
"""Bytes of a webhook: ours has 50, one that was set up by hand with payload repeats the annotation."""
LARGEST_PREDICT = 2**25
"""Bytes of a question: "Retrieve predictions" sends all selected tasks at once, some kilobytes each."""
_MOST_TASKS = 10_000


class _Sent(BaseModel):
    model_config = ConfigDict(extra="ignore")


class SentTask(_Sent):
    """A task of which the proposals are asked for."""

    data: dict[str, Any]


class SentRow(_Sent):
    """What was just drawn: a box, or a click that belongs to the thing or (Alt) not."""

    from_name: str = ""
    type: str
    value: dict[str, Any]
    is_positive: bool = True


class Context(_Sent):
    """What a person draws while "Auto-Annotation" is on."""

    result: list[SentRow] = Field(default_factory=list, max_length=50)


class Parameters(_Sent):
    context: Context | None = None


class PredictRequest(_Sent):
    """``POST predict``."""

    tasks: list[SentTask] = Field(max_length=_MOST_TASKS)
    params: Parameters = Field(default_factory=Parameters)


class SentProject(_Sent):
    id: int


class Hint(_Sent):
    """A webhook: something changed."""

    action: str = ""
    project: SentProject | None = None


class TooLargeError(InputError):
    """More was sent than anybody needs to send."""


async def read_body(request: Request, most: int) -> bytes:
    """The body of a request.

    Raises:
        TooLargeError: it is longer than ``most`` bytes; the rest was not read.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise TooLargeError(f"the request has more than {most:,} bytes")
    return bytes(body)


def parse_body(model: type[_T], body: bytes) -> _T:
    """The request in the bytes.

    Raises:
        InputError: it is not what Label Studio 1.23 sends.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"this is no {model.__name__} of Label Studio: {where}: {first['msg']}") from error
