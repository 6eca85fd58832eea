"""What the OpenAI protocol's documents mean: pure functions between our values and its JSON."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from agents.lvlm.model import Message, Schema
from curator.exchange import Finish, Picture, Reply

_SHOWN = 300  # characters of a server's words in a message; pages of HTML are cut
_SHORT_LIST = 16  # guess: far above a box's four, far below what makes a grammar heavy
_LENGTH = {"length", "max_tokens"}
_REFUSED = {"content_filter", "refusal", "safety"}
_BROKEN = {"abort", "error"}  # vLLM and SGLang, OpenRouter: the server gave up in the middle


# --- requests -----------------------------------------------------------------------------------------------------


def from_message(message: Message) -> dict[str, Any]:
    """A message of the protocol; pictures stand before the text, as data URIs."""
    if not message.pictures:
        return {"role": message.role, "content": message.text}  # servers without pictures know only plain text
    parts: list[dict[str, Any]] = [
        {"type": "image_url", "image_url": {"url": _data_uri(picture)}} for picture in message.pictures
    ]
    return {"role": message.role, "content": [*parts, {"type": "text", "text": message.text}]}


def from_schema(schema: Schema) -> dict[str, Any]:
    """The ``response_format`` that holds a reply to a schema, but for the upper limits of lengths.

    llama.cpp, and so Ollama and LM Studio, make each limit a repetition in a grammar and refuse 2000 of them (issues
    25746 and 27087 of ggml-org/llama.cpp); whoever reads the reply holds it to them. Not strict: the hosted service's
    strict mode takes only schemas without defaults, and local servers hold to the schema anyway.
    """
    name = re.sub(r"[^A-Za-z0-9_-]", "_", str(schema.get("title", "reply")))[:64]
    return {"type": "json_schema", "json_schema": {"name": name, "schema": _without_limits(schema)}}


def _without_limits(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {key: _without_limits(value) for key, value in node.items() if not _is_limit(key, value)}
    return [_without_limits(item) for item in node] if isinstance(node, list) else node


def _is_limit(key: str, value: Any) -> bool:
    # the limit of a list that is short is its shape (a box has four numbers); a property may have such a name too
    return isinstance(value, int) and (key == "maxLength" or (key == "maxItems" and value > _SHORT_LIST))


def with_schema_told(messages: Sequence[Message], schema: Schema) -> list[Message]:
    """The messages with the schema's text at the end of the last one of the user, for servers that take no schema."""
    told = list(messages)
    last = max(index for index, message in enumerate(told) if message.role == "user")
    text = (
        f"{told[last].text}\n\nReply with one JSON value that follows this JSON schema, and with nothing else:\n"
        f"```json\n{json.dumps(schema, ensure_ascii=False)}\n```"
    )
    told[last] = Message("user", text, told[last].pictures)
    return told


def _data_uri(picture: Picture) -> str:
    return f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode('ascii')}"


# --- replies ------------------------------------------------------------------------------------------------------


class UnreadableError(ValueError):
    """An answer of the server that is no chat completion; the message quotes it."""


class _Said(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Said
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Completion(BaseModel):
    """Fields that are not read are passed over: every server adds some."""

    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


class _Listed(BaseModel):
    id: str


class _Listing(BaseModel):
    data: list[_Listed]


def to_reply(body: str, seconds: float) -> Reply:
    """The reply in a chat completion.

    Raises:
        UnreadableError: the body is something else, or the server says that it gave up.
    """
    try:
        completion = _Completion.model_validate_json(body)
    except ValidationError:
        raise UnreadableError(shown(error_text(body)) or "nothing") from None
    choice = completion.choices[0]
    reason = choice.finish_reason or "stop"
    if reason in _BROKEN:
        raise UnreadableError(f"finish_reason {reason!r}")
    said, usage = choice.message, completion.usage or _Usage()
    finish = Finish.STOP
    if reason in _REFUSED or said.refusal:
        finish = Finish.REFUSED
    elif reason in _LENGTH:
        finish = Finish.LENGTH
    return Reply(
        said.content or said.refusal or "",
        finish,
        usage.prompt_tokens or 0,
        usage.completion_tokens or 0,
        seconds,
    )


def to_model_names(body: str) -> tuple[str, ...] | None:
    """Names in an answer to GET models; None where the body is no such answer."""
    try:
        return tuple(listed.id for listed in _Listing.model_validate_json(body).data)
    except ValidationError:
        return None


def error_text(body: str) -> str:
    """The words of an error's body: ``error.message``, ``message`` or ``detail`` where it has them, else all of it."""
    try:
        document = json.loads(body)
    except ValueError:
        return body
    if not isinstance(document, dict):
        return body
    error = document.get("error", document)
    if isinstance(error, str):
        return error
    if isinstance(error, dict):
        for key in ("message", "detail"):
            if error.get(key):
                return error[key] if isinstance(error[key], str) else json.dumps(error[key], ensure_ascii=False)
    return body


def shown(text: str) -> str:
    """One line of a server's words, short enough for a message."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]} ..."


def retry_after_s(header: str | None, now: datetime) -> float:
    """Seconds that a ``Retry-After`` header asks to wait: a number, or the time until an HTTP date; 0 for neither."""
    if not header:
        return 0.0
    if re.fullmatch(r"\d+(\.\d+)?", header.strip()):
        return float(header)
    try:
        date = parsedate_to_datetime(header)
    except ValueError:
        return 0.0
    if date.tzinfo is None:  # "-0000": UTC without a statement of place
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - now).total_seconds())
