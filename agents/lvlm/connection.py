"""Whether a model can be used as it is set up: asks it, and says in one sentence what is wrong and what mends it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np

from agents.lvlm.model import Message, Model, Sampling, Schema
from agents.lvlm.providers.openai import OpenAIModel
from agents.lvlm.providers.openai_address import find_api
from agents.lvlm.providers.registry import make_model
from agents.lvlm.views import to_picture
from curator.errors import ModelError, SettingsError
from curator.exchange import Picture
from curator.settings import ModelSettings

DRAWN = "K7R"
"""What the picture shows: no word, so that nobody guesses it."""
_GREET = "Reply with the word OK."
_READ = "Which letters and digits are drawn in this picture? Reply with them alone."
_COUNT = "Which number follows 6?"  # no word of JSON: only a server that holds the model to the schema gets it
_SCHEMA: Schema = {
    "title": "number",
    "type": "object",
    "properties": {"number": {"type": "integer"}},
    "required": ["number"],
    "additionalProperties": False,
}
_SHOWN = 80  # characters of a model's wrong answer in the fault


@dataclass(frozen=True, slots=True)
class Connection:
    """What a model and its server can do."""

    ok: bool
    """Whether figures can be mined with it."""
    fault: str = ""
    """What is wrong and what mends it; empty where it is ok."""
    models: tuple[str, ...] = ()
    """Names that the server lists; empty where it does not tell."""
    latency_s: float | None = None
    """Of the slower of a few words and a small picture; None where nothing was answered."""
    sees_pictures: bool | None = None
    """None where it was not found out."""
    takes_schema: bool | None = None
    """Whether replies are held to a JSON schema; if not, it is told in words. None where it was not found out."""


def test_connection(settings: ModelSettings) -> Connection:
    """Asks for the server's models, then the model three things: a word, what a picture shows, a reply by a schema.

    Nothing is sent again after a fault, nothing is kept, and no error is raised: it is the ``fault``.
    """
    models: tuple[str, ...] = ()
    if settings.provider == OpenAIModel.provider:
        listing = find_api(settings)
        models = listing.models or ()
        if listing.fault:
            return Connection(False, listing.fault, models)
        if not settings.model and models:
            names = ", ".join(repr(name) for name in models)
            return Connection(False, f"no model is named; the server has {names}: set model.model to one", models)
    try:
        model = make_model(replace(settings, retries=0, structured="schema"))
        greeted_s = model.complete([Message("user", _GREET)], None, _sampling(settings)).seconds
    except (ModelError, SettingsError) as error:
        return Connection(False, str(error), models)
    try:
        read = model.complete([Message("user", _READ, (drawn_picture(),))], None, _sampling(settings))
    except ModelError as error:
        fault = f"the model {model.name!r} answers words, but not a picture: {error}"
        return Connection(False, fault, models, greeted_s, sees_pictures=False)
    latency_s = max(greeted_s, read.seconds)
    if DRAWN not in re.sub(r"[^A-Z0-9]", "", read.text.upper()):
        fault = (
            f"the model {model.name!r} was shown {DRAWN!r} and read {_short(read.text)!r}: it does not see pictures; "
            "choose a vision-language model, or start the server with its vision part (llama.cpp: --mmproj)"
        )
        return Connection(False, fault, models, latency_s, sees_pictures=False)
    takes_schema = _takes_schema(model, _sampling(settings))
    fault = ""
    if settings.structured == "schema" and not takes_schema:
        fault = "the server does not hold replies to a JSON schema; set model.structured to 'auto' or 'prompt'"
    return Connection(not fault, fault, models, latency_s, True, takes_schema)


@cache
def drawn_picture() -> Picture:
    """The picture that a model has to read: black signs on white, large enough for any model."""
    canvas = np.full((224, 448, 3), 255, np.uint8)
    cv2.putText(canvas, DRAWN, (60, 160), cv2.FONT_HERSHEY_SIMPLEX, 5.0, (0, 0, 0), 14, cv2.LINE_AA)
    return to_picture(canvas, "image/png")


def _takes_schema(model: Model, sampling: Sampling) -> bool:
    try:
        reply = model.complete([Message("user", _COUNT)], _SCHEMA, sampling)
        answer = json.loads(reply.text)
    except (ModelError, ValueError):
        return False  # refused, or passed over
    return isinstance(answer, dict) and isinstance(answer.get("number"), int)


def _sampling(settings: ModelSettings) -> Sampling:
    # the settings' own limit: a model that thinks before it answers needs room for that
    return Sampling(settings.temperature, settings.max_reply_tokens)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]} ..."
