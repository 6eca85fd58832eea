"""A real HTTP server that speaks the OpenAI protocol on this machine, and fails as real ones do.

    with ModelServer(lambda body: '{"panels": []}') as server:
        model = OpenAIModel(ModelSettings(base_url=server.base_url, model="stand-in"))
        server.faults += [Fault(status=429, retry_after="2"), Fault(), Fault(finish="length")]
        ...
        assert server.counts == {429: 1, 200: 2}

``respond`` gets the request's body as it was sent and gives the text of the reply; ``text_of``, ``pictures_of`` and
``schema_of`` read such a body. It is called from several threads. Faults are used one for each chat request, in order
(``Fault()`` is a right answer), and after them drawn by ``random_faults``. Nothing here sleeps but ``latency_s``.
"""

from __future__ import annotations

import base64
import binascii
import json
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any

from bench.stand_ins.listening import StandInServer

Body = dict[str, Any]
_TOKENS_A_PICTURE = 256  # guess: only budgets and totals are tested with it


@dataclass(frozen=True, slots=True)
class Fault:
    """How one chat request is answered in place of the right way; several fields may be set."""

    status: int = 200
    message: str = "scripted fault"
    """Of the error's body, where ``status`` is one."""
    retry_after: str = ""
    """Header of that name: seconds or an HTTP date."""
    body: bytes | None = None
    """Sent as it is, such as b'<html>' from a proxy."""
    cut: int = 0
    """Bytes missing at the end of the body, though Content-Length promises them."""
    drop: bool = False
    """The connection is closed without an answer."""
    until: threading.Event | None = None
    """The answer waits for this event."""
    text: str | None = None
    """Said in place of what ``respond`` says."""
    finish: str = "stop"
    """stop, length or content_filter."""
    refusal: str = ""
    """The message's ``refusal`` field, in place of its content."""
    usage: bool = True
    """Whether the reply tells its tokens."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A chat request as it came, and the status that it was answered with (0: dropped)."""

    body: Body
    headers: dict[str, str]
    """Names in lower case."""
    status: int


class ModelServer:
    """Use as a context manager. An exception in ``respond`` is answered with 400 and raised again at the end."""

    def __init__(
        self,
        respond: Callable[[Body], str],
        *,
        models: Sequence[str] = ("stand-in",),
        api_key: str = "",
        faults: Sequence[Fault] = (),
        random_faults: Mapping[Fault, float] | None = None,
        seed: int = 0,
        latency_s: float = 0.0,
        takes_schema: bool = True,
        sees_pictures: bool = True,
        lists_models: bool = True,
        root: str = "/v1",
        kept: int = 256,
    ) -> None:
        """
        Args:
            models: names that are listed and answered to; others get 404.
            api_key: where given, requests without it get 401.
            random_faults: each fault with the share of chat requests that it befalls, drawn from ``seed``.
            latency_s: time that each right answer takes, for benchmarks.
            takes_schema: whether ``response_format`` is taken; else 400.
            sees_pictures: whether pictures are taken; else 400.
            lists_models: whether GET models exists; else 404.
            root: path of the API.
            kept: requests in the history; with pictures, thousands of them would fill the memory.
        """
        self.faults: deque[Fault] = deque(faults)
        self.history: deque[Asked] = deque(maxlen=kept)
        """The newest chat requests, oldest first, in the order of their answers."""
        self.counts: Counter[int] = Counter()
        """Chat requests by the status they were answered with; 0: dropped."""
        self.max_in_flight = 0
        """Most chat requests that were under way at the same time."""
        self.latency_s = latency_s
        self._respond = respond
        self._models = tuple(models)
        self._api_key = api_key
        self._random_faults = dict(random_faults or {})
        self._random = random.Random(seed)
        self._takes_schema = takes_schema
        self._sees_pictures = sees_pictures
        self._lists_models = lists_models
        self._root = root
        self._in_flight = 0
        self._raised: list[Exception] = []
        self._lock = threading.Lock()
        self._server = StandInServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{self._root}"

    @property
    def requests(self) -> int:
        """Chat requests answered or dropped so far."""
        with self._lock:
            return self.counts.total()

    def __enter__(self) -> ModelServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if self._raised and error is None:
            raise self._raised[0]

    # --- answers --------------------------------------------------------------------------------------------------

    def list_models(self, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        if path != f"{self._root}/models" or not self._lists_models:
            return 404, _error("Not Found")
        if not self._admits(headers):
            return 401, _error("Incorrect API key provided")
        listed = [{"id": name, "object": "model", "created": 0, "owned_by": "bench"} for name in self._models]
        return 200, json.dumps({"object": "list", "data": listed}).encode()

    def answer(self, path: str, headers: dict[str, str], raw: bytes) -> tuple[int, bytes, Fault]:
        """Status, body, and the fault that says how they are to be sent."""
        if path != f"{self._root}/chat/completions":
            return 404, _error("Not Found"), Fault()
        if not self._admits(headers):
            return 401, _error("Incorrect API key provided"), Fault()
        with self._lock:
            self._in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self._in_flight)
            fault = self.faults.popleft() if self.faults else self._draw()
        body: Body = {}
        status = 500
        try:
            if fault.until is not None:
                fault.until.wait()
            body = json.loads(raw)
            status, sent = self._sent(body, fault)
        except (ValueError, LookupError, TypeError) as error:
            status, sent = 400, _error(f"not a valid request: {error!r}")
        finally:
            status = 0 if fault.drop else status
            with self._lock:
                self._in_flight -= 1
                self.counts[status] += 1
                self.history.append(Asked(body, headers, status))
        return status, sent, fault

    def _sent(self, body: Body, fault: Fault) -> tuple[int, bytes]:
        if fault.status != 200:
            return fault.status, fault.body if fault.body is not None else _error(fault.message)
        if fault.body is not None:
            return 200, fault.body
        if body.get("model") not in self._models:
            return 404, _error(f"The model `{body.get('model')}` does not exist.", "model_not_found")
        if body.get("stream"):
            return 400, _error("this server does not stream")
        if body.get("response_format") is not None and not self._takes_schema:
            return 400, _error("response_format is not supported by this server")
        pictures = pictures_of(body)
        if pictures and not self._sees_pictures:
            return 400, _error("At most 0 image(s) may be provided in one request.")
        said = fault.text
        if said is None and not fault.refusal:
            try:
                said = self._respond(body)
            except Exception as error:  # a fault of the test's own; raised again at the end
                self._raised.append(error)
                return 400, _error(f"respond failed: {error!r}")
        if self.latency_s:
            time.sleep(self.latency_s)
        return 200, _completion(body, said, fault, len(pictures))

    def _draw(self) -> Fault:
        drawn = self._random.random()
        for fault, share in self._random_faults.items():
            drawn -= share
            if drawn < 0:
                return fault
        return Fault()

    def _admits(self, headers: dict[str, str]) -> bool:
        return not self._api_key or headers.get("authorization") == f"Bearer {self._api_key}"


