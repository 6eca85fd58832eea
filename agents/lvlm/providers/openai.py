"""Any server that speaks the OpenAI protocol: vLLM, SGLang, llama.cpp, Ollama, LM Studio, hosted ones."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import tenacity

from agents.lvlm.model import Message, Sampling, Schema
from agents.lvlm.providers.openai_address import api_url, without_login
from agents.lvlm.providers.openai_protocol import (
    UnreadableError,
    error_text,
    from_message,
    from_schema,
    retry_after_s,
    shown,
    to_model_names,
    to_reply,
    with_schema_told,
)
from curator.errors import AddressError, ModelError, SettingsError
from curator.exchange import Reply
from curator.settings import ModelSettings
from network.reaching import reaching_of_openai

_CONNECT_S = 10.0  # guess: a host that is up accepts within a second; a wrong address should be told soon
_MAX_WAIT_S = 60.0  # guess: the longest pause before a request is sent again, also where the server asks for more
_NAMES_SHOWN = 10

_NOT_TAKEN = {400, 404, 422, 500, 501}  # what servers answer to a parameter that they do not know
_LASTING = re.compile(r"not supported|unsupported|not support|missing data required", re.IGNORECASE)
"""A 500 with such words is no passing fault: llama.cpp and Ollama answer so to pictures that a model cannot see."""
_PARAMETERS = {
    "response_format": re.compile(r"response_?format|json_?\s?schema|structured|guided|grammar|schema", re.IGNORECASE),
    "seed": re.compile(r"\bseed\b", re.IGNORECASE),
    "temperature": re.compile(r"\btemperature\b", re.IGNORECASE),
    "max_tokens": re.compile(r"use '?max_completion_tokens", re.IGNORECASE),
}
"""Parameters that a request can do without, and the words by which a server refuses each."""


class OpenAIModel:
    """A model behind an address. What a server does not take (a schema, a seed ...) is found out once and left out.

    A request keeps its place among the ``in_flight`` while it waits to be sent again, so that a server that is
    overloaded is asked less.
    """

    provider = "openai"

    def __init__(
        self,
        settings: ModelSettings,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """
        Args:
            sleep: waits before a request is sent again; seconds.
            now: read where a server asks to wait until a date.
            jitter: seconds added to each wait, so that many requests do not come back at the same time.

        Raises:
            SettingsError: no model is named, the address is none, or the key cannot be sent.
        """
        import openai

        if not settings.model:
            raise SettingsError("no model is named; set model.model to a name that the server lists")
        url = api_url(settings)
        self.name = settings.model
        self._settings = settings
        self._at = f"the model server at {without_login(url)}"
        self._sleep, self._now, self._jitter = sleep, now, jitter
        self._slots = threading.BoundedSemaphore(settings.in_flight)
        self._left_out = frozenset({"response_format"} if settings.structured == "prompt" else ())
        transport = reaching_of_openai(settings.reach)
        self._client = openai.OpenAI(
            base_url=url,
            # never the environment's key, which may be another server's; the client insists on some word
            api_key=settings.api_key or "none",
            timeout=openai.Timeout(settings.timeout_s, connect=min(_CONNECT_S, settings.timeout_s)),
            max_retries=0,
            http_client=None if transport is None else openai.DefaultHttpxClient(transport=transport),
        )

    def complete(self, messages: Sequence[Message], schema: Schema | None, sampling: Sampling) -> Reply:
        with self._slots:
            left_out = self._left_out
            while True:
                try:
                    reply = self._send_until_answered(self._request(messages, schema, sampling, left_out))
                except _RefusedError as refusal:
                    name = self._parameter_refused(refusal, schema, sampling, left_out)
                    if name is None:
                        raise self._translated(refusal) from None
                    left_out |= {name}
                    continue
                self._left_out |= left_out  # remembered only now: an error may name a parameter that is not its cause
                return reply

    def _request(
        self, messages: Sequence[Message], schema: Schema | None, sampling: Sampling, left_out: frozenset[str]
    ) -> dict[str, Any]:
        request: dict[str, Any] = {"model": self.name, "stream": False}
        if schema is not None and "response_format" in left_out:
            messages = with_schema_told(messages, schema)
        elif schema is not None:
            request["response_format"] = from_schema(schema)
        request["messages"] = [from_message(message) for message in messages]
        if sampling.seed is not None and "seed" not in left_out:
            request["seed"] = sampling.seed
        if "temperature" not in left_out:
            request["temperature"] = sampling.temperature
        request["max_completion_tokens" if "max_tokens" in left_out else "max_tokens"] = sampling.max_tokens
        return request

    def _parameter_refused(
        self, refusal: _RefusedError, schema: Schema | None, sampling: Sampling, left_out: frozenset[str]
    ) -> str | None:
        """The parameter that the server does not take, where one was sent that can be left out."""
        can_go = {"temperature", "max_tokens"}
        if schema is not None and self._settings.structured == "auto":
            can_go.add("response_format")
        if sampling.seed is not None:
            can_go.add("seed")
        if refusal.status not in _NOT_TAKEN:
            return None
        named = (name for name, words in _PARAMETERS.items() if words.search(refusal.body))
        return next((name for name in named if name in can_go - left_out), None)

    # --- sending --------------------------------------------------------------------------------------------------

    def _send_until_answered(self, request: dict[str, Any]) -> Reply:
        attempts = self._settings.retries + 1
        retrying = tenacity.Retrying(
            sleep=self._sleep,
            stop=tenacity.stop_after_attempt(attempts),
            wait=self._wait_s,
            retry=tenacity.retry_if_exception_type(_PassingError),
            reraise=True,
        )
        try:
            return retrying(self._send, request)
        except _PassingError as fault:
            times = f", {attempts} times" if attempts > 1 else ""
            raise ModelError(self._without_key(f"{self._at} {fault.what}{times}; {fault.mend}")) from None

    def _wait_s(self, state: tenacity.RetryCallState) -> float:
        """Doubles from one second; at least what the server asked for."""
        fault = state.outcome.exception() if state.outcome else None
        asked_s = fault.retry_after_s if isinstance(fault, _PassingError) else 0.0
        return min(_MAX_WAIT_S, max(2.0 ** (state.attempt_number - 1), asked_s) + self._jitter())

    def _send(self, request: dict[str, Any]) -> Reply:
        import openai

        started = time.monotonic()
        try:
            # not chat.completions.create: it walks through every part of a request, 2 ms of processor time (measured)
            body = self._client.post("/chat/completions", cast_to=str, body=request)
        except openai.APITimeoutError:
            raise _PassingError(
                f"did not answer within {self._settings.timeout_s:g} s",
                "raise model.timeout_s, or lower model.in_flight, model.max_side_px or model.max_reply_tokens",
            ) from None
        except AddressError as error:
            raise ModelError(f"model.base_url: {error}") from None
        except openai.APIConnectionError as error:
            raise _PassingError(
                f"cannot be reached ({error.__cause__ or error})", "is it running, and are its host and port right?"
            ) from None
        except openai.APIStatusError as error:
            refusal = error.response.text
            if _may_pass(error.status_code, refusal):
                raise _PassingError(
                    f"answered {error.status_code} ({shown(error_text(refusal))})",
                    "try again later, or lower model.in_flight",
                    retry_after_s(error.response.headers.get("retry-after"), self._now()),
                ) from None
            raise _RefusedError(error.status_code, refusal) from None
        try:
            return to_reply(body, time.monotonic() - started)
        except UnreadableError as error:
            raise _PassingError(
                f"answered with something other than a chat completion ({error})",
                "does model.base_url name the API? It usually ends in /v1",
            ) from None

    # --- what a refusal means -------------------------------------------------------------------------------------

    def _translated(self, refusal: _RefusedError) -> ModelError:
        said = shown(error_text(refusal.body)) or "without a word"
        if refusal.status == 401:
            found = "refuses the key" if self._settings.api_key else "asks for a key"
            text = f"{self._at} {found} (401: {said}); set CURATOR_MODEL_API_KEY to one that it knows"
        elif _lacks_credit(refusal.status, refusal.body):
            text = f"{self._at} says that the account has no credit left ({refusal.status}: {said}); pay, or change key"
        elif refusal.status == 403:
            text = f"{self._at} forbids it (403: {said}); the key needs the right to use the model {self.name!r}"
        elif refusal.status == 404:
            text = self._not_found(said)
        else:
            text = f"{self._at} refuses the request ({refusal.status}: {said}); {self._mend_of(refusal)}"
        return ModelError(self._without_key(text))

    def _not_found(self, said: str) -> str:
        names = self._listed()
        if names is None:
            return (
                f"{self._at} answered 404 ({said}) and lists no models; model.base_url has to name an API that speaks "
                "the OpenAI protocol, and usually ends in /v1"
            )
        if self.name in names:
            return f"{self._at} lists the model {self.name!r} and answered 404 ({said}); it may be no chat model"
        others = ", ".join(repr(name) for name in names[:_NAMES_SHOWN]) or "none"
        more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
        return f"{self._at} has no model {self.name!r}, only {others}{more}; set model.model to one that it has"

    def _listed(self) -> tuple[str, ...] | None:
        """Names of the server's models; None where it does not tell."""
        import openai

        try:
            return to_model_names(self._client.models.with_raw_response.list().text)
        except openai.APIError:
            return None  # the fault that made us ask is told instead

    def _mend_of(self, refusal: _RefusedError) -> str:
        if _PARAMETERS["response_format"].search(refusal.body) and self._settings.structured == "schema":
            return "set model.structured to 'auto' or 'prompt'"
        if re.search(r"context|too (long|large|many tokens)|exceed|maximum", refusal.body, re.IGNORECASE):
            return "lower model.max_side_px or model.max_reply_tokens, or give the server a longer context"
        if re.search(r"image|picture|vision|multi-?modal", refusal.body, re.IGNORECASE):
            return "choose a model that sees pictures"
        return "the connection test on the page tells more"

    def _without_key(self, text: str) -> str:
        """Servers may quote the key that they refuse."""
        key = self._settings.api_key
        return re.sub(rf"(?<!\w){re.escape(key)}(?!\w)", "***", text) if key else text


class _PassingError(Exception):
    """A fault that may pass when the request is sent again."""

    def __init__(self, what: str, mend: str, retry_after_s: float = 0.0) -> None:
        super().__init__(what)
        self.what, self.mend, self.retry_after_s = what, mend, retry_after_s


class _RefusedError(Exception):
    """A status that another attempt would not change."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status}: {body}")
        self.status, self.body = status, body


def _may_pass(status: int, body: str) -> bool:
    if status == 500 and _LASTING.search(body):
        return False
    passing = status in {408, 429} or (status >= 500 and status not in {501, 505})  # the last two: not implemented
    return passing and not _lacks_credit(status, body)


def _lacks_credit(status: int, body: str) -> bool:
    return status == 402 or (status == 429 and "insufficient_quota" in body)