def text_of(body: Body) -> str:
    """The words of the last user message."""
    return _text(next(message["content"] for message in reversed(body["messages"]) if message["role"] == "user"))


def words_of(body: Body) -> str:
    """The words of all messages."""
    return "\n".join(_text(message["content"]) for message in body["messages"])


def _text(content: str | list[dict[str, Any]]) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part["type"] == "text")


def pictures_of(body: Body) -> list[bytes]:
    """The image files of all messages, in order.

    Raises:
        ValueError: a picture that is no base64 data URI.
    """
    pictures = []
    for message in body["messages"]:
        parts = message["content"] if isinstance(message["content"], list) else []
        for part in parts:
            if part["type"] == "image_url":
                head, comma, data = part["image_url"]["url"].partition(",")
                if not comma or not head.startswith("data:image/") or not head.endswith(";base64"):
                    raise ValueError(f"expected a data URI, got {head[:60]!r}")
                try:
                    pictures.append(base64.b64decode(data, validate=True))
                except binascii.Error as error:
                    raise ValueError(f"a picture is no base64: {error}") from error
    return pictures


def schema_of(body: Body) -> dict[str, Any] | None:
    """The JSON schema that the reply should follow; None where none was sent."""
    response_format = body.get("response_format") or {}
    schema: dict[str, Any] | None = response_format.get("json_schema", {}).get("schema")
    return schema


def _completion(body: Body, said: str | None, fault: Fault, pictures: int) -> bytes:
    message: dict[str, Any] = {"role": "assistant", "content": said}
    if fault.refusal:
        message |= {"content": None, "refusal": fault.refusal}
    document: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": fault.finish, "logprobs": None}],
    }
    if fault.usage:
        tokens_in = len(text_of(body)) // 4 + _TOKENS_A_PICTURE * pictures  # four letters a token, about
        tokens_out = len(said or "") // 4
        document["usage"] = {
            "prompt_tokens": tokens_in,
            "completion_tokens": tokens_out,
            "total_tokens": tokens_in + tokens_out,
        }
    return json.dumps(document).encode()


def _error(message: str, code: str | None = None) -> bytes:
    return json.dumps({"error": {"message": message, "type": "error", "param": None, "code": code}}).encode()


def _handler(owner: ModelServer) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each reply waits 40 ms for the client's acknowledgement
        wbufsize = -1

        def do_GET(self) -> None:
            self._send(*owner.list_models(self.path, self._named()))

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body, fault = owner.answer(self.path, self._named(), raw)
            if fault.drop:
                self.close_connection = True
                return
            self._send(status, body, fault)

        def _named(self) -> dict[str, str]:
            return {name.lower(): value for name, value in self.headers.items()}

        def _send(self, status: int, body: bytes, fault: Fault | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if fault and fault.retry_after:
                self.send_header("Retry-After", fault.retry_after)
            self.end_headers()
            self.wfile.write(body[: len(body) - (fault.cut if fault else 0)])
            self.close_connection = self.close_connection or bool(fault and fault.cut)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the console; ``history`` keeps the record."""

    return Handler
